//! The measurement, with its progress; reports are read and written here.

use super::args::MeasureArgs;
use anyhow::{Context, bail};
use common::cli::{Interrupt, Outcome, OutputArgs, Progress, Usage};
use common::files;
use guidelines::measure::{Options, ROUNDS, SAMPLE, measure};
use guidelines::report::{Report, html};
use guidelines::sample::Run;
use std::error::Error;
use std::io::{self, Write};
use std::path::Path;
use std::process::Command;

/// About how many steps a whole measurement has, for the progress bar.
const STEPS: u64 = 1900;

/// A report has some hundred kilobytes. A longer file is not read.
const LONGEST: u64 = 64 << 20;

pub(super) fn run(
    args: &MeasureArgs,
    output: &OutputArgs,
    interrupt: &Interrupt,
) -> anyhow::Result<Outcome> {
    if let Some(file) = &args.html {
        files::check_folder_of(file)?;
        if output.json && files::is_stdout(file) {
            bail!(Usage(
                "-: --json already uses standard output: name a file".to_owned()
            ));
        }
    }
    let report = match &args.from {
        Some(file) => read(file)?,
        None => {
            let options = Options {
                all: true,
                python: !args.no_python,
                rounds: args.runs.unwrap_or(ROUNDS),
                cluster: args.cluster.clone(),
            };
            with_progress(&options, output, interrupt)?
        }
    };
    if let Some(file) = &args.html {
        files::write_atomically(file, html::page(&report))?;
    }
    let mut out = common::cli::stdout();
    if output.json {
        out.json(&report)?;
    } else if !args.html.as_deref().is_some_and(files::is_stdout) {
        out.write_all(report.text().as_bytes())?;
        if !output.quiet {
            writeln!(
                out,
                "\nNext: `guidelines choose` for your own work, and guidelines/README.md."
            )?;
        }
    }
    out.flush()?;
    Ok(Outcome::Done)
}

/// Measures, and shows the progress.
pub(super) fn with_progress(
    options: &Options,
    output: &OutputArgs,
    interrupt: &Interrupt,
) -> anyhow::Result<Report> {
    let progress = Progress::new("", STEPS, output.quiet);
    let run = Run {
        rounds: options.rounds,
        sample: SAMPLE,
        tell: &|what| {
            progress.say(what);
            progress.inc(1);
        },
        stopped: &|| interrupt.raised(),
    };
    let report = measure(options, &run);
    progress.finish();
    report.map_err(|error| match is_of_the_system(&error) {
        true => anyhow::Error::new(error).context(
            "can't measure: it needs dozens of threads, processes and open files (see ulimit -a)",
        ),
        false => error.into(),
    })
}

/// Whether the system refused something.
fn is_of_the_system(error: &io::Error) -> bool {
    let first: &(dyn Error + 'static) = error;
    std::iter::successors(Some(first), |&error| error.source())
        .filter_map(|error| error.downcast_ref::<io::Error>())
        .any(|error| error.raw_os_error().is_some())
}

/// Reads a report that `--json` wrote.
pub(super) fn read(file: &Path) -> anyhow::Result<Report> {
    let name = || file.display().to_string();
    let text = guidelines::read_at_most(file, LONGEST).with_context(name)?;
    Report::read(&text)
        .map_err(anyhow::Error::msg)
        .with_context(name)
}

/// Builds and runs the user's program.
pub(super) fn example(output: &OutputArgs) -> anyhow::Result<Outcome> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let program = folder.join("examples/your_work.rs");
    if !program.is_file() {
        bail!(
            "{}: not found: run this in the workshop's folder, in which cargo built the program",
            program.display()
        );
    }
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command
        .args(["run", "--release", "--quiet", "-p", "guidelines"])
        .args(["--example", "your_work"])
        .current_dir(folder);
    if output.json {
        command.args(["--", "--json"]);
    }
    let status = command
        .status()
        .context("can't start cargo, which builds your program")?;
    Ok(match status.success() {
        true => Outcome::Done,
        false => Outcome::SomeFailed,
    })
}
