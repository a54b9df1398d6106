//! Echo servers on one thread: ours, and some on other crates. Each prints its address, and runs until it
//! is killed.

use std::io::{self, ErrorKind, Read, Write};
use std::net::SocketAddr;

use benches::servers::Clients;
use common::cli::Outcome;
use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};

use super::args::Server;

/// Serves until it is killed.
pub(crate) fn run(server: Server) -> anyhow::Result<Outcome> {
    let here = ([127, 0, 0, 1], 0).into();
    match server {
        Server::Reactor => reactor(here),
        Server::GreenThreads => green_threads(here),
        Server::Mio => by_hand(here, false),
        Server::MioShort => by_hand(here, true),
        Server::Tokio => tokio(here),
    }?;
    Ok(Outcome::Done)
}

/// Makes round trips to a server, and prints their number.
pub(crate) fn load(server: SocketAddr, round_trips: u32) -> anyhow::Result<Outcome> {
    Clients::connect(server)?.play(round_trips)?;
    let mut out = common::cli::stdout();
    writeln!(out, "{round_trips} round trips")?;
    out.flush()?;
    Ok(Outcome::Done)
}

fn announce(address: SocketAddr) -> io::Result<()> {
    let mut out = common::cli::stdout();
    writeln!(out, "{address}")?;
    out.flush()
}

fn reactor(address: SocketAddr) -> io::Result<()> {
    let reactor = reactor::Reactor::new()?;
    let port = reactor.listen_tcp(address, || reactor::echo::Echo)?;
    announce(port.local_addr()?)?;
    reactor.run()
}

#[cfg(unix)]
fn green_threads(address: SocketAddr) -> io::Result<()> {
    let listener = green_threads::net::TcpListener::bind(address)?;
    announce(listener.local_addr()?)?;
    for stream in listener.incoming() {
        let stream = stream?;
        green_threads::spawn(move || green_threads::echo::echo(stream));
    }
    Ok(())
}

#[cfg(not(unix))]
fn green_threads(_: SocketAddr) -> io::Result<()> {
    Err(ErrorKind::Unsupported.into())
}

/// Reads until it would block, as mio requires. With `short` it stops after a short read, as the reactor
/// does.
fn by_hand(address: SocketAddr, short: bool) -> io::Result<()> {
    const LISTENER: Token = Token(usize::MAX);
    let mut poll = Poll::new()?;
    let mut listener = TcpListener::bind(address)?;
    poll.registry()
        .register(&mut listener, LISTENER, Interest::READABLE)?;
    announce(listener.local_addr()?)?;
    let mut streams: Vec<Option<TcpStream>> = Vec::new();
    let (mut events, mut buffer) = (Events::with_capacity(1024), vec![0; 64 * 1024]);
    loop {
        poll.poll(&mut events, None)?;
        for event in &events {
            if event.token() == LISTENER {
                while let Ok((mut stream, _)) = listener.accept() {
                    let both = Interest::READABLE | Interest::WRITABLE;
                    let token = Token(streams.len());
                    poll.registry().register(&mut stream, token, both)?;
                    streams.push(Some(stream));
                }
                continue;
            }
            let slot = &mut streams[event.token().0];
            while let Some(stream) = slot {
                match stream.read(&mut buffer) {
                    Ok(length) if length > 0 => {
                        stream.write_all(&buffer[..length])?;
                        if short && length < buffer.len() && !event.is_read_closed() {
                            break;
                        }
                    }
                    Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                    _ => *slot = None,
                }
            }
        }
    }
}

/// A task for each connection, with its own buffer, as in tokio's guide.
fn tokio(address: SocketAddr) -> io::Result<()> {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .build()?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind(address).await?;
        announce(listener.local_addr()?)?;
        loop {
            let (mut stream, _) = listener.accept().await?;
            tokio::spawn(async move {
                let mut buffer = [0; 4096];
                while let Ok(length @ 1..) = stream.read(&mut buffer).await {
                    if stream.write_all(&buffer[..length]).await.is_err() {
                        break;
                    }
                }
            });
        }
    })
}
