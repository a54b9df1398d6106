//! Ctrl-C and kill: the command stops within a second, and leaves nothing.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use common::cli::interrupt::with_usual_signals;
use tempfile::TempDir;

const MODELS: [&str; 7] = [
    "serial",
    "threads",
    "processes",
    "shared-memory",
    "omp-static",
    "rayon",
    "async",
];

/// Starts drawing in a folder, and waits until it computes.
fn draws(folder: &TempDir, words: &str, model: &str) -> Child {
    let child = with_usual_signals(&mut Command::new(env!("CARGO_BIN_EXE_mandelbrot")))
        .args(words.split_whitespace())
        .args(["-j", "2", "--model", model])
        .current_dir(folder)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    if model != "serial" {
        wait_until_it_draws(child.id());
    } else {
        // It has no second thread to wait for, so look at its CPU time.
        wait_until_it_computes(child.id());
    }
    child
}

fn signal(child: Child, signal: &str) -> Output {
    let sent = Command::new("kill")
        .args([signal, &child.id().to_string()])
        .status();
    assert!(sent.unwrap().success());
    child.wait_with_output().unwrap()
}

/// One band of this picture takes hours with the textbook's loop. A kernel that is not checked
/// between its iterations would outlast the test.
const ENDLESS: &str = "--julia 0,0 --zoom 4 -W 4000 -H 400 -n 16e6 --kernel";

#[test]
fn ctrl_c_stops_in_good_order_and_leaves_no_file() {
    for model in MODELS {
        for kernel in ["textbook", "exact", "fast"] {
            let folder = tempfile::tempdir().unwrap();
            let child = draws(&folder, &format!("{ENDLESS} {kernel}"), model);
            let output = signal(child, "-INT");
            let stderr = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(130), "{model}: {stderr}");
            assert!(
                stderr.contains("mandelbrot.png is not written"),
                "{model}: {stderr}"
            );
            assert_eq!(fs::read_dir(&folder).unwrap().count(), 0, "{model}");
        }
    }
}

/// The same by perturbation, inside a small copy of the set: while the orbit of the middle is computed,
/// or the points beside it.
#[test]
fn ctrl_c_stops_a_deep_zoom() {
    for words in [
        "--view minibrot-1e30 -W 4000 -H 4000 -n 16e6 --memory 4GiB",
        "--view minibrot-1e30 -W 4000 -H 4000 -n 100000",
    ] {
        for model in ["serial", "threads", "processes"] {
            let folder = tempfile::tempdir().unwrap();
            let output = signal(draws(&folder, words, model), "-INT");
            let stderr = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(130), "{model}: {stderr}");
            assert_eq!(fs::read_dir(&folder).unwrap().count(), 0, "{model}");
        }
    }
}

/// Waits until the command has two more threads, or two processes: then it draws. There is no event
/// from another process to wait for, so this asks again and again.
fn wait_until_it_draws(pid: u32) {
    let workers = || {
        let tasks = fs::read_dir(format!("/proc/{pid}/task"))
            .into_iter()
            .flatten()
            .flatten();
        tasks
            .map(|task| {
                let children = fs::read_to_string(task.path().join("children"));
                1 + children.unwrap_or_default().split_whitespace().count()
            })
            .sum::<usize>()
    };
    while workers() < 2 {
        assert!(Path::new(&format!("/proc/{pid}")).exists(), "it has ended");
        std::thread::yield_now();
    }
}

/// Waits for a fifth of a second of CPU time: the start takes less than a tenth of that.
fn wait_until_it_computes(pid: u32) {
    let ticks = || {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        let after_name = stat.rsplit(')').next().unwrap_or_default();
        let time = after_name.split_whitespace().nth(11);
        time.and_then(|ticks| ticks.parse::<u32>().ok())
            .unwrap_or(0)
    };
    while ticks() < 20 {
        assert!(Path::new(&format!("/proc/{pid}")).exists(), "it has ended");
        std::thread::yield_now();
    }
}
