//! The command when it is interrupted, loses its workers, or runs in watch mode.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use common::cli::interrupt::with_usual_signals;
use support::folders::{files, folder};

fn program() -> PathBuf {
    assert_cmd::cargo::cargo_bin!("thumbnails").to_owned()
}

/// The number of pictures in the list of a stopped run: more than its workers start at once.
#[cfg(unix)]
const LISTED: usize = 40;

#[cfg(unix)]
fn listed() -> String {
    let name = |number| format!("in/{number:03}.jpg\n");
    (0..LISTED).map(name).collect()
}

/// A run over a list that has not ended: the test holds its input and decides when it ends.
#[cfg(unix)]
struct Run {
    child: std::process::Child,
    input: std::process::ChildStdin,
    lines: BufReader<std::process::ChildStdout>,
}

#[cfg(unix)]
impl Run {
    /// Starts it, and waits until it has made a thumbnail.
    fn started(here: &Path, words: &[&str]) -> Run {
        let jpeg = support::jpeg(&support::waves(700, 500), 90);
        let list = listed();
        for name in list.lines() {
            fs::write(here.join(name), &jpeg).unwrap();
        }
        let mut child = with_usual_signals(&mut Command::new(program()))
            .current_dir(here)
            .args(["-", "-o", "out", "-j2"])
            .args(words)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut input = child.stdin.take().unwrap();
        input.write_all(list.as_bytes()).unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        lines.read_line(&mut String::new()).unwrap();
        Run {
            child,
            input,
            lines,
        }
    }

    fn signal(&self, signal: &str) {
        send(signal, &self.child.id().to_string());
    }

    /// The worker processes.
    #[cfg(target_os = "linux")]
    fn workers(&self) -> Vec<String> {
        let own = format!("PPid:\t{}\n", self.child.id());
        fs::read_dir("/proc")
            .unwrap()
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .filter(|name| name.bytes().all(|it| it.is_ascii_digit()))
            .filter(|pid| {
                fs::read_to_string(format!("/proc/{pid}/status"))
                    .is_ok_and(|text| text.contains(&own))
            })
            .collect()
    }

    /// Ends its input, and waits for its end.
    #[cfg(target_os = "linux")]
    fn end(self) -> std::process::Output {
        drop(self.input);
        drop(self.lines.lines().collect::<Vec<_>>());
        self.child.wait_with_output().unwrap()
    }
}

#[cfg(unix)]
fn send(signal: &str, pid: &str) {
    assert!(
        Command::new("kill")
            .args([signal, pid])
            .status()
            .unwrap()
            .success()
    );
}

#[cfg(unix)]
#[test]
fn what_is_stopped_leaves_whole_thumbnails_only_and_is_taken_up_again() {
    for (model, signal) in [
        ("threads", "-INT"),
        ("threads", "-KILL"),
        ("processes", "-INT"),
        ("processes", "-KILL"),
        ("rayon", "-INT"),
        ("async", "-INT"),
    ] {
        let folder = folder(false);
        let here = folder.path();
        let mut run = Run::started(here, &["--model", model]);
        run.signal(signal);
        // Its input is still open, so it did not end by itself.
        let status = run.child.wait().unwrap();
        drop(run.input);
        if signal == "-INT" {
            assert_eq!(status.code(), Some(130), "{model}");
        }
        let out = here.join("out");
        for name in { files(&out) }.iter().filter(|it| !it.ends_with(".tmp")) {
            let bytes = fs::read(out.join(name)).unwrap();
            let whole = image::load_from_memory(&bytes);
            assert!(whole.is_ok(), "{model} {signal}: {name}");
        }
        assert_cmd::Command::new(program())
            .current_dir(here)
            .args(["-", "-o", "out", "-j2"])
            .write_stdin(listed())
            .assert()
            .success();
        let whole = files(&out);
        let whole = whole.iter().filter(|it| !it.ends_with(".tmp")).count();
        assert_eq!(whole, LISTED);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_worker_that_is_killed_costs_nothing_for_its_picture_is_tried_again() {
    let folder = folder(false);
    let run = Run::started(folder.path(), &["--model", "processes"]);
    send("-KILL", &run.workers()[0]);
    let output = run.end();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(files(&folder.path().join("out")).len(), LISTED);
}

#[cfg(target_os = "linux")]
#[test]
fn isolated_workers_are_held_to_the_memory_that_the_limits_add_up_to() {
    let folder = folder(false);
    let limits = ["--isolate", "--max-memory", "64MiB", "--max-file", "1MiB"];
    let run = Run::started(folder.path(), &limits);
    let workers = run.workers();
    assert!(!workers.is_empty());
    for pid in workers {
        let limits = fs::read_to_string(format!("/proc/{pid}/limits")).unwrap();
        let line = limits
            .lines()
            .find(|it| it.starts_with("Max address space"));
        // Each of two workers has half.
        let bytes = (64 / 2 + 128_u64) << 20;
        assert!(line.unwrap().contains(&format!(" {bytes} ")), "{limits}");
    }
    assert_eq!(run.end().status.code(), Some(0));
}

#[cfg(unix)]
#[test]
fn a_watched_folder_has_its_thumbnails_made_as_pictures_come() {
    let folder = folder(true);
    let here = folder.path();
    let mut child = with_usual_signals(&mut Command::new(program()))
        .current_dir(here)
        .args(["in", "-o", "out", "--watch", "--delete-stale"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    let mut next = || {
        let mut line = String::new();
        lines.read_line(&mut line).unwrap();
        line
    };
    let (first, second) = (next(), next());
    assert!(first.contains("a_thumb.jpg") && second.contains("a_thumb.jpg"));
    // A new picture.
    fs::copy(here.join("in/a.jpg"), here.join("in/new.jpg")).unwrap();
    assert!(next().contains("in/new.jpg -> out/new_thumb.jpg"));
    // A user deletes its thumbnail.
    fs::remove_file(here.join("out/new_thumb.jpg")).unwrap();
    assert!(next().contains("in/new.jpg -> out/new_thumb.jpg"));
    // The picture is deleted.
    fs::remove_file(here.join("in/new.jpg")).unwrap();
    assert_eq!(next(), "deleted out/new_thumb.jpg\n");
    send("-INT", &child.id().to_string());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130));
    // A broken picture was reported once, however often it was checked.
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(told.matches("in/broken.jpg").count(), 1, "{told}");
    assert!(told.contains("4 made, 1 failed, 1 deleted"), "{told}");
}
