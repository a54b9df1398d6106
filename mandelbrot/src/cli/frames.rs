//! `zoom`: draws a sequence that zooms in. Frames are drawn in parallel, each by one thread.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{BufReader, Write};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow, bail};
use common::cli::{Interrupt, Outcome, Progress, RunArgs, Usage};
use mandelbrot::{omp, paint, png_file, serial};
use serde_json::json;

use super::args::ZoomArgs;
#[cfg(feature = "cluster")]
use super::cluster;
use super::output;
use super::request::{Memory, Request, usual_iterations};
use super::watch::Watch;

/// The result of a frame.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Frame {
    Written,
    /// The file existed already.
    Kept,
    Failed,
    /// The frame was not drawn because of Ctrl-C.
    Left,
}

/// Refuses a trace with the same path as a frame.
pub(super) fn check_trace(args: &ZoomArgs, run: &RunArgs) -> anyhow::Result<()> {
    let timeline = run.trace.timeline.as_ref().and_then(Option::as_ref);
    for file in [run.trace.trace.as_ref(), timeline].into_iter().flatten() {
        // Only one frame can have the same file name.
        let frame = args.output.join(file.file_name().unwrap_or_default());
        let number = frame
            .file_stem()
            .and_then(OsStr::to_str)
            .unwrap_or_default();
        let number = number
            .strip_prefix("frame-")
            .and_then(|number| number.parse::<u64>().ok());
        if number.is_some_and(|number| (1..=args.frames).contains(&number)) {
            output::check_trace(&frame, run)?;
        }
    }
    Ok(())
}

/// Draws the missing frames.
pub(super) fn run(
    args: &ZoomArgs,
    run: &RunArgs,
    interrupt: &Interrupt,
) -> anyhow::Result<Outcome> {
    if args.picture.shows_workers() {
        bail!(Usage(
            "--paint workers: each frame has one worker".to_owned()
        ));
    }
    // If any frame is impossible, then the first or the last one is.
    for index in [0, args.frames - 1] {
        request(args, run, index)?;
    }
    let frames = usize::try_from(args.frames).context("frames")?;
    let name = args.output.display();
    fs::create_dir_all(&args.output)
        .map_err(|error| Usage(format!("{name}: cannot be made: {error}")))?;
    output::check(&args.output.join("frame"), run)?;
    #[cfg(feature = "cluster")]
    let elsewhere = args
        .model
        .map(|_| cluster::pool(&args.broker))
        .transpose()?;
    #[cfg(not(feature = "cluster"))]
    let elsewhere = None;
    let progress = Progress::new("frames", args.frames, run.output.quiet);
    let done = omp::parallel(run.jobs().get().min(frames), |p| {
        let mut done = Vec::new();
        // One by one, because deep frames take longest.
        for index in p.xrange(0..frames) {
            let path = path(&args.output, index);
            let frame = request(args, run, index as u64)
                .and_then(|request| draw(request, &path, elsewhere.as_ref(), interrupt))
                .unwrap_or_else(|error| {
                    common::remark!("error: {}: {error:#}", path.display());
                    Frame::Failed
                });
            progress.inc(1);
            done.push(frame);
        }
        done
    });
    progress.finish();
    let done: Vec<Frame> = done.into_iter().flatten().collect();
    let count = |what| done.iter().filter(|&&frame| frame == what).count();
    let (written, kept) = (count(Frame::Written), count(Frame::Kept));
    let (failed, left) = (count(Frame::Failed), count(Frame::Left));
    if run.output.json {
        let mut out = common::cli::stdout();
        out.json(&json!({
            "output": args.output,
            "written": written,
            "kept": kept,
            "failed": failed,
            "left": left,
        }))?;
        out.flush()?;
    }
    if !run.output.quiet {
        common::remark!(
            "{name}: {written} frames written, {kept} kept, {failed} failed, {left} left"
        );
    }
    if left > 0 {
        bail!("interrupted: run it again to draw the {left} that are left");
    }
    Ok(match failed {
        0 => Outcome::Done,
        _ => Outcome::SomeFailed,
    })
}

/// The request for a frame, counted from 0.
fn request(args: &ZoomArgs, run: &RunArgs, index: u64) -> anyhow::Result<Request> {
    let first = args.picture.zoom();
    let way = index as f64 / (args.frames - 1).max(1) as f64;
    // Use logarithms: the ratio of two zooms may be too large for a number.
    let zoom = (first.ln() + (args.until.ln() - first.ln()) * way).exp();
    // The first and the last frame have the exact zoom of the flags, without rounding.
    let zoom = match index {
        0 => first,
        _ if index == args.frames - 1 => args.until,
        _ => zoom,
    };
    let niter = f64::from(args.picture.iterations());
    let last = args.until_niter.map_or_else(
        || niter.max(f64::from(usual_iterations(args.until))),
        f64::from,
    );
    let iterations = (niter + (last - niter) * way).round() as u32;
    // Each worker holds one picture in memory.
    let workers = (run.jobs().get() as u64).min(args.frames);
    let memory = Memory {
        most: args.limits.memory / workers,
        copies: if args.picture.traces_borders() { 4 } else { 1 },
    };
    let to = args.to.clone();
    args.picture.at(to, zoom, iterations).request(memory)
}

fn path(folder: &Path, index: usize) -> PathBuf {
    folder.join(format!("frame-{:04}.png", index + 1))
}

/// What draws frames elsewhere, in a build that has that.
#[cfg(feature = "cluster")]
type Elsewhere = ::cluster::RedisPool;
#[cfg(not(feature = "cluster"))]
type Elsewhere = std::convert::Infallible;

fn draw(
    request: Request,
    path: &Path,
    elsewhere: Option<&Elsewhere>,
    interrupt: &Interrupt,
) -> anyhow::Result<Frame> {
    if interrupt.raised() {
        return Ok(Frame::Left);
    }
    if is_there(&request, path) {
        return Ok(Frame::Kept);
    }
    let _span = tracing::info_span!("frame", name = %path.display()).entered();
    let request = request.stopped_by(interrupt);
    let kernel = Watch::new(interrupt).kernel(request.kernel);
    let counts = match (request.borders, elsewhere) {
        #[cfg(feature = "cluster")]
        (false, Some(pool)) => {
            cluster::run(pool, &request.plan, request.kernel, || interrupt.raised())
        }
        (true, _) => mandelbrot::mariani_silver::run(&request.plan, kernel, NonZeroUsize::MIN),
        (false, _) => serial::run(&request.plan, kernel, NonZeroUsize::MIN),
    };
    let counts = counts.map_err(|error| anyhow!(error))?;
    if interrupt.raised() {
        return Ok(Frame::Left);
    }
    let picture = paint::by_palette(&request.plan, &counts, &request.palette, request.aa);
    output::write(path, &picture, &request.recipe)?;
    Ok(Frame::Written)
}

/// Whether a frame exists and is the same as the one that would be drawn now. A file is renamed
/// when it is complete, so an existing file is complete.
fn is_there(request: &Request, path: &Path) -> bool {
    let Ok(file) = File::open(path) else {
        return false;
    };
    png_file::recipe(BufReader::new(file)).is_ok_and(|recipe| recipe == request.recipe)
}
