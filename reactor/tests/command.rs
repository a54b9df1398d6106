//! The command, from outside.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread;

use assert_cmd::cargo::cargo_bin;
use predicates::prelude::*;
use predicates::str::{contains, is_match, starts_with};
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

/// A server that is this command; killed if the test ends before it does.
struct Server {
    process: Child,
    address: SocketAddr,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Server {
    fn start(args: &[&str]) -> Server {
        Server::of(Command::new(cargo_bin!("reactor")).args(args))
    }

    fn of(command: &mut Command) -> Server {
        let mut process = command
            .arg("--json")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut out = BufReader::new(process.stdout.take().unwrap());
        out.read_line(&mut line).unwrap();
        let line: serde_json::Value = serde_json::from_str(&line).unwrap();
        let address = line["listening"].as_str().unwrap().parse().unwrap();
        Server { process, address }
    }

    fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).unwrap()
    }

    fn interrupt(&self) {
        kill_process(Pid::from_child(&self.process), Signal::INT).unwrap();
    }

    /// How many descriptors it has.
    #[cfg(target_os = "linux")]
    fn descriptors(&self) -> usize {
        let folder = format!("/proc/{}/fd", self.process.id());
        std::fs::read_dir(folder).unwrap().count()
    }

    /// How much memory of its own, in KiB.
    #[cfg(target_os = "linux")]
    fn memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id()));
        let status = status.unwrap();
        let line = status.lines().find(|line| line.starts_with("RssAnon"));
        let kib = line.unwrap().split_whitespace().nth(1).unwrap();
        kib.parse().unwrap()
    }

    /// Waits, by looking, until it has so many descriptors.
    #[cfg(target_os = "linux")]
    fn until_descriptors(&self, count: usize) {
        while self.descriptors() != count {
            thread::yield_now();
        }
    }
}

fn ping(stream: &mut TcpStream) {
    stream.write_all(b"ping").unwrap();
    let mut answer = [0; 4];
    stream.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"ping");
}

#[cfg(target_os = "linux")]
#[test]
fn ten_thousand_idle_connections_take_half_a_kibibyte_each_and_leave_nothing() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    const COUNT: u64 = 10_000;
    let limits = getrlimit(Resource::Nofile);
    // Theirs here, the server's over there: it takes what it may by itself.
    let current = Some(COUNT + 200);
    if limits.maximum.is_some_and(|most| Some(most) < current) {
        eprintln!("skipped: {COUNT} connections need more descriptors than {limits:?}");
        return;
    }
    if limits.current < current {
        setrlimit(Resource::Nofile, Rlimit { current, ..limits }).unwrap();
    }
    let server = Server::start(&["echo", "--listen", "0"]);
    let at_first = server.descriptors();
    let mut clients = vec![server.connect()];
    ping(&mut clients[0]);
    let before = server.memory();
    for _ in 0..COUNT {
        let mut client = server.connect();
        ping(&mut client);
        clients.push(client);
    }
    let memory = server.memory() - before;
    assert!(memory <= COUNT / 2, "{memory} KiB for {COUNT} connections");
    assert_eq!(server.descriptors(), at_first + clients.len());
    // Each of them is still there.
    clients.iter_mut().for_each(ping);
    drop(clients);
    server.until_descriptors(at_first);
}

#[cfg(target_os = "linux")]
#[test]
fn a_thousand_connections_that_come_and_go_leave_nothing_behind() {
    let server = Server::start(&["echo", "--listen", "0"]);
    let descriptors = server.descriptors();
    let thousand = || {
        for n in 0..1000 {
            let mut client = server.connect();
            ping(&mut client);
            if n % 2 == 0 {
                // With something unread, closing is a reset.
                client.write_all(b"unread").unwrap();
            }
        }
        server.until_descriptors(descriptors);
        server.memory()
    };
    // What is made once has been made.
    let before = thousand();
    let after = (0..4).map(|_| thousand()).max().unwrap();
    // 16 bytes of each of four thousand that are not given back would be more.
    assert!(after <= before + 60, "{before} KiB, then {after}");
}

#[test]
fn ctrl_c_ends_a_server_in_good_order() {
    let mut server = Server::start(&["echo", "--listen", "0"]);
    let mut client = server.connect();
    ping(&mut client);
    server.interrupt();
    assert_eq!(client.read(&mut [0]).unwrap(), 0, "it is closed, not reset");
    assert_eq!(server.process.wait().unwrap().code(), Some(130));
}

