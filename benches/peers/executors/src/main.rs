//! `peer-executors NAME JOB COUNT`: what a yield, a task, or a parked task costs others.
//!
//! NAME: smol (its `LocalExecutor`), tokio (`current_thread`), local-pool (of futures), embassy.
//! JOB: `yield` (ten tasks, COUNT yields in all), `spawn` (COUNT tasks, run to their ends), `park`
//! (COUNT tasks that wait for ever). Prints COUNT, counted by the tasks themselves. embassy's tasks
//! lie in static pools, so there is nothing to spawn a million of.
//!
//! A yield is [`scheduler::executor::yield_now`] everywhere, which wakes its own task at once; only
//! tokio's is its own, for there such a wake-up costs more.

use std::cell::Cell;
use std::future::pending;
use std::process::ExitCode;
use std::rc::Rc;

use scheduler::executor::yield_now;

/// How many tasks share the yields.
const TASKS: u64 = 10;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let done = match words[..] {
        [name, job, count] => match count.parse() {
            Ok(count) => run(name, job, count),
            Err(_) => None,
        },
        _ => None,
    };
    match done {
        Some(count) => {
            println!("{count}");
            ExitCode::SUCCESS
        }
        None => {
            eprintln!("usage: peer-executors smol|tokio|local-pool|embassy yield|spawn|park COUNT");
            ExitCode::from(2)
        }
    }
}

fn run(name: &str, job: &str, count: u64) -> Option<u64> {
    let done = Rc::new(Cell::new(0));
    match name {
        "smol" => smol(job, count, &done)?,
        "tokio" => tokio(job, count, &done)?,
        "local-pool" => local_pool(job, count, &done)?,
        "embassy" if job == "yield" => embassy(count),
        _ => return None,
    }
    Some(done.get())
}

async fn yields(count: u64, done: Rc<Cell<u64>>) {
    for _ in 0..count {
        yield_now().await;
    }
    done.set(done.get() + count);
}

async fn one(done: Rc<Cell<u64>>) {
    done.set(done.get() + 1);
}

async fn park(done: Rc<Cell<u64>>) {
    one(done).await;
    pending().await
}

fn smol(job: &str, count: u64, done: &Rc<Cell<u64>>) -> Option<()> {
    let executor = async_executor::LocalExecutor::new();
    let done = || Rc::clone(done);
    match job {
        "yield" => (0..TASKS).for_each(|_| executor.spawn(yields(count / TASKS, done())).detach()),
        "spawn" => (0..count).for_each(|_| executor.spawn(one(done())).detach()),
        "park" => (0..count).for_each(|_| executor.spawn(park(done())).detach()),
        _ => return None,
    }
    while executor.try_tick() {}
    // What is parked would only be dropped.
    if job == "park" {
        std::mem::forget(executor);
    }
    Some(())
}

fn tokio(job: &str, count: u64, done: &Rc<Cell<u64>>) -> Option<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().ok()?;
    let tasks = tokio::task::LocalSet::new();
    let done = || Rc::clone(done);
    let finished = done();
    match job {
        "yield" => {
            for _ in 0..TASKS {
                let done = done();
                drop(tasks.spawn_local(async move {
                    for _ in 0..count / TASKS {
                        tokio::task::yield_now().await;
                    }
                    done.set(done.get() + count / TASKS);
                }));
            }
        }
        "spawn" => (0..count).for_each(|_| drop(tasks.spawn_local(one(done())))),
        "park" => (0..count).for_each(|_| drop(tasks.spawn_local(park(done())))),
        _ => return None,
    }
    tasks.block_on(&runtime, async {
        while finished.get() < count {
            tokio::task::yield_now().await;
        }
    });
    if job == "park" {
        std::mem::forget(tasks);
    }
    Some(())
}

fn local_pool(job: &str, count: u64, done: &Rc<Cell<u64>>) -> Option<()> {
    use futures_util::task::LocalSpawnExt;
    let mut pool = futures_executor::LocalPool::new();
    let spawner = pool.spawner();
    let done = || Rc::clone(done);
    let spawned = match job {
        "yield" => (0..TASKS).try_for_each(|_| spawner.spawn_local(yields(count / TASKS, done()))),
        "spawn" => (0..count).try_for_each(|_| spawner.spawn_local(one(done()))),
        "park" => (0..count).try_for_each(|_| spawner.spawn_local(park(done()))),
        _ => return None,
    };
    spawned.ok()?;
    pool.run_until_stalled();
    if job == "park" {
        std::mem::forget(pool);
    }
    Some(())
}

/// Its executor never returns: the last task prints and leaves.
fn embassy(count: u64) -> ! {
    #[embassy_executor::task(pool_size = 10)]
    async fn task(count: u64, done: &'static Done) {
        for _ in 0..count {
            yield_now().await;
        }
        done.add(count);
    }

    let done: &'static Done = Box::leak(Box::new(Done {
        count: Cell::new(0),
        all: count / TASKS * TASKS,
    }));
    let executor = Box::leak(Box::new(embassy_executor::Executor::new()));
    executor.run(|spawner| {
        for _ in 0..TASKS {
            if let Ok(token) = task(count / TASKS, done) {
                spawner.spawn(token);
            }
        }
    })
}

/// What embassy's tasks have done.
struct Done {
    count: Cell<u64>,
    all: u64,
}

impl Done {
    fn add(&self, count: u64) {
        self.count.set(self.count.get() + count);
        if self.count.get() == self.all {
            println!("{}", self.all);
            std::process::exit(0);
        }
    }
}
