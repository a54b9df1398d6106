//! One picture, by one model or by all of them compared.

use std::io::{self, Write};

use anyhow::{anyhow, bail};
use common::cli::compare::{self, Model as _};
use common::cli::{Choice, Interrupt, Outcome, Progress, RunArgs, Usage};
use common::comparison::{Comparison, Report};
use common::timing::{self, Measurement, human_duration};
use mandelbrot::kernels::KernelName;
use mandelbrot::paint::{self, Picture};
use mandelbrot::{Counts, kernels};
use serde_json::json;

use super::args::{DrawArgs, Paint};
use super::model::{self, Kind, Model};
use super::output;
use super::picture::PictureArgs;
use super::request::Request;
use super::watch::Watch;

/// The models that share the bands of rows among workers that need not be started first.
const SHARING: [&str; 5] = ["threads", "rayon", "omp-dynamic", "omp-guided", "async"];

/// What the figures show.
fn point(report: &Report<Counts>) -> String {
    let mut lines = vec!["What the figures show:".to_owned()];
    lines.extend(report.scaling(&SHARING).map(|line| format!("- {line}")));
    let times = |model: &str| report.figures(model).map(|it| it.wall.median);
    let ratio = |slower: &str, faster: &str| {
        let (slower, faster) = (times(slower)?, times(faster)?);
        let ratio = slower.as_secs_f64() / faster.as_secs_f64();
        (ratio > 1.2).then_some(ratio)
    };
    lines.extend(ratio("omp-static", "omp-dynamic").map(|ratio| {
        format!(
            "- Equal shares beforehand (omp-static) took {ratio:.1} times as long as bands to whoever \
             is free: bands through the set take longer than those beside it (--paint workers)."
        )
    }));
    lines.extend(ratio("rayon-pixels", "rayon").map(|ratio| {
        format!(
            "- The inner loop in parallel (rayon-pixels) took {ratio:.1} times as long as the outer \
             one: run the outermost loop in parallel."
        )
    }));
    lines.join("\n")
}

/// Draws what the flags say; all models if they say nothing.
pub(super) fn run(
    picture: &PictureArgs,
    args: &DrawArgs,
    run: &RunArgs,
    interrupt: &Interrupt,
) -> anyhow::Result<Outcome> {
    let workshop = picture.is_untouched() && args.paint == Paint::Counts;
    let default = if workshop {
        Choice::All
    } else {
        Choice::One(Kind::Threads)
    };
    draw(picture, args, args.model.unwrap_or(default), run, interrupt)
}

/// Draws what the flags say, by threads if they name no model.
pub(super) fn run_picture(
    picture: &PictureArgs,
    args: &DrawArgs,
    run: &RunArgs,
    interrupt: &Interrupt,
) -> anyhow::Result<Outcome> {
    let model = args.model.unwrap_or(Choice::One(Kind::Threads));
    draw(picture, args, model, run, interrupt)
}

fn draw(
    picture: &PictureArgs,
    args: &DrawArgs,
    choice: Choice<Kind>,
    run: &RunArgs,
    interrupt: &Interrupt,
) -> anyhow::Result<Outcome> {
    let request = picture.request(args.kernel.memory)?;
    output::check(&args.output, run)?;
    check(&request, args, choice)?;
    let models = model::models(choice, run)?;
    match models[..] {
        [model] if run.runs.is_none() => once(&request, args, model, run, interrupt),
        _ => compare(&request, args, &models, run, interrupt),
    }
}

/// Refuses what can't be had together.
fn check(request: &Request, args: &DrawArgs, choice: Choice<Kind>) -> anyhow::Result<()> {
    use Kind::{Processes, Rayon, SharedMemory};
    let unseen = matches!(choice, Choice::One(Processes | SharedMemory) | Choice::All);
    if args.paint == Paint::Workers && (request.aa > 1 || request.borders || unseen) {
        bail!(Usage(
            "--paint workers: for one model that has threads, without --aa and --shortcuts borders"
                .to_owned()
        ));
    }
    if request.borders && args.model.is_some_and(|model| model != Choice::One(Rayon)) {
        bail!(Usage(
            "--shortcuts borders: works by --model rayon".to_owned()
        ));
    }
    Ok(())
}

