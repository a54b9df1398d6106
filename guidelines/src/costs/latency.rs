//! How a computation affects the latency of an async server, and the cost of each cure.
//!
//! A server on one thread echoes a byte. It also computes for 10 ms, then pauses for 10 ms, again and again. A
//! client sends a request every half millisecond and measures how long each answer takes.

use crate::book::Section;
use crate::figure::{Figure, Unit};
use crate::jobs::Compute;
use crate::sample::Run;
use concepts::paint::Brush;
use executors::{Executor, Job};
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

/// How long a computation is.
const COMPUTES: Duration = Duration::from_millis(10);
/// How long the task computes between two yields.
const STRETCH: Duration = Duration::from_micros(100);
const RESTS: Duration = Duration::from_millis(10);
const PAUSE: Duration = Duration::from_micros(500);
/// How long a client sends requests in a round.
const ROUND: Duration = Duration::from_millis(250);
const ROUNDS: usize = 5;

/// How the server computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cure {
    /// It does not compute.
    Idle,
    /// In the task: no cure.
    Inline,
    /// In the task, with a yield every 100 us.
    Yields,
    /// By tokio's `spawn_blocking`.
    SpawnBlocking,
    /// In a pool of one thread.
    Pool,
    /// In a process pool.
    Process,
}

const CURES: [(Cure, &str, &str); 6] = [
    (Cure::Idle, "idle", "nothing to compute"),
    (Cure::Inline, "inline", "10 ms computed in the task"),
    (Cure::Yields, "yields", "a yield every 100 us"),
    (
        Cure::SpawnBlocking,
        "spawn-blocking",
        "tokio's spawn_blocking",
    ),
    (Cure::Pool, "pool", "a thread pool"),
    (Cure::Process, "process-pool", "a process pool"),
];

/// The result of a round.
struct Round {
    /// The 95th percentile of the answers' times, in seconds.
    slow: f64,
    /// How long the computations took, in seconds.
    computed: Vec<f64>,
}

/// Two sections: the 95th percentile of the answers' times, and how long the computation itself took with
/// each cure.
///
/// # Errors
///
/// If the user asked to stop, or the system has no sockets left.
pub fn measure(run: &Run<'_>, steps_per_second: f64) -> io::Result<Vec<Section>> {
    let mut slow = Section::new(
        "latency",
        "The slowest of twenty answers of an async server that also computes",
        "The server has one thread. A client sends a request every half millisecond. Look at the second \
         row: a request that comes during the computation waits until its end.",
    );
    let mut cost = Section::new(
        "cure",
        "What each cure costs: how long the 10 ms take",
        "The time from the start of the computation to its result. On another thread it may have to \
         wait for a CPU. With yields it shares the server's CPU.",
    );
    let mut rounds: Vec<Vec<Round>> = CURES.iter().map(|_| Vec::new()).collect();
    let steps = (steps_per_second * COMPUTES.as_secs_f64()) as u32;
    for number in 1..=run.at_most(ROUNDS) {
        for ((cure, _, title), rounds) in CURES.iter().zip(&mut rounds) {
            run.step(&format!("latency: {title}, round {number}"))?;
            rounds.push(round(*cure, steps)?);
        }
    }
    for ((cure, id, title), rounds) in CURES.iter().zip(&rounds) {
        let none = || "not measured".to_owned();
        let slowest = rounds.iter().map(|round| round.slow);
        let figure = Figure::of(Unit::Seconds, slowest).ok_or_else(none);
        slow.add(&format!("latency/{id}"), title, figure);
        if *cure != Cure::Idle {
            let middles = rounds.iter().filter_map(|round| {
                Some(Figure::of(Unit::Seconds, round.computed.iter().copied())?.median)
            });
            let figure = Figure::of(Unit::Seconds, middles).ok_or_else(none);
            cost.add(&format!("cure/{id}"), title, figure);
        }
    }
    Ok(vec![slow, cost])
}

