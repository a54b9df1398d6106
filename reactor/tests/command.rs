//! The command, from outside.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::thread;

use rustix::process::{Pid, Signal, kill_process};

fn reactor(args: &[&str]) -> assert_cmd::Command {
    let mut command = assert_cmd::Command::cargo_bin("reactor").unwrap();
    command.args(args);
    command
}

/// Answers each connection with the next of these, and closes it.
fn serve(answers: &'static [&str]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for answer in answers {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = BufReader::new(stream.try_clone().unwrap()).lines();
            while request.next().is_some_and(|line| !line.unwrap().is_empty()) {}
            stream.write_all(answer.as_bytes()).unwrap();
        }
    });
    format!("http://{address}/start")
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
    assert!(!text.contains("bob #[bob]"), "nobody hears themselves");
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
fn fetch_follows_redirects_and_joins_chunks_into_a_file() {
    let url = serve(&[
        "HTTP/1.1 302 Found\r\nLocation: there?a=b\r\nContent-Length: 3\r\n\r\nold",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n",
    ]);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("page");
    let file = file.to_str().unwrap();
    reactor(&["fetch", &url, "-o", file]).assert().success();
    assert_eq!(std::fs::read_to_string(file).unwrap(), "hello!");
}

#[test]
fn a_fetch_that_fails_says_why_and_leaves_no_file() {
    let cut = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf";
    let around = "HTTP/1.1 301 Moved\r\nLocation: /again\r\n\r\n";
    for (answers, expected) in [
        (&[cut][..], "the answer is cut off"),
        (&["220 mail.example ESMTP\r\n"], "that is not HTTP/1"),
        (&[around, around, around], "over 2 redirects"),
    ] {
        let url = serve(answers.to_vec().leak());
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("page");
        let args = [
            "fetch",
            &url,
            "--redirects",
            "2",
            "-o",
            file.to_str().unwrap(),
        ];
        let output = reactor(&args).assert().code(1);
        let text = String::from_utf8_lossy(&output.get_output().stderr).into_owned();
        assert!(
            text.contains(expected) && text.contains("http://127.0.0.1"),
            "{text}"
        );
        assert!(!file.exists());
    }
}

#[test]
fn ctrl_c_ends_a_server_in_good_order() {
    let mut server = Command::new(assert_cmd::cargo::cargo_bin!("reactor"))
        .args(["echo", "--listen", "0", "--json"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let mut out = BufReader::new(server.stdout.take().unwrap());
    out.read_line(&mut line).unwrap();
    let line: serde_json::Value = serde_json::from_str(&line).unwrap();
    let mut stream = TcpStream::connect(line["listening"].as_str().unwrap()).unwrap();
    stream.write_all(b"ping").unwrap();
    stream.read_exact(&mut [0; 4]).unwrap();
    kill_process(Pid::from_child(&server), Signal::INT).unwrap();
    assert_eq!(stream.read(&mut [0]).unwrap(), 0, "it is closed, not reset");
    assert_eq!(server.wait().unwrap().code(), Some(130));
}
