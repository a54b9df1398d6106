//! Compares our synchronization objects with tokio's. The same random operations are done to both,
//! and both must give the same results to the same tasks, in the same order. A future is polled
//! only when it was woken, so a lost wake-up is detected.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::any::Any;
use std::cell::RefCell;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;
use scheduler::sync;

/// The result of a wait: a text to compare, and the guard to keep until it is released.
type Given = (String, Box<dyn Any>);
type Wait = Pin<Box<dyn Future<Output = Given>>>;

struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// One of the two: its waits, and the results that they got, in order.
#[derive(Default)]
struct Side {
    waiting: Vec<(usize, Wait, Arc<Woken>)>,
    kept: Vec<Box<dyn Any>>,
    log: Vec<(usize, String)>,
}

impl Side {
    fn start(&mut self, number: usize, wait: Wait) {
        let woken = Arc::new(Woken(AtomicBool::new(true)));
        self.waiting.push((number, wait, woken));
    }

    /// Polls the woken futures in the order in which they began, until none is left.
    fn run(&mut self) {
        let mut place = 0;
        while place < self.waiting.len() {
            let (number, wait, woken) = &mut self.waiting[place];
            if !woken.0.swap(false, Ordering::Relaxed) {
                place += 1;
                continue;
            }
            let waker = Waker::from(Arc::clone(woken));
            if let Poll::Ready((told, kept)) = wait.as_mut().poll(&mut Context::from_waker(&waker))
            {
                self.log.push((*number, told));
                self.kept.push(kept);
                drop(self.waiting.remove(place));
            }
            place = 0;
        }
    }

    fn cancel(&mut self, which: usize) {
        if !self.waiting.is_empty() {
            drop(self.waiting.remove(which % self.waiting.len()));
        }
    }

    fn release(&mut self, which: usize) {
        if !self.kept.is_empty() {
            self.kept.remove(which % self.kept.len());
        }
    }
}

#[derive(Clone, Copy, Debug)]
enum Op {
    /// Begins to wait. The number chooses the wait.
    Start(usize),
    Cancel(usize),
    Release(usize),
}

fn ops() -> impl Strategy<Value = Vec<Op>> {
    let op = prop_oneof![
        3 => (0..8_usize).prop_map(Op::Start),
        1 => (0..64_usize).prop_map(Op::Cancel),
        2 => (0..64_usize).prop_map(Op::Release),
    ];
    prop::collection::vec(op, 0..80)
}

/// Does the same to both. At the end it releases everything, so all waits that can be served are.
fn compare(
    ops: &[Op],
    mut ours: impl FnMut(usize, usize) -> Wait,
    mut theirs: impl FnMut(usize, usize) -> Wait,
) -> TestCaseResult {
    let (mut us, mut them) = (Side::default(), Side::default());
    let release_all = (0..ops.len()).map(|_| Op::Release(0));
    for (number, op) in ops.iter().copied().chain(release_all).enumerate() {
        match op {
            Op::Start(what) => {
                us.start(number, ours(number, what));
                them.start(number, theirs(number, what));
            }
            Op::Cancel(which) => {
                us.cancel(which);
                them.cancel(which);
            }
            Op::Release(which) => {
                us.release(which);
                them.release(which);
            }
        }
        us.run();
        them.run();
        prop_assert_eq!(&us.log, &them.log, "after {} ops", number + 1);
    }
    Ok(())
}

fn given(told: impl ToString, kept: impl Any) -> Given {
    (told.to_string(), Box::new(kept))
}

/// The result of a send.
fn sent<E>(result: Result<(), E>) -> Given {
    given(if result.is_ok() { "sent" } else { "nobody" }, ())
}

