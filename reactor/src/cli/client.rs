//! The chat's client. A thread reads standard input, because reading it blocks.

use std::cell::{Cell, RefCell};
use std::io::{self, Write};
use std::net::SocketAddr;
use std::rc::Rc;

use anyhow::bail;
use common::cli::{ChatClientArgs, Outcome, Usage};
use protocols::chat;
use protocols::chat::client::{self, Typed};
use reactor::{Deferred, Error, LineHandler, LineReceiver, Reactor, Reason, Resolver, Transport};

use super::serve::stop_on_signals;

/// Shows what the server sends.
struct Screen {
    /// Fires when the connection is over.
    over: Resolver<()>,
    pressure: Rc<Pressure>,
}

impl LineHandler for Screen {
    fn line_received(&mut self, transport: &Transport, line: &[u8]) {
        let mut out = io::stdout().lock();
        let line = chat::shown(line);
        // Standard output was closed, so the client ends too.
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
            reason => Err(Error::other(format!("{}: {reason}", client::GONE))),
        });
    }
}

/// Back-pressure: whether the server reads more slowly than lines are typed or piped in.
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

pub(super) fn run(args: &ChatClientArgs) -> anyhow::Result<Outcome> {
    let (name, server) = (client::name(&args.name).map_err(Usage)?, &args.server);
    let reactor = super::reactor()?;
    let interrupted = stop_on_signals(&reactor)?;
    let chatting = reactor.spawn(chat(reactor.clone(), name.to_owned(), *server));
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
            // A connection that was never made is not lost either: its resolver was dropped.
            lost.add_errback(|_| Ok(())).detach();
            let hint = client::no_server("reactor");
            return Err(Error::other(format!("{error}: {hint}")));
        }
    };
    let talking = talk(reactor.clone(), name, transport, pressure);
    reactor.spawn(talking).detach();
    lost.await
}

/// Sends lines of standard input as messages. When the input ends, it closes the connection.
async fn talk(
    reactor: Reactor,
    name: String,
    transport: Transport,
    pressure: Rc<Pressure>,
) -> Result<(), Error> {
    transport.write(format!("{name}:\n").as_bytes());
    let most = client::most(&name);
    while transport.is_open() {
        // The next line is read when the last one has been sent. Until then, input waits in the
        // terminal or pipe.
        pressure.relieved().await?;
        match reactor.defer_to_thread(move || read_typed(most)).await? {
            Ok(Typed::Line(line)) => {
                transport.write(&[name.as_bytes(), b":", &line, b"\n"].concat());
            }
            Ok(Typed::TooLong) => common::remark!("{}", client::not_sent(most)),
            Ok(Typed::End) => break,
            Err(error) => {
                common::remark!("standard input: {error}");
                break;
            }
        }
    }
    transport.close();
    Ok(())
}

fn read_typed(most: usize) -> io::Result<Typed> {
    client::read_line(&mut io::stdin().lock(), most)
}