fn round(cure: Cure, steps: u32) -> io::Result<Round> {
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    let address = listener.local_addr()?;
    let stop = Arc::new(AtomicBool::new(false));
    let (tell, computed) = mpsc::channel();
    let server = {
        let stop = Arc::clone(&stop);
        thread::Builder::new()
            .name("server".to_owned())
            .spawn(move || serve(listener, cure, steps, &stop, &tell))?
    };
    let slow = ask(address, ROUND);
    stop.store(true, Ordering::Relaxed);
    let served = server.join();
    let served = served.map_err(|_| io::Error::other("the server panicked"))?;
    served?;
    Ok(Round {
        slow: slow?.as_secs_f64(),
        computed: computed.try_iter().collect(),
    })
}

/// Sends requests for this long. Returns the 95th percentile of the waits.
fn ask(address: SocketAddr, time: Duration) -> io::Result<Duration> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    let trip = |stream: &mut TcpStream| {
        let start = Instant::now();
        stream.write_all(&[1])?;
        stream.read_exact(&mut [0])?;
        io::Result::Ok(start.elapsed())
    };
    // The first makes the connection known to the server.
    trip(&mut stream)?;
    let (start, mut waits) = (Instant::now(), Vec::new());
    while start.elapsed() < time {
        thread::sleep(PAUSE);
        waits.push(trip(&mut stream)?);
    }
    waits.sort_unstable();
    let slow = waits.get(waits.len() * 19 / 20);
    slow.copied()
        .ok_or_else(|| io::Error::other("no answer in time"))
}

fn serve(
    listener: TcpListener,
    cure: Cure,
    steps: u32,
    stop: &AtomicBool,
    tell: &mpsc::Sender<f64>,
) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let threads = executors::ThreadPool::new(1).map_err(io::Error::other)?;
    let processes = match cure {
        Cure::Process => Some(executors::ProcessPool::new(1).map_err(io::Error::other)?),
        _ => None,
    };
    if let Some(processes) = &processes {
        processes.warm_up().map_err(io::Error::other)?;
    }
    runtime.block_on(async {
        listener.set_nonblocking(true)?;
        let listener = tokio::net::TcpListener::from_std(listener)?;
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let echo = tokio::spawn(echo(stream));
        while !stop.load(Ordering::Relaxed) {
            tokio::time::sleep(RESTS).await;
            let job = Compute { steps, seed: 1 };
            let start = Instant::now();
            match cure {
                Cure::Idle => continue,
                Cure::Inline => {
                    std::hint::black_box(job.run());
                }
                Cure::Yields => in_stretches(steps).await,
                Cure::SpawnBlocking => {
                    let done = tokio::task::spawn_blocking(move || job.run()).await;
                    done.map_err(io::Error::other)?;
                }
                Cure::Pool => {
                    let future = threads.spawn(move || job.run());
                    future
                        .map_err(io::Error::other)?
                        .await
                        .map_err(io::Error::other)?;
                }
                Cure::Process => {
                    let Some(processes) = &processes else {
                        continue;
                    };
                    let future = processes.submit(job);
                    future
                        .map_err(io::Error::other)?
                        .await
                        .map_err(io::Error::other)?;
                }
            }
            let _ = tell.send(start.elapsed().as_secs_f64());
        }
        // The client has what it asked for, and has gone.
        echo.await.map_err(io::Error::other)?
    })
}

async fn echo(mut stream: tokio::net::TcpStream) -> io::Result<()> {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    let mut byte = [0];
    while stream.read(&mut byte).await? > 0 {
        stream.write_all(&byte).await?;
    }
    Ok(())
}

/// The same computation, with yields.
async fn in_stretches(steps: u32) {
    let stretches = (COMPUTES.as_micros() / STRETCH.as_micros()) as u32;
    let brush = Brush::new(steps / stretches);
    for seed in 0..stretches {
        std::hint::black_box(brush.stroke(u64::from(seed)));
        tokio::task::yield_now().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_round_answers_and_computes() {
        // Short computations: here only that it comes to an end, with figures.
        for cure in [
            Cure::Idle,
            Cure::Inline,
            Cure::Yields,
            Cure::SpawnBlocking,
            Cure::Pool,
        ] {
            let round = round(cure, 1000).unwrap();
            assert!(round.slow > 0.0, "{cure:?}");
            assert_eq!(round.computed.is_empty(), cure == Cure::Idle, "{cure:?}");
        }
    }
}
