//! The memory of many tasks or threads that wait, measured in a process of its own.
//!
//! A process that did something else before has free memory, and the figure would be too small. So each
//! measurement starts a new child. It prints its memory three times: at its start, when its runtime is ready, and
//! when all of them wait.

use crate::child::{self, Answering, Role};
use crate::memory::Memory;
use crate::sample::Run;
use serde::{Deserialize, Serialize};
use std::io::{self, Write};

/// The kind of thing that waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Threads of the system.
    Threads,
    /// Jobs in the queue of a thread pool.
    Queued,
    /// tokio's tasks.
    Tokio,
    /// The scheduler room's tasks.
    Scheduler,
    /// Green threads.
    Green,
    /// A reactor's delayed calls.
    Calls,
}

impl Kind {
    /// All of them.
    pub const ALL: [Kind; 6] = [
        Kind::Threads,
        Kind::Queued,
        Kind::Tokio,
        Kind::Scheduler,
        Kind::Green,
        Kind::Calls,
    ];

    /// The last part of its figures' ids.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Threads => "thread",
            Kind::Queued => "queued-job",
            Kind::Tokio => "tokio-task",
            Kind::Scheduler => "scheduler-task",
            Kind::Green => "green-thread",
            Kind::Calls => "reactor-call",
        }
    }

    /// The name that is shown.
    pub fn title(self) -> &'static str {
        match self {
            Kind::Threads => "a thread",
            Kind::Queued => "a job in a pool's queue",
            Kind::Tokio => "a tokio task",
            Kind::Scheduler => "a task of our scheduler",
            Kind::Green => "a green thread",
            Kind::Calls => "a reactor's delayed call",
        }
    }

    pub(crate) fn of(name: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// The report of a child.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Waiting {
    /// At the start.
    pub before: Memory,
    /// When the runtime is ready, and one task has run and ended.
    pub ready: Memory,
    /// When all of them wait.
    pub full: Memory,
    /// How many there were: fewer than requested, if the system refused more.
    pub count: usize,
    /// The error of the system at that point.
    pub refused: Option<String>,
}

impl Waiting {
    /// Resident memory of each.
    pub fn resident_each(&self) -> f64 {
        self.each(|memory| memory.resident)
    }

    /// Page tables of each, which resident memory does not count.
    pub fn tables_each(&self) -> f64 {
        self.each(|memory| memory.tables)
    }

    fn each(&self, part: impl Fn(&Memory) -> u64) -> f64 {
        let grown = part(&self.full) as f64 - part(&self.ready) as f64;
        (grown / self.count.max(1) as f64).max(0.0)
    }

    /// All memory of the runtime itself.
    pub fn runtime(&self) -> f64 {
        (self.ready.all() as f64 - self.before.all() as f64).max(0.0)
    }
}

/// Measures in a new child.
///
/// # Errors
///
/// If it can't be started, fails, or prints something else; if the user asked to stop.
pub fn measure(kind: Kind, count: usize, run: &Run<'_>) -> io::Result<Waiting> {
    let output = child::output(&mut child::command(Role::Wait(kind, count))?, run)?;
    serde_json::from_slice(&output).map_err(io::Error::other)
}

/// The private memory of this many processes that wait, and their page tables.
///
/// # Errors
///
/// If the system refuses them, or does not report their memory.
pub fn processes(count: usize) -> io::Result<Waiting> {
    let mut children = Vec::new();
    let mut refused = None;
    for _ in 0..count {
        match Answering::start(Role::Sit) {
            Ok(child) => children.push(child),
            Err(error) => {
                refused = Some(error.to_string());
                break;
            }
        }
    }
    let mut full = Memory::default();
    for child in &mut children {
        child.hear()?;
        full = full.plus(Memory::of_process(child.pid())?);
    }
    Ok(Waiting {
        before: Memory::default(),
        ready: Memory::default(),
        full,
        count: children.len(),
        refused,
    })
}

/// In the child: starts them, and prints their memory.
pub(crate) fn report(kind: Kind, count: usize) -> io::Result<()> {
    let before = Memory::now()?;
    let waiting = match kind {
        Kind::Threads => threads(before, count),
        Kind::Queued => queued(before, count),
        Kind::Tokio => tokio(before, count),
        #[cfg(unix)]
        Kind::Scheduler => on_loops::scheduler(before, count),
        #[cfg(unix)]
        Kind::Green => on_loops::green(before, count),
        #[cfg(unix)]
        Kind::Calls => on_loops::calls(before, count),
        #[cfg(not(unix))]
        _ => Err(io::Error::other("this measurement needs Unix")),
    };
    let waiting = waiting.inspect_err(|error| eprintln!("{error}"))?;
    let mut output = io::stdout();
    output.write_all(&serde_json::to_vec(&waiting)?)?;
    output.flush()?;
    // They wait for ever: leaving at once is the end of them.
    std::process::exit(0)
}

