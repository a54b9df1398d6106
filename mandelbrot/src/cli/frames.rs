//! A sequence that zooms in: frames in parallel, each by one thread.

use std::fs::{self, File};
use std::io::{BufReader, Write};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow, bail};
use common::cli::{Interrupt, Outcome, Progress, RunArgs, Usage};
use mandelbrot::kernels::KernelName;
use mandelbrot::{omp, paint, png_file, serial};
use serde_json::json;

use super::args::ZoomArgs;
use super::output;
use super::request::Request;
use super::watch::Watch;

/// What became of a frame.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Frame {
    Written,
    /// It was there already.
    Kept,
    Failed,
    /// Ctrl-C came before it.
    Left,
}

/// Draws the frames that are not there yet.
pub(super) fn run(
    args: &ZoomArgs,
    run: &RunArgs,
    interrupt: &Interrupt,
) -> anyhow::Result<Outcome> {
    // What is wrong with a frame is wrong with the first or the deepest.
    for index in [0, args.frames - 1] {
        request(args, run, index)?;
    }
    let frames = usize::try_from(args.frames).context("frames")?;
    let name = args.output.display();
    fs::create_dir_all(&args.output)
        .map_err(|error| Usage(format!("{name}: cannot be made: {error}")))?;
    output::check(&args.output.join("frame"), run)?;
    let progress = Progress::new("frames", args.frames, run.output.quiet);
    let done = omp::parallel(run.jobs().get().min(frames), |p| {
        let mut done = Vec::new();
        // One by one, since the deep frames take longest.
        for index in p.xrange(0..frames) {
            let path = path(&args.output, index);
            let frame = request(args, run, index as u64)
                .and_then(|request| draw(&request, &path, args.kernel.named(), interrupt))
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

/// A frame, counted from 0, as it is to be drawn.
fn request(args: &ZoomArgs, run: &RunArgs, index: u64) -> anyhow::Result<Request> {
    let first = args.picture.zoom();
    let way = index as f64 / (args.frames - 1).max(1) as f64;
    let zoom = first * (args.until / first).powf(way);
    // As many are in memory as workers draw.
    let workers = (run.jobs().get() as u64).min(args.frames);
    let memory = args.kernel.memory / workers;
    args.picture.at(args.to, zoom).request(memory)
}

fn path(folder: &Path, index: usize) -> PathBuf {
    folder.join(format!("frame-{:04}.png", index + 1))
}

fn draw(
    request: &Request,
    path: &Path,
    kernel: KernelName,
    interrupt: &Interrupt,
) -> anyhow::Result<Frame> {
    if interrupt.raised() {
        return Ok(Frame::Left);
    }
    if is_there(request, path) {
        return Ok(Frame::Kept);
    }
    let _span = tracing::info_span!("frame", name = %path.display()).entered();
    let kernel = Watch::new(interrupt).kernel(kernel);
    let counts = match request.borders {
        true => mandelbrot::mariani_silver::run(&request.plan, kernel, NonZeroUsize::MIN),
        false => serial::run(&request.plan, kernel, NonZeroUsize::MIN),
    };
    let counts = counts.map_err(|error| anyhow!(error))?;
    if interrupt.raised() {
        return Ok(Frame::Left);
    }
    let picture = paint::by_palette(&request.plan, &counts, &request.palette, request.aa);
    output::write(path, &picture, &request.recipe)?;
    Ok(Frame::Written)
}

/// Whether a frame was drawn before, and is what would be drawn now. Files are renamed into place
/// when they are whole, so what is there is whole.
fn is_there(request: &Request, path: &Path) -> bool {
    let Ok(file) = File::open(path) else {
        return false;
    };
    png_file::recipe(BufReader::new(file)).is_ok_and(|recipe| recipe == request.recipe)
}
