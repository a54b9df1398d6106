//! The servers: each runs until Ctrl-C.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::io::Write;
use std::net::Shutdown;
use std::os::fd::{AsRawFd, RawFd};
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::Context;
use common::cli::{Outcome, OutputArgs};
use green_threads::chat::Chat;
use green_threads::net::{TcpListener, TcpStream};
use green_threads::{Signals, StreamServer, run_on};

use super::args::{EchoArgs, ListenArgs};
use super::interruptible::stop_signals;

pub(super) fn chat(args: &ListenArgs, output: &OutputArgs) -> anyhow::Result<Outcome> {
    common::cli::allow_descriptors();
    // Before the address is printed: a caller that reads it may send a signal at once.
    let signals = stop_signals()?;
    let listener = TcpListener::bind(args.listen)
        .with_context(|| format!("{}: cannot listen there", args.listen))?;
    announce("chat", &listener, 1, output)?;
    let chat = Chat::default();
    serve(listener, signals, args, move |stream| {
        drop(chat.serve(stream));
    })
}

pub(super) fn echo(args: &EchoArgs, output: &OutputArgs) -> anyhow::Result<Outcome> {
    // One thread by default: that is the point of this room.
    let (hubs, args) = (args.jobs, &args.listen);
    common::cli::allow_descriptors();
    let listening = AtomicUsize::new(0);
    let results = run_on(hubs, args.listen, |listener| {
        let signals = stop_signals()?;
        // The last hub prints the address, so a signal after that finds all hubs watching for it.
        if listening.fetch_add(1, Ordering::SeqCst) + 1 == hubs {
            announce("echo", &listener, hubs, output)?;
        }
        serve(listener, signals, args, |stream| {
            drop(green_threads::echo::echo(stream));
        })
    })
    .with_context(|| format!("{}: cannot serve there", args.listen))?;
    Ok(results.into_iter().last().unwrap_or(Outcome::Done))
}

fn announce(
    name: &str,
    listener: &TcpListener,
    hubs: usize,
    output: &OutputArgs,
) -> anyhow::Result<()> {
    let address = listener.local_addr()?;
    let mut out = common::cli::stdout();
    if output.json {
        out.json(&serde_json::json!({
            "server": name, "listening": address.to_string(), "hubs": hubs,
        }))?;
    } else if !output.quiet {
        let threads = match hubs {
            1 => String::new(),
            hubs => format!(" on {hubs} threads"),
        };
        writeln!(
            out,
            "{name}: listening at {address}{threads}; Ctrl-C ends it"
        )?;
    }
    Ok(out.flush()?)
}

/// Serves until a signal comes, and then ends in good order.
fn serve(
    listener: TcpListener,
    signals: Signals,
    args: &ListenArgs,
    handler: impl Fn(TcpStream) + 'static,
) -> anyhow::Result<Outcome> {
    let connections = Rc::new(Connections::default());
    let server = StreamServer::new(listener, {
        let connections = Rc::clone(&connections);
        move |stream| connections.serve(stream, &handler)
    })
    .max_connections(args.max_connections)
    .start();
    signals.wait();
    connections.end();
    server.stop(args.grace);
    Ok(Outcome::Interrupted)
}

/// The connections that are served, so that all of them can be ended.
#[derive(Default)]
struct Connections {
    /// By their descriptors.
    open: RefCell<HashMap<RawFd, TcpStream>>,
    ending: Cell<bool>,
}

impl Connections {
    fn serve(&self, stream: TcpStream, handler: impl Fn(TcpStream)) {
        // Another handle of the same descriptor.
        let Ok(same) = stream.try_clone() else { return };
        let descriptor = same.as_raw_fd();
        if self.ending.get() {
            end_input(&same);
        }
        self.open.borrow_mut().insert(descriptor, same);
        let _served = Served(self, descriptor);
        handler(stream);
    }

    /// Ends the input of all connections. Their handlers read what has come already, and then the
    /// end, as if the clients had gone: they send what is left, and return.
    fn end(&self) {
        self.ending.set(true);
        self.open.borrow().values().for_each(end_input);
    }
}

/// A connection is served until this is dropped, which a panic of the handler does too.
struct Served<'a>(&'a Connections, RawFd);

impl Drop for Served<'_> {
    fn drop(&mut self) {
        self.0.open.borrow_mut().remove(&self.1);
    }
}

fn end_input(stream: &TcpStream) {
    // It fails if the client has gone, which is as good.
    let _ = stream.shutdown(Shutdown::Read);
}
