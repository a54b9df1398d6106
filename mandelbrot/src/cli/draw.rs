//! One picture, by one model or by all of them compared.

use std::cell::OnceCell;
use std::io::{self, Write};
use std::num::NonZeroUsize;
use std::sync::Arc;

use anyhow::{anyhow, bail};
use common::cli::{Interrupt, Outcome, Progress, RunArgs, Usage};
use common::comparison::Comparison;
use common::timing::{self, human_duration};
use mandelbrot::kernels::Named;
use mandelbrot::{Counts, kernels, paint};
use serde_json::json;

use super::args::{DrawArgs, Paint};
use super::model::Choice;
use super::output;
use super::picture::{PictureArgs, Request};
use super::watch::Watch;

/// How often each model draws the picture when all are compared: it takes milliseconds.
const RUNS: usize = 9;

/// What to see in the table of all models.
const POINT: &str = "Bands of rows are independent: whichever model runs the outermost loop in parallel keeps all cores busy.\n\
Bands through the set take dozens of times as long as those beside it, so equal shares beforehand\n\
(omp-static) do well here only because the picture is symmetric: see --paint workers.";

/// Draws what the flags say; all models if they say nothing.
pub(crate) fn run(
    picture: &PictureArgs,
    args: &DrawArgs,
    run: &RunArgs,
    interrupt: &Interrupt,
) -> anyhow::Result<Outcome> {
    let workshop = picture.is_untouched() && args.paint == Paint::Counts;
    let default = if workshop {
        Choice::All
    } else {
        Choice::Threads
    };
    draw(picture, args, args.model.unwrap_or(default), run, interrupt)
}

/// Draws what the flags say, by threads if they name no model.
pub(crate) fn run_picture(
    picture: &PictureArgs,
    args: &DrawArgs,
    run: &RunArgs,
    interrupt: &Interrupt,
) -> anyhow::Result<Outcome> {
    let model = args.model.unwrap_or(Choice::Threads);
    draw(picture, args, model, run, interrupt)
}

fn draw(
    picture: &PictureArgs,
    args: &DrawArgs,
    model: Choice,
    run: &RunArgs,
    interrupt: &Interrupt,
) -> anyhow::Result<Outcome> {
    let request = picture.request(args.kernel.memory)?;
    output::check(&args.output, run)?;
    let unseen = matches!(
        model,
        Choice::Processes | Choice::SharedMemory | Choice::All
    );
    if args.paint == Paint::Workers && (request.aa > 1 || request.borders || unseen) {
        bail!(Usage(
            "--paint workers: for one model that has threads, without --aa and --shortcuts borders"
                .to_owned()
        ));
    }
    if request.borders && args.model.is_some_and(|model| model != Choice::Rayon) {
        bail!(Usage(
            "--shortcuts borders: works by --model rayon".to_owned()
        ));
    }
    if model == Choice::All || run.runs.is_some() {
        return compare(&request, args, model, run, interrupt);
    }
    let workers = model.workers(run)?;
    let progress = Progress::new("drawing", request.plan.points() as u64, run.quiet);
    let mut watch = Watch::new(interrupt).with_progress(progress);
    if args.paint == Paint::Workers {
        watch = watch.with_workers();
    }
    let (counts, time) =
        timing::measure(|| render(&request, model, args.kernel.named(), &watch, workers));
    let counts = counts?;
    if interrupt.raised() {
        bail!("interrupted: {} is not written", args.output.display());
    }
    let painted = match args.paint {
        Paint::Counts => paint::by_palette(&request.plan, &counts, &request.palette, request.aa),
        Paint::Workers => paint::by_worker(&request.plan, &counts, &watch.workers()),
    };
    output::write(&args.output, &painted, &request.recipe)?;
    let iterations = iterations(&request, &counts);
    let per_second = iterations as f64 / time.wall.as_secs_f64();
    let name = if request.borders {
        "borders"
    } else {
        model.name()
    };
    if run.json {
        let mut out = common::cli::stdout();
        out.json(&json!({
            "output": args.output,
            "width": painted.width,
            "height": painted.height,
            "model": name,
            "workers": workers,
            "kernel": args.kernel.named().name(),
            "instructions": kernels::instructions(),
            "seconds": time.wall.as_secs_f64(),
            "cpu_seconds": time.cpu.total().as_secs_f64(),
            "iterations": iterations,
            "iterations_per_second": per_second,
        }))?;
        out.flush()?;
    }
    if !run.quiet {
        eprintln!(
            "{}: {}x{}, {} ({name}, -j {workers}, {:.2} cores busy), {:.2} G iterations/s",
            args.output.display(),
            painted.width,
            painted.height,
            human_duration(time.wall),
            time.cores_busy(),
            per_second / 1e9,
        );
    }
    Ok(Outcome::Done)
}

