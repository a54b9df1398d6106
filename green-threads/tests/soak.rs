//! Everything at once, at random: locks, channels, selects, scopes, locals, time-outs, panics,
//! wake-ups from threads, signals, and kills at any moment. At the end nothing may be lost or left
//! over, and every destructor must have run once.
//!
//! Long: `GREEN_THREADS_SOAK=20000 cargo test --release -p green-threads --test soak`. CI runs the
//! short form under valgrind as well (`.ci/valgrind`).

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::rc::Rc;
use std::sync::mpsc;
use std::time::Duration;

use green_threads::sync::{AsyncResult, Condvar, Event, Mutex, RwLock, Semaphore, Setter};
use green_threads::{
    Channel, JoinError, Receiver, Select, Sender, Signal, Signals, green_local, scope, sleep,
    spawn, stats, timeout, yield_now,
};
use rustix::process::{getpid, kill_process};

/// How many green threads there are, how many steps each does, how many kills there are.
const WORKERS: usize = 24;
const STEPS: usize = 12;
const KILLS: usize = 30;
const PERMITS: usize = 2;

/// Marsaglia's xorshift, 2003: the same run for the same seed.
struct Random(Cell<u64>);

impl Random {
    fn below(&self, bound: u64) -> u64 {
        let mut x = self.0.get();
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        self.0.set(x);
        (x >> 32) % bound
    }

    /// A short time, but long enough to wait for.
    fn moment(&self) -> Duration {
        Duration::from_micros(self.below(300))
    }
}

/// Counts values that are made and dropped: each must be dropped once.
#[derive(Default)]
struct Counts {
    made: Cell<u64>,
    dropped: Cell<u64>,
    sent: Cell<u64>,
    received: Cell<u64>,
    signals: Cell<u64>,
}

fn add(count: &Cell<u64>) {
    count.set(count.get() + 1);
}

struct Value(Rc<World>);

impl Value {
    fn new(world: &Rc<World>) -> Value {
        add(&world.counts.made);
        Value(Rc::clone(world))
    }
}

impl Drop for Value {
    fn drop(&mut self) {
        add(&self.0.counts.dropped);
        // A destructor may do anything, even while it unwinds.
        if self.0.random.below(4) == 0 {
            yield_now();
        }
    }
}

/// The state that all green threads share.
struct World {
    random: Random,
    counts: Counts,
    mutex: Mutex<u64>,
    changed: Condvar,
    lock: RwLock<u64>,
    semaphore: Semaphore,
    event: Event,
    /// Sets results on another thread.
    setting: mpsc::Sender<Setter<u64>>,
}

green_local! {
    static LOCAL: RefCell<Vec<Value>> = RefCell::new(Vec::new());
}

/// One random step.
fn step(world: &Rc<World>, to: &Sender<Value>, from: &Receiver<Value>) {
    let random = &world.random;
    let _on_stack = Value::new(world);
    match random.below(16) {
        0 => yield_now(),
        1 => sleep(random.moment()),
        2 => {
            let mut guard = world.mutex.lock();
            let before = *guard;
            yield_now();
            assert_eq!(*guard, before, "nobody else has it");
            *guard += 1;
            world.changed.notify_one();
        }
        3 => {
            let guard = world.mutex.lock();
            drop(world.changed.wait_timeout(guard, random.moment()));
        }
        4 => {
            let guard = world.lock.read();
            let before = *guard;
            yield_now();
            assert_eq!(*guard, before, "nobody writes");
        }
        5 => {
            if let Some(mut guard) = world.lock.write_timeout(random.moment()) {
                *guard += 1;
                yield_now();
            }
        }
        6 => {
            let _permit = world.semaphore.acquire();
            sleep(random.moment());
        }
        7 | 8 => {
            if to.send_timeout(Value::new(world), random.moment()).is_ok() {
                add(&world.counts.sent);
            }
        }
        9 | 10 => {
            if let Ok(value) = from.recv_timeout(random.moment()) {
                add(&world.counts.received);
                drop(value);
            }
        }
        11 => {
            let select = Select::new()
                .send(to, Value::new(world), |sent| {
                    if sent.is_ok() {
                        add(&world.counts.sent);
                    }
                })
                .recv(from, |value| {
                    let value = value.unwrap();
                    add(&world.counts.received);
                    drop(value);
                });
            select.wait_timeout(random.moment());
        }
        12 => LOCAL.with(|local| {
            let value = Value::new(world);
            local.borrow_mut().push(value);
        }),
        13 => {
            let result = AsyncResult::new();
            world.setting.send(result.setter()).unwrap();
            assert!(result.get().is_ok());
        }
        14 => {
            let borrowed = [Value::new(world), Value::new(world)];
            scope(|scope| {
                for value in &borrowed {
                    scope.spawn(|| {
                        sleep(value.0.random.moment());
                        timeout(value.0.random.moment(), || value.0.event.wait())
                    });
                }
                if random.below(2) == 0 {
                    yield_now();
                }
            });
        }
        _ => {
            let _ = timeout(random.moment(), || {
                let _within = Value::new(world);
                // Code that catches every panic must work too.
                let _ = catch_unwind(AssertUnwindSafe(|| world.event.wait()));
                if world.random.below(3) == 0 {
                    resume_unwind(Box::new("on purpose"));
                }
                world.event.wait();
            });
        }
    }
}

