//! Step 7: the chat server, until Ctrl-C.

use std::io::Write;

use anyhow::Context;
use common::cli::{Outcome, OutputArgs, interrupt};
use event_loop::Signal;
use scheduler::chat_server::Server;
use scheduler::executor::{Either, Executor, select, spawn, yield_now};
use scheduler::io::{TcpListener, signal};

use super::args::ListenArgs;

pub(super) fn run(args: &ListenArgs, output: &OutputArgs) -> anyhow::Result<Outcome> {
    common::cli::allow_descriptors();
    Executor::new()?.block_on(serve(args, output))
}

async fn serve(args: &ListenArgs, output: &OutputArgs) -> anyhow::Result<Outcome> {
    let listener = TcpListener::bind(args.listen)
        .with_context(|| format!("{}: cannot listen there", args.listen))?;
    let address = listener.local_addr()?;
    let server = Server::with_max_connections(args.max_connections);
    // Before anyone is told where: who stops us then finds us listening to that too.
    // A signal that was ignored when the program started stays ignored.
    let stop = interrupt::stop_signals()?.into_iter().map(Signal::new);
    let stop: Vec<Signal> = stop.collect();
    let stopping = spawn(signal(&stop));
    yield_now().await;
    announce(&address.to_string(), output)?;
    let mut serving = spawn({
        let server = server.clone();
        async move { server.serve(listener).await }
    });
    match select(stopping, &mut serving).await {
        Either::Left(stopped) => drop(stopped??),
        Either::Right(served) => return Ok(served.map(|()| Outcome::Done)?),
    }
    // The first Ctrl-C closes in good order, the second leaves at once.
    let repeats = interrupt::Repeats::default();
    repeats.is_second();
    server.end();
    loop {
        match select(signal(&stop), &mut serving).await {
            Either::Left(_) if repeats.is_second() => {
                std::process::exit(interrupt::EXIT_STATUS.into())
            }
            // So soon it is the same one.
            Either::Left(_) => {}
            Either::Right(_) => return Ok(Outcome::Interrupted),
        }
    }
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
