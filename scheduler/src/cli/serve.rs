//! The chat server, until Ctrl-C.

use std::io::Write;

use anyhow::Context;
use common::cli::{Outcome, OutputArgs, interrupt};
use event_loop::Signal;
use scheduler::chat_server::Server;
use scheduler::executor::{Either, select, spawn, yield_now};
use scheduler::io::{TcpListener, signal};

use super::args::ListenArgs;

const NO_SIGNALS: &str =
    "signals cannot be waited for: is the limit of descriptors, `ulimit -n`, too low?";

/// Waits for Ctrl-C or SIGTERM. It counts from this call on. A signal that was ignored when the
/// program started stays ignored. A second signal, 200 ms or more after the first, ends the program
/// at once.
pub(super) async fn stop_signal() -> anyhow::Result<impl Future<Output = anyhow::Result<()>>> {
    let stop = interrupt::stop_signals()?.into_iter().map(Signal::new);
    // In this order: a signal that comes in between is kept.
    let mut stopping = spawn(signal(&stop.collect::<Vec<_>>()));
    yield_now().await;
    interrupt::install().context(NO_SIGNALS)?;
    Ok(async move {
        (&mut stopping).await?.context(NO_SIGNALS)?;
        Ok(())
    })
}

pub(super) fn run(args: &ListenArgs, output: &OutputArgs) -> anyhow::Result<Outcome> {
    common::cli::allow_descriptors();
    super::executor()?.block_on(serve(args, output))
}

async fn serve(args: &ListenArgs, output: &OutputArgs) -> anyhow::Result<Outcome> {
    let listener = TcpListener::bind(args.listen)
        .with_context(|| format!("{}: cannot listen there", args.listen))?;
    let address = listener.local_addr()?;
    let server = Server::with_max_connections(args.max_connections);
    // Before the address is printed: a caller that reads it may send a signal at once.
    let stop = stop_signal().await?;
    announce(&address.to_string(), output)?;
    let mut serving = spawn({
        let server = server.clone();
        async move { server.serve(listener).await }
    });
    match select(stop, &mut serving).await {
        Either::Left(stopped) => stopped?,
        Either::Right(served) => return Ok(served.map(|()| Outcome::Done)?),
    }
    server.end();
    serving.await?;
    Ok(Outcome::Interrupted)
}

fn announce(address: &str, output: &OutputArgs) -> anyhow::Result<()> {
    let mut out = common::cli::stdout();
    if output.json {
        out.json(&serde_json::json!({ "server": "chat", "listening": address }))?;
    } else if super::remarks(output) {
        writeln!(out, "chat: listening at {address}; Ctrl-C ends it")?;
    }
    out.flush()?;
    Ok(())
}
