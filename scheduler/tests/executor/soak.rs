//! Everything at once, at random: tasks that wait in every possible way, aborts at any moment,
//! wake-ups and drops of wakers on other threads, signals, scopes, task locals, executors that are
//! made and dropped. At the end nothing may be lost. It runs under valgrind in CI.
//!
//! The long form: `SOAK_ROUNDS=2000 cargo test -p scheduler --test executor soak`.

use super::*;
use event_loop::Signal;
use rustix::process::{Signal as Raise, getpid, kill_process};
use scheduler::executor::TaskGroup;
use scheduler::io::{UnixStream, signal};
use scheduler::sync::{Condition, RwLock};

scheduler::task_local! {
    static NUMBER: u32;
}

/// George Marsaglia's xorshift.
struct Random(u64);

impl Random {
    fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % n
    }
}

/// The state that the tasks share.
struct World {
    permits: Semaphore,
    lock: Lock<u64>,
    names: RwLock<u64>,
    event: Event,
    changed: Condition,
    sender: scheduler::sync::Sender<CountDrop>,
    receiver: scheduler::sync::Receiver<CountDrop>,
    /// Other threads wake and drop these wakers.
    wakers: mpsc::Sender<Waker>,
    made: Dropped,
    sent: Cell<usize>,
    received: Cell<usize>,
}

/// Checks, in its destructor, that the task's own value is there.
struct Local(u32);

impl Drop for Local {
    fn drop(&mut self) {
        NUMBER.with(|number| assert_eq!(*number, self.0));
    }
}

async fn one(world: Rc<World>, kind: u64, turns: u64) {
    match kind {
        0 => {
            let _permits = world.permits.acquire(1 + turns as usize % 3).await;
            for _ in 0..turns {
                yield_now().await;
            }
        }
        1 => {
            let mut value = world.lock.lock().await;
            let before = *value;
            yield_now().await;
            *value = before + 1;
            world.changed.notify_one();
        }
        2 => {
            let guard = world.made.guard();
            if world.sender.send(guard).await.is_ok() {
                world.sent.set(world.sent.get() + 1);
            }
        }
        3 => {
            let received = timeout(Duration::from_micros(turns * 50), world.receiver.recv());
            if let Ok(Some(_)) = received.await {
                world.received.set(world.received.get() + 1);
            }
        }
        4 => {
            let mut left = turns;
            poll_fn(|context| {
                left = left.saturating_sub(1);
                world.wakers.send(context.waker().clone()).unwrap();
                if left == 0 {
                    Poll::Ready(())
                } else {
                    Poll::Pending
                }
            })
            .await;
        }
        5 => {
            let count = Cell::new(0);
            scope(async |scope| {
                for _ in 0..turns {
                    scope.spawn(async {
                        drop(world.names.read().await);
                        count.set(count.get() + 1);
                    });
                }
                drop(world.names.write().await);
            })
            .await;
            assert_eq!(count.get(), turns);
        }
        6 => {
            let mut group = TaskGroup::new();
            for n in 0..turns {
                let task = group.spawn(one(Rc::clone(&world), n % 3, n)).clone();
                if n % 2 == 0 {
                    task.abort();
                }
            }
            while group.len() > turns as usize / 2 && group.next_done().await.is_some() {}
        }
        7 => {
            let number = turns as u32;
            let inner = async move {
                let _local = Local(number);
                for _ in 0..turns {
                    yield_now().await;
                }
            };
            NUMBER.scope(number, inner).await;
        }
        8 => {
            let (near, far) = UnixStream::pair().unwrap();
            let reading = spawn(async move { far.read(&mut [0; 8]).await });
            yield_now().await;
            near.write_all(b"hello").await.unwrap();
            drop(near);
            drop(reading.await);
        }
        9 => {
            let waiting = signal(&[Signal::new(Raise::WINCH.as_raw())]);
            kill_process(getpid(), Raise::WINCH).unwrap();
            drop(select(waiting, sleep(Duration::from_micros(turns * 100))).await);
        }
        10 => {
            let guard = world.lock.lock().await;
            let wait = world.changed.wait(guard);
            drop(timeout(Duration::from_micros(turns * 50), wait).await);
        }
        _ => {
            let _late = timeout(Duration::from_micros(turns * 50), world.event.wait()).await;
            world.event.set();
            world.event.clear();
        }
    }
}

fn round(random: &mut Random, wakers: &mpsc::Sender<Waker>) {
    let executor = executor();
    let permits = 3;
    let (sender, receiver) = channel(1 + random.below(3) as usize);
    let world = Rc::new(World {
        permits: Semaphore::new(permits),
        lock: Lock::new(0),
        names: RwLock::new(0),
        event: Event::new(),
        changed: Condition::new(),
        sender,
        receiver,
        wakers: wakers.clone(),
        made: Dropped::default(),
        sent: Cell::new(0),
        received: Cell::new(0),
    });
    let mut tasks = Vec::new();
    for _ in 0..10 + random.below(40) {
        let task = one(Rc::clone(&world), random.below(12), random.below(6));
        tasks.push(executor.spawn(task));
    }
    for _ in 0..random.below(60) {
        match random.below(3) {
            0 if !tasks.is_empty() => {
                let place = random.below(tasks.len() as u64) as usize;
                tasks[place].abort();
                if random.below(2) == 0 {
                    drop(tasks.swap_remove(place));
                }
            }
            _ => executor.run_pending(),
        }
    }
    if random.below(4) == 0 {
        // Whatever is still running.
        drop(executor);
        assert!(tasks.iter().all(JoinHandle::is_finished));
        return;
    }
    // Senders wait for room, and no other task makes it.
    let drained = Rc::clone(&world);
    drop(executor.spawn(async move {
        while let Ok(Some(_)) = timeout(Duration::from_millis(5), drained.receiver.recv()).await {
            drained.received.set(drained.received.get() + 1);
        }
    }));
    executor.run().unwrap();
    assert_eq!(world.permits.free(), permits);
    assert!(world.lock.try_lock().is_some() && world.names.try_write().is_some());
    assert_eq!(world.sent.get(), world.received.get(), "no value is lost");
    assert_eq!(executor.tasks(), 0);
}

#[test]
fn soak() {
    let rounds = std::env::var("SOAK_ROUNDS").map_or(60, |rounds| rounds.parse().unwrap());
    let (wakers, waking) = mpsc::channel::<Waker>();
    let threads = [mpsc::channel::<Waker>(), mpsc::channel()].map(|(to, from)| {
        let away = thread::spawn(move || {
            for (n, waker) in from.into_iter().enumerate() {
                match n % 3 {
                    0 => waker.wake(),
                    1 => {
                        let clone = waker.clone();
                        drop(waker);
                        clone.wake_by_ref();
                    }
                    _ => {
                        drop(vec![waker.clone(); 3]);
                        waker.wake();
                    }
                }
            }
        });
        (to, away)
    });
    let dealing = thread::spawn(move || {
        for (n, waker) in waking.into_iter().enumerate() {
            threads[n % 2].0.send(waker).unwrap();
        }
        for (to, away) in threads {
            drop(to);
            away.join().unwrap();
        }
    });
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    for _ in 0..rounds {
        round(&mut random, &wakers);
    }
    drop(wakers);
    dealing.join().unwrap();
}
