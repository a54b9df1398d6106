//! The chat's client: one green thread shows what is said, another says what is typed. Reading
//! standard input blocks, so a thread of the pool does it.

use std::io::{self, BufRead, BufReader, Write};
use std::net::Shutdown;
use std::rc::Rc;

use anyhow::{Context, bail};
use common::cli::{Outcome, Usage};
use green_threads::net::TcpStream;
use green_threads::sync::Event;
use green_threads::{GreenThread, offload, spawn};
use protocols::chat;

use super::args::ClientArgs;
use super::serve::stop_signals;

pub(super) fn run(args: &ClientArgs) -> anyhow::Result<Outcome> {
    let length = args.name.trim().chars().count();
    if args.name.contains(':') || !(1..=chat::MAX_NAME).contains(&length) {
        let most = chat::MAX_NAME;
        bail!(Usage(format!(
            "{}: a name has 1 to {most} characters, and no colon",
            args.name
        )));
    }
    let signals = stop_signals()?;
    let stream = TcpStream::connect(args.server).with_context(|| {
        let server = args.server;
        format!("{server}: is the server running? `green-threads chat-server` starts one")
    })?;
    let over = Rc::new(Event::new());
    let listening = with_event(&over, {
        let stream = stream.try_clone()?;
        move || listen(&stream)
    });
    let talking = spawn({
        let (stream, name) = (stream.try_clone()?, args.name.clone());
        move || talk(&stream, &name)
    });
    let interrupted = with_event(&over, move || {
        signals.wait();
        Ok(())
    });
    over.wait();
    if interrupted.ready() {
        return Ok(Outcome::Interrupted);
    }
    talking.kill_soon();
    match listening.join() {
        Ok(heard) => heard.with_context(|| format!("{}: the server has gone", args.server))?,
        Err(error) => bail!(error),
    }
    Ok(Outcome::Done)
}

/// Spawns what sets an event when it is done.
fn with_event(
    over: &Rc<Event>,
    f: impl FnOnce() -> io::Result<()> + 'static,
) -> GreenThread<io::Result<()>> {
    let over = Rc::clone(over);
    spawn(move || {
        let done = f();
        over.set();
        done
    })
}

/// Shows what the others say.
fn listen(stream: &TcpStream) -> io::Result<()> {
    for line in BufReader::new(stream).split(b'\n') {
        let line = line?;
        let mut out = io::stdout().lock();
        let line = String::from_utf8_lossy(&line);
        // Whoever read standard output has gone: so does the client.
        if writeln!(out, "{line}").and_then(|()| out.flush()).is_err() {
            break;
        }
    }
    Ok(())
}

/// Says what is typed; when that ends, the connection does.
fn talk(mut stream: &TcpStream, name: &str) -> io::Result<()> {
    stream.write_all(format!("{name}:\n").as_bytes())?;
    loop {
        let line = offload(|| {
            let mut line = String::new();
            io::stdin().read_line(&mut line).map(|_| line)
        })?;
        if line.is_empty() {
            return stream.shutdown(Shutdown::Write);
        }
        stream.write_all(format!("{name}:{}\n", line.trim_end_matches('\n')).as_bytes())?;
    }
}
