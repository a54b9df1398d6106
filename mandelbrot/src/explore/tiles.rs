//! Tiles: checks the requests, and draws.

use std::io;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rayon::ThreadPool;
use serde::Deserialize;
use tokio::sync::{Semaphore, oneshot};

use super::views::Views;
use crate::center::Center;
use crate::kernels::KernelName;
use crate::palette::Palette;
use crate::plan::{Depth, Plan, PlanError};
use crate::{Tile, par_iter};

/// The maximum number of tiles that are computed or wait, for all pages together. A page asks for
/// six at a time.
const MOST_TILES: usize = 64;

/// The maximum iterations: a tile inside the set then takes about ten seconds.
const MOST_ITERATIONS: u32 = 1_000_000;

/// The longest side of a tile in pixels.
const MOST_SIDE: usize = 512;
const MOST_VIEW: usize = 8192;

/// A request of a page: a view, and a tile of it.
#[derive(Debug, Deserialize)]
pub(super) struct TileQuery {
    page: u64,
    view: u64,
    re: String,
    im: String,
    zoom: f64,
    columns: usize,
    rows: usize,
    x: usize,
    y: usize,
    width: usize,
    height: usize,
    iterations: u32,
    palette: String,
    kernel: String,
    model: String,
    smooth: bool,
}

/// A drawn tile, with its worker and time.
pub(super) struct Drawn {
    pub(super) rgb: Vec<u8>,
    pub(super) worker: usize,
    pub(super) time: Duration,
    pub(super) kernel: &'static str,
}

/// The reason why a tile is not drawn.
pub(super) enum Refused {
    /// The request is invalid.
    Bad(String),
    /// The page shows another view by now.
    Stale,
    /// Too many tiles are under way.
    Busy,
}

impl From<PlanError> for Refused {
    fn from(error: PlanError) -> Refused {
        Refused::Bad(error.to_string())
    }
}

/// Draws tiles for all pages.
#[derive(Debug)]
pub(super) struct Tiles {
    parallel: ThreadPool,
    serial: ThreadPool,
    views: Views,
    room: Arc<Semaphore>,
}

impl Tiles {
    pub(super) fn new(workers: NonZeroUsize) -> io::Result<Tiles> {
        Ok(Tiles {
            parallel: par_iter::pool(workers)?,
            serial: par_iter::pool(NonZeroUsize::MIN)?,
            views: Views::default(),
            room: Arc::new(Semaphore::new(MOST_TILES)),
        })
    }

    /// Stops all tiles that are under way.
    pub(super) fn stop(&self) {
        self.views.stop();
    }

    /// Draws a tile on a thread of rayon, and awaits it.
    pub(super) async fn draw(&self, query: TileQuery) -> Result<Drawn, Refused> {
        let bad = |reason: &str| Refused::Bad(reason.to_owned());
        let pool = match query.model.as_str() {
            "rayon" => &self.parallel,
            "serial" => &self.serial,
            _ => return Err(bad("model: rayon or serial")),
        };
        let palette = Palette::named(&query.palette).ok_or_else(|| bad("palette: no such name"))?;
        let tile = query.tile()?;
        let key = query.key();
        let plan = self
            .views
            .plan(query.page, query.view, &key, || query.plan())?
            .ok_or(Refused::Stale)?;
        let kernel = query.kernel(&plan)?;
        let permit = Arc::clone(&self.room).try_acquire_owned();
        let permit = permit.map_err(|_| Refused::Busy)?;
        let (send, receive) = oneshot::channel();
        pool.spawn(move || {
            let began = Instant::now();
            let drawn = paint_tile(&plan, kernel, tile, &palette);
            // The client may have gone.
            let _ = send.send(drawn.map(|rgb| Drawn {
                rgb,
                worker: rayon::current_thread_index().unwrap_or(0),
                time: began.elapsed(),
                kernel: kernel.name(),
            }));
            drop(permit);
        });
        // There is no answer only if the kernel panicked.
        let drawn = receive.await.map_err(|_| bad("the kernel failed"))?;
        drawn.ok_or(Refused::Stale)
    }
}

/// The colours of a tile; `None` if it became stale meanwhile.
fn paint_tile(plan: &Plan, kernel: KernelName, tile: Tile, palette: &Palette) -> Option<Vec<u8>> {
    if plan.is_stopped() {
        return None;
    }
    let mut counts = vec![0; tile.points()];
    kernel.fill()(plan, tile, &mut counts);
    let colors = counts.iter().flat_map(|&count| palette.color(plan, count));
    (!plan.is_stopped()).then(|| colors.collect())
}

impl TileQuery {
    /// The parameters that the plan depends on, and the view's number: a newer view stops the work
    /// for this one, even the orbit that its tiles share.
    fn key(&self) -> String {
        let TileQuery {
            view,
            re,
            im,
            zoom,
            columns,
            rows,
            iterations,
            smooth,
            ..
        } = self;
        format!("{view} {re} {im} {zoom:e} {columns} {rows} {iterations} {smooth}")
    }

    fn tile(&self) -> Result<Tile, Refused> {
        let inside = |from: usize, length: usize, all: usize| {
            (1..=MOST_SIDE).contains(&length)
                && from.checked_add(length).is_some_and(|end| end <= all)
                && all <= MOST_VIEW
        };
        match inside(self.x, self.width, self.columns) && inside(self.y, self.height, self.rows) {
            true => Ok(Tile {
                x: self.x,
                y: self.y,
                width: self.width,
                height: self.height,
            }),
            false => Err(Refused::Bad(format!(
                "a tile has sides of 1 to {MOST_SIDE}, within a view of at most {MOST_VIEW}"
            ))),
        }
    }

    fn plan(&self) -> Result<Plan, Refused> {
        if self.iterations > MOST_ITERATIONS {
            let reason = format!("iterations: at most {MOST_ITERATIONS}");
            return Err(Refused::Bad(reason));
        }
        let number = |text: &str| {
            text.parse()
                .map_err(|error| Refused::Bad(format!("{error}")))
        };
        let center = Center {
            re: number(&self.re)?,
            im: number(&self.im)?,
        };
        let plan = Plan::at(center, self.zoom, self.columns, self.rows)?;
        Ok(plan.with_limit(self.iterations)?.with_smooth(self.smooth))
    }

    fn kernel(&self, plan: &Plan) -> Result<KernelName, Refused> {
        let kernel = match self.kernel.as_str() {
            "auto" if plan.depth() == Depth::Shallow => KernelName::Fast,
            "auto" | "perturbation" => return Ok(KernelName::Perturbation),
            "fast" => KernelName::Fast,
            "exact" => KernelName::Exact,
            "textbook" => KernelName::Textbook,
            _ => return Err(Refused::Bad("kernel: no such name".to_owned())),
        };
        plan.check_depth()?;
        Ok(kernel)
    }
}
