//! Draws one picture, by one model or by all models compared.

use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{anyhow, bail};
use common::cli::compare::{self, Model as _};
use common::cli::{Choice, Interrupt, Outcome, Progress, RunArgs, Usage};
use common::comparison::{Comparison, Report};
use common::timing::{self, Measurement, human_duration};
use mandelbrot::kernels::KernelName;
use mandelbrot::paint;
use mandelbrot::{Counts, kernels};
use serde_json::json;

use super::args::DrawArgs;
use super::model::{self, Kind, Model};
use super::output;
use super::picture::{Kernel, PictureArgs};
use super::request::{Memory, Request};
use super::watch::Watch;

/// The models that divide the bands of rows among workers without starting processes.
const SHARING: [&str; 5] = ["threads", "rayon", "omp-dynamic", "omp-guided", "async"];

/// The conclusions from the figures.
fn point(report: &Report<Counts>, kernel: KernelName) -> String {
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
            "- Equal shares (omp-static) took {ratio:.1} times as long as bands for \
             free threads: bands through the set take longer than those beside it (--paint workers)."
        )
    }));
    lines.extend(ratio("rayon-pixels", "rayon").map(|ratio| {
        format!(
            "- The inner loop in parallel (rayon-pixels) took {ratio:.1} times as long as the outer \
             one: run the outermost loop in parallel."
        )
    }));
    if kernel == KernelName::Textbook {
        lines.push(
            "- This is the loop of every textbook. SIMD is many times as fast: --kernel fast."
                .to_owned(),
        );
        lines.push(format!("\n{}", common::cli::read_next("mandelbrot")));
    }
    lines.join("\n")
}

/// The path of the picture.
pub(super) fn output_of(args: &DrawArgs) -> PathBuf {
    args.output
        .clone()
        .unwrap_or_else(|| "mandelbrot.png".into())
}

/// Draws what the flags describe; without flags, the workshop's picture in all models.
pub(super) fn run(
    picture: &PictureArgs,
    args: &DrawArgs,
    run: &RunArgs,
    interrupt: &Interrupt,
) -> anyhow::Result<Outcome> {
    let mut picture = picture.clone();
    let output = output_of(args);
    let mut model = args.model;
    if picture.is_untouched() && model.is_none_or(|model| model == Choice::All) {
        model = Some(Choice::All);
        // A fast kernel takes only milliseconds for this picture, about as long as starting a team
        // of threads.
        picture.kernel = picture.kernel.or(Some(Kernel::Textbook));
    }
    run_picture(&picture, args, output, model, run, interrupt)
}

/// Draws a picture, by default with threads.
pub(super) fn run_picture(
    picture: &PictureArgs,
    args: &DrawArgs,
    output: PathBuf,
    model: Option<Choice<Kind>>,
    run: &RunArgs,
    interrupt: &Interrupt,
) -> anyhow::Result<Outcome> {
    let began = Instant::now();
    let choice = model.unwrap_or(Choice::One(Kind::Threads));
    let copies = model::copies(choice, run.runs.is_some(), picture.traces_borders());
    let memory = Memory {
        most: args.limits.memory,
        copies,
    };
    let request = picture.request(memory)?.stopped_by(interrupt);
    output::check(&output, run)?;
    if args.output.is_none() {
        output::check_unnamed(&output)?;
    }
    check(&request, model)?;
    let models = model::models(choice, run, &args.broker)?;
    request.warn();
    let job = Job {
        request,
        output,
        run,
        interrupt,
    };
    match &models[..] {
        [model] if run.runs.is_none() => once(job, model, began),
        _ => compare(&job, &models),
    }
}

/// A picture to draw, and how to draw it.
struct Job<'a> {
    request: Request,
    output: PathBuf,
    run: &'a RunArgs,
    interrupt: &'a Interrupt,
}

/// The time of each part of a picture.
struct Times {
    /// Computing the counts.
    counting: Measurement,
    /// The whole command: counts, colours and file.
    whole: Duration,
}

/// Refuses combinations of flags that are not possible.
fn check(request: &Request, model: Option<Choice<Kind>>) -> anyhow::Result<()> {
    use Kind::{Processes, Rayon, SharedMemory};
    let unseen = matches!(
        model,
        Some(Choice::One(Processes | SharedMemory) | Choice::All)
    );
    #[cfg(feature = "cluster")]
    let unseen = unseen || model == Some(Choice::One(Kind::Cluster));
    if request.workers && (request.aa > 1 || request.borders || unseen) {
        bail!(Usage(
            "--paint workers: for one model that has threads, without --aa and --shortcuts borders"
                .to_owned()
        ));
    }
    if request.borders && model.is_some_and(|model| model != Choice::One(Rayon)) {
        bail!(Usage(
            "--shortcuts borders: works by --model rayon".to_owned()
        ));
    }
    Ok(())
}

