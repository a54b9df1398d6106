//! One pass over the pictures: find them, make thumbnails, report.

use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError, mpsc};
use std::thread;
use std::time::Duration;

use anyhow::Context;
use common::cli::compare::Model as _;
use common::cli::{Choice, Interrupt, Outcome};
use common::timing::measure;
use thumbnails::walk::{Blocked, Found, Named, Walk, list};
use thumbnails::{Failure, Task, sheet};

use super::args::Args;
use super::compare;
use super::destination::{Destination, Plan};
use super::model::{self, Kind, Model};
use super::report::{Counts, Report};

/// Makes thumbnails once, or compares models.
pub(super) fn run(args: &Args, interrupt: &Interrupt) -> anyhow::Result<Outcome> {
    let runs = args.run.runs().get();
    if args.model == Some(Choice::All) || runs > 1 {
        let models = match args.model {
            Some(Choice::All) => model::models(Choice::All, args),
            _ => vec![model(args)],
        };
        return compare::pass(args, &models, interrupt);
    }
    if let Some(sheet) = &args.what.sheet {
        common::files::check_folder_of(sheet)?;
    }
    let model = model(args);
    let mut destination = Destination::new(args)?;
    let mut report = Report::new(&args.run, true);
    let (result, time) = measure(|| {
        let sift = |_: &Path| true;
        let force = args.what.force;
        once(
            args,
            &model,
            &mut destination,
            &mut report,
            force,
            sift,
            interrupt,
        )
    });
    // Print the summary in any case.
    let swept = result.and_then(|()| sweep(args, &mut destination, &mut report, interrupt));
    report.sum_up(model.name(), model.workers(args.run.jobs()), &time)?;
    swept?;
    Ok(outcome(report.counts))
}

/// The chosen model.
pub(super) fn model(args: &Args) -> Model {
    if args.what.isolate {
        return Model::isolated(args.settings().limits);
    }
    match args.model {
        Some(Choice::One(kind)) => Model::new(kind).for_command(args),
        // For `all`, the default model.
        Some(Choice::All) | None => Model::new(Kind::Threads),
    }
}

pub(super) fn outcome(counts: Counts) -> Outcome {
    if counts.failed + counts.failed_before + counts.damaged > 0 {
        Outcome::SomeFailed
    } else {
        Outcome::Done
    }
}

/// The state that all threads of a pass share.
struct Shared<'a, 'b> {
    destination: &'a mut Destination,
    report: &'a mut Report<'b>,
    /// The error that ends the whole pass.
    broken: Option<anyhow::Error>,
    /// Whether writing is impossible.
    full: bool,
}

impl Shared<'_, '_> {
    fn attempt(&mut self, result: anyhow::Result<()>) -> ControlFlow<()> {
        match result {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                self.broken.get_or_insert(error);
                ControlFlow::Break(())
            }
        }
    }

    fn done(&mut self, task: &Task, outcome: &thumbnails::Outcome) -> ControlFlow<()> {
        let result = match outcome {
            Ok(made) => {
                let told = self.report.made(task, made);
                self.destination
                    .made(task, made)
                    .and(told.map_err(Into::into))
            }
            Err(failure @ Failure::NoneWritable(_)) => {
                self.destination.forget(task);
                return self.full(&task.source, failure);
            }
            Err(failure) => {
                let told = self.report.failed(&task.source, &failure.to_string());
                self.destination
                    .failed(task, failure)
                    .and(told.map_err(Into::into))
            }
        };
        self.attempt(result)
    }

    /// The destination can't be written for any thumbnail: the first error is reported, and the
    /// pass ends.
    fn full<T>(&mut self, source: &Path, failure: &Failure) -> ControlFlow<(), T> {
        if !self.full {
            self.full = true;
            let told = self.report.failed(source, &failure.to_string());
            let _ = self.attempt(told.map_err(Into::into));
        }
        ControlFlow::Break(())
    }

    /// Makes a task, if there is something to do.
    fn plan(
        &mut self,
        found: Result<Found, Blocked>,
        args: &Args,
        force: bool,
        sift: impl Fn(&Path) -> bool,
    ) -> ControlFlow<(), Option<Task>> {
        let told = match found {
            Err(blocked) if !sift(&blocked.path) => Ok(()),
            Err(blocked) => {
                let reason = blocked.error.to_string();
                self.report.failed(&blocked.path, &reason)
            }
            // Also for a picture without work: it keeps its name, which no other may get.
            Ok(found) => match self.destination.plan(&found, force) {
                Ok(Plan::Make(task)) if !sift(&found.path) => {
                    self.destination.forget(&task);
                    Ok(())
                }
                Err(_) if !sift(&found.path) => Ok(()),
                Ok(Plan::Make(task)) if args.what.dry_run => self.report.would_make(&task),
                Ok(Plan::Make(task)) => return ControlFlow::Continue(Some(*task)),
                Ok(Plan::Unchanged(None)) => {
                    self.report.counts.unchanged += 1;
                    Ok(())
                }
                Ok(Plan::Unchanged(Some(damage))) => {
                    self.report.counts.unchanged += 1;
                    self.report.still_damaged(&found.path, &damage)
                }
                Ok(Plan::FailedBefore) => self.report.failed_before(&found.path),
                Ok(Plan::Thumbnail) => {
                    self.report.counts.passed_over.thumbnails += 1;
                    Ok(())
                }
                Ok(Plan::Again) => {
                    self.report.counts.passed_over.again += 1;
                    Ok(())
                }
                Err(failure @ Failure::NoneWritable(_)) => return self.full(&found.path, &failure),
                Err(failure) => self.report.failed(&found.path, &failure.to_string()),
            },
        };
        match self.attempt(told.map_err(Into::into)) {
            ControlFlow::Continue(()) => ControlFlow::Continue(None),
            ControlFlow::Break(()) => ControlFlow::Break(()),
        }
    }
}

