//! The demonstration, wrong usage, and the chat's client.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::process::{Command, Stdio};
use std::thread;

use assert_cmd::cargo::cargo_bin;
use predicates::prelude::*;
use predicates::str::{contains, is_match, starts_with};

use super::support::reactor;

#[test]
fn a_timeline_shows_each_callback() {
    let output = reactor(&["--timeline"]).assert().success();
    let picture = String::from_utf8_lossy(&output.get_output().stderr).into_owned();
    for callback in ["connection_made", "data_received", "connection_lost"] {
        assert!(picture.contains(callback), "{picture}");
    }
}

#[test]
fn the_demonstration_is_a_conversation() {
    let output = reactor(&[]).assert().success();
    let text = String::from_utf8(output.get_output().stdout.clone()).unwrap();
    assert!(
        text.contains("cid #[bob]>>> hello, is anybody here?"),
        "{text}"
    );
    assert!(text.contains("ann *** bob has left"), "{text}");
    assert!(!text.contains("bob #[bob]"), "no client gets its own line");
    let output = reactor(&["--json"]).assert().success();
    serde_json::from_slice::<serde_json::Value>(&output.get_output().stdout).unwrap();
}

#[test]
fn wrong_usage_is_named_in_one_line() {
    for (args, expected) in [
        (
            &["echo", "--listen", "nowhere"][..],
            "nowhere: expected HOST:PORT",
        ),
        (&["chat-client", "a:b"], "a:b: a name has"),
        (&["proxy", "1", "x"], "x: expected HOST:PORT"),
    ] {
        let output = reactor(args).assert().code(2);
        let text = String::from_utf8_lossy(&output.get_output().stderr).into_owned();
        assert!(
            text.contains(expected) && text.lines().count() == 1,
            "{text}"
        );
    }
}

#[test]
fn a_server_that_is_not_there_is_named() {
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = nobody.local_addr().unwrap().to_string();
    drop(nobody);
    reactor(&["chat-client", "ann", &address])
        .assert()
        .code(1)
        .stderr(
            starts_with(format!("error: {address}: "))
                .and(contains("is the server running?"))
                .and(is_match(r"^[^\n]*\n$").unwrap()),
        );
    reactor(&["fetch", &address])
        .assert()
        .code(1)
        .stderr(contains(format!("http://{address}/")));
}

#[test]
fn the_client_sends_what_it_reads_and_tells_what_is_too_long() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let server = thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        let mut lines = Vec::new();
        for line in BufReader::new(&stream).lines() {
            lines.push(line.unwrap());
        }
        lines
    });
    let long = "x".repeat(3_000_000);
    let longest = "y".repeat(1020);
    reactor(&["chat-client", "ann", &address])
        .write_stdin(format!("one\r\n{long}\n{longest}\n\nlast, without an end"))
        .assert()
        .success()
        .stderr("that line has over 1020 bytes: it was not sent\n");
    let said = server.join().unwrap();
    let longest = format!("ann:{longest}");
    let expected = [
        "ann:",
        "ann:one",
        &longest,
        "ann:",
        "ann:last, without an end",
    ];
    assert_eq!(said, expected);
}

#[test]
fn the_client_reads_no_more_than_the_server_takes() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let mut client = Command::new(cargo_bin!("reactor"))
        .args(["chat-client", "ann", &address])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let (stream, _) = listener.accept().unwrap();
    // Every buffer on the way is full when its standard input accepts no more.
    let mut input = client.stdin.take().unwrap();
    let line = [&[b'z'; 999][..], b"\n"].concat();
    const LINES: usize = 20_000;
    let writing = thread::spawn(move || {
        for _ in 0..LINES {
            input.write_all(&line).unwrap();
        }
    });
    // No line is lost, however late it is read.
    let lines = BufReader::new(&stream).lines().map(Result::unwrap);
    assert_eq!(lines.filter(|line| line.len() == 1003).count(), LINES);
    writing.join().unwrap();
    assert_eq!(client.wait().unwrap().code(), Some(0));
}