fn render(
    request: &Request,
    model: Choice,
    kernel: Named,
    watch: &Watch,
    workers: NonZeroUsize,
) -> io::Result<Counts> {
    match request.borders {
        true => Choice::run_along_borders(&request.plan, kernel, watch, workers),
        false => model.run(&request.plan, kernel, watch, workers),
    }
}

/// How many iterations the counts stand for, whether they were all done or not.
fn iterations(request: &Request, counts: &Counts) -> u64 {
    let all: u64 = counts.values().iter().map(|&count| u64::from(count)).sum();
    all / u64::from(request.plan.scale())
}

fn compare(
    request: &Request,
    args: &DrawArgs,
    model: Choice,
    run: &RunArgs,
    interrupt: &Interrupt,
) -> anyhow::Result<Outcome> {
    let plan = &request.plan;
    // What all are compared with. Equal counts are not kept twice: with many models and runs they
    // would be gigabytes.
    let first: OnceCell<Arc<Counts>> = OnceCell::new();
    let kernel = args.kernel.named().name();
    let mut comparison = Comparison::new(format!("the Mandelbrot set, kernel {kernel}"))
        .input(format!(
            "{}x{} points, up to {} iterations each, {}",
            plan.width(),
            plan.height(),
            plan.iterations(),
            kernels::instructions()
        ))
        .agreement(format!("the same {} counts", plan.points()))
        .runs(
            run.runs
                .unwrap_or(NonZeroUsize::new(RUNS).unwrap_or(NonZeroUsize::MIN)),
        );
    for (index, model) in model.models().into_iter().enumerate() {
        let workers = model.workers(run)?;
        let watch = Watch::new(interrupt);
        let first = &first;
        let job = move || {
            let counts = render(request, model, args.kernel.named(), &watch, workers)?;
            if interrupt.raised() {
                return Err("interrupted".into());
            }
            match first.get() {
                Some(first) if **first == counts => Ok(Arc::clone(first)),
                Some(_) => Ok(Arc::new(counts)),
                None => Ok(Arc::clone(first.get_or_init(|| Arc::new(counts)))),
            }
        };
        comparison = match index {
            0 => comparison.baseline(model.name(), workers.get(), job),
            _ => comparison.model(model.name(), workers.get(), job),
        };
    }
    let progress = Progress::new("", 0, run.quiet);
    let mut report =
        comparison.run(&mut |model, time| progress.say(&format!("{model}, run {time}")));
    progress.finish();
    for model in model.models() {
        if let Some(remark) = model.remark() {
            report.note(model.name(), remark);
        }
    }
    show(&report, model, args, run)?;
    let Some(counts) = report.answer().filter(|_| !interrupt.raised()) else {
        return Err(anyhow!("{} is not written", args.output.display()));
    };
    let painted = paint::by_palette(plan, counts, &request.palette, request.aa);
    output::write(&args.output, &painted, &request.recipe)?;
    if !run.quiet {
        eprintln!("{}: written", args.output.display());
    }
    let good = report.agreed() && !report.failed();
    Ok(if good {
        Outcome::Done
    } else {
        Outcome::SomeFailed
    })
}

/// Prints a comparison, where the picture doesn't go.
fn show(
    report: &common::comparison::Report<Arc<Counts>>,
    model: Choice,
    args: &DrawArgs,
    run: &RunArgs,
) -> anyhow::Result<()> {
    let mut text = report.text().trim_end().to_owned();
    if model == Choice::All && !run.quiet {
        text = format!("{text}\n\n{POINT}");
    }
    if output::is_stdout(&args.output) {
        eprintln!("{text}");
        return Ok(());
    }
    let mut out = common::cli::stdout();
    match run.json {
        true => out.json(&report.json())?,
        false => writeln!(out, "{text}")?,
    }
    out.flush()?;
    Ok(())
}
