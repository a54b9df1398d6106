//! Progress bars: one for what takes long, and one for all.

use std::collections::HashMap;
use std::io::{self, IsTerminal};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use async_fetch::{Url, Watch};
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

/// What is shorter than this has no bar.
const PATIENCE: Duration = Duration::from_secs(1);

/// Bars at once; more would fill the terminal.
const MOST: usize = 8;

/// The bars of a run, if there is a terminal to show them.
pub(super) struct Bars {
    multi: MultiProgress,
    state: Mutex<State>,
}

struct State {
    all: Option<ProgressBar>,
    start: Instant,
    done: u64,
    transfers: HashMap<u64, Transfer>,
    shown: usize,
}

struct Transfer {
    start: Instant,
    name: String,
    bar: Option<ProgressBar>,
}

impl Bars {
    pub(super) fn new(quiet: bool) -> Option<Arc<Bars>> {
        (!quiet && io::stderr().is_terminal()).then(|| {
            Arc::new(Bars {
                multi: MultiProgress::with_draw_target(ProgressDrawTarget::stderr()),
                state: Mutex::new(State {
                    all: None,
                    start: Instant::now(),
                    done: 0,
                    transfers: HashMap::new(),
                    shown: 0,
                }),
            })
        })
    }

    /// Does something to the terminal while the bars are away.
    pub(super) fn suspend<T>(&self, work: impl FnOnce() -> T) -> T {
        self.multi.suspend(work)
    }

    pub(super) fn clear(&self) {
        // That the terminal has gone is no reason to fail.
        let _ = self.multi.clear();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Watch for Bars {
    fn started(&self, tag: u64, url: &Url, _attempt: u32) {
        let transfer = || Transfer {
            start: Instant::now(),
            name: url.to_string(),
            bar: None,
        };
        self.lock().transfers.entry(tag).or_insert_with(transfer);
    }

    fn received(&self, tag: u64, bytes: u64, of: Option<u64>) {
        let mut state = self.lock();
        let room = state.shown < MOST;
        let Some(transfer) = state.transfers.get_mut(&tag) else {
            return;
        };
        if let Some(bar) = &transfer.bar {
            bar.set_position(bytes);
            return;
        }
        if room && transfer.start.elapsed() > PATIENCE {
            let bar = self.multi.add(ProgressBar::new(of.unwrap_or(0)));
            bar.set_style(style(
                "{msg} [{wide_bar}] {bytes}/{total_bytes} {bytes_per_sec} {eta}",
            ));
            bar.set_message(transfer.name.clone());
            bar.set_position(bytes);
            transfer.bar = Some(bar);
            state.shown += 1;
        }
    }

    fn finished(&self, tag: u64) {
        let mut state = self.lock();
        state.done += 1;
        if let Some(bar) = state
            .transfers
            .remove(&tag)
            .and_then(|transfer| transfer.bar)
        {
            self.multi.remove(&bar);
            state.shown -= 1;
        }
        if state.all.is_none() && state.start.elapsed() > PATIENCE {
            // How many there will be is not known before the list has ended.
            let all = self.multi.insert(0, ProgressBar::no_length());
            all.set_style(style("{pos} done, {per_sec}, {elapsed}"));
            state.all = Some(all);
        }
        if let Some(all) = &state.all {
            all.set_position(state.done);
        }
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}
