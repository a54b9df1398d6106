//! Models of wake-ups between threads, and of the two counts of a task's references.
//!
//! `RUSTFLAGS="--cfg loom" cargo test -p scheduler --release --lib --target-dir target/loom loom`

#![allow(
    unsafe_code,
    reason = "the models call the core's functions as the executor does"
)]

use std::cell::RefCell;
use std::future::poll_fn;
use std::rc::Rc;
use std::sync::Arc as StdArc;
use std::task::{Poll, Waker};

use loom::sync::atomic::{AtomicBool, Ordering};
use loom::sync::{Arc, Condvar, Mutex, mpsc};
use loom::thread;

use super::core::{Bell, Core};
use super::join_handle::JoinHandle;
use super::task;

/// In place of the event loop's waker: if the loop was woken, it does not wait.
#[derive(Clone, Default)]
struct TestBell(StdArc<Rung>);

#[derive(Default)]
struct Rung {
    rung: Mutex<bool>,
    ring: Condvar,
}

impl Bell for TestBell {
    fn ring(&self) {
        *self.0.rung.lock().unwrap() = true;
        self.0.ring.notify_one();
    }
}

impl TestBell {
    fn wait(&self) {
        let mut rung = self.0.rung.lock().unwrap();
        while !*rung {
            rung = self.0.ring.wait(rung).unwrap();
        }
        *rung = false;
    }
}

/// Spawns a task that gives its waker away, and ends when `done` is set. Its memory is checked.
fn spawn(core: &Core, done: &Arc<AtomicBool>) -> (JoinHandle<()>, Waker) {
    let (sender, receiver) = mpsc::channel();
    let done = Arc::clone(done);
    let mut sender = Some(sender);
    let future = poll_fn(move |context| {
        if let Some(sender) = sender.take() {
            sender.send(context.waker().clone()).unwrap();
        }
        match done.load(Ordering::Relaxed) {
            true => Poll::Ready(()),
            false => Poll::Pending,
        }
    });
    // SAFETY: the future borrows nothing.
    let handle = JoinHandle::new(unsafe { core.spawn(future) });
    while core.run_one() {}
    (handle, receiver.recv().unwrap())
}

fn model(check: impl Fn() + Send + Sync + 'static) {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(3);
    model.check(move || {
        check();
        assert_eq!(task::live(), 0, "every task's memory is freed, once");
    });
}

#[test]
fn loom_no_wake_up_is_lost() {
    model(|| {
        let bell = TestBell::default();
        let core = Core::new(bell.clone());
        let done = Arc::new(AtomicBool::new(false));
        let (handle, waker) = spawn(&core, &done);
        let waking = thread::spawn({
            let done = Arc::clone(&done);
            move || {
                // Relaxed: the wake-up itself must make it visible.
                done.store(true, Ordering::Relaxed);
                waker.wake();
            }
        });
        while !handle.is_finished() {
            bell.wait();
            core.collect();
            while core.run_one() {}
        }
        waking.join().unwrap();
    });
}

#[test]
fn loom_two_wakers_and_a_task_that_ends_meanwhile() {
    model(|| {
        let core = Core::new(TestBell::default());
        let done = Arc::new(AtomicBool::new(true));
        let (handle, first) = spawn(&core, &done);
        assert!(handle.is_finished());
        let second = first.clone();
        let threads = [first, second].map(|waker| {
            thread::spawn(move || {
                waker.wake_by_ref();
                drop(waker);
            })
        });
        drop(handle);
        core.collect();
        while core.run_one() {}
        for thread in threads {
            thread.join().unwrap();
        }
        core.collect();
        while core.run_one() {}
    });
}

#[test]
fn loom_a_waker_that_was_cloned_away_is_dropped_at_home() {
    model(|| {
        let core = Core::new(TestBell::default());
        let done = Arc::new(AtomicBool::new(false));
        let (handle, waker) = spawn(&core, &done);
        let (sender, receiver) = mpsc::channel();
        let away = thread::spawn(move || {
            sender.send(waker.clone()).unwrap();
            drop(waker);
        });
        handle.abort();
        drop(handle);
        // If the other waker is not dropped yet, the count at home falls below zero here.
        drop(receiver.recv().unwrap());
        core.collect();
        away.join().unwrap();
        core.collect();
    });
}

#[test]
fn loom_the_executor_goes_while_wakers_are_used_elsewhere() {
    model(|| {
        let core = Core::new(TestBell::default());
        let done = Arc::new(AtomicBool::new(false));
        let (handle, first) = spawn(&core, &done);
        let second = first.clone();
        let threads = [
            thread::spawn(move || {
                let clone = first.clone();
                drop(first);
                clone.wake();
            }),
            thread::spawn(move || drop(second)),
        ];
        drop(core);
        assert!(handle.is_finished());
        drop(handle);
        for thread in threads {
            thread.join().unwrap();
        }
    });
}

#[test]
fn loom_a_task_drops_its_executor_while_its_waker_is_used_elsewhere() {
    struct DropsCore(Rc<RefCell<Option<Core>>>);

    impl Drop for DropsCore {
        fn drop(&mut self) {
            drop(self.0.take());
        }
    }

    model(|| {
        let core = Rc::new(RefCell::new(Some(Core::new(TestBell::default()))));
        let held = DropsCore(Rc::clone(&core));
        let (sender, receiver) = mpsc::channel();
        let mut sender = Some(sender);
        let future = poll_fn(move |context| {
            let _held = &held;
            if let Some(sender) = sender.take() {
                sender.send(context.waker().clone()).unwrap();
            }
            Poll::<()>::Pending
        });
        let handle: JoinHandle<()> = core.borrow().as_ref().map_or_else(
            || unreachable!("it is there"),
            |core| {
                // SAFETY: the future borrows nothing.
                let handle = JoinHandle::new(unsafe { core.spawn(future) });
                while core.run_one() {}
                handle
            },
        );
        let waker = receiver.recv().unwrap();
        let waking = thread::spawn(move || {
            let clone = waker.clone();
            drop(waker);
            clone.wake();
        });
        handle.abort();
        assert!(core.borrow().is_none() && handle.is_finished());
        drop(handle);
        waking.join().unwrap();
    });
}

#[test]
fn loom_counts_are_taken_over_while_they_change() {
    model(|| {
        let core = Core::new(TestBell::default());
        let done = Arc::new(AtomicBool::new(false));
        let (handle, waker) = spawn(&core, &done);
        let (sender, receiver) = mpsc::channel();
        let away = thread::spawn(move || {
            sender.send(waker.clone()).unwrap();
            sender.send(waker.clone()).unwrap();
            drop(waker);
        });
        // The handle's reference is dropped first, so each of these finds the count at home too
        // low.
        handle.abort();
        drop(handle);
        drop(receiver.recv().unwrap());
        drop(receiver.recv().unwrap());
        away.join().unwrap();
        core.collect();
        assert_eq!(core.loose(), 0);
    });
}
