//! What every part needs: other people's programs, ports, and their end.

#[path = "../../../cluster/tests/cluster/support/port.rs"]
mod port;

use std::net::{Ipv4Addr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

pub use port::free_port;

/// How often a server is asked whether it accepts connections, every few milliseconds. Only one that hangs is
/// asked as often. (A time would also run while this process is stopped.)
const TRIES: u32 = 4000;

/// Says that a test is not run, because something is missing here. In CI nothing may be missing.
pub fn skip(test: &str, missing: &str) {
    assert!(
        std::env::var_os("CI").is_none(),
        "{test}: {missing} is missing, and CI must have it: .ci/install"
    );
    eprintln!("skipped: {test}: {missing} is missing");
}

/// Where a program is, on the PATH or where Debian keeps servers.
pub fn program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(["/usr/sbin".into(), "/usr/local/sbin".into()])
        .map(|folder| folder.join(name))
        .find(|file| file.is_file())
}

/// Whether Python knows these modules.
pub fn python_has(modules: &str) -> bool {
    let found = Command::new("python3")
        .args(["-c", &format!("import {modules}")])
        .stderr(Stdio::null())
        .status();
    found.is_ok_and(|status| status.success())
}

/// This folder, with the scripts.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/world")
}

/// A program that ends with its test.
pub struct Running(pub Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts a server on a free port, as the command for that port says, and waits until it accepts.
pub fn start(name: &str, command: impl Fn(u16) -> Command) -> (Running, u16) {
    for _ in 0..5 {
        let port = free_port();
        if let Some(running) = start_on(port, command(port)) {
            return (running, port);
        }
    }
    panic!("{name} does not start");
}

/// Starts a server on this port; `None` if it ends at once.
pub fn start_on(port: u16, mut command: Command) -> Option<Running> {
    let mut running = Running(command.stdin(Stdio::null()).spawn().unwrap());
    for _ in 0..TRIES {
        let answers = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok();
        // If it has ended, another program has the port.
        if running.0.try_wait().unwrap().is_some() {
            return None;
        }
        if answers {
            return Some(running);
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    None
}

/// The command that is tested. It never asks the environment for a proxy.
pub fn async_fetch() -> Command {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("async-fetch"));
    command.stdin(Stdio::null()).args(["--proxy", "none"]);
    command
}
