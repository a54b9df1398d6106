//! `--model cluster`: an agent of this tool, and a Redis server between them.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../../cluster/tests/cluster/support/server.rs"]
mod server;

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use server::Server;

fn mandelbrot(args: &[&str], folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mandelbrot"));
    command.args(args).current_dir(folder).stdin(Stdio::null());
    command
}

#[test]
fn a_picture_and_frames_are_the_same_wherever_they_are_drawn() {
    let Some(server) = Server::start() else {
        return;
    };
    let (url, folder) = (server.url(), tempfile::tempdir().unwrap());
    let mut agent = mandelbrot(&["agent", "-j", "2", "--broker", &url], folder.path())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let run = |args: &[&str]| {
        let output = mandelbrot(args, folder.path()).output().unwrap();
        assert!(output.status.success(), "{output:?}");
    };
    let read = |name: &str| fs::read(folder.path().join(name)).unwrap();
    run(&["-o", "here.png", "--model", "serial"]);
    run(&["-o", "there.png", "--model", "cluster", "--broker", &url]);
    assert!(read("here.png") == read("there.png"));
    let zoom = ["zoom", "--to", "-0.75,0.1", "--frames", "3", "-o"];
    run(&[&zoom[..], &["here"]].concat());
    run(&[
        &zoom[..],
        &["there", "--model", "cluster", "--broker", &url],
    ]
    .concat());
    for frame in ["frame-0001.png", "frame-0002.png", "frame-0003.png"] {
        assert!(
            read(&format!("here/{frame}")) == read(&format!("there/{frame}")),
            "{frame}"
        );
    }
    agent.kill().unwrap();
    agent.wait().unwrap();
}
