//! The command, and what comes out of it.

use async_fetch::FOLDER;
use common::cli::interrupt::with_usual_signals;
use demo_site::Site;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::Duration;

pub fn site() -> Site {
    Site::builder().pages(20).start().unwrap()
}

pub fn command() -> Command {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("async-fetch"));
    with_usual_signals(&mut command);
    command.stdin(Stdio::null()).args(["--proxy", "none"]);
    command
}

pub fn run(args: &[&str]) -> Output {
    command().args(args).output().unwrap()
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

pub fn lines(output: &Output) -> Vec<Value> {
    text(&output.stdout)
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// Runs it with something on its standard input.
pub fn piped(args: &[&str], input: &[u8]) -> Output {
    let mut command = command();
    command
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    thread::scope(|scope| {
        scope.spawn(move || {
            // It may leave before it has read all.
            let _ = stdin.write_all(input);
        });
        child.wait_with_output().unwrap()
    })
}

pub fn until(mut condition: impl FnMut() -> bool) {
    while !condition() {
        thread::sleep(Duration::from_millis(5));
    }
}

pub fn signal(child: &Child, signal: Signal) {
    kill_process(Pid::from_child(child), signal).unwrap();
}

/// What lies in a folder, but for that of the parts.
pub fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name != FOLDER)
        .collect();
    names.sort();
    names
}
