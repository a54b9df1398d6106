//! How fast a server answers: 100 connections, 64 bytes there and back, on two pinned CPUs.
//! Run it: `cargo run --release -p reactor --example ping_pong`, with `mio`, `mio-short`,
//! or nothing behind it; `idle` measures memory at 10,000 connections.

use std::hint::black_box;
use std::io::{self, ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};
use reactor::{Reactor, echo::Echo};

const CONNECTIONS: usize = 100;
const MESSAGE: usize = 64;
const ROUNDS: u64 = 300_000;

fn main() -> io::Result<()> {
    let args: Vec<String> = std::env::args().collect();
    match args.get(1).map(String::as_str) {
        Some("serve") => serve(&args[2]),
        Some("load") => load(args[2].parse().map_err(io::Error::other)?).map(|_| ()),
        Some("idle") => idle(args.get(2).map_or("reactor", String::as_str)),
        Some(name) => bench(&[name]),
        None => bench(&["reactor", "mio", "mio-short", "tokio"]),
    }
}

/// Each server in turn, five times; medians.
fn bench(names: &[&str]) -> io::Result<()> {
    pin(1);
    println!("{:>10} {:>14} {:>14}", "server", "CPU µs/trip", "trips/s");
    let mut results = vec![Vec::new(); names.len()];
    for _ in 0..5 {
        for (name, results) in names.iter().zip(&mut results) {
            let (server, address) = start(name)?;
            let before = cpu(server.id());
            let time = load(address)?;
            let cpu = cpu(server.id()) - before;
            results.push((
                cpu.as_secs_f64() * 1e6 / ROUNDS as f64,
                ROUNDS as f64 / time.as_secs_f64(),
            ));
            end(server)?;
        }
    }
    for (name, results) in names.iter().zip(&mut results) {
        let median = |values: &mut Vec<f64>| {
            values.sort_by(f64::total_cmp);
            values[values.len() / 2]
        };
        let cpu = median(&mut results.iter().map(|result| result.0).collect());
        let rate = median(&mut results.iter().map(|result| result.1).collect());
        println!("{name:>10} {cpu:>14.2} {rate:>14.0}");
    }
    Ok(())
}

fn start(name: &str) -> io::Result<(std::process::Child, SocketAddr)> {
    let mut server = Command::new(std::env::current_exe()?)
        .args(["serve", name])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut line = String::new();
    if let Some(out) = server.stdout.take() {
        io::BufRead::read_line(&mut io::BufReader::new(out), &mut line)?;
    }
    Ok((server, line.trim().parse().map_err(io::Error::other)?))
}

fn end(mut server: std::process::Child) -> io::Result<()> {
    server.kill()?;
    server.wait().map(drop)
}

fn pin(cpu: usize) {
    let mut set = rustix::thread::CpuSet::new();
    set.set(cpu);
    if let Err(error) = rustix::thread::sched_setaffinity(None, &set) {
        eprintln!("not pinned to CPU {cpu}: {error}");
    }
}

/// The time a process has had, by the scheduler's count in nanoseconds.
fn cpu(process: u32) -> Duration {
    let path = format!("/proc/{process}/schedstat");
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let nanos = text.split(' ').next().and_then(|word| word.parse().ok());
    Duration::from_nanos(nanos.unwrap_or(0))
}

/// 10,000 connections that do nothing: how much more memory the server has of its own.
fn idle(name: &str) -> io::Result<()> {
    const IDLE: usize = 9_900;
    let (server, address) = start(name)?;
    let anonymous = || -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", server.id()));
        let status = status.unwrap_or_default();
        let line = status.lines().find(|line| line.starts_with("RssAnon"));
        let kib = line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok());
        kib.unwrap_or(0)
    };
    // One round first, so that what is made once does not count.
    let ping = |stream: &mut std::net::TcpStream| {
        let mut answer = [0; MESSAGE];
        stream.write_all(&[1; MESSAGE])?;
        stream.read_exact(&mut answer)
    };
    ping(&mut std::net::TcpStream::connect(address)?)?;
    let before = anonymous();
    let mut streams = Vec::new();
    for _ in 0..IDLE {
        let mut stream = std::net::TcpStream::connect(address)?;
        ping(&mut stream)?;
        streams.push(stream);
    }
    let each = (anonymous() - before) as f64 / IDLE as f64;
    println!("{name}: {each:.2} KiB for each of {IDLE} idle connections");
    drop(streams);
    end(server)
}

fn load(address: SocketAddr) -> io::Result<Duration> {
    let mut poll = Poll::new()?;
    let mut streams = Vec::new();
    for n in 0..CONNECTIONS {
        let stream = std::net::TcpStream::connect(address)?;
        stream.set_nonblocking(true)?;
        stream.set_nodelay(true)?;
        let mut stream = TcpStream::from_std(stream);
        poll.registry()
            .register(&mut stream, Token(n), Interest::READABLE)?;
        stream.write_all(&[n as u8; MESSAGE])?;
        streams.push((stream, 0));
    }
    let start = Instant::now();
    let (mut done, mut events, mut buffer) = (0, Events::with_capacity(1024), [0; 4096]);
    while done < ROUNDS {
        poll.poll(&mut events, None)?;
        for event in &events {
            let (stream, got) = &mut streams[event.token().0];
            match stream.read(&mut buffer) {
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(length) => *got += length,
                Err(error) if error.kind() == ErrorKind::WouldBlock => continue,
                Err(error) => return Err(error),
            }
            if *got == MESSAGE {
                *got = 0;
                done += 1;
                stream.write_all(black_box(&buffer[..MESSAGE]))?;
            }
        }
    }
    Ok(start.elapsed())
}

fn serve(name: &str) -> io::Result<()> {
    pin(0);
    let here = ([127, 0, 0, 1], 0).into();
    match name {
        "mio" => serve_mio(here, false),
        "mio-short" => serve_mio(here, true),
        "tokio" => serve_tokio(here),
        _ => {
            let reactor = Reactor::new()?;
            let port = reactor.listen_tcp(here, || Echo)?;
            println!("{}", port.local_addr()?);
            reactor.run()
        }
    }
}

/// By hand: until it would block, as mio asks for, or with the short read taken for the end.
fn serve_mio(address: SocketAddr, short: bool) -> io::Result<()> {
    const LISTENER: Token = Token(usize::MAX);
    let mut poll = Poll::new()?;
    let mut listener = TcpListener::bind(address)?;
    poll.registry()
        .register(&mut listener, LISTENER, Interest::READABLE)?;
    println!("{}", listener.local_addr()?);
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

fn serve_tokio(address: SocketAddr) -> io::Result<()> {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .build()?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind(address).await?;
        println!("{}", listener.local_addr()?);
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
