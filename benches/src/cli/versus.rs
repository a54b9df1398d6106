//! `benches versus`.

use std::io::Write;
use std::num::NonZeroUsize;
use std::path::Path;

use anyhow::bail;
use benches::child::{Launcher, Runner};
use benches::results::{Made, saved};
use benches::servers::{Load, Stand};
use benches::versus::report::Report;
use benches::versus::{self, Job, render};
use common::cli::{Interrupt, Outcome, Progress, RunArgs, Usage};
use common::cpus;
use serde_json::json;

use super::args::VersusArgs;

/// Enough for a useful range. All jobs then take a minute or two.
const PAIRS: NonZeroUsize = NonZeroUsize::new(10).expect("ten is not zero");

/// Prints the jobs and their programs.
pub(crate) fn list(run: &RunArgs) -> anyhow::Result<Outcome> {
    let jobs: Vec<_> = jobs(run).into_iter().map(|(job, _)| job).collect();
    let mut out = common::cli::stdout();
    if run.output.json {
        let jobs = jobs.iter().map(|job| {
            json!({
                "job": job.name,
                "title": job.title,
                "ours": job.ours.command(),
                "peers": job.peers.iter().map(|peer| {
                    json!({"name": peer.name, "command": peer.command(), "install": peer.install})
                }).collect::<Vec<_>>(),
            })
        });
        out.json(&jobs.collect::<Vec<_>>())?;
    } else {
        for job in jobs {
            writeln!(out, "{}: {}", job.name, job.title)?;
            writeln!(out, "  ours    {}", job.ours.command())?;
            for peer in job.peers {
                writeln!(out, "  beside  {}", peer.command())?;
            }
        }
        if !run.output.quiet {
            writeln!(
                out,
                "\nRun one by `benches versus JOB`, all by `benches versus`."
            )?;
        }
    }
    out.flush()?;
    Ok(Outcome::Done)
}

/// Runs the given jobs, and prints each report when its job is done.
pub(crate) fn run(
    args: &VersusArgs,
    run: &RunArgs,
    interrupt: &Interrupt,
) -> anyhow::Result<Outcome> {
    let jobs = chosen(args.job.as_deref(), jobs(run))?;
    let cpus = cpus::detect();
    let mut out = common::cli::stdout();
    if !run.output.json {
        for line in render::heading(&cpus) {
            writeln!(out, "{line}")?;
        }
        out.flush()?;
    }
    let mut reports = Vec::new();
    for (job, load) in jobs {
        if interrupt.raised() {
            break;
        }
        let report = measure(&job, load, run, interrupt)?;
        if !run.output.json {
            let text = if args.markdown {
                render::markdown(&report)
            } else {
                render::text(&report)
            };
            write!(out, "\n{text}")?;
            out.flush()?;
        }
        reports.push(report);
    }
    if args.save && !interrupt.raised() {
        save(&reports, args.workspace.as_deref(), run)?;
    }
    if run.output.json {
        out.json(&render::json(&reports, &cpus))?;
        out.flush()?;
    }
    Ok(match reports.iter().any(Report::failed) {
        true => Outcome::SomeFailed,
        false => Outcome::Done,
    })
}

/// Saves a table for each name of a job; reports of the same name are in one table. A report without
/// figures does not replace a table.
fn save(reports: &[Report], workspace: Option<&Path>, run: &RunArgs) -> anyhow::Result<()> {
    let workspace = super::report::workspace(workspace);
    let mut names: Vec<_> = reports.iter().map(|report| report.job).collect();
    names.dedup();
    for name in names {
        let of_name: Vec<&Report> = reports.iter().filter(|it| it.job == name).collect();
        let runs = run
            .runs
            .map_or(String::new(), |runs| format!(" --runs {runs}"));
        let made = Made::now(format!("benches versus {name}{runs}"), &workspace);
        let table = saved::of_job(name, &of_name, made);
        if table.rows.is_empty() || of_name.iter().any(|report| report.failed()) {
            common::remark!("{name}: not saved: no program was measured, or one failed");
            continue;
        }
        let path = saved::save(&table, &workspace)?;
        if !run.output.quiet {
            common::remark!("{}: `benches report` makes the pages of it", path.display());
        }
    }
    Ok(())
}

/// All jobs; those of servers with their load.
fn jobs(run: &RunArgs) -> Vec<(Job, Option<Load>)> {
    let programs = versus::jobs(run.jobs()).into_iter().map(|job| (job, None));
    let servers = versus::servers().into_iter();
    programs
        .chain(servers.map(|(job, load)| (job, Some(load))))
        .collect()
}

fn chosen(
    name: Option<&str>,
    mut jobs: Vec<(Job, Option<Load>)>,
) -> anyhow::Result<Vec<(Job, Option<Load>)>> {
    let Some(name) = name else { return Ok(jobs) };
    let mut known: Vec<_> = jobs.iter().map(|(job, _)| job.name).collect();
    known.dedup();
    if !known.contains(&name) {
        bail!(Usage(format!(
            "{name}: no such job: there are {}",
            known.join(", ")
        )));
    }
    jobs.retain(|(job, _)| job.name == name);
    Ok(jobs)
}

fn measure(
    job: &Job,
    load: Option<Load>,
    run: &RunArgs,
    interrupt: &Interrupt,
) -> anyhow::Result<Report> {
    let pairs = run.runs.unwrap_or(PAIRS);
    // Scripts are named from the workspace's folder, wherever the command is given.
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    let folder = if folder.is_dir() {
        folder
    } else {
        Path::new(".")
    };
    let runner: Box<dyn Runner> = match load {
        None => Box::new(Launcher::this()?.folder(folder)),
        Some(load) => Box::new(Stand::new(load).folder(folder)),
    };
    // Each warms up once; ours is also run beside itself.
    let steps = (job.peers.len() + 1) * (pairs.get() + 1);
    let progress = Progress::new(job.name, steps as u64, run.output.quiet);
    versus::run(job, pairs, &*runner, interrupt, &mut |what| {
        progress.say(what);
        progress.inc(1);
    })
}
