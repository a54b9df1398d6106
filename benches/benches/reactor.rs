//! The costs of the reactor's parts by themselves, on one thread and without a network.

mod support;

use std::cell::Cell;
use std::hint::black_box;
use std::io;
use std::process::ExitCode;
use std::rc::Rc;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput};
use reactor::echo::Echo;
use reactor::event_loop::EventLoop;
use reactor::{Deferred, Error, LineHandler, LineReceiver, Protocol, Transport, testing};

fn main() -> ExitCode {
    // Ten samples: all of it takes nano- and microseconds, and a sample holds many.
    support::main(10, &[timers, wake_ups, echo, lines, deferreds])
}

/// A timer set and cancelled, beside other timers: an idle time-out does this most of the time.
fn timers(criterion: &mut Criterion) -> io::Result<()> {
    let mut group = criterion.benchmark_group("timer");
    group.throughput(Throughput::Elements(1));
    for others in [0, 10_000_u64] {
        let mut event_loop: EventLoop<(), ()> = EventLoop::new()?;
        for n in 0..others {
            event_loop.add_timer_after(Duration::from_secs(3600 + n), ());
        }
        group.bench_function(BenchmarkId::new("set-and-cancel", others), |bencher| {
            bencher.iter(|| {
                let key = event_loop.add_timer_after(black_box(Duration::from_secs(60)), ());
                assert!(event_loop.cancel_timer(key).is_some());
            });
        });
    }
    group.finish();
    Ok(())
}

/// A wake-up of a loop that is awake, which costs no system call, and one with its turn.
fn wake_ups(criterion: &mut Criterion) -> io::Result<()> {
    let mut event_loop: EventLoop<(), ()> = EventLoop::new()?;
    let waker = event_loop.waker();
    let mut group = criterion.benchmark_group("wake-up");
    group.throughput(Throughput::Elements(1));
    group.bench_function(BenchmarkId::new("awake", 1), |bencher| {
        bencher.iter(|| waker.wake());
    });
    let mut broken = None;
    group.bench_function(BenchmarkId::new("with-a-turn", 1), |bencher| {
        bencher.iter(|| {
            waker.wake();
            if let Err(error) = event_loop.wait(None) {
                broken = Some(error);
            }
            assert!(event_loop.next_event().is_some() && event_loop.next_event().is_none());
        });
    });
    group.finish();
    broken.map_or(Ok(()), Err)
}

/// A message through the reactor and back, by a connection in memory: everything but the system.
fn echo(criterion: &mut Criterion) -> io::Result<()> {
    let (reactor, _clock) = testing::reactor()?;
    let mut group = criterion.benchmark_group("echo-in-memory");
    for size in [64_usize, 64 * 1024] {
        let peer = testing::connect(&reactor, Echo);
        let message = vec![7; size];
        group.throughput(Throughput::Bytes(size as u64));
        group.bench_function(BenchmarkId::new("echo", size), |bencher| {
            bencher.iter(|| {
                peer.send(&message);
                assert_eq!(peer.received().len(), size);
            });
        });
    }
    group.finish();
    Ok(())
}

struct Count(Rc<Cell<usize>>);

impl LineHandler for Count {
    fn line_received(&mut self, _: &Transport, line: &[u8]) {
        self.0.update(|bytes| bytes + line.len());
    }
}

/// Lines out of a stream that comes in pieces; beside them, the standard library's
/// split of the same bytes in one piece.
fn lines(criterion: &mut Criterion) -> io::Result<()> {
    const LINE: usize = 40;
    const LINES: usize = 1600;
    let text = [&[b'x'; LINE - 1][..], b"\n"].concat().repeat(LINES);
    let expected = LINES * (LINE - 1);
    let (reactor, _clock) = testing::reactor()?;
    let mut group = criterion.benchmark_group("lines");
    group.throughput(Throughput::Bytes(text.len() as u64));
    for cut in [text.len(), 1000, 7] {
        let seen = Rc::new(Cell::new(0));
        let mut protocol = LineReceiver::new(Count(Rc::clone(&seen)));
        let peer = testing::connect(&reactor, Echo);
        group.bench_function(BenchmarkId::new("receiver", cut), |bencher| {
            bencher.iter(|| {
                for part in text.chunks(cut) {
                    protocol.data_received(peer.transport(), part);
                }
                assert_eq!(seen.take(), expected);
            });
        });
    }
    group.bench_function(BenchmarkId::new("split", text.len()), |bencher| {
        bencher.iter(|| {
            let lines = black_box(&text).split(|&byte| byte == b'\n');
            assert_eq!(lines.map(<[u8]>::len).sum::<usize>(), expected);
        });
    });
    group.finish();
    Ok(())
}

/// A deferred made, given callbacks, and fired.
fn deferreds(criterion: &mut Criterion) -> io::Result<()> {
    let mut group = criterion.benchmark_group("deferred");
    for length in [1_u64, 10] {
        group.throughput(Throughput::Elements(length));
        group.bench_function(BenchmarkId::new("callbacks", length), |bencher| {
            bencher.iter(|| {
                let (mut deferred, resolver) = Deferred::new();
                for _ in 0..length {
                    deferred = deferred.add_callback(|n: u64| Ok::<_, Error>(n + 1));
                }
                assert!(resolver.callback(black_box(0)).is_ok());
                assert!(matches!(deferred.try_result(), Some(Ok(n)) if n == length));
            });
        });
    }
    group.finish();
    Ok(())
}
