//! The chat's client: standard input is read on a thread, for reading it blocks.

use std::cell::Cell;
use std::io::{self, BufRead, Write};
use std::rc::Rc;
use std::thread;

use anyhow::{anyhow, bail};
use common::cli::{Outcome, Usage};
use reactor::{LineHandler, LineReceiver, Reactor, Reason, Transport, chat};

use super::args::ClientArgs;
use super::serve::stop_on_signals;

/// What the server says is shown; why it ended is kept.
struct Screen {
    name: String,
    reactor: Reactor,
    failed: Rc<Cell<Option<String>>>,
}

impl LineHandler for Screen {
    fn connection_made(&mut self, transport: &Transport) {
        transport.write(format!("{}:\n", self.name).as_bytes());
        read_input(&self.name, transport, &self.reactor);
    }

    fn line_received(&mut self, transport: &Transport, line: &[u8]) {
        let mut out = io::stdout().lock();
        let line = String::from_utf8_lossy(line);
        // Whoever read standard output has gone: so does the client.
        if writeln!(out, "{line}").and_then(|()| out.flush()).is_err() {
            transport.close();
        }
    }

    fn connection_lost(&mut self, reason: &Reason) {
        if !matches!(reason, Reason::Closed) {
            self.failed.set(Some(reason.to_string()));
        }
        self.reactor.stop();
    }
}

pub(super) fn run(args: &ClientArgs) -> anyhow::Result<Outcome> {
    let length = args.name.trim().chars().count();
    if args.name.contains(':') || !(1..=chat::MAX_NAME).contains(&length) {
        let most = chat::MAX_NAME;
        bail!(Usage(format!(
            "{}: a name has 1 to {most} characters, and no colon",
            args.name
        )));
    }
    let reactor = Reactor::new()?;
    let interrupted = stop_on_signals(&reactor)?;
    let failed = Rc::new(Cell::new(None));
    let screen = Screen {
        name: args.name.clone(),
        reactor: reactor.clone(),
        failed: Rc::clone(&failed),
    };
    let unreachable = Rc::new(Cell::new(None));
    let (stop, slot, server) = (reactor.clone(), Rc::clone(&unreachable), args.server);
    reactor
        .connect_tcp(server, LineReceiver::new(screen))
        .add_both(move |connected| {
            if let Err(error) = connected {
                slot.set(Some(anyhow!(
                    "{server}: {error}: is the server running? `reactor chat-server` starts one"
                )));
                stop.stop();
            }
            Ok(())
        })
        .detach();
    reactor.run()?;
    match (unreachable.take(), failed.take()) {
        _ if interrupted.get() => Ok(Outcome::Interrupted),
        (Some(error), _) => Err(error),
        (_, Some(reason)) => bail!("{server}: the server has gone: {reason}"),
        _ => Ok(Outcome::Done),
    }
}

/// Lines of standard input become messages; when it ends, the connection is closed.
fn read_input(name: &str, transport: &Transport, reactor: &Reactor) {
    let (remote, name) = (reactor.remote(), name.to_owned());
    // A transport belongs to its thread. What the other one sends is a call that finds it here.
    let id = OUTLET.with(|outlet| outlet.replace(Some(transport.clone())));
    debug_assert!(id.is_none(), "there is one connection");
    thread::spawn(move || {
        for line in io::stdin().lock().lines() {
            let Ok(line) = line else { break };
            let text = format!("{name}:{line}\n");
            let said =
                remote.call_from_thread(move |_| with_outlet(|it| it.write(text.as_bytes())));
            if said.is_err() {
                return;
            }
        }
        let _ = remote.call_from_thread(|_| with_outlet(Transport::close));
    });
}

thread_local! {
    static OUTLET: std::cell::RefCell<Option<Transport>> = const { std::cell::RefCell::new(None) };
}

fn with_outlet(f: impl FnOnce(&Transport)) {
    OUTLET.with_borrow(|outlet| {
        if let Some(transport) = outlet {
            f(transport);
        }
    });
}
