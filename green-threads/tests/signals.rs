//! No signal is lost, whether a green thread waits for it or not.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::Duration;

use green_threads::{Signal, Signals, sleep, spawn, yield_now};
use rustix::process::{Signal as Send, getpid, kill_process};

/// Longer than any of this takes.
const PATIENCE: Duration = Duration::from_secs(20);
const MOMENT: Duration = Duration::from_millis(1);

fn signal(signal: Send) -> Signal {
    Signal::new(signal.as_raw())
}

fn send(signal: Send) {
    kill_process(getpid(), signal).unwrap();
}

#[test]
fn what_comes_while_nobody_waits_is_kept() {
    let signals = Signals::new(&[signal(Send::USR1), signal(Send::USR2)]).unwrap();
    send(Send::USR1);
    // No green thread waits while the loop sees it.
    sleep(MOMENT);
    assert_eq!(signals.wait_timeout(PATIENCE), Some(signal(Send::USR1)));
    // No green thread waits while the first one is handled.
    spawn(|| {
        send(Send::USR1);
        sleep(MOMENT);
        send(Send::USR2);
    });
    assert_eq!(signals.wait_timeout(PATIENCE), Some(signal(Send::USR1)));
    (0..5).for_each(|_| sleep(MOMENT));
    assert_eq!(signals.wait_timeout(PATIENCE), Some(signal(Send::USR2)));
    assert_eq!(signals.try_wait(), None);
    // Two signals of a kind that were not taken yet are one, as in the system.
    for _ in 0..2 {
        send(Send::USR2);
        sleep(MOMENT);
    }
    assert_eq!(signals.wait_timeout(PATIENCE), Some(signal(Send::USR2)));
    assert_eq!(signals.wait_timeout(MOMENT), None);
}

#[test]
fn each_queue_is_told_and_in_it_one_who_waits() {
    let kind = [signal(Send::WINCH)];
    let (first, second) = (Signals::new(&kind).unwrap(), Signals::new(&kind).unwrap());
    let shared = std::rc::Rc::new(Signals::new(&kind).unwrap());
    let waiters: Vec<_> = (0..2)
        .map(|_| {
            let shared = std::rc::Rc::clone(&shared);
            spawn(move || shared.wait_timeout(PATIENCE))
        })
        .collect();
    yield_now();
    send(Send::WINCH);
    assert_eq!(first.wait_timeout(PATIENCE), Some(kind[0]));
    assert_eq!(second.wait_timeout(PATIENCE), Some(kind[0]));
    sleep(MOMENT);
    assert_eq!(waiters.iter().filter(|waiter| waiter.ready()).count(), 1);
    send(Send::WINCH);
    for waiter in waiters {
        assert_eq!(waiter.join().unwrap(), Some(kind[0]));
    }
    // A green thread that is killed takes no signal with it.
    let killed = spawn({
        let shared = std::rc::Rc::clone(&shared);
        move || shared.wait()
    });
    yield_now();
    killed.kill();
    send(Send::WINCH);
    assert_eq!(shared.wait_timeout(PATIENCE), Some(kind[0]));
}

#[test]
fn every_child_that_ends_is_found() {
    let signals = Signals::new(&[signal(Send::CHILD)]).unwrap();
    let mut children: Vec<_> = (0..5)
        .map(|n| {
            let nap = format!("sleep 0.0{n}");
            let mut shell = std::process::Command::new("sh");
            shell.args(["-c", &nap]).spawn().unwrap()
        })
        .collect();
    while !children.is_empty() {
        assert!(signals.wait_timeout(PATIENCE).is_some(), "{children:?}");
        // Others end while this one is handled.
        sleep(20 * MOMENT);
        children.retain_mut(|child| child.try_wait().unwrap().is_none());
    }
}
