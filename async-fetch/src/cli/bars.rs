//! Progress bars: one for what takes long, and one for all.

use std::collections::HashMap;
use std::fmt;
use std::io::{self, IsTerminal};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use async_fetch::{Url, Watch};
use common::timing::human_bytes;
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

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

    /// Takes the bars away for good.
    pub(super) fn clear(&self) {
        // That the terminal has gone is no reason to fail.
        let _ = self.multi.clear();
        self.multi.set_draw_target(ProgressDrawTarget::hidden());
    }

    /// Shows how far all of it is, if it takes long; to be called every now and then.
    pub(super) fn tick(&self) {
        let mut state = self.lock();
        let State { start, done, .. } = *state;
        let in_flight = state.transfers.len();
        if start.elapsed() < PATIENCE {
            return;
        }
        let all = state.all.get_or_insert_with(|| {
            // How many there will be is not known before the list has ended.
            let all = ProgressBar::no_length().with_elapsed(start.elapsed());
            let all = self.multi.insert(0, all);
            all.set_style(style("{pos} done, {msg} in flight, {elapsed}"));
            all
        });
        all.set_message(in_flight.to_string());
        all.set_position(done);
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
        let elapsed = transfer.start.elapsed();
        if transfer.bar.is_none() && room && elapsed > PATIENCE {
            let (bar, template) = match of {
                Some(of) => (
                    ProgressBar::new(of),
                    "{msg} [{wide_bar}] {bytes}/{total_bytes} {rate}",
                ),
                None => (ProgressBar::no_length(), "{msg} {bytes} {rate}"),
            };
            let bar = self.multi.add(bar.with_elapsed(elapsed));
            bar.set_style(style(template).with_key("rate", average));
            bar.set_message(transfer.name.clone());
            bar.set_position(bytes);
            transfer.bar = Some(bar);
            state.shown += 1;
        } else if let Some(bar) = &transfer.bar {
            bar.set_position(bytes);
        }
    }

    fn finished(&self, tag: u64) {
        let mut state = self.lock();
        state.done += 1;
        let transfer = state.transfers.remove(&tag);
        if let Some(bar) = transfer.and_then(|transfer| transfer.bar) {
            self.multi.remove(&bar);
            state.shown -= 1;
        }
    }
}

/// Bytes a second since the start: what came before there was a bar counts too.
fn average(state: &ProgressState, out: &mut dyn fmt::Write) {
    let rate = state.pos() as f64 / state.elapsed().as_secs_f64();
    // Writing into a line that is being made does not fail.
    let _ = write!(out, "{}/s", human_bytes(rate as u64));
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}
