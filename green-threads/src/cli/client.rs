//! The chat's client: one green thread shows what is said, another says what is typed.

use std::io::{self, BufReader, Write};
use std::net::Shutdown;

use anyhow::{Context, bail};
use common::cli::{Outcome, OutputArgs, Usage};
use common::text::escaped;
use green_threads::chat::{Line, read_line};
use green_threads::io::stdin;
use green_threads::net::TcpStream;
use green_threads::{Channel, spawn};
use protocols::chat::{MAX_LINE, MAX_NAME};
use serde_json::json;

use super::args::ClientArgs;
use super::interruptible::interruptible;

/// The longest line of a server that is shown: a message with its name, and then some.
const MAX_SHOWN: usize = 4 * MAX_LINE;

pub(super) fn run(args: &ClientArgs, output: &OutputArgs) -> anyhow::Result<Outcome> {
    let name = args.name.trim().to_owned();
    let length = name.chars().count();
    if name.contains(|c: char| c == ':' || c.is_control()) || !(1..=MAX_NAME).contains(&length) {
        bail!(Usage(format!(
            "{}: a name has 1 to {MAX_NAME} characters, no colon, and none that controls terminals",
            escaped(&args.name)
        )));
    }
    let (server, output) = (args.server, output.clone());
    interruptible(move || {
        let stream = TcpStream::connect(server).with_context(|| {
            format!("{server}: is the server running? `green-threads chat-server` starts one")
        })?;
        chat(&stream, &name, &output).with_context(|| format!("{server}: the server has gone"))
    })
}

/// Until the server ends the connection, which it does when standard input has ended.
fn chat(stream: &TcpStream, name: &str, output: &OutputArgs) -> anyhow::Result<Outcome> {
    let (said_all, has_said_all) = Channel::bounded(1);
    let talking = spawn({
        let (stream, name, quiet) = (stream.try_clone()?, name.to_owned(), output.quiet);
        move || {
            let talked = talk(&stream, &name, quiet);
            let _ = said_all.send(());
            talked
        }
    });
    let heard = listen(stream, output);
    talking.kill();
    match heard? {
        Heard::Unread => Ok(Outcome::Done),
        Heard::End if has_said_all.try_recv().is_ok() => Ok(Outcome::Done),
        Heard::End => bail!("it has closed the connection"),
    }
}

enum Heard {
    /// The server says no more.
    End,
    /// Whoever read standard output has gone: so does the client.
    Unread,
}

/// Shows what the others say.
fn listen(stream: &TcpStream, output: &OutputArgs) -> io::Result<Heard> {
    let mut reader = BufReader::new(stream);
    let mut line = Vec::new();
    loop {
        let shown = match read_line(&mut reader, MAX_SHOWN, &mut line)? {
            Line::Whole | Line::Unfinished => escaped(&String::from_utf8_lossy(&line)).into_owned(),
            Line::TooLong => format!("*** the server has sent a line of over {MAX_SHOWN} bytes"),
            Line::End => return Ok(Heard::End),
        };
        let shown = match output.json {
            true => json!({ "heard": shown }).to_string(),
            false => shown,
        };
        let mut out = io::stdout().lock();
        if writeln!(out, "{shown}").and_then(|()| out.flush()).is_err() {
            return Ok(Heard::Unread);
        }
    }
}

/// Says what is typed, and then that this is all.
fn talk(mut stream: &TcpStream, name: &str, quiet: bool) -> io::Result<()> {
    stream.write_all(format!("{name}:\n").as_bytes())?;
    let most = MAX_LINE - name.len() - 1;
    let mut typed = BufReader::new(stdin()?);
    let mut line = Vec::new();
    loop {
        match read_line(&mut typed, most, &mut line) {
            Ok(Line::Whole | Line::Unfinished) => {
                stream.write_all(&[name.as_bytes(), b":", &line, b"\n"].concat())?;
            }
            Ok(Line::TooLong) if quiet => {}
            Ok(Line::TooLong) => {
                common::remark!("that line has over {most} bytes: it was not sent");
            }
            Ok(Line::End) => break,
            Err(error) => {
                common::remark!("standard input: {error}");
                break;
            }
        }
    }
    stream.shutdown(Shutdown::Write)
}