/// So shells start jobs in the background, which Ctrl-C is not for.
#[test]
fn a_signal_that_was_ignored_at_the_start_stays_ignored() {
    let server = "trap '' INT; exec \"$0\" echo --listen 0 \"$@\"";
    let mut shell = Command::new("sh");
    let mut server = Server::of(shell.args(["-c", server]).arg(cargo_bin!("reactor")));
    server.interrupt();
    let mut client = server.connect();
    ping(&mut client);
    kill_process(Pid::from_child(&server.process), Signal::TERM).unwrap();
    assert_eq!(client.read(&mut [0]).unwrap(), 0);
    assert_eq!(server.process.wait().unwrap().code(), Some(130));
}

#[test]
fn the_second_ctrl_c_leaves_at_once() {
    let mut server = Server::start(&["echo", "--listen", "0"]);
    let mut deaf = server.connect();
    // Until the server can send no more: the first one leaves it waiting for this client.
    deaf.set_nonblocking(true).unwrap();
    let mut other = server.connect();
    while deaf.write(&[0; 65536]).is_ok() {
        ping(&mut other);
    }
    server.interrupt();
    // Closed in good order, since it has nothing to send.
    assert_eq!(other.read(&mut [0]).unwrap(), 0);
    server.interrupt();
    assert_eq!(server.process.wait().unwrap().code(), Some(130));
}

#[test]
fn a_port_that_is_taken_is_named() {
    let server = Server::start(&["echo", "--listen", "0"]);
    let address = server.address.to_string();
    reactor(&["chat-server", "--listen", &address])
        .assert()
        .code(1)
        .stderr(contains(format!("{address}: cannot listen there")));
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
    // Everything between here and there is full when its standard input takes no more.
    let mut input = client.stdin.take().unwrap();
    let line = [&[b'z'; 999][..], b"\n"].concat();
    const LINES: usize = 20_000;
    let writing = thread::spawn(move || {
        for _ in 0..LINES {
            input.write_all(&line).unwrap();
        }
    });
    // Not one line is lost, however late it is read.
    let lines = BufReader::new(&stream).lines().map(Result::unwrap);
    assert_eq!(lines.filter(|line| line.len() == 1003).count(), LINES);
    writing.join().unwrap();
    assert_eq!(client.wait().unwrap().code(), Some(0));
}

#[test]
fn a_fetch_goes_to_the_file_as_it_comes_and_ctrl_c_leaves_none() {
    const HALF: usize = 5_000_000;
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let fetch = Command::new(cargo_bin!("reactor"))
        .args(["fetch", &url, "-o"])
        .arg(folder.path().join("page"))
        .spawn()
        .unwrap();
    let (mut stream, _) = listener.accept().unwrap();
    let header = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", 2 * HALF);
    stream.write_all(header.as_bytes()).unwrap();
    stream.write_all(&[b'x'; HALF]).unwrap();
    // The first half is there, under another name.
    let written = || {
        let files = std::fs::read_dir(folder.path()).unwrap();
        let files = files.map(|file| file.unwrap());
        files
            .map(|file| {
                assert_ne!(file.file_name(), "page");
                file.metadata().unwrap().len()
            })
            .sum::<u64>()
    };
    while written() < HALF as u64 {
        thread::yield_now();
    }
    kill_process(Pid::from_child(&fetch), Signal::INT).unwrap();
    assert_eq!(fetch.wait_with_output().unwrap().status.code(), Some(130));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_reader_that_leaves_ends_it_quietly() {
    let body: &'static str = "x".repeat(3_000_000).leak();
    let answer = format!("HTTP/1.0 200 OK\r\n\r\n{body}").leak();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let serving = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        // Closing with something unread would be a reset.
        let _ = stream.read(&mut [0; 1024]).unwrap();
        // It may have left before the end, too.
        let _ = stream.write_all(answer.as_bytes());
    });
    let mut fetch = Command::new(cargo_bin!("reactor"))
        .args(["fetch", &url])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut first = [0; 10];
    fetch.stdout.take().unwrap().read_exact(&mut first).unwrap();
    let output = fetch.wait_with_output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    serving.join().unwrap();
}
