//! The demonstration: pictures made up here, their thumbnails in every model, a contact sheet.

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

/// Where it all goes.
const FOLDER: &str = "thumbnails-demo";

/// How long the slow disk of the second table takes to answer.
const LATENCY: Duration = Duration::from_millis(100);

/// Makes up pictures, compares models, writes the sheet.
pub(super) fn run(args: &Args, interrupt: &Interrupt) -> anyhow::Result<Outcome> {
    let root = Path::new(FOLDER);
    let pictures = root.join("pictures");
    let output = root.join("thumbnails");
    let samples = make_up(&pictures, args, interrupt)?;
    // The same command as anybody's.
    let own = Args::for_folder(&pictures, &output, args.run.clone());
    let models = model::models(args.model.unwrap_or(Choice::All));
    let count = samples.len();
    let comparison = Comparison::new("thumbnails of a folder").input(format!(
        "{count} pictures in {}: mostly JPEGs of six megapixels",
        pictures.display()
    ));
    let (report, _) = compare::measure(comparison, &own, &models, interrupt);
    let slow = (models.len() > 1).then(|| {
        let mut own = Args::for_folder(&pictures, &output, args.run.clone());
        own.what.latency = Some(LATENCY);
        let comparison = Comparison::new("the same from a slow disk").input(format!(
            "{count} pictures, each of which comes {} ms after it was asked for",
            LATENCY.as_millis()
        ));
        let models = [Kind::Threads, Kind::Async].map(Model::new);
        let (report, _) = compare::measure(comparison, &own, &models, interrupt);
        report
    });
    let workers = args.run.jobs().get();
    let point = slow
        .as_ref()
        .map_or(String::new(), |_| fast_point(&report, workers));
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
            "\n{}: the contact sheet, for a browser\n{FOLDER} holds {size} of pictures: delete it when you \
             are done\nNext: thumbnails/README.md, or your own: thumbnails PICTURES -o THUMBNAILS",
            page.display()
        );
    }
    Ok(outcome)
}

/// A model's median wall time and its busy cores, if it ran.
fn figures(report: &Report<Checksums>, model: &str) -> Option<(f64, f64)> {
    let row = report.rows().iter().find(|row| row.model == model)?;
    let figures = row.outcome.as_ref().ok()?;
    Some((figures.wall.median.as_secs_f64(), figures.cores_busy))
}

/// What the first table shows, as it was measured.
fn fast_point(report: &Report<Checksums>, workers: usize) -> String {
    let (Some((serial, _)), Some((threads, busy))) =
        (figures(report, "serial"), figures(report, "threads"))
    else {
        return String::new();
    };
    let times = serial / threads;
    let mut point = format!(
        "A thumbnail is computing. {workers} threads took {times:.1} times as little time as one, with \
         {busy:.1} cores busy."
    );
    if workers > 1 && times < 0.7 * workers as f64 {
        point += " That is less than there are workers: other programs ran, or there are fewer free \
                  cores than workers.";
    }
    if let Some((processes, _)) = figures(report, "processes") {
        let (more, than) = match processes > threads {
            true => (processes / threads, "longer than"),
            false => (threads / processes, "less time than"),
        };
        point += &format!(
            " Processes took {:.0} % {than} threads; under --isolate a decoder that crashes or hangs \
             costs one picture.",
            100.0 * (more - 1.0)
        );
    }
    wrap(&point)
}

/// What the second table shows, as it was measured.
fn slow_point(report: &Report<Checksums>, workers: usize) -> String {
    let (Some((threads, _)), Some((tasks, _))) =
        (figures(report, "threads"), figures(report, "async"))
    else {
        return String::new();
    };
    let readers = async_tasks::READERS;
    let times = threads / tasks;
    let mut point = format!(
        "A thread waits for one picture at a time, so {workers} threads wait for {workers}. async waits \
         for up to {readers} while {workers} workers compute:"
    );
    point += &match times > 1.1 {
        true => format!(" it was {times:.1} times as fast."),
        false => format!(
            " it was not faster here ({times:.1} times), as computing took longer than waiting."
        ),
    };
    wrap(&point)
}

/// Lines of at most 80 columns.
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

/// Writes the pictures that are not there yet; returns all.
fn make_up(folder: &Path, args: &Args, interrupt: &Interrupt) -> anyhow::Result<Vec<Sample>> {
    let samples = samples::demonstration(folder);
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
            anyhow::bail!("interrupted while making up pictures");
        }
    }
    Ok(samples)
}
