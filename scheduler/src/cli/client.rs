//! The client: one task shows what the server sends, another sends what is typed.

use std::cell::Cell;
use std::io::{self, Write};
use std::net::Shutdown;
use std::rc::Rc;

use anyhow::{Context, bail};
use common::cli::{ChatClientArgs, Outcome, OutputArgs, Usage};
use protocols::chat;
use protocols::chat::client::{self, Typed};
use scheduler::executor::{Either, select, spawn, to_thread};
use scheduler::io::{Line, Lines, TcpStream};

use super::serve::stop_signal;

pub(super) fn run(args: &ChatClientArgs, output: &OutputArgs) -> anyhow::Result<Outcome> {
    let name = client::name(&args.name).map_err(Usage)?;
    let chatting = async {
        let server = args.server;
        let stream = TcpStream::connect(server)
            .await
            .with_context(|| format!("{server}: {}", client::no_server("scheduler")))?;
        chat(stream, name, output)
            .await
            .with_context(|| format!("{server}: {}", client::GONE))
    };
    super::executor()?.block_on(async {
        match select(stop_signal().await?, chatting).await {
            Either::Left(stopped) => stopped.map(|()| Outcome::Interrupted),
            Either::Right(chatted) => chatted,
        }
    })
}

/// Runs until the server closes the connection, which it does when standard input has ended.
async fn chat(stream: TcpStream, name: &str, output: &OutputArgs) -> anyhow::Result<Outcome> {
    let (stream, said_all) = (Rc::new(stream), Rc::new(Cell::new(false)));
    let talking = spawn({
        let (stream, said_all) = (Rc::clone(&stream), Rc::clone(&said_all));
        let (name, quiet) = (name.to_owned(), output.quiet);
        async move {
            let talked = talk(&stream, &name, quiet).await;
            said_all.set(talked.is_ok());
        }
    });
    let heard = listen(&stream, output).await;
    talking.abort();
    match heard? {
        Heard::Unread => Ok(Outcome::Done),
        Heard::End if said_all.get() => Ok(Outcome::Done),
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
async fn listen(stream: &TcpStream, output: &OutputArgs) -> io::Result<Heard> {
    let mut lines = Lines::new(stream, client::MAX_SHOWN);
    while let Some(line) = lines.next().await? {
        let shown = match line {
            Line::Text(line) => chat::shown(line),
            Line::TooLong => client::not_shown(),
        };
        let shown = match output.json {
            true => serde_json::json!({ "heard": shown }).to_string(),
            false => shown,
        };
        let mut out = io::stdout().lock();
        if writeln!(out, "{shown}").and_then(|()| out.flush()).is_err() {
            return Ok(Heard::Unread);
        }
    }
    Ok(Heard::End)
}

/// Sends what is typed. At the end of the input it closes the sending half. A thread reads standard
/// input, because that blocks.
async fn talk(stream: &TcpStream, name: &str, quiet: bool) -> io::Result<()> {
    stream.write_all(format!("{name}:\n").as_bytes()).await?;
    let most = client::most(name);
    loop {
        let typed = to_thread(move || client::read_line(&mut io::stdin().lock(), most));
        match typed.await.map_err(io::Error::other)? {
            Ok(Typed::Line(line)) => {
                let line = [name.as_bytes(), b":", &line, b"\n"].concat();
                stream.write_all(&line).await?;
            }
            Ok(Typed::TooLong) if quiet => {}
            Ok(Typed::TooLong) => common::remark!("{}", client::not_sent(most)),
            Ok(Typed::End) => break,
            Err(error) => {
                common::remark!("standard input: {error}");
                break;
            }
        }
    }
    stream.shutdown(Shutdown::Write)
}
