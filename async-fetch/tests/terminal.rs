//! What is shown on a terminal of 80 columns, which `script` (util-linux) plays.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[allow(dead_code, reason = "each test file uses a part of it")]
mod raw;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::sync::{Arc, Condvar, Mutex};

use raw::{Asked, Server};

const SIZE: usize = 1_234_567_890;
const COLUMNS: usize = 80;

/// The test opens it when it has seen enough.
#[derive(Default)]
struct Gate(Mutex<bool>, Condvar);

impl Gate {
    fn open(&self) {
        *self.0.lock().unwrap() = true;
        self.1.notify_all();
    }

    fn is_open(&self) -> bool {
        *self.0.lock().unwrap()
    }
}

/// Ends what it started, also if a test fails.
struct Running(std::process::Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The text that each line of the screen has at some time. A carriage return begins the line again. A text
/// that is longer than the line continues on the next one.
fn shown(output: &str) -> Vec<String> {
    let escapes = regex::Regex::new("\x1b\\[[0-9;?]*[a-zA-Z]").unwrap();
    let text = escapes.replace_all(output, "\n");
    let mut lines = Vec::new();
    for line in text.split(['\r', '\n']) {
        let columns: Vec<char> = line.chars().collect();
        let split = columns.chunks(COLUMNS);
        lines.extend(split.map(|line| line.iter().collect::<String>()));
    }
    lines.retain(|line| !line.trim().is_empty());
    lines
}

#[test]
fn bars_fit_into_80_columns_and_show_the_end_of_a_long_name() {
    if Command::new("script").arg("--version").output().is_err() {
        assert!(
            std::env::var_os("CI").is_none(),
            "script (util-linux) is missing"
        );
        eprintln!("skipped: script (util-linux) is missing");
        return;
    }
    let gate = Arc::new(Gate::default());
    let seen = Arc::clone(&gate);
    // It sends slowly until the bar was seen: only a running download has a bar.
    let server = Server::streaming(move |asked: &Asked, stream: &mut TcpStream| {
        let length = match asked.path.as_str() {
            "/unknown" => String::new(),
            _ => format!("Content-Length: {SIZE}\r\n"),
        };
        let head = format!("HTTP/1.1 200 OK\r\n{length}\r\n");
        let _ = stream.write_all(head.as_bytes());
        while !seen.is_open() && stream.write_all(&[0; 10_000]).is_ok() {
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
    });
    let long = server.url("/a/very/long/path/to/what/is/fetched/file-of-a-long-name.tar.gz");
    let command = format!(
        "stty cols 80 rows 24; '{}' --proxy none --retries 0 '{long}' '{}'",
        assert_cmd::cargo::cargo_bin!("async-fetch").display(),
        server.url("/unknown"),
    );
    let mut script = Command::new("script");
    script
        .args(["--quiet", "--command", &command, "/dev/null"])
        .env("TERM", "xterm")
        .stdin(Stdio::null())
        .stdout(Stdio::piped());
    let mut running = Running(script.spawn().unwrap());
    let mut stdout = running.0.stdout.take().unwrap();
    let (mut output, mut piece) = (String::new(), [0; 4096]);
    loop {
        let count = stdout.read(&mut piece).unwrap();
        output += &String::from_utf8_lossy(&piece[..count]);
        let lines = shown(&output);
        let has = |text: &str| {
            lines
                .iter()
                .any(|line| line.contains(text) && line.contains("/s"))
        };
        if count == 0 || has("file-of-a-long-name.tar.gz [") && has("/unknown") {
            break;
        }
    }
    gate.open();
    drop(running);
    let lines = shown(&output);
    let bars: Vec<&String> = lines
        .iter()
        .filter(|line| line.contains(".tar.gz ["))
        .collect();
    assert!(!bars.is_empty(), "{output}");
    // None begins on one line and ends on the next.
    for bar in bars {
        assert!(bar.starts_with('…') && bar.contains("1.15 GiB"), "{bar:?}");
        assert!(bar.trim_end().ends_with("/s"), "{bar:?}");
        let width = bar.find(']').unwrap() - bar.find('[').unwrap();
        assert!(width > 10, "{bar:?}");
    }
}
