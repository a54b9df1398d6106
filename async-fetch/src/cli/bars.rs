//! Progress bars: one for each long transfer, and one for all.

use std::collections::HashMap;
use std::fmt;
use std::io::{self, IsTerminal};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use async_fetch::{Slowed, Url};
use common::timing::human_bytes;
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

/// Shorter bodies have no bar.
const PATIENCE: Duration = Duration::from_secs(1);

/// Bars at once, at most; more would fill the terminal.
const MOST: usize = 8;

/// Columns of a name, or of a busy host. With the figures and a bar of ten columns it fits into 80.
const NAME: usize = 28;

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

    /// Writes to the terminal while the bars are hidden.
    pub(super) fn suspend<T>(&self, work: impl FnOnce() -> T) -> T {
        self.multi.suspend(work)
    }

    /// Removes the bars.
    pub(super) fn clear(&self) {
        // A terminal that has gone is no reason to fail.
        let _ = self.multi.clear();
        self.multi.set_draw_target(ProgressDrawTarget::hidden());
    }

    /// Shows the progress of the whole run, and which hosts are busy, if the run takes long. The caller
    /// calls it at intervals.
    pub(super) fn tick(&self, slowed: impl FnOnce() -> Vec<Slowed>) {
        let mut state = self.lock();
        let State { start, done, .. } = *state;
        let in_flight = state.transfers.len();
        if start.elapsed() < PATIENCE {
            return;
        }
        let all = state.all.get_or_insert_with(|| {
            // The number of URLs is not known before the list has ended.
            let all = ProgressBar::no_length().with_elapsed(start.elapsed());
            let all = self.multi.insert(0, all);
            all.set_style(style("{pos} done, {msg}, {elapsed}"));
            all
        });
        all.set_message(format!("{in_flight} in flight{}", waits(&slowed())));
        all.set_position(done);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Bars {
    /// An attempt starts.
    pub(super) fn started(&self, tag: u64, url: &Url) {
        let transfer = || Transfer {
            start: Instant::now(),
            name: end_of(url.as_str(), NAME),
            bar: None,
        };
        self.lock().transfers.entry(tag).or_insert_with(transfer);
    }

    /// Shows how many bytes of a body have come, and the length if it is known.
    pub(super) fn received(&self, tag: u64, bytes: u64, of: Option<u64>) {
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

    /// A request has ended.
    pub(super) fn finished(&self, tag: u64) {
        let mut state = self.lock();
        state.done += 1;
        let transfer = state.transfers.remove(&tag);
        if let Some(bar) = transfer.and_then(|transfer| transfer.bar) {
            self.multi.remove(&bar);
            state.shown -= 1;
        }
    }
}

/// The hosts that are busy.
fn waits(slowed: &[Slowed]) -> String {
    let Some(host) = slowed.first() else {
        return String::new();
    };
    let name = end_of(&host.host, NAME);
    let pace = match (host.paused, host.a_second) {
        (Some(paused), _) => format!("waits {} s", paused.as_secs() + 1),
        (None, Some(rate)) if rate < 1.0 => format!("one in {:.0} s", 1.0 / rate),
        (None, Some(rate)) => format!("{rate:.0} a second"),
        (None, None) => format!("{} at once", host.at_once),
    };
    match slowed.len() {
        1 => format!("; {name} is busy: {pace}"),
        others => format!("; {name} and {} more are busy: {pace}", others - 1),
    }
}

/// The end of a long text: the end of a URL tells it from others.
fn end_of(text: &str, columns: usize) -> String {
    let length = text.chars().count();
    match length > columns {
        true => std::iter::once('…')
            .chain(text.chars().skip(length - columns + 1))
            .collect(),
        false => text.to_owned(),
    }
}

/// Bytes a second since the start. Bytes that came before the bar was shown count too.
fn average(state: &ProgressState, out: &mut dyn fmt::Write) {
    let rate = state.pos() as f64 / state.elapsed().as_secs_f64();
    // Writing into a string does not fail.
    let _ = write!(out, "{}/s", human_bytes(rate as u64));
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_name_keeps_its_end_and_a_bar_its_place() {
        let name = end_of("http://a.example/very/long/path/to/the/file.tar.gz", NAME);
        assert!(
            name.starts_with('…') && name.ends_with("/to/the/file.tar.gz"),
            "{name}"
        );
        assert_eq!(name.chars().count(), NAME);
        assert_eq!(end_of("http://a.example/x", NAME), "http://a.example/x");
        // The longest figures that there are behind a name.
        let figures = " [] 1023.99 MiB/1023.99 GiB 1023.9 MiB/s";
        assert!(NAME + figures.len() + 10 <= 80);
    }

    #[test]
    fn it_is_told_who_is_waited_for() {
        let busy = |a_second, paused| Slowed {
            host: "http://a.example".to_owned(),
            at_once: 1,
            a_second,
            paused,
            refusals: 3,
        };
        let one = busy(Some(0.5), None);
        assert_eq!(
            waits(std::slice::from_ref(&one)),
            "; http://a.example is busy: one in 2 s"
        );
        let two = [busy(Some(8.0), Some(Duration::from_secs(11))), one];
        assert_eq!(
            waits(&two),
            "; http://a.example and 1 more are busy: waits 12 s"
        );
        assert_eq!(waits(&[]), "");
    }
}
