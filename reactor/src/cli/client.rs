//! The chat's client: standard input is read on a thread, for reading it blocks.

use std::cell::{Cell, RefCell};
use std::io::{self, BufRead, Read, Write};
use std::net::SocketAddr;
use std::rc::Rc;

use anyhow::bail;
use common::cli::{Outcome, Usage};
use protocols::chat;
use reactor::{Deferred, Error, LineHandler, LineReceiver, Reactor, Reason, Resolver, Transport};

use super::args::ClientArgs;
use super::serve::stop_on_signals;

/// What the server says is shown.
struct Screen {
    /// Fires when the connection is over.
    over: Resolver<()>,
    pressure: Rc<Pressure>,
}

impl LineHandler for Screen {
    fn line_received(&mut self, transport: &Transport, line: &[u8]) {
        let mut out = io::stdout().lock();
        let line = chat::shown(line);
        // Whoever read standard output has gone: so does the client.
        if writeln!(out, "{line}").and_then(|()| out.flush()).is_err() {
            transport.close();
        }
    }

    fn pause_producing(&mut self, _: &Transport) {
        self.pressure.on.set(true);
    }

    fn resume_producing(&mut self, _: &Transport) {
        self.pressure.on.set(false);
        if let Some(resolver) = self.pressure.relief.take() {
            let _ = resolver.callback(());
        }
    }

    fn connection_lost(&mut self, reason: &Reason) {
        let _ = self.over.fire(match reason {
            Reason::Closed => Ok(()),
            reason => Err(Error::other(format!("the server has gone: {reason}"))),
        });
    }
}

/// Whether the server takes less than is typed, or comes through a pipe.
#[derive(Default)]
struct Pressure {
    on: Cell<bool>,
    relief: RefCell<Option<Resolver<()>>>,
}

impl Pressure {
    async fn relieved(&self) -> Result<(), Error> {
        if !self.on.get() {
            return Ok(());
        }
        let (deferred, resolver) = Deferred::new();
        self.relief.replace(Some(resolver));
        deferred.await
    }
}

pub(super) fn run(args: &ClientArgs) -> anyhow::Result<Outcome> {
    let ClientArgs { name, server } = args;
    if !chat::is_good_name(name) {
        let (most, name) = (chat::MAX_NAME, name.escape_debug());
        bail!(Usage(format!(
            "{name}: a name has 1 to {most} characters that can be seen, and no colon"
        )));
    }
    let reactor = Reactor::new()?;
    let interrupted = stop_on_signals(&reactor)?;
    let chatting = reactor.spawn(chat(reactor.clone(), name.clone(), *server));
    match reactor.run_until(chatting) {
        _ if interrupted.get() => Ok(Outcome::Interrupted),
        Ok(()) => Ok(Outcome::Done),
        Err(error) => bail!("{server}: {error}"),
    }
}

async fn chat(reactor: Reactor, name: String, server: SocketAddr) -> Result<(), Error> {
    let (lost, over) = Deferred::new();
    let pressure = Rc::<Pressure>::default();
    let screen = Screen {
        over,
        pressure: Rc::clone(&pressure),
    };
    let connecting = reactor.connect_tcp(server, LineReceiver::new(screen));
    let transport = match connecting.await {
        Ok(transport) => transport,
        Err(error) => {
            // Never made, it is not lost either: who would have told has gone.
            lost.add_errback(|_| Ok(())).detach();
            return Err(Error::other(format!(
                "{error}: is the server running? `reactor chat-server` starts one"
            )));
        }
    };
    let talking = talk(reactor.clone(), name, transport, pressure);
    reactor.spawn(talking).detach();
    lost.await
}

/// Lines of standard input become messages; when it ends, the connection is closed.
async fn talk(
    reactor: Reactor,
    name: String,
    transport: Transport,
    pressure: Rc<Pressure>,
) -> Result<(), Error> {
    transport.write(format!("{name}:\n").as_bytes());
    let most = chat::MAX_LINE.saturating_sub(name.len() + 1);
    while transport.is_open() {
        // The next line is read when the last one has gone out: what is not read waits where it
        // comes from.
        pressure.relieved().await?;
        match reactor.defer_to_thread(move || read_line(most)).await? {
            Ok(Input::Line(line)) => {
                transport.write(&[name.as_bytes(), b":", &line, b"\n"].concat());
            }
            Ok(Input::TooLong) => {
                common::remark!("that line has over {most} bytes: it was not sent")
            }
            Ok(Input::End) => break,
            Err(error) => {
                common::remark!("standard input: {error}");
                break;
            }
        }
    }
    transport.close();
    Ok(())
}

enum Input {
    Line(Vec<u8>),
    TooLong,
    End,
}

/// The next line of standard input, without its end; of one that is too long no more is kept.
fn read_line(most: usize) -> io::Result<Input> {
    let mut input = io::stdin().lock();
    let mut line = Vec::new();
    let room = most as u64 + 2;
    input.by_ref().take(room).read_until(b'\n', &mut line)?;
    if line.is_empty() {
        return Ok(Input::End);
    }
    if line.last() != Some(&b'\n') && line.len() as u64 == room {
        input.skip_until(b'\n')?;
        return Ok(Input::TooLong);
    }
    line.truncate(line.trim_ascii_end().len());
    Ok(match line.len() <= most {
        true => Input::Line(line),
        false => Input::TooLong,
    })
}
