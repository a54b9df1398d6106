//! The chat client, from outside.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod shared;

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Stdio};

use common::cli::interrupt::with_usual_signals;
use rustix::process::{Pid, Signal, kill_process};

use shared::{command, program, until_it_handles_signals};

/// A listener with a full backlog: the system drops other attempts to connect, which then wait for
/// minutes. The caller must keep the connections that fill it.
fn silent() -> (TcpListener, std::net::SocketAddr, Vec<mio::net::TcpStream>) {
    let family = rustix::net::AddressFamily::INET;
    let socket = rustix::net::socket(family, rustix::net::SocketType::STREAM, None).unwrap();
    let any = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
    rustix::net::bind(&socket, &any).unwrap();
    rustix::net::listen(&socket, 0).unwrap();
    let listener = TcpListener::from(socket);
    let address = listener.local_addr().unwrap();
    let filling = (0..3)
        .map(|_| mio::net::TcpStream::connect(address).unwrap())
        .collect();
    (listener, address, filling)
}

#[test]
fn ctrl_c_ends_a_client_that_connects_in_vain() {
    let (_listener, address, _filling) = silent();
    for signal in [Signal::INT, Signal::TERM] {
        let mut client = with_usual_signals(&mut program())
            .args(["chat-client", "ann", &address.to_string()])
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        until_it_handles_signals(&client);
        kill_process(Pid::from_child(&client), signal).unwrap();
        assert_eq!(client.wait().unwrap().code(), Some(130));
    }
}

#[test]
fn a_name_cannot_be_more_than_a_name() {
    for name in [
        "",
        " ",
        "a:b",
        "a\nb:I am b",
        "a\rb",
        "a\u{1b}[31m",
        &"n".repeat(33),
    ] {
        let output = command(&["chat-client", name]).assert().code(2);
        let text = String::from_utf8_lossy(&output.get_output().stderr).into_owned();
        assert!(
            text.contains("a name has") && !text.contains('\u{1b}'),
            "{text}"
        );
    }
}

#[test]
fn the_chat_client_passes_the_conversation() {
    protocols::conversation::client(|address| {
        let mut command = program();
        command.args(["chat-client", "ann", &address.to_string()]);
        command
    })
    .unwrap();
}

/// A chat client, with the pipes and the connection that a test uses.
struct ChatClient {
    process: Child,
    server: BufReader<TcpStream>,
}

impl ChatClient {
    fn new() -> ChatClient {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let process = program()
            .args([
                "chat-client",
                "ann",
                &listener.local_addr().unwrap().to_string(),
            ])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let server = BufReader::new(listener.accept().unwrap().0);
        let mut client = ChatClient { process, server };
        assert_eq!(client.says(), b"ann:\n");
        client
    }

    /// The next line that the server receives.
    fn says(&mut self) -> Vec<u8> {
        let mut line = Vec::new();
        self.server.read_until(b'\n', &mut line).unwrap();
        line
    }

    fn ends(self) -> (Option<i32>, String, String) {
        drop(self.server);
        let output = self.process.wait_with_output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (
            output.status.code(),
            text(output.stdout),
            text(output.stderr),
        )
    }
}

#[test]
fn a_client_sends_any_bytes_and_no_line_without_end() {
    let mut client = ChatClient::new();
    let mut input = client.process.stdin.take().unwrap();
    input.write_all(b"gr\xfcn\n").unwrap();
    assert_eq!(client.says(), b"ann:gr\xfcn\n");
    // A gigabyte would do as well: nothing of it is kept.
    let piece = vec![b'x'; 1 << 20];
    (0..100).for_each(|_| input.write_all(&piece).unwrap());
    input.write_all(b"\nshort\nwithout an end").unwrap();
    assert_eq!(client.says(), b"ann:short\n");
    #[cfg(target_os = "linux")]
    {
        let status = std::fs::read_to_string(format!("/proc/{}/status", client.process.id()));
        let status = status.unwrap();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kib: u64 = peak
            .unwrap()
            .trim()
            .trim_end_matches(" kB")
            .parse()
            .unwrap();
        assert!(kib < 50_000, "{kib} KiB");
    }
    drop(input);
    assert_eq!(client.says(), b"ann:without an end\n");
    assert_eq!(client.says(), b"", "it has sent everything");
    let (code, _, errors) = client.ends();
    assert_eq!(code, Some(0), "{errors}");
    assert!(
        errors.contains("over 1020 bytes: it was not sent"),
        "{errors}"
    );
}

#[test]
fn a_client_shows_what_is_harmless_and_tells_when_its_server_dies() {
    // Its input stays open, so it has not sent everything when the server closes.
    let mut client = ChatClient::new();
    let input = client.process.stdin.take();
    let mut server = client.server.get_ref();
    server.write_all(b"a\x1b[31mb\xff\n").unwrap();
    let long = vec![b'y'; 10_000_000];
    server.write_all(&long).unwrap();
    server.write_all(b"\nlast").unwrap();
    let (code, shown, errors) = client.ends();
    assert_eq!(code, Some(1));
    let lines: Vec<_> = shown.lines().collect();
    assert_eq!(lines[0], "a\\u{1b}[31mb\u{fffd}");
    assert!(
        lines[1].contains("over 4096 bytes") && lines[2] == "last",
        "{lines:?}"
    );
    assert!(errors.contains("the server has gone"), "{errors}");
    drop(input);
    // A reset.
    let mut client = ChatClient::new();
    let input = client.process.stdin.take();
    rustix::net::sockopt::set_socket_linger(
        client.server.get_ref(),
        Some(std::time::Duration::ZERO),
    )
    .unwrap();
    let (code, _, errors) = client.ends();
    assert_eq!(code, Some(1));
    assert!(errors.contains("the server has gone"), "{errors}");
    drop(input);
}