fn round(seed: u64, setting: &mpsc::Sender<Setter<u64>>) {
    let world = Rc::new(World {
        random: Random(Cell::new(seed)),
        counts: Counts::default(),
        mutex: Mutex::new(0),
        changed: Condvar::new(),
        lock: RwLock::new(0),
        semaphore: Semaphore::new(PERMITS),
        event: Event::new(),
        setting: setting.clone(),
    });
    let (to, from) = Channel::bounded::<Value>(2);
    let signals = Signals::new(&[Signal::new(libc::SIGUSR1)]).unwrap();
    let counting = spawn({
        let world = Rc::clone(&world);
        move || {
            loop {
                signals.wait();
                add(&world.counts.signals);
            }
        }
    });
    let workers: Vec<_> = (0..WORKERS)
        .map(|_| {
            let (world, to, from) = (Rc::clone(&world), to.clone(), from.clone());
            spawn(move || (0..STEPS).for_each(|_| step(&world, &to, &from)))
        })
        .collect();
    for _ in 0..KILLS {
        match world.random.below(3) {
            0 => sleep(world.random.moment()),
            1 => yield_now(),
            _ => kill_process(getpid(), rustix::process::Signal::USR1).unwrap(),
        }
        workers[world.random.below(WORKERS as u64) as usize].kill_soon();
    }
    for worker in workers {
        match worker.join() {
            Ok(()) | Err(JoinError::Killed) => {}
            Err(JoinError::Panicked(panic)) if panic.to_string() == "on purpose" => {}
            Err(error) => panic!("seed {seed}: {error}"),
        }
    }
    // A signal that is on its way is delivered in one of the next turns.
    kill_process(getpid(), rustix::process::Signal::USR1).unwrap();
    while world.counts.signals.get() == 0 {
        sleep(Duration::from_micros(100));
    }
    counting.kill();
    while stats().remotes > 0 {
        sleep(Duration::from_micros(100));
    }
    let counts = &world.counts;
    let left = from.len() as u64;
    assert_eq!(
        counts.sent.get(),
        counts.received.get() + left,
        "seed {seed}"
    );
    drop((to, from));
    assert_eq!(counts.made.get(), counts.dropped.get(), "seed {seed}");
    assert_eq!(Rc::strong_count(&world), 1, "seed {seed}");
    assert!(world.mutex.try_lock().is_some() && world.lock.try_write().is_some());
    assert_eq!(world.semaphore.available(), PERMITS, "seed {seed}");
    let stats = stats();
    assert_eq!(
        (stats.green_threads, stats.sources, stats.timers),
        (0, 0, 0),
        "seed {seed}"
    );
}

#[test]
fn nothing_is_lost_and_nothing_is_left() {
    let rounds = std::env::var("GREEN_THREADS_SOAK").map_or(100, |rounds| rounds.parse().unwrap());
    // The system may deliver a signal on the other thread, and so after its round. So it is handled
    // the whole time.
    let _handled = Signals::new(&[Signal::new(libc::SIGUSR1)]).unwrap();
    let (setting, set) = mpsc::channel::<Setter<u64>>();
    let thread = std::thread::spawn(move || {
        for (n, setter) in (0..).zip(set) {
            setter.set(n);
        }
    });
    for seed in 1..=rounds {
        // Spread the seeds: similar seeds give similar beginnings.
        round(0x9e37_79b9_7f4a_7c15_u64.wrapping_mul(seed), &setting);
    }
    drop(setting);
    thread.join().unwrap();
}
