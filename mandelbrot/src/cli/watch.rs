//! A kernel that is watched: it stops on Ctrl-C, moves a progress bar, leaves spans in the trace,
//! and notes which thread computed what.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, ThreadId};

use common::cli::{Interrupt, Progress};
use mandelbrot::kernels::KernelName;
use mandelbrot::{Plan, Tile};

/// A tile this small takes no longer than watching it.
const SMALL: usize = 64;

/// Which thread computed which tile.
type Notes = Mutex<Vec<(Tile, ThreadId)>>;

/// Watches kernels; cheap to clone.
#[derive(Clone)]
pub(super) struct Watch {
    interrupt: Interrupt,
    progress: Option<Arc<Progress>>,
    tiles: Option<Arc<Notes>>,
}

impl Watch {
    /// For Ctrl-C only.
    pub(super) fn new(interrupt: &Interrupt) -> Watch {
        Watch {
            interrupt: interrupt.clone(),
            progress: None,
            tiles: None,
        }
    }

    /// And with a progress bar.
    pub(super) fn with_progress(self, progress: Progress) -> Watch {
        Watch {
            progress: Some(Arc::new(progress)),
            ..self
        }
    }

    /// And with notes for [`Watch::workers`].
    pub(super) fn with_workers(self) -> Watch {
        Watch {
            tiles: Some(Arc::default()),
            ..self
        }
    }

    /// The kernel, watched.
    pub(super) fn kernel(&self, kernel: KernelName) -> impl mandelbrot::Kernel + use<> {
        let watch = self.clone();
        let fill = kernel.fill();
        move |plan: &Plan, tile: Tile, out: &mut [u32]| {
            if watch.stop() {
                return;
            }
            if tile.points() < SMALL {
                fill(plan, tile, out);
            } else {
                let _span = tracing::info_span!("band", row = tile.y, rows = tile.height).entered();
                fill(plan, tile, out);
                if let Some(progress) = &watch.progress {
                    progress.inc(tile.points() as u64);
                }
            }
            if let Some(tiles) = &watch.tiles {
                let note = (tile, thread::current().id());
                tiles
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .push(note);
            }
        }
    }

    /// Changes what the bar says is being done.
    pub(super) fn say(&self, what: &str) {
        if let Some(progress) = &self.progress {
            progress.say(what);
        }
    }

    /// Whether to stop.
    pub(super) fn stop(&self) -> bool {
        self.interrupt.raised()
    }

    /// Which worker computed which tile, workers numbered from the top of the picture.
    pub(super) fn workers(&self) -> Vec<(Tile, usize)> {
        let Some(tiles) = &self.tiles else {
            return Vec::new();
        };
        let mut tiles = tiles.lock().unwrap_or_else(PoisonError::into_inner).clone();
        tiles.sort_by_key(|(tile, _)| (tile.y, tile.x));
        let mut numbers = HashMap::new();
        let number = |(tile, thread)| {
            let next = numbers.len();
            (tile, *numbers.entry(thread).or_insert(next))
        };
        tiles.into_iter().map(number).collect()
    }
}
