//! The demonstration: three parts, each on one thread of the system.

use std::io::{self, BufRead, BufReader, Write};
use std::time::{Duration, Instant};

use common::cli::{Outcome, OutputArgs};
use common::timing::human_duration;
use green_threads::chat::Chat;
use green_threads::net::{TcpListener, TcpStream};
use green_threads::{Channel, StreamServer, join_all, sleep, spawn, timeout, yield_now};
use serde_json::json;

use super::interruptible::interruptible;

const SLEEPERS: u32 = 1000;
const NAP: Duration = Duration::from_millis(500);

const CONSUMERS: usize = 3;
const ITEMS: u32 = 12;

/// The demonstration takes about a second. If it takes longer than this, it is an error.
const LONGEST: Duration = Duration::from_secs(20);

pub(super) fn run(output: &OutputArgs) -> anyhow::Result<Outcome> {
    let output = output.clone();
    interruptible(move || {
        timeout(LONGEST, || lessons(&output))??;
        Ok(Outcome::Done)
    })
}

fn lessons(output: &OutputArgs) -> anyhow::Result<()> {
    let slept = sleepers();
    let consumed = producer_and_consumers();
    let heard = conversation()?;
    let threads = threads();
    let mut out = common::cli::stdout();
    if output.json {
        out.json(&json!({
            "sleepers": SLEEPERS,
            "slept_seconds": slept.as_secs_f64(),
            "consumed": consumed,
            "conversation": heard,
            "threads": threads,
        }))?;
        return Ok(out.flush()?);
    }
    let one_after_the_other = human_duration(NAP * SLEEPERS);
    if !output.quiet {
        writeln!(
            out,
            "Three parts. Look for: each function is written as if it ran alone, and none\n\
             makes the others wait.\n"
        )?;
    }
    writeln!(
        out,
        "1. {SLEEPERS} sleepers, each for {}",
        human_duration(NAP)
    )?;
    writeln!(
        out,
        "   {} in all; one after the other: {one_after_the_other}\n",
        human_duration(slept)
    )?;
    writeln!(
        out,
        "2. a producer and {CONSUMERS} consumers, with a channel between them"
    )?;
    for (consumer, items) in consumed.iter().enumerate() {
        let items: Vec<String> = items.iter().map(u32::to_string).collect();
        writeln!(out, "   consumer {consumer}: {}", items.join(" "))?;
    }
    writeln!(out, "\n3. a chat server and three clients")?;
    for (who, line) in &heard {
        writeln!(out, "   {who} hears {line}")?;
    }
    if !output.quiet {
        let green = SLEEPERS as usize + 1 + CONSUMERS + 3 * 3;
        let threads = match threads {
            Some(1) => "one thread of the system".to_owned(),
            Some(threads) => format!("{threads} threads of the system"),
            None => "one hub".to_owned(),
        };
        writeln!(
            out,
            "\nMore than {green} green threads; {threads}.\nWhile one waited, the others ran.\n\n{}",
            common::cli::read_next("green-threads")
        )?;
    }
    Ok(out.flush()?)
}

/// Part 1: many sleepers wait at the same time, so together they take as long as one.
fn sleepers() -> Duration {
    let start = Instant::now();
    let sleepers: Vec<_> = (0..SLEEPERS).map(|_| spawn(|| sleep(NAP))).collect();
    join_all(&sleepers, None);
    start.elapsed()
}

/// Part 2: returns the items of each consumer.
fn producer_and_consumers() -> Vec<Vec<u32>> {
    let (sender, receiver) = Channel::bounded(2);
    let consumers: Vec<_> = (0..CONSUMERS)
        .map(|_| {
            let receiver = receiver.clone();
            spawn(move || {
                let eat = receiver.iter().inspect(|_| yield_now());
                eat.collect()
            })
        })
        .collect();
    spawn(move || (1..=ITEMS).try_for_each(|item| sender.send(item)));
    let consumed = consumers.into_iter().map(|consumer| consumer.join());
    consumed.map(Result::unwrap_or_default).collect()
}

/// The script: the client and its line. A line arrives at both others before the next is sent.
const SCRIPT: [(usize, &str); 5] = [
    (0, "ann:hello, is anybody here?"),
    (1, "bob:hello, ann"),
    (2, "cid:am I late?"),
    (0, "ann:not at all"),
    (1, "bob:nobody is, on one thread"),
];

const CAST: [&str; 3] = ["ann", "bob", "cid"];

/// Part 3: code that looks blocking, and does not block the thread.
fn conversation() -> io::Result<Vec<(&'static str, String)>> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let chat = Chat::default();
    let server = StreamServer::new(listener, move |stream| drop(chat.serve(stream))).start();
    let (say, heard) = Channel::unbounded();
    let mut actors = Vec::new();
    for name in CAST {
        let stream = TcpStream::connect(address)?;
        let (ears, say) = (stream.try_clone()?, say.clone());
        spawn(move || {
            let lines = BufReader::new(ears).lines().map_while(Result::ok);
            lines
                .map(|line| (name, line))
                .try_for_each(|line| say.send(line))
        });
        actors.push(stream);
    }
    drop(say);
    let mut all = Vec::new();
    let mut hear = |lines: usize| all.extend(heard.iter().take(lines));
    // Each client gets a welcome.
    hear(CAST.len());
    let others = CAST.len() - 1;
    for (who, name) in CAST.iter().enumerate() {
        actors[who].write_all(format!("{name}:\n").as_bytes())?;
        hear(others);
    }
    for (who, line) in SCRIPT {
        actors[who].write_all(format!("{line}\n").as_bytes())?;
        hear(others);
    }
    server.stop(Duration::ZERO);
    Ok(all)
}

/// How many threads this process has, if the system tells.
fn threads() -> Option<usize> {
    Some(std::fs::read_dir("/proc/self/task").ok()?.count())
}
