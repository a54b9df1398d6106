//! The demonstration: generated pictures, their thumbnails in every model, and a contact sheet.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use common::cli::{Choice, Interrupt, Outcome, compare as shown};
use common::comparison::{Comparison, Report};
use common::timing::human_bytes;
use executors::ThreadPool;
use thumbnails::manifest::Manifest;
use thumbnails::samples::{self, Sample};
use thumbnails::{async_tasks, sheet};

use super::args::Args;
use super::compare::{self, Checksums};
use super::model::{self, Kind, Model};

/// The folder of the demonstration.
const FOLDER: &str = "thumbnails-demo";

/// The folder of its pictures. An unoptimized program, which is some ten times slower, makes and
/// reads pictures of a ninth of the size, in a folder of their own.
const PICTURES: (&str, u32) = match cfg!(debug_assertions) {
    true => ("small-pictures", 3),
    false => ("pictures", 1),
};

/// The latency of the slow disk in the second table.
const LATENCY: Duration = Duration::from_millis(100);

/// Generates pictures, compares the models, and writes the contact sheet.
pub(super) fn run(args: &Args, interrupt: &Interrupt) -> anyhow::Result<Outcome> {
    let root = Path::new(FOLDER);
    let pictures = root.join(PICTURES.0);
    let output = root.join("thumbnails");
    let samples = make_up(&pictures, args, interrupt)?;
    // The same command that a user would run.
    let mut own = Args::for_folder(&pictures, &output, args.run.clone());
    own.broker = args.broker.clone();
    let models = model::models(args.model.unwrap_or(Choice::All), &own);
    let count = samples.len();
    let (width, height) = samples.first().map_or((0, 0), |sample| sample.size);
    let comparison = Comparison::new("thumbnails of a folder").input(format!(
        "{count} pictures in {}: mostly JPEGs of {width}x{height} pixels",
        pictures.display()
    ));
    let comparison = comparison.look_for("which models are faster than serial?");
    let comparison = shown::demonstrate(comparison, args.run.runs);
    let (report, _) = compare::measure(comparison, &own, &models, interrupt);
    let slow = (models.len() > 1).then(|| {
        let mut own = Args::for_folder(&pictures, &output, args.run.clone());
        own.what.latency = Some(LATENCY);
        let comparison = Comparison::new("the same from a slow disk").input(format!(
            "{count} pictures, each with a latency of {} ms",
            LATENCY.as_millis()
        ));
        let comparison = comparison.look_for("does it help to wait for many pictures at once?");
        let comparison = comparison.waiting().runs(args.run.runs());
        let models = [Kind::Threads, Kind::Async].map(Model::waiting);
        let (report, _) = compare::measure(comparison, &own, &models, interrupt);
        report
    });
    let workers = args.run.jobs().get();
    let point = compare::scaling(&report, &models);
    let outcome = shown::show(&report, &point, &args.run, |json| {
        if let Some(slow) = &slow {
            json["slow_disk"] = slow.json();
        }
    })?;
    if let Some(slow) = slow.filter(|_| !args.run.output.json) {
        common::cli::stdout().write_all(b"\n")?;
        shown::show(&slow, &slow_point(&slow, workers), &args.run, |_| {})?;
    }

    let page = root.join("index.html");
    let manifest = Manifest::read(&output)?;
    common::files::write_atomically(&page, sheet::html(&page, &output, manifest.entries()))?;
    if !args.run.output.quiet {
        let bytes = |sample: &Sample| fs::metadata(&sample.path).map_or(0, |it| it.len());
        let size = human_bytes(samples.iter().map(bytes).sum());
        common::remark!(
            "\n{}: all thumbnails, for a browser\n{FOLDER} has {size} of pictures: delete it when you do \
             not need it\n\n{}\nFor your own pictures: thumbnails PICTURES -o THUMBNAILS",
            page.display(),
            common::cli::read_next("thumbnails")
        );
    }
    Ok(outcome)
}

/// A model's median wall time in seconds, if it ran.
fn wall(report: &Report<Checksums>, model: &str) -> Option<f64> {
    let row = report.rows().iter().find(|row| row.model == model)?;
    let figures = row.outcome.as_ref().ok()?;
    Some(figures.wall.median.as_secs_f64())
}

/// A sentence about the second table, from the measurements.
fn slow_point(report: &Report<Checksums>, workers: usize) -> String {
    let (Some(threads), Some(tasks)) = (wall(report, "threads"), wall(report, "async")) else {
        return String::new();
    };
    let readers = async_tasks::READERS;
    let times = threads / tasks;
    let mut point = format!(
        "A thread waits for one picture at a time, so {workers} threads wait for {workers}. async waits \
         for up to {readers}, and {workers} workers compute:"
    );
    point += &match times > 1.1 {
        true => format!(" it was {times:.1} times as fast."),
        false => format!(
            " it was not faster here ({times:.1} times), because computing took longer than waiting."
        ),
    };
    wrap(&point)
}

/// Wraps a text to lines of at most 80 columns.
fn wrap(text: &str) -> String {
    let mut lines = String::new();
    let mut column = 0;
    for word in text.split(' ') {
        if column > 0 && column + 1 + word.len() > 80 {
            lines.push('\n');
            column = 0;
        } else if column > 0 {
            lines.push(' ');
            column += 1;
        }
        lines.push_str(word);
        column += word.len();
    }
    lines
}

/// Writes the missing pictures, and returns all.
fn make_up(folder: &Path, args: &Args, interrupt: &Interrupt) -> anyhow::Result<Vec<Sample>> {
    let samples = samples::demonstration(folder, PICTURES.1);
    samples::create_folders(&samples).with_context(|| folder.display().to_string())?;
    let missing = |path: &PathBuf| fs::metadata(path).is_err();
    let missing: Vec<_> = { samples.iter() }
        .filter(|it| missing(&it.path))
        .cloned()
        .collect();
    let pool = ThreadPool::new(args.run.jobs().get())?;
    let written = pool.map_fn(missing, |sample| sample.write());
    for result in written {
        result??;
        if interrupt.raised() {
            anyhow::bail!("interrupted while generating pictures");
        }
    }
    Ok(samples)
}