/// Draws once, by one model.
fn once(mut job: Job<'_>, model: &Model, began: Instant) -> anyhow::Result<Outcome> {
    let Job {
        request,
        run,
        interrupt,
        ..
    } = &mut job;
    let points = request.plan.points() as u64;
    // A bar for the counts, plus a quarter for colours and file.
    let progress = Progress::new("drawing", points + points / 4, run.output.quiet);
    let mut watch = Watch::new(interrupt).with_progress(progress);
    if request.workers {
        watch = watch.with_workers();
        let _ = write!(
            request.recipe.flags,
            " --model {} --jobs {}",
            model.name(),
            model.workers(run.jobs())
        );
    }
    let (counts, counting) = timing::measure(|| render(request, model, &watch));
    let counts = counts?;
    let name = job.output.display();
    if job.interrupt.raised() {
        bail!("interrupted: {name} is not written");
    }
    let request = &job.request;
    watch.say("painting");
    let painted = match request.workers {
        false => paint::by_palette(&request.plan, &counts, &request.palette, request.aa),
        true => paint::by_worker(&request.plan, &counts, &watch.workers()),
    };
    let iterations = iterations(request, &counts);
    drop(counts);
    if job.interrupt.raised() {
        bail!("interrupted: {name} is not written");
    }
    watch.say("writing");
    output::write(&job.output, &painted, &request.recipe)?;
    let times = Times {
        counting,
        whole: began.elapsed(),
    };
    drop(watch);
    report(
        &job,
        model,
        (painted.width, painted.height),
        iterations,
        &times,
    )?;
    Ok(Outcome::Done)
}

fn render(request: &Request, model: &Model, watch: &Watch) -> io::Result<Counts> {
    match request.borders {
        true => model.run_along_borders(&request.plan, request.kernel, watch),
        false => model.run(&request.plan, request.kernel, watch),
    }
}

/// Prints what was drawn, and how fast.
fn report(
    job: &Job<'_>,
    model: &Model,
    (width, height): (usize, usize),
    iterations: Option<u64>,
    times: &Times,
) -> anyhow::Result<()> {
    let Job { request, run, .. } = job;
    let name = match request.borders {
        true => "borders",
        false => model.name(),
    };
    let workers = model.workers(run.jobs());
    let counting = times.counting.wall.as_secs_f64();
    let per_second = iterations.map(|iterations| iterations as f64 / counting);
    if run.output.json {
        let mut out = common::cli::stdout();
        out.json(&json!({
            "output": job.output,
            "width": width,
            "height": height,
            "model": name,
            "workers": workers,
            "kernel": request.kernel.name(),
            "instructions": kernels::instructions(),
            "wall_seconds": times.whole.as_secs_f64(),
            "cpu_seconds": timing::cpu_time().total().as_secs_f64(),
            "counting_seconds": counting,
            "iterations": iterations,
            "iterations_per_second": per_second,
        }))?;
        out.flush()?;
    }
    if !run.output.quiet {
        let rate = per_second.map_or(String::new(), |rate| {
            format!(" at {:.2} G iterations/s", rate / 1e9)
        });
        common::remark!(
            "{}: {width}x{height} in {}, of which {} for counting{rate} ({name}, {}, -j {workers}, {:.2} cores busy)",
            job.output.display(),
            human_duration(times.whole),
            human_duration(times.counting.wall),
            request.kernel.name(),
            times.counting.cores_busy(),
        );
    }
    Ok(())
}

/// The number of iterations, if the counts show it.
fn iterations(request: &Request, counts: &Counts) -> Option<u64> {
    let all: u64 = counts.values().iter().map(|&count| u64::from(count)).sum();
    (!request.skips()).then_some(all / u64::from(request.plan.scale()))
}

/// Draws by several models, or several times, and compares them.
fn compare(job: &Job<'_>, models: &[Model]) -> anyhow::Result<Outcome> {
    let Job {
        request,
        output,
        run,
        interrupt,
    } = job;
    let plan = &request.plan;
    let kernel = request.kernel.name();
    let comparison = Comparison::new(format!("the Mandelbrot set, kernel {kernel}"))
        .input(format!(
            "{}x{} points, up to {} iterations each{}",
            plan.width(),
            plan.height(),
            plan.limit(),
            request.instructions()
        ))
        .look_for("which models are faster than serial? Are all workers busy?")
        .agreement(format!("the same {} counts", plan.points()));
    let comparison = compare::once_or_more(comparison, run.runs);
    let watch = &Watch::new(interrupt);
    let comparison = compare::add(comparison, models, run, |model| {
        let counts = render(request, model, watch)?;
        match interrupt.raised() {
            true => Err("interrupted".into()),
            false => Ok(counts),
        }
    });
    let report = compare::finish(comparison, models, run);
    let point = match models.len() {
        1 => String::new(),
        _ => point(&report, request.kernel),
    };
    if output::is_stdout(output) {
        common::remark!("{}", compare::text(&report, &point, run).trim_end());
    } else {
        compare::show(&report, &point, run, |_| ())?;
    }
    let Some(counts) = report.answer().filter(|_| !interrupt.raised()) else {
        return Err(anyhow!("{} is not written", output.display()));
    };
    let painted = paint::by_palette(plan, counts, &request.palette, request.aa);
    output::write(output, &painted, &request.recipe)?;
    if !run.output.quiet {
        common::remark!("{}: written", output.display());
    }
    Ok(compare::outcome(&report))
}
