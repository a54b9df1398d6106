//! The servers: each runs until Ctrl-C.

use std::cell::Cell;
use std::io::Write;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use anyhow::Context;
use common::cli::{Outcome, OutputArgs, interrupt};
use event_loop::Signal;
use reactor::echo::Echo;
use reactor::proxy::Proxy;
use reactor::{Factory, Peer, Protocol, Reactor, Reason, Transport, chat};

use super::args::{ListenArgs, ProxyArgs};

/// After Ctrl-C, connections have this long to send what is written. The program ends within a second.
const GRACE: Duration = Duration::from_millis(800);

pub(super) fn chat(args: &ListenArgs, output: &OutputArgs) -> anyhow::Result<Outcome> {
    let reactor = super::reactor()?;
    let factory = WithIdle::new(chat::Server::default(), args.idle);
    serve(&reactor, "chat", args.listen, factory, output)
}

pub(super) fn echo(args: &ListenArgs, output: &OutputArgs) -> anyhow::Result<Outcome> {
    let reactor = super::reactor()?;
    let factory = WithIdle::new(|| Echo, args.idle);
    serve(&reactor, "echo", args.listen, factory, output)
}

pub(super) fn proxy(args: &ProxyArgs, output: &OutputArgs) -> anyhow::Result<Outcome> {
    let reactor = super::reactor()?;
    let factory = Proxy::new(&reactor, args.target);
    serve(&reactor, "proxy", args.listen, factory, output)
}

fn serve(
    reactor: &Reactor,
    name: &str,
    listen: SocketAddr,
    factory: impl Factory + 'static,
    output: &OutputArgs,
) -> anyhow::Result<Outcome> {
    common::cli::allow_descriptors();
    let interrupted = stop_on_signals(reactor)?;
    let port = reactor
        .listen_tcp(listen, factory)
        .with_context(|| format!("{listen}: cannot listen there"))?;
    let address = port.local_addr()?;
    let mut out = common::cli::stdout();
    if output.json {
        out.json(&serde_json::json!({ "server": name, "listening": address.to_string() }))?;
    } else if !output.quiet {
        writeln!(out, "{name}: listening at {address}; Ctrl-C ends it")?;
    }
    out.flush()?;
    drop(out);
    reactor.run()?;
    Ok(match interrupted.get() {
        true => Outcome::Interrupted,
        false => Outcome::Done,
    })
}

/// The first Ctrl-C or SIGTERM shuts the server down in good order. The second, 200 ms or more
/// later, ends it at once. A signal that was ignored when the program started stays ignored.
pub(super) fn stop_on_signals(reactor: &Reactor) -> anyhow::Result<Rc<Cell<bool>>> {
    let interrupted = Rc::new(Cell::new(false));
    for signal in interrupt::stop_signals()?.into_iter().map(Signal::new) {
        let interrupted = Rc::clone(&interrupted);
        let call = move |reactor: &Reactor, _: Signal| {
            if !interrupted.replace(true) {
                reactor.shut_down(GRACE);
            }
        };
        reactor
            .on_signal(signal, call)
            .context(super::TOO_FEW_DESCRIPTORS)?;
    }
    // A handler of its own sees the second signal, even while a callback computes.
    interrupt::install()?;
    Ok(interrupted)
}

/// A factory whose connections have an idle time-out.
struct WithIdle<F> {
    factory: F,
    idle: Option<Duration>,
}

impl<F> WithIdle<F> {
    fn new(factory: F, idle: Option<Duration>) -> Self {
        WithIdle { factory, idle }
    }
}

impl<F: Factory> Factory for WithIdle<F> {
    fn build(&self, peer: Peer) -> Option<Box<dyn Protocol>> {
        let protocol = self.factory.build(peer)?;
        Some(match self.idle {
            Some(idle) => Box::new(Idle { protocol, idle }),
            None => protocol,
        })
    }
}

struct Idle {
    protocol: Box<dyn Protocol>,
    idle: Duration,
}

impl Protocol for Idle {
    fn connection_made(&mut self, transport: &Transport) {
        transport.set_idle_timeout(Some(self.idle));
        self.protocol.connection_made(transport);
    }

    fn data_received(&mut self, transport: &Transport, data: &[u8]) {
        self.protocol.data_received(transport, data);
    }

    fn end_received(&mut self, transport: &Transport) {
        self.protocol.end_received(transport);
    }

    fn pause_producing(&mut self, transport: &Transport) {
        self.protocol.pause_producing(transport);
    }

    fn resume_producing(&mut self, transport: &Transport) {
        self.protocol.resume_producing(transport);
    }

    fn reading_resumed(&mut self, transport: &Transport) {
        self.protocol.reading_resumed(transport);
    }

    fn connection_lost(&mut self, reason: &Reason) {
        self.protocol.connection_lost(reason);
    }
}