/// Finds pictures and makes their thumbnails. `sift` selects the pictures to check.
pub(super) fn once(
    args: &Args,
    model: &Model,
    destination: &mut Destination,
    report: &mut Report<'_>,
    force: bool,
    sift: impl Fn(&Path) -> bool + Send + Sync,
    interrupt: &Interrupt,
) -> anyhow::Result<()> {
    let mut walk = Walk::new(named(args, interrupt), Some(destination.root()));
    let shared = Mutex::new(Shared {
        destination,
        report,
        broken: None,
        full: false,
    });
    let lock = || -> MutexGuard<'_, Shared<'_, '_>> {
        shared.lock().unwrap_or_else(PoisonError::into_inner)
    };
    let mut tasks = std::iter::from_fn(|| {
        loop {
            if interrupt.raised() {
                return None;
            }
            let found = walk.next()?;
            match lock().plan(found, args, force, &sift) {
                ControlFlow::Continue(Some(task)) => return Some(task),
                ControlFlow::Continue(None) => {}
                ControlFlow::Break(()) => return None,
            }
        }
    });
    let run = model.run(&mut tasks, args.run.jobs(), |task, outcome| {
        let done = lock().done(&task, &outcome);
        if interrupt.raised() {
            return ControlFlow::Break(());
        }
        done
    });
    let passed = walk.passed_over();
    let (broken, full) = {
        let mut shared = lock();
        shared.report.counts.pass_over(passed);
        (shared.broken.take(), shared.full)
    };
    if full {
        anyhow::bail!("nothing more can be written: the rest was not tried");
    }
    match broken {
        Some(error) => Err(error),
        None => Ok(run?),
    }
}

/// The end of a pass: deletes stale thumbnails, tidies the manifest, writes the sheet.
pub(super) fn sweep(
    args: &Args,
    destination: &mut Destination,
    report: &mut Report<'_>,
    interrupt: &Interrupt,
) -> anyhow::Result<()> {
    let stale = if args.what.delete_stale && !interrupt.raised() {
        destination.stale()
    } else {
        Vec::new()
    };
    let Destination::Folder(folder) = &mut *destination else {
        return Ok(());
    };
    let root = args.output.clone().unwrap_or_default();
    for output in &stale {
        let path = root.join(output);
        if !args.what.dry_run {
            let deleted = folder.manifest.delete(output);
            deleted.with_context(|| path.display().to_string())?;
        }
        report.deleted(&path, args.what.dry_run)?;
    }
    if args.what.dry_run {
        return Ok(());
    }
    if folder.manifest.is_changed() || !stale.is_empty() {
        folder.manifest.tidy()?;
    }
    if let Some(path) = &args.what.sheet {
        let manifest = &folder.manifest;
        let there = manifest
            .entries()
            .filter(|(entry, _)| manifest.is_there(entry));
        let html = sheet::html(path, &root, there);
        common::files::write_atomically(path, html)?;
    }
    Ok(())
}

/// How many paths of a list are read ahead: enough for a list that comes in bursts.
const READ_AHEAD: usize = 1024;

/// How often to check for Ctrl-C while waiting for standard input.
const STEP: Duration = Duration::from_millis(50);

/// The paths of the command line, and those in the list on standard input.
fn named(args: &Args, interrupt: &Interrupt) -> impl Iterator<Item = io::Result<Named>> + Send {
    let zero = args.null;
    let interrupt = interrupt.clone();
    args.paths.clone().into_iter().flat_map(move |path| {
        let listed = path.as_os_str() == "-";
        let paths: Box<dyn Iterator<Item = io::Result<PathBuf>> + Send> = if listed {
            Box::new(self::listed(zero, interrupt.clone()))
        } else {
            Box::new(std::iter::once(Ok(path)))
        };
        paths.map(move |path| {
            Ok(Named {
                path: path?,
                listed,
            })
        })
    })
}

/// The list on standard input, until it ends or the user interrupts. Its writer may never end it.
fn listed(zero: bool, interrupt: Interrupt) -> impl Iterator<Item = io::Result<PathBuf>> + Send {
    let (tell, hear) = mpsc::sync_channel(READ_AHEAD);
    // A thread that blocks in a read can't be stopped. It ends with the program.
    thread::spawn(move || {
        for path in list(io::BufReader::new(io::stdin()), zero) {
            if tell.send(path).is_err() {
                return;
            }
        }
    });
    std::iter::from_fn(move || {
        while !interrupt.raised() {
            match hear.recv_timeout(STEP) {
                Ok(path) => return Some(path),
                Err(mpsc::RecvTimeoutError::Timeout) => {}
                Err(mpsc::RecvTimeoutError::Disconnected) => return None,
            }
        }
        None
    })
}