fn waiting(before: Memory, ready: Memory, count: usize) -> io::Result<Waiting> {
    Ok(Waiting {
        before,
        ready,
        full: Memory::now()?,
        count,
        refused: None,
    })
}

fn threads(before: Memory, count: usize) -> io::Result<Waiting> {
    use std::sync::mpsc;
    use std::thread;

    let (tell, told) = mpsc::channel();
    let start = || {
        let tell = tell.clone();
        thread::Builder::new().spawn(move || {
            let _ = tell.send(());
            loop {
                thread::park();
            }
        })
    };
    // The first thread brings what all of them share.
    start()?;
    let _ = told.recv();
    let ready = Memory::now()?;
    let (mut made, mut refused) = (0, None);
    for _ in 0..count {
        match start() {
            Ok(_) => made += 1,
            Err(error) => {
                refused = Some(error.to_string());
                break;
            }
        }
    }
    // Until each of them has said that it is there.
    for _ in 0..made {
        let _ = told.recv();
    }
    Ok(Waiting {
        refused,
        ..waiting(before, ready, made)?
    })
}

fn queued(before: Memory, count: usize) -> io::Result<Waiting> {
    let pool = executors::ThreadPool::builder()
        .workers(1)
        .queue_limit(count + 1)
        .build()
        .map_err(io::Error::other)?;
    let (go, wait) = std::sync::mpsc::channel::<()>();
    let busy = pool.spawn(move || wait.recv());
    let ready = Memory::now()?;
    let jobs: Result<Vec<_>, _> = (0..count as u64).map(|n| pool.spawn(move || n)).collect();
    let jobs = jobs.map_err(io::Error::other)?;
    let waiting = waiting(before, ready, count);
    std::mem::forget((busy, jobs, go, pool));
    waiting
}

fn tokio(before: Memory, count: usize) -> io::Result<Waiting> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let waiting = runtime.block_on(async {
        let _ = tokio::spawn(async {}).await;
        let ready = Memory::now()?;
        for _ in 0..count {
            tokio::spawn(std::future::pending::<()>());
        }
        // Behind all of them in the queue.
        let _ = tokio::spawn(async {}).await;
        waiting(before, ready, count)
    });
    std::mem::forget(runtime);
    waiting
}

/// Our own event loops, which need Unix.
#[cfg(unix)]
mod on_loops {
    use super::*;
    use std::rc::Rc;
    use std::time::Duration;

    const AN_HOUR: Duration = Duration::from_secs(3600);

    pub(super) fn scheduler(before: Memory, count: usize) -> io::Result<Waiting> {
        let executor = scheduler::executor::Executor::new()?;
        drop(executor.spawn(async {}));
        executor.run_pending();
        let ready = Memory::now()?;
        for _ in 0..count {
            drop(executor.spawn(std::future::pending::<()>()));
        }
        executor.run_pending();
        let waiting = waiting(before, ready, count);
        std::mem::forget(executor);
        waiting
    }

    pub(super) fn green(before: Memory, count: usize) -> io::Result<Waiting> {
        use green_threads::{Builder, sync::Event, yield_now};

        let never = Rc::new(Event::new());
        drop(green_threads::spawn(|| ()).join());
        let ready = Memory::now()?;
        let (mut made, mut refused) = (Vec::with_capacity(count), None);
        for _ in 0..count {
            let never = Rc::clone(&never);
            match Builder::new().spawn(move || never.wait()) {
                Ok(thread) => made.push(thread),
                Err(error) => {
                    refused = Some(error.to_string());
                    break;
                }
            }
        }
        // Each gets its turn, and waits.
        yield_now();
        let waiting = waiting(before, ready, made.len());
        std::mem::forget((made, never));
        Ok(Waiting {
            refused,
            ..waiting?
        })
    }

    pub(super) fn calls(before: Memory, count: usize) -> io::Result<Waiting> {
        let reactor = reactor::Reactor::new()?;
        reactor.call_later(Duration::ZERO, |_| ());
        reactor.run_pending()?;
        let ready = Memory::now()?;
        for _ in 0..count {
            reactor.call_later(AN_HOUR, |reactor| reactor.stop());
        }
        reactor.run_pending()?;
        let waiting = waiting(before, ready, count);
        std::mem::forget(reactor);
        waiting
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn memory(resident: u64, tables: u64) -> Memory {
        Memory { resident, tables }
    }

    #[test]
    fn each_has_its_share_of_what_grew() {
        let waiting = Waiting {
            before: memory(1000, 100),
            ready: memory(3000, 100),
            full: memory(13_000, 500),
            count: 100,
            refused: None,
        };
        assert_eq!(waiting.resident_each(), 100.0);
        assert_eq!(waiting.tables_each(), 4.0);
        assert_eq!(waiting.runtime(), 2000.0);
    }

    #[test]
    fn names_lead_back_to_kinds() {
        for kind in Kind::ALL {
            assert_eq!(Kind::of(kind.name()), Some(kind));
        }
        assert_eq!(Kind::of("fiber"), None);
    }
}
