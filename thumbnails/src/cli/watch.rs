//! Watches folders: one pass whenever something may have changed.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, SystemTime};

use common::cli::compare::Model as _;
use common::cli::{Interrupt, Outcome};
use common::timing::measure;
use thumbnails::manifest::Stamp;

use super::args::Args;
use super::destination::Destination;
use super::pass;
use super::report::Report;

/// The pause between two passes. Checking is cheap, and works on network folders, where
/// notifications do not.
const PAUSE: Duration = Duration::from_secs(1);

/// A picture that was changed more recently than this may still be being written.
const SETTLED: Duration = Duration::from_millis(500);

/// How often to check for Ctrl-C while waiting.
const STEP: Duration = Duration::from_millis(50);

/// Makes thumbnails of all pictures, and then of new and changed ones, until Ctrl-C.
pub(super) fn run(args: &Args, interrupt: &Interrupt) -> anyhow::Result<Outcome> {
    let model = pass::model(args);
    let mut report = Report::following(&args.run);
    // The pictures that failed, with their stamps: a broken picture is reported once.
    let mut failed: HashMap<PathBuf, Option<Stamp>> = HashMap::new();
    if !args.run.output.quiet {
        common::remark!("watching: Ctrl-C ends it");
    }
    let (result, time) = measure(|| {
        let mut force = args.what.force;
        while !interrupt.raised() {
            let mut destination = Destination::new(args)?;
            let before = report.counts;
            let tried: Mutex<HashMap<PathBuf, Option<Stamp>>> = Mutex::default();
            let sift = |path: &Path| {
                // A picture without a stamp counts as unchanged too.
                let stamp = Stamp::of(path).ok();
                let changed = stamp.as_ref().map_or(0, |stamp| stamp.modified);
                let changed = SystemTime::UNIX_EPOCH + Duration::from_nanos(changed);
                if changed.elapsed().is_ok_and(|ago| ago < SETTLED) {
                    return false;
                }
                if failed.get(path) == Some(&stamp) {
                    return false;
                }
                let mut tried = tried.lock().unwrap_or_else(PoisonError::into_inner);
                tried.insert(path.to_owned(), stamp);
                true
            };
            pass::once(
                args,
                &model,
                &mut destination,
                &mut report,
                force,
                sift,
                interrupt,
            )?;
            force = false;
            let mut tried = tried.into_inner().unwrap_or_else(PoisonError::into_inner);
            for path in report.take_failures() {
                let stamp = tried.remove(&path).flatten();
                failed.insert(path, stamp);
            }
            // The counts of this pass only.
            report.counts.unchanged = 0;
            report.counts.failed_before = 0;
            let changed = report.counts.made != before.made;
            if changed || args.what.delete_stale {
                pass::sweep(args, &mut destination, &mut report, interrupt)?;
            }
            let mut waited = Duration::ZERO;
            while waited < PAUSE && !interrupt.raised() {
                thread::sleep(STEP);
                waited += STEP;
            }
        }
        anyhow::Ok(())
    });
    report.sum_up(model.name(), model.workers(args.run.jobs()), &time)?;
    result?;
    Ok(pass::outcome(report.counts))
}
