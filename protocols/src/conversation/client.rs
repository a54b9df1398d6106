//! The client's side of the conversation test.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use super::member::Member;
use super::{PATIENCE, Result, Wrong, wrong};
use crate::chat;

/// Tests a chat client. `command` makes its command line, for a server at an address and a member
/// called `ann`.
///
/// The client must send its name first, then each line of standard input. It must show what others
/// say, whatever bytes that are. When the server dies, it must exit with status 1 and a reason on
/// standard error.
///
/// # Errors
///
/// What went wrong.
///
/// # Examples
///
/// ```no_run
/// protocols::conversation::client(|address| {
///     let mut command = std::process::Command::new("target/release/reactor");
///     command.args(["chat-client", "ann", &address.to_string()]);
///     command
/// })?;
/// # Ok::<(), protocols::conversation::Wrong>(())
/// ```
pub fn client(command: impl FnOnce(SocketAddr) -> Command) -> Result {
    let listener = TcpListener::bind(("127.0.0.1", 0)).map_err(wrong)?;
    let mut child = command(listener.local_addr().map_err(wrong)?)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(wrong)?;
    let result = serve_client(&listener, &mut child);
    // Whatever went wrong, no process is left running.
    let _ = child.kill();
    let _ = child.wait();
    result
}

fn serve_client(listener: &TcpListener, child: &mut Child) -> Result {
    let missing = || Wrong("a pipe of the client is missing".to_owned());
    let mut input = child.stdin.take().ok_or_else(missing)?;
    let output = child.stdout.take().ok_or_else(missing)?;
    let mut errors = child.stderr.take().ok_or_else(missing)?;
    let (mut stream, _) = listener.accept().map_err(wrong)?;
    stream.set_read_timeout(Some(PATIENCE)).map_err(wrong)?;
    let mut server = Member {
        stream: BufReader::new(stream.try_clone().map_err(wrong)?),
    };
    server.hears("ann:")?;
    input.write_all(b"hello\n").map_err(wrong)?;
    server.hears("ann:hello")?;
    let said = b"#[bob]>>> \xff\x1b[31mred";
    let (sender, lines) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(output)
            .split(b'\n')
            .map_while(io::Result::ok)
        {
            if sender.send(line).is_err() {
                break;
            }
        }
    });
    stream
        .write_all(&[chat::WELCOME.as_bytes(), b"\n", said, b"\n"].concat())
        .map_err(wrong)?;
    for expected in [chat::WELCOME, &chat::shown(said)] {
        let line = lines
            .recv_timeout(PATIENCE)
            .map_err(|_| Wrong(format!("{expected:?} is not shown")))?;
        if line != expected.as_bytes() {
            let line = String::from_utf8_lossy(&line).into_owned();
            return Err(Wrong(format!("shows {line:?}, expected {expected:?}")));
        }
    }
    // The server dies in the middle of a line. The client's standard input stays open.
    stream.write_all(b"#[bob]>>> and th").map_err(wrong)?;
    drop((stream, server));
    let ended = Instant::now() + PATIENCE;
    let status = loop {
        match child.try_wait().map_err(wrong)? {
            Some(status) => break status,
            None if Instant::now() < ended => thread::sleep(Duration::from_millis(5)),
            None => {
                return Err(Wrong(
                    "the client goes on although the server has died".to_owned(),
                ));
            }
        }
    };
    drop(input);
    let mut reason = String::new();
    errors.read_to_string(&mut reason).map_err(wrong)?;
    match status.code() {
        Some(1) if !reason.trim().is_empty() => Ok(()),
        _ => Err(Wrong(format!(
            "the server has died: {status}, and it says {reason:?}"
        ))),
    }
}
