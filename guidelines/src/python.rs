//! The same figures for Python: threading, multiprocessing, concurrent.futures and asyncio, by the
//! `python3` on the PATH.

use crate::book::Section;
use crate::child;
use crate::costs::waiting::MANY;
use crate::figure::{Figure, Unit};
use crate::sample::Run;
use serde::Deserialize;
use std::io;
use std::path::Path;
use std::process::{Command, Stdio};

/// The name of the script that measures.
const SCRIPT: &str = include_str!("python/probe.py");

const ROUNDS: usize = 7;
const ROUNDS_OF_MEMORY: usize = 3;

const TITLES: &[(&str, &str)] = &[
    ("python/start/call", "Python: a function call"),
    ("python/start/task", "asyncio: a task"),
    (
        "python/start/pool",
        "concurrent.futures: a call in a thread pool",
    ),
    ("python/start/thread", "threading: a thread"),
    (
        "python/start/process-job",
        "concurrent.futures: a job in a process pool",
    ),
    ("python/start/process", "multiprocessing: a fresh process"),
    ("python/switch/task", "asyncio: a switch between tasks"),
    ("python/switch/thread", "threading: a switch, by semaphores"),
    (
        "python/hand-over/pipe",
        "multiprocessing: 1 MiB through a pipe",
    ),
    (
        "python/memory/task",
        "asyncio: a task that waits, of 10,000",
    ),
    (
        "python/memory/thread",
        "threading: a thread that waits, of 10,000",
    ),
    (
        "python/speed-up/threads",
        "two threads that compute, beside one",
    ),
    (
        "python/speed-up/processes",
        "two processes that compute, beside one",
    ),
];

/// A line of the script's output.
#[derive(Deserialize)]
struct Line {
    id: String,
    samples: Vec<f64>,
}

/// The line about the memory of those that wait.
#[derive(Deserialize)]
struct Waiting {
    each: f64,
    count: usize,
}

/// The section. Without `python3` it has no figures, and a caption that says this.
///
/// # Errors
///
/// Only if the user asked to stop.
pub fn measure(run: &Run<'_>) -> io::Result<Section> {
    run.step("Python")?;
    let mut section = Section::new(
        "python",
        "The same in Python",
        "Measured with the python3 on the PATH. Look at two threads that compute: with a global lock \
         they are no faster than one.",
    );
    let measured = version(run).and_then(|version| {
        section.caption = format!("{} It is Python {version}.", section.caption);
        figures(run)
    });
    match measured {
        Ok(figures) => {
            for (id, title) in TITLES {
                let figure = figures.iter().find(|(known, _)| known == id);
                let figure = figure.map_or(Err("not measured".to_owned()), |(_, it)| it.clone());
                section.add(id, title, figure);
            }
        }
        Err(error) if error.kind() == io::ErrorKind::Interrupted => return Err(error),
        Err(error) => section.caption = format!("Not measured: {error}."),
    }
    Ok(section)
}

/// `3.14.0`, `3.14.0 without the GIL`.
fn version(run: &Run<'_>) -> io::Result<String> {
    let question = "import sys; print(sys.version.split()[0] + \
                    ('' if getattr(sys, '_is_gil_enabled', lambda: True)() else ' without the GIL'))";
    let mut command = Command::new("python3");
    let output = said(command.args(["-c", question]), run)?;
    let word: String = output
        .trim()
        .chars()
        .filter(|it| !it.is_control())
        .take(60)
        .collect();
    Ok(word)
}

type Figures = Vec<(String, Result<Figure, String>)>;

fn figures(run: &Run<'_>) -> io::Result<Figures> {
    let folder = tempfile::tempdir()?;
    let script = folder.path().join("probe.py");
    std::fs::write(&script, SCRIPT)?;
    let ask = |args: &[&str]| said(Command::new("python3").arg(&script).args(args), run);
    let mut figures = read(&ask(&["times", &run.at_most(ROUNDS).to_string()])?)?;
    for kind in ["task", "thread"] {
        run.step(&format!("Python: memory of {MANY}, {kind}"))?;
        let each = memory(&script, kind, run).map_err(|error| error.to_string());
        figures.push((format!("python/memory/{kind}"), each));
    }
    Ok(figures)
}

/// Each time in a process of its own.
fn memory(script: &Path, kind: &str, run: &Run<'_>) -> io::Result<Figure> {
    let mut each = Vec::new();
    for _ in 0..run.at_most(ROUNDS_OF_MEMORY) {
        let mut command = Command::new("python3");
        let output = said(
            command.arg(script).args(["wait", kind, &MANY.to_string()]),
            run,
        )?;
        let waiting: Waiting = serde_json::from_str(&output)?;
        if waiting.count == 0 {
            return Err(io::Error::other("the system refused them"));
        }
        each.push(waiting.each);
    }
    Figure::of(Unit::Bytes, each).ok_or_else(|| io::Error::other("not measured"))
}

fn said(command: &mut Command, run: &Run<'_>) -> io::Result<String> {
    let output =
        child::output(command.stdin(Stdio::null()), run).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => io::Error::other("python3 is not on the PATH"),
            kind => io::Error::new(kind, format!("python3: {error}")),
        })?;
    Ok(String::from_utf8_lossy(&output).into_owned())
}

fn read(text: &str) -> io::Result<Figures> {
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    lines
        .map(|line| {
            let line: Line = serde_json::from_str(line)?;
            let unit = match line.id.starts_with("python/speed-up") {
                true => Unit::Times,
                false => Unit::Seconds,
            };
            let figure = Figure::of(unit, line.samples);
            Ok((line.id, figure.ok_or_else(|| "not measured".to_owned())))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_become_figures_in_their_units() {
        let text = "{\"id\": \"python/start/task\", \"samples\": [1e-6, 3e-6, 2e-6]}\n\
                    {\"id\": \"python/speed-up/threads\", \"samples\": [1.0]}\n";
        let figures = read(text).unwrap();
        let first = figures[0].1.as_ref().unwrap();
        assert_eq!((first.median, first.unit), (2e-6, Unit::Seconds));
        assert_eq!(figures[1].1.as_ref().unwrap().unit, Unit::Times);
        assert!(read("Traceback (most recent call last):").is_err());
    }

    #[test]
    fn every_figure_of_the_script_has_a_title_and_every_title_a_figure() {
        for (id, _) in TITLES.iter().filter(|(id, _)| !id.contains("memory")) {
            assert!(SCRIPT.contains(&format!("\"{id}\":")), "{id}");
        }
        let told = SCRIPT.matches("\"python/").count();
        assert_eq!(told, TITLES.len() - 2);
    }
}
