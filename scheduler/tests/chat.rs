//! The chat's commands, from outside.

#![cfg(feature = "cli")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use protocols::conversation;
use rustix::process::{Pid, Signal, kill_process};

/// The command, with the default signals even if this test was started with signals ignored.
fn scheduler(words: &[&str]) -> Command {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("scheduler"));
    common::cli::interrupt::with_usual_signals(&mut command);
    command.args(words);
    command
}

fn serve() -> (Child, String) {
    let mut server = scheduler(&["chat-server", "--listen", "0", "--json"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let mut output = BufReader::new(server.stdout.take().unwrap());
    output.read_line(&mut line).unwrap();
    let line: serde_json::Value = serde_json::from_str(&line).unwrap();
    (server, line["listening"].as_str().unwrap().to_owned())
}

fn signal(child: &Child, signal: Signal) {
    kill_process(Pid::from_child(child), signal).unwrap();
}

#[test]
fn the_server_passes_the_conversation() {
    let (mut server, address) = serve();
    let address = address.parse().unwrap();
    conversation::all(address).unwrap();
    conversation::line_too_long_before_its_end(address).unwrap();
    server.kill().unwrap();
    server.wait().unwrap();
}

#[test]
fn the_client_passes_the_conversation() {
    conversation::client(|address| scheduler(&["chat-client", "ann", &address.to_string()]))
        .unwrap();
}

#[test]
fn the_client_and_the_server_understand_one_another() {
    let (mut server, address) = serve();
    let mut ann = scheduler(&["chat-client", "ann", &address])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut heard = BufReader::new(ann.stdout.take().unwrap()).lines();
    assert!(heard.next().unwrap().unwrap().contains("welcome"));
    let mut bob = scheduler(&["chat-client", "bob", &address])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    bob.stdin.take().unwrap().write_all(b"hello\n").unwrap();
    // It has sent everything, so this is no error.
    assert_eq!(bob.wait().unwrap().code(), Some(0));
    let bobs = heard.by_ref().take(3).map(Result::unwrap);
    let bobs: Vec<String> = bobs.collect();
    assert_eq!(
        bobs,
        ["*** bob has joined", "#[bob]>>> hello", "*** bob has left"]
    );
    signal(&ann, Signal::INT);
    assert_eq!(ann.wait().unwrap().code(), Some(130));
    server.kill().unwrap();
    server.wait().unwrap();
}

#[test]
fn a_name_cannot_be_more_than_a_name() {
    for name in [
        "",
        " ",
        "a:b",
        "a\nb:I am b",
        "a\u{1b}[31m",
        &"n".repeat(33),
    ] {
        let output = scheduler(&["chat-client", name]).output().unwrap();
        let errors = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{errors}");
        assert!(errors.contains("a name has") && !errors.contains('\u{1b}'));
        assert_eq!(errors.trim_end().lines().count(), 1, "{errors}");
    }
}

#[test]
fn a_client_says_no_more_than_a_line_holds_and_tells_a_reset() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let mut client = scheduler(&["chat-client", "ann", &address])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = client.stdin.take().unwrap();
    let mut server = BufReader::new(listener.accept().unwrap().0);
    let mut says = || {
        let mut line = String::new();
        server.read_line(&mut line).unwrap();
        line
    };
    assert_eq!(says(), "ann:\n");
    let piece = vec![b'x'; 1 << 20];
    (0..20).for_each(|_| input.write_all(&piece).unwrap());
    input.write_all(b"\nshort\n").unwrap();
    assert_eq!(says(), "ann:short\n");
    let stream = server.get_ref();
    (&*stream).write_all(&[b'y'; 10_000]).unwrap();
    (&*stream).write_all(b"\nthe last\n").unwrap();
    let mut shown = BufReader::new(client.stdout.take().unwrap()).lines();
    assert!(shown.next().unwrap().unwrap().contains("over 4096 bytes"));
    assert_eq!(shown.next().unwrap().unwrap(), "the last");
    rustix::net::sockopt::set_socket_linger(stream, Some(Duration::ZERO)).unwrap();
    drop(server);
    let output = client.wait_with_output().unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{errors}");
    assert!(errors.contains("over 1020 bytes: it was not sent"));
    assert!(errors.contains("the server has gone"), "{errors}");
    drop(input);
}

/// `timeout` of the GNU tools signals its child and the child's group: these two signals are one
/// Ctrl-C.
#[test]
fn two_signals_at_once_are_one() {
    let (mut server, address) = serve();
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(b"ann:\nno name\n").unwrap();
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
    assert!(lines.next().unwrap().unwrap().contains("welcome"));
    assert!(lines.next().unwrap().unwrap().contains("not understood"));
    signal(&server, Signal::INT);
    signal(&server, Signal::TERM);
    // In good order: the end of the connection, not a reset.
    assert_eq!(stream.read(&mut [0]).unwrap(), 0);
    assert_eq!(server.wait().unwrap().code(), Some(130));
}

/// A rule of `protocols::chat`: a member that misses lines is told so in their place.
#[test]
fn a_member_that_does_not_read_is_told_what_it_missed() {
    let (mut server, address) = serve();
    let mut slow = TcpStream::connect(&address).unwrap();
    slow.write_all(b"slow:\nanswer me\n").unwrap();
    let mut heard = BufReader::new(slow.try_clone().unwrap())
        .lines()
        .map(Result::unwrap);
    assert!(heard.nth(1).unwrap().contains("not understood"));
    // More than the system and the server keep for a member: 16 MB.
    let mut bob = TcpStream::connect(&address).unwrap();
    let line = format!("bob:{}\n", "x".repeat(800));
    (0..20_000).for_each(|_| bob.write_all(line.as_bytes()).unwrap());
    bob.write_all(b"answer me\n").unwrap();
    let mut answers = BufReader::new(bob).lines().map(Result::unwrap);
    assert!(answers.any(|line| line.contains("not understood")));
    assert!(heard.any(|line| line == protocols::chat::MISSED));
    // Later lines arrive again, and no line twice.
    slow.write_all(b"no name\n").unwrap();
    let rest: Vec<String> = heard
        .take_while(|line| !line.contains("not understood"))
        .collect();
    assert!(!rest.contains(&protocols::chat::MISSED.to_owned()));
    server.kill().unwrap();
    server.wait().unwrap();
}