/// Draws by one model, once.
fn once(
    request: &Request,
    args: &DrawArgs,
    model: Model,
    run: &RunArgs,
    interrupt: &Interrupt,
) -> anyhow::Result<Outcome> {
    let progress = Progress::new("drawing", request.plan.points() as u64, run.output.quiet);
    let mut watch = Watch::new(interrupt).with_progress(progress);
    if args.paint == Paint::Workers {
        watch = watch.with_workers();
    }
    let kernel = args.kernel.named();
    let (counts, time) = timing::measure(|| render(request, model, kernel, &watch));
    let counts = counts?;
    if interrupt.raised() {
        bail!("interrupted: {} is not written", args.output.display());
    }
    let painted = match args.paint {
        Paint::Counts => paint::by_palette(&request.plan, &counts, &request.palette, request.aa),
        Paint::Workers => paint::by_worker(&request.plan, &counts, &watch.workers()),
    };
    output::write(&args.output, &painted, &request.recipe)?;
    report(request, args, model, run, &painted, &counts, time)?;
    Ok(Outcome::Done)
}

fn render(
    request: &Request,
    model: Model,
    kernel: KernelName,
    watch: &Watch,
) -> io::Result<Counts> {
    match request.borders {
        true => model.run_along_borders(&request.plan, kernel, watch),
        false => model.run(&request.plan, kernel, watch),
    }
}

/// Says what was drawn, and how fast.
fn report(
    request: &Request,
    args: &DrawArgs,
    model: Model,
    run: &RunArgs,
    painted: &Picture,
    counts: &Counts,
    time: Measurement,
) -> anyhow::Result<()> {
    let name = match request.borders {
        true => "borders",
        false => model.name(),
    };
    let workers = model.workers(run.jobs());
    let iterations = iterations(request, counts);
    let per_second = iterations as f64 / time.wall.as_secs_f64();
    if run.output.json {
        let mut out = common::cli::stdout();
        out.json(&json!({
            "output": args.output,
            "width": painted.width,
            "height": painted.height,
            "model": name,
            "workers": workers,
            "kernel": args.kernel.named().name(),
            "instructions": kernels::instructions(),
            "wall_seconds": time.wall.as_secs_f64(),
            "cpu_seconds": time.cpu.total().as_secs_f64(),
            "iterations": iterations,
            "iterations_per_second": per_second,
        }))?;
        out.flush()?;
    }
    if !run.output.quiet {
        common::remark!(
            "{}: {}x{}, {} ({name}, -j {workers}, {:.2} cores busy), {:.2} G iterations/s",
            args.output.display(),
            painted.width,
            painted.height,
            human_duration(time.wall),
            time.cores_busy(),
            per_second / 1e9,
        );
    }
    Ok(())
}

/// How many iterations the counts stand for, whether they were all done or not.
fn iterations(request: &Request, counts: &Counts) -> u64 {
    let all: u64 = counts.values().iter().map(|&count| u64::from(count)).sum();
    all / u64::from(request.plan.scale())
}

/// Draws by several models, or several times, and compares.
fn compare(
    request: &Request,
    args: &DrawArgs,
    models: &[Model],
    run: &RunArgs,
    interrupt: &Interrupt,
) -> anyhow::Result<Outcome> {
    let plan = &request.plan;
    let kernel = args.kernel.named();
    let comparison = Comparison::new(format!("the Mandelbrot set, kernel {}", kernel.name()))
        .input(format!(
            "{}x{} points, up to {} iterations each, {}",
            plan.width(),
            plan.height(),
            plan.limit(),
            kernels::instructions()
        ))
        .agreement(format!("the same {} counts", plan.points()));
    let comparison = compare::once_or_more(comparison, run.runs);
    let watch = &Watch::new(interrupt);
    let comparison = compare::add(comparison, models, run, |model| {
        let counts = render(request, *model, kernel, watch)?;
        match interrupt.raised() {
            true => Err("interrupted".into()),
            false => Ok(counts),
        }
    });
    let report = compare::finish(comparison, models, run);
    let point = match models.len() {
        1 => String::new(),
        _ => point(&report),
    };
    if output::is_stdout(&args.output) {
        common::remark!("{}", compare::text(&report, &point, run).trim_end());
    } else {
        compare::show(&report, &point, run, |_| ())?;
    }
    let Some(counts) = report.answer().filter(|_| !interrupt.raised()) else {
        return Err(anyhow!("{} is not written", args.output.display()));
    };
    let painted = paint::by_palette(plan, counts, &request.palette, request.aa);
    output::write(&args.output, &painted, &request.recipe)?;
    if !run.output.quiet {
        common::remark!("{}: written", args.output.display());
    }
    Ok(compare::outcome(&report))
}
