//! Compares the regions with libgomp: nested teams by the environment, and the distribution of
//! turns.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::io::ErrorKind;
use std::num::NonZeroI64;
use std::path::Path;
use std::process::Command;
use std::sync::Mutex;

use mandelbrot::omp::{self, Schedule};
use tempfile::TempDir;

/// Compiles a program in `tests/world/omp`. Without a compiler the test is skipped with a message,
/// and fails in CI.
fn compiled(folder: &TempDir, name: &str) -> Option<Command> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/world/omp/{name}.c"));
    let program = folder.path().join(name);
    let compiler = Command::new("gcc")
        .args(["-O1", "-fopenmp", "-o"])
        .args([&program, &source])
        .output();
    match compiler {
        Ok(output) => {
            let text = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{text}");
            Some(Command::new(program))
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {
            assert!(std::env::var_os("CI").is_none(), "gcc is missing");
            eprintln!("skipped: gcc is missing");
            None
        }
        Err(error) => panic!("gcc: {error}"),
    }
}

fn printed(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// Does the same as `nest.c`, in a process of its own, because each run reads its environment.
#[test]
#[ignore = "run by another test, in a process of its own"]
fn nest() {
    let lines = Mutex::new(String::new());
    let tell = |p: &omp::Thread<'_>| {
        let line = format!("{} {} {}\n", p.num_threads(), p.level(), p.active_level());
        lines.lock().unwrap().push_str(&line);
    };
    omp::parallel(0, |p| {
        p.master(|| {
            tell(p);
            omp::parallel(0, |p| {
                p.master(|| {
                    tell(p);
                    omp::parallel(0, |p| p.master(|| tell(p)).unwrap_or_default());
                })
                .unwrap_or_default();
            });
        })
        .unwrap_or_default();
    });
    fs::write(
        std::env::var_os("LINES").unwrap(),
        lines.into_inner().unwrap(),
    )
    .unwrap();
}

#[test]
fn teams_within_teams_are_as_large_as_libgomps() {
    let folder = tempfile::tempdir().unwrap();
    let Some(mut theirs) = compiled(&folder, "nest") else {
        return;
    };
    let file = folder.path().join("lines");
    let mut ours = Command::new(std::env::current_exe().unwrap());
    ours.args(["--ignored", "--exact", "nest"])
        .env("LINES", &file);
    let names = [
        "OMP_NUM_THREADS",
        "OMP_MAX_ACTIVE_LEVELS",
        "OMP_THREAD_LIMIT",
        "OMP_SCHEDULE",
        "OMP_DYNAMIC",
    ];
    for values in [
        "OMP_NUM_THREADS=4,1,2",
        "OMP_NUM_THREADS=3",
        "OMP_NUM_THREADS=2,3",
        "OMP_NUM_THREADS=1,3",
        "OMP_NUM_THREADS=1,1,2",
        "OMP_NUM_THREADS=4,3,2 OMP_MAX_ACTIVE_LEVELS=2",
        "OMP_NUM_THREADS=4,3,2 OMP_MAX_ACTIVE_LEVELS=0",
        "OMP_NUM_THREADS=3 OMP_MAX_ACTIVE_LEVELS=3",
        "OMP_NUM_THREADS=4,3,2 OMP_THREAD_LIMIT=5",
        "OMP_NUM_THREADS=3 OMP_MAX_ACTIVE_LEVELS=3 OMP_THREAD_LIMIT=4",
        "OMP_NUM_THREADS=8 OMP_THREAD_LIMIT=2",
    ] {
        for command in [&mut ours, &mut theirs] {
            for name in names {
                command.env_remove(name);
            }
            for pair in values.split(' ') {
                let (name, value) = pair.split_once('=').unwrap();
                command.env(name, value);
            }
        }
        printed(&mut ours);
        assert_eq!(
            fs::read_to_string(&file).unwrap(),
            printed(&mut theirs),
            "{values}"
        );
    }
    // An invalid value is reported and ignored.
    let output = ours
        .env("OMP_NUM_THREADS", "none")
        .arg("--nocapture")
        .output()
        .unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(
        stderr
            .matches("warning: OMP_NUM_THREADS=none: not numbers")
            .count(),
        1
    );
}

#[test]
fn turns_are_divided_as_libgomp_divides_them() {
    let folder = tempfile::tempdir().unwrap();
    let Some(mut theirs) = compiled(&folder, "schedules") else {
        return;
    };
    let theirs = printed(theirs.env_remove("OMP_THREAD_LIMIT"));
    assert!(theirs.lines().count() > 200);
    for line in theirs.lines() {
        let (what, expected) = line.split_once(':').unwrap();
        let words: Vec<&str> = what.split(' ').collect();
        let numbers: Vec<i64> = words[1..]
            .iter()
            .map(|word| word.parse().unwrap())
            .collect();
        let threads = numbers[0] as usize;
        let ours = match (words[0], &numbers[1..]) {
            ("static", &[from, to, step, chunk]) => {
                let schedule = match chunk {
                    0 => Schedule::Static,
                    chunk => Schedule::StaticChunks(chunk as usize),
                };
                let step = NonZeroI64::new(step).unwrap();
                let turns = omp::parallel(threads, |p| {
                    p.steps(from, to, step, schedule).collect::<Vec<_>>()
                });
                by_turn(turns, |turn| ((turn - from) / step.get()) as usize)
            }
            ("collapse", &[rows, columns]) => {
                let turns = omp::parallel(threads, |p| {
                    let pairs = p.collapse(0..rows as usize, 0..columns as usize, Schedule::Static);
                    pairs.collect::<Vec<_>>()
                });
                by_turn(turns, |(y, x)| y * columns as usize + x)
            }
            ("guided", &[length, chunk]) => portions(threads, length as usize, chunk as usize),
            _ => panic!("{line}"),
        };
        let ours: String = ours.iter().map(|number| format!(" {number}")).collect();
        assert_eq!(ours, expected, "{what}");
    }
}

/// For each turn, the thread that ran it.
fn by_turn<T>(turns: Vec<Vec<T>>, place: impl Fn(T) -> usize) -> Vec<usize> {
    let mut who = vec![usize::MAX; turns.iter().map(Vec::len).sum()];
    for (thread, turns) in turns.into_iter().enumerate() {
        for turn in turns {
            who[place(turn)] = thread;
        }
    }
    who
}

/// The lengths of the portions of `guided`. One thread of the team takes them all: when a portion
/// starts, all turns before it are done, and the other threads have none.
fn portions(threads: usize, length: usize, chunk: usize) -> Vec<usize> {
    let starts = Mutex::new(Vec::new());
    omp::parallel(threads, |p| {
        if p.thread_num() == 0 {
            let mut turns = p.iterate(0..length, Schedule::Guided(chunk));
            while let Some(first) = turns.next() {
                let rest = turns.rest_of_chunk();
                starts.lock().unwrap().push((first, 1 + rest));
                turns.by_ref().take(rest).for_each(drop);
            }
        }
    });
    let starts = starts.into_inner().unwrap();
    starts.into_iter().map(|(_, length)| length).collect()
}
