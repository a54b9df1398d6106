//! Processes, pipes and standard input, while other green threads run.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::cell::Cell;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::Stdio;
use std::rc::Rc;
use std::time::Duration;

use green_threads::process::{Child, Command};
use green_threads::{GreenThread, io, sleep, spawn, stats, timeout};

const MOMENT: Duration = Duration::from_millis(1);

fn shell(script: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", script]);
    command
}

/// Counts while it can run.
fn ticker() -> (Rc<Cell<u32>>, GreenThread<()>) {
    let ticks = Rc::new(Cell::new(0));
    let ticker = spawn({
        let ticks = Rc::clone(&ticks);
        move || {
            loop {
                ticks.set(ticks.get() + 1);
                sleep(MOMENT);
            }
        }
    });
    (ticks, ticker)
}

#[test]
fn others_run_while_a_process_does() {
    let (ticks, ticker) = ticker();
    let output = shell("echo out; echo err >&2; sleep 0.1; exit 3")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(3));
    assert_eq!(
        (&output.stdout[..], &output.stderr[..]),
        (&b"out\n"[..], &b"err\n"[..])
    );
    assert!(ticks.get() > 5, "{ticks:?}");
    let before = ticks.get();
    assert!(shell("sleep 0.1").status().unwrap().success());
    assert!(ticks.get() > before + 5);
    ticker.kill();
    assert_eq!((stats().sources, stats().green_threads), (0, 0));
}

#[test]
fn a_child_writes_more_than_its_pipes_hold_to_both() {
    // A pipe holds 64 KiB: code that reads one to its end before the other waits for ever.
    let script = "yes out | head -c 1000000; yes err | head -c 1000000 >&2; yes out | head -c 9";
    let output = timeout(Duration::from_secs(20), || shell(script).output());
    let output = output.unwrap().unwrap();
    assert_eq!(
        (output.stdout.len(), output.stderr.len()),
        (1_000_009, 1_000_000)
    );
}

#[test]
fn a_childs_input_and_output_are_waited_for() {
    let mut child = Command::new("cat");
    let mut child: Child = child
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let (mut to, mut from) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    let sent = vec![b'x'; 1 << 20];
    let writing = spawn({
        let sent = sent.clone();
        move || to.write_all(&sent)
    });
    let mut heard = Vec::new();
    from.read_to_end(&mut heard).unwrap();
    writing.join().unwrap().unwrap();
    assert!(heard == sent);
    assert!(child.wait().unwrap().success());
    assert!(child.wait().unwrap().success(), "the answer stays");
}

#[test]
fn a_wait_for_a_process_times_out_and_the_process_can_be_killed() {
    let mut child = shell("exec sleep 100").spawn().unwrap();
    assert!(timeout(MOMENT, || child.wait()).is_err());
    assert!(child.try_wait().unwrap().is_none());
    child.kill().unwrap();
    let status = child.wait().unwrap();
    assert_eq!(
        std::os::unix::process::ExitStatusExt::signal(&status),
        Some(9)
    );
    drop(child);
    assert!(Command::new("no such program").spawn().is_err());
    assert_eq!(stats().sources, 0);
}

#[test]
fn many_children_end_in_any_order() {
    let children: Vec<_> = (0..20)
        .map(|n| {
            spawn(move || {
                let script = format!("sleep 0.0{}; exit {n}", (n * 7) % 10);
                shell(&script).status().unwrap().code()
            })
        })
        .collect();
    for (n, child) in children.into_iter().enumerate() {
        assert_eq!(child.join().unwrap(), Some(n as i32));
    }
}

#[test]
fn pipes_end_and_break_as_the_systems() {
    let (mut reader, mut writer) = io::pipe().unwrap();
    writer.write_all(b"last").unwrap();
    drop(writer);
    let mut heard = String::new();
    reader.read_to_string(&mut heard).unwrap();
    assert_eq!(heard, "last");
    let (reader, mut writer) = io::pipe().unwrap();
    drop(reader);
    let broken = writer.write(b"x").unwrap_err();
    assert_eq!(broken.kind(), std::io::ErrorKind::BrokenPipe);
}

/// Set for this test binary when it must read its standard input.
const READ: &str = "GREEN_THREADS_READ_STDIN";

#[test]
fn standard_input_is_waited_for_while_others_run() {
    const TEST: &str = "standard_input_is_waited_for_while_others_run";
    if std::env::var_os(READ).is_some() {
        // Prints every line that it reads, and in between that other green threads run.
        spawn(|| {
            loop {
                println!("tick");
                sleep(MOMENT);
            }
        });
        for line in BufReader::new(io::stdin().unwrap()).lines() {
            println!("line {}", line.unwrap());
        }
        println!("over");
        return;
    }
    let again = |input: Stdio| {
        let mut again = std::process::Command::new(std::env::current_exe().unwrap());
        again.args(["--exact", TEST, "--nocapture"]);
        again.env(READ, "1").stdin(input).stdout(Stdio::piped());
        again.spawn().unwrap()
    };
    // A pipe. Its other end writes when it has read of a tick.
    let mut child = again(Stdio::piped());
    let mut input = child.stdin.take().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut hear = |expected: &str| {
        let heard = lines.find(|line| line.as_ref().unwrap() == expected);
        assert!(heard.is_some(), "{expected}");
    };
    for n in 0..3 {
        hear("tick");
        writeln!(input, "{n}").unwrap();
        hear(&format!("line {n}"));
    }
    drop(input);
    hear("over");
    assert!(child.wait().unwrap().success());
    // A file, and an empty input: the event loop does not watch these.
    let file = std::fs::File::open("Cargo.toml").unwrap();
    for (input, expected) in [
        (Stdio::from(file), "line [package]"),
        (Stdio::null(), "over"),
    ] {
        let output = again(input).wait_with_output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success() && text.contains(expected), "{text}");
    }
}
