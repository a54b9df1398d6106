//! The chat's client: one green thread shows what the server sends, another sends what is typed.

use std::io::{self, BufRead, BufReader, Write};
use std::net::Shutdown;

use anyhow::{Context, bail};
use common::cli::{ChatClientArgs, Outcome, OutputArgs, Usage};
use green_threads::chat::{Line, read_line};
use green_threads::io::stdin;
use green_threads::net::TcpStream;
use green_threads::{Channel, spawn};
use protocols::chat;
use protocols::chat::client::{self, MAX_SHOWN};
use serde_json::json;

use super::interruptible::interruptible;

pub(super) fn run(args: &ChatClientArgs, output: &OutputArgs) -> anyhow::Result<Outcome> {
    let name = client::name(&args.name).map_err(Usage)?.to_owned();
    let (server, output) = (args.server, output.clone());
    interruptible(move || {
        let stream = TcpStream::connect(server)
            .with_context(|| format!("{server}: {}", client::no_server("green-threads")))?;
        chat(&stream, &name, &output).with_context(|| format!("{server}: {}", client::GONE))
    })
}

/// Runs until the server closes the connection, which it does when standard input has ended.
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
    /// The server has closed its half.
    End,
    /// Standard output was closed, so the client ends too.
    Unread,
}

/// Shows what the other members write.
fn listen(stream: &TcpStream, output: &OutputArgs) -> io::Result<Heard> {
    let mut reader = BufReader::new(stream);
    let mut line = Vec::new();
    loop {
        let shown = match read_line(&mut reader, MAX_SHOWN, &mut line)? {
            Line::Whole | Line::Unfinished => chat::shown(&line),
            Line::TooLong => {
                reader.skip_until(b'\n')?;
                client::not_shown()
            }
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

/// Sends what is typed. At the end of the input, closes the sending half.
fn talk(mut stream: &TcpStream, name: &str, quiet: bool) -> io::Result<()> {
    stream.write_all(format!("{name}:\n").as_bytes())?;
    let most = client::most(name);
    let mut typed = BufReader::new(stdin()?);
    let mut line = Vec::new();
    loop {
        match read_line(&mut typed, most, &mut line) {
            Ok(Line::Whole | Line::Unfinished) => {
                stream.write_all(&[name.as_bytes(), b":", &line, b"\n"].concat())?;
            }
            Ok(Line::TooLong) => {
                typed.skip_until(b'\n')?;
                if !quiet {
                    common::remark!("{}", client::not_sent(most));
                }
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