proptest! {
    #[test]
    fn read_write_lock(ops in ops()) {
        let ours = sync::RwLock::new(());
        let theirs = Arc::new(tokio::sync::RwLock::new(()));
        compare(
            &ops,
            |_, what| {
                let lock = ours.clone();
                match what < 5 {
                    true => Box::pin(async move { given("read", lock.read().await) }),
                    false => Box::pin(async move { given("write", lock.write().await) }),
                }
            },
            |_, what| {
                let lock = Arc::clone(&theirs);
                match what < 5 {
                    true => Box::pin(async move { given("read", lock.read_owned().await) }),
                    false => Box::pin(async move { given("write", lock.write_owned().await) }),
                }
            },
        )?;
    }

    #[test]
    fn semaphore_and_lock(ops in ops(), permits in 1..5_usize) {
        let ours = sync::Semaphore::new(permits);
        let theirs = Arc::new(tokio::sync::Semaphore::new(permits));
        compare(
            &ops,
            |_, what| {
                let (semaphore, count) = (ours.clone(), what % permits + 1);
                Box::pin(async move { given(count, semaphore.acquire(count).await) })
            },
            |_, what| {
                let (semaphore, count) = (Arc::clone(&theirs), what % permits + 1);
                Box::pin(async move {
                    given(count, semaphore.acquire_many_owned(count as u32).await.unwrap())
                })
            },
        )?;
    }

    /// tokio's barrier counts cancelled tasks, as its documentation says. So no task is cancelled
    /// here.
    #[test]
    fn barrier(ops in ops(), parties in 1..5_usize) {
        let ops: Vec<_> = ops.into_iter().filter(|op| matches!(op, Op::Start(_))).collect();
        let ours = sync::Barrier::new(parties);
        let theirs = Arc::new(tokio::sync::Barrier::new(parties));
        compare(
            &ops,
            |_, _| {
                let barrier = ours.clone();
                Box::pin(async move { given(barrier.wait().await, ()) })
            },
            |_, _| {
                let barrier = Arc::clone(&theirs);
                Box::pin(async move { given(barrier.wait().await.is_leader(), ()) })
            },
        )?;
    }

    /// tokio has only one receiver, so only one receive runs at a time.
    #[test]
    fn channel(ops in ops(), capacity in 1..5_usize) {
        let (sender, receiver) = sync::channel(capacity);
        let (their_sender, their_receiver) = tokio::sync::mpsc::channel(capacity);
        let their_receiver = Rc::new(tokio::sync::Mutex::new(their_receiver));
        let our_turn = Rc::new(tokio::sync::Mutex::new(()));
        compare(
            &ops,
            |number, what| match what < 5 {
                true => {
                    let sender = sender.clone();
                    Box::pin(async move { sent(sender.send(number).await) })
                }
                false => {
                    let (receiver, turn) = (receiver.clone(), Rc::clone(&our_turn));
                    Box::pin(async move {
                        let _turn = turn.lock().await;
                        given(format!("{:?}", receiver.recv().await), ())
                    })
                }
            },
            |number, what| match what < 5 {
                true => {
                    let sender = their_sender.clone();
                    Box::pin(async move { sent(sender.send(number).await) })
                }
                false => {
                    let receiver = Rc::clone(&their_receiver);
                    Box::pin(async move { given(format!("{:?}", receiver.lock().await.recv().await), ()) })
                }
            },
        )?;
    }

    /// Two receivers. A third of the operations set a new value, which is there at once.
    #[test]
    fn watch(ops in ops(), ends in any::<bool>()) {
        let (sender, one) = sync::watch(0);
        let (their_sender, their_one) = tokio::sync::watch::channel(0);
        let receivers = [one.clone(), one].map(|one| Rc::new(tokio::sync::Mutex::new(one)));
        let their_receivers = [their_one.clone(), their_one].map(|one| Rc::new(tokio::sync::Mutex::new(one)));
        let sender = RefCell::new(Some(sender));
        let their_sender = RefCell::new(Some(their_sender));
        let last = ops.iter().rposition(|op| matches!(op, Op::Start(_)));
        compare(
            &ops,
            |number, what| {
                if ends && Some(number) == last {
                    sender.take();
                } else if what < 3 && let Some(sender) = &*sender.borrow() {
                    sender.send(number);
                }
                let receiver = Rc::clone(&receivers[what % 2]);
                Box::pin(async move {
                    let mut receiver = receiver.lock().await;
                    let changed = receiver.changed().await.is_ok();
                    let value = *receiver.borrow();
                    given(format!("{changed} {value}"), ())
                })
            },
            |number, what| {
                if ends && Some(number) == last {
                    their_sender.take();
                } else if what < 3 && let Some(sender) = &*their_sender.borrow() {
                    sender.send(number).unwrap();
                }
                let receiver = Rc::clone(&their_receivers[what % 2]);
                Box::pin(async move {
                    let mut receiver = receiver.lock().await;
                    let changed = receiver.changed().await.is_ok();
                    let value = *receiver.borrow();
                    given(format!("{changed} {value}"), ())
                })
            },
        )?;
    }

    /// The value is sent, or the sender dropped, before or after the receiver waits.
    #[test]
    fn one_shot(sends in any::<bool>(), waits_first in any::<bool>(), receives in any::<bool>()) {
        let (sender, receiver) = sync::oneshot();
        let (their_sender, their_receiver) = tokio::sync::oneshot::channel();
        let (mut us, mut them) = (Side::default(), Side::default());
        let waits = || {
            if receives {
                us.start(0, Box::pin(async move { given(format!("{:?}", receiver.await.ok()), ()) }));
                them.start(0, Box::pin(async move { given(format!("{:?}", their_receiver.await.ok()), ()) }));
                us.run();
                them.run();
            } else {
                drop((receiver, their_receiver));
            }
        };
        let send = || match sends {
            true => Some((sender.send(1), their_sender.send(1))),
            false => {
                drop((sender, their_sender));
                None
            }
        };
        let results = match waits_first {
            true => {
                waits();
                send()
            }
            false => {
                let results = send();
                waits();
                results
            }
        };
        if let Some((ours, theirs)) = results {
            prop_assert_eq!(ours, theirs);
        }
        us.run();
        them.run();
        prop_assert_eq!(us.log, them.log);
    }
}
