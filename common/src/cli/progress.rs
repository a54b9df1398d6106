//! A progress bar that appears only on a terminal, and only after a second.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::{self, IsTerminal};
use std::sync::Once;
use std::time::{Duration, Instant};

/// Work shorter than this shows no bar.
const PATIENCE: Duration = Duration::from_secs(1);

/// A progress bar on standard error. Any thread may advance it.
///
/// It is shown only if standard error is a terminal, `quiet` is off, and the work has taken a
/// second. It disappears when it is finished or dropped.
///
/// # Examples
///
/// ```
/// use common::cli::Progress;
///
/// let progress = Progress::new("sieving", 100, false);
/// for _ in 0..100 {
///     progress.inc(1);
/// }
/// progress.finish();
/// ```
#[derive(Debug)]
pub struct Progress {
    bar: ProgressBar,
    start: Instant,
    wanted: bool,
    shown: Once,
}

impl Progress {
    /// A bar that ends at `total`.
    pub fn new(what: &str, total: u64, quiet: bool) -> Progress {
        let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::hidden());
        bar.set_style(style());
        bar.set_message(what.to_owned());
        Progress {
            bar,
            start: Instant::now(),
            wanted: !quiet && io::stderr().is_terminal(),
            shown: Once::new(),
        }
    }

    /// Advances by `steps`.
    pub fn inc(&self, steps: u64) {
        self.bar.inc(steps);
        self.show_if_late();
    }

    /// Moves to `position`.
    pub fn set(&self, position: u64) {
        self.bar.set_position(position);
        self.show_if_late();
    }

    /// Changes the description of the work.
    pub fn say(&self, what: &str) {
        self.bar.set_message(what.to_owned());
        self.show_if_late();
    }

    /// The current position.
    pub fn position(&self) -> u64 {
        self.bar.position()
    }

    /// Removes the bar.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }

    fn show_if_late(&self) {
        if self.wanted && self.start.elapsed() >= PATIENCE {
            self.shown
                .call_once(|| self.bar.set_draw_target(ProgressDrawTarget::stderr()));
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.finish();
    }
}

fn style() -> ProgressStyle {
    ProgressStyle::with_template("{msg} [{wide_bar}] {percent}% {eta}")
        .unwrap_or_else(|_| ProgressStyle::default_bar())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_template_is_valid() {
        assert!(ProgressStyle::with_template("{msg} [{wide_bar}] {percent}% {eta}").is_ok());
    }

    #[test]
    fn positions_add_up_from_many_threads() {
        let progress = Progress::new("work", 100, true);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..25).for_each(|_| progress.inc(1)));
            }
        });
        assert_eq!(progress.position(), 100);
    }
}
