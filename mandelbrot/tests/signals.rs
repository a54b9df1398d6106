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
    wait_until_it_computes(child.id());
    child
}

/// Sends a signal, and waits for the end. No worker may outlive the command.
fn signal(child: Child, signal: &str) -> Output {
    let workers = descendants(child.id());
    let sent = Command::new("kill")
        .args([signal, &child.id().to_string()])
        .status();
    assert!(sent.unwrap().success());
    let output = child.wait_with_output().unwrap();
    // A zombie (Z) has ended, and waits for its parent to notice.
    let lives = |&&pid: &&u32| stat(pid).first().is_some_and(|state| state != "Z");
    assert_eq!(workers.iter().filter(lives).count(), 0, "{workers:?}");
    output
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

/// The same by perturbation, inside a small copy of the set. With 16 million iterations the orbit of the
/// middle takes a minute of CPU time in a test build. With 10,000 it takes 0.04 s in each process, so then
/// the points are computed when Ctrl-C comes.
#[test]
fn ctrl_c_stops_a_deep_zoom() {
    for words in [
        "--view minibrot-1e30 -W 4000 -H 4000 -n 16e6 --memory 4GiB",
        "--view minibrot-1e30 -W 4000 -H 4000 -n 10000",
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

/// The processes that this one started, and those that they started.
fn descendants(pid: u32) -> Vec<u32> {
    let tasks = fs::read_dir(format!("/proc/{pid}/task"));
    let tasks = tasks.into_iter().flatten().flatten();
    let children = tasks.filter_map(|it| fs::read_to_string(it.path().join("children")).ok());
    let children = children.collect::<String>();
    let children = children.split_whitespace().map(|it| it.parse().unwrap());
    children
        .flat_map(|child| [vec![child], descendants(child)].concat())
        .collect()
}

/// The fields of `/proc/PID/stat` behind the name; none if there is no such process.
fn stat(pid: u32) -> Vec<String> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    after_name.split_whitespace().map(str::to_owned).collect()
}

/// Waits until the command and its workers have used a fifth of a second of CPU time. Everything
/// before the first point takes less than a tenth of that. There is no event from another process
/// to wait for, so this asks again and again.
fn wait_until_it_computes(pid: u32) {
    let ticks = |pid| stat(pid).get(11).map_or(0, |it| it.parse::<u32>().unwrap());
    while ticks(pid) + descendants(pid).into_iter().map(ticks).sum::<u32>() < 20 {
        assert!(Path::new(&format!("/proc/{pid}")).exists(), "it has ended");
        std::thread::yield_now();
    }
}
