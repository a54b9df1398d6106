//! Wraps a kernel: it stops on Ctrl-C, moves a progress bar, records spans for the trace, and notes
//! which thread computed which tile.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, ThreadId};

use common::cli::{Interrupt, Progress};
use mandelbrot::kernels::KernelName;
use mandelbrot::{Plan, Tile};

/// A tile with fewer points than this is not watched: watching would take as long as computing.
const SMALL: usize = 64;

/// For each tile, the thread that computed it.
type Notes = Mutex<Vec<(Tile, ThreadId)>>;

/// Wraps kernels; cheap to clone.
#[derive(Clone)]
pub(super) struct Watch {
    interrupt: Interrupt,
    progress: Option<Arc<Progress>>,
    tiles: Option<Arc<Notes>>,
}

impl Watch {
    /// A watch that handles Ctrl-C only.
    pub(super) fn new(interrupt: &Interrupt) -> Watch {
        Watch {
            interrupt: interrupt.clone(),
            progress: None,
            tiles: None,
        }
    }

    /// Adds a progress bar.
    pub(super) fn with_progress(self, progress: Progress) -> Watch {
        Watch {
            progress: Some(Arc::new(progress)),
            ..self
        }
    }

    /// Adds notes for [`Watch::workers`].
    pub(super) fn with_workers(self) -> Watch {
        Watch {
            tiles: Some(Arc::default()),
            ..self
        }
    }

    /// Wraps the kernel.
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

    /// Changes the text of the bar.
    pub(super) fn say(&self, what: &str) {
        if let Some(progress) = &self.progress {
            progress.say(what);
        }
    }

    /// Whether to stop.
    pub(super) fn stop(&self) -> bool {
        self.interrupt.raised()
    }

    /// For each tile, the worker that computed it. Workers are numbered from the top of the
    /// picture.
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
