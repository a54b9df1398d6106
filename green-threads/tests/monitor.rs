//! The monitor reports which green thread blocks the thread, and how.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use green_threads::{Blocked, Blocking, Builder, Monitor, sleep, spawn, yield_now};

/// A monitor, and the channel of its reports.
fn monitor() -> (Monitor, mpsc::Receiver<Blocked>) {
    let (tell, told) = mpsc::channel();
    let monitor = Monitor::start(Duration::from_millis(20), move |blocked| {
        let _ = tell.send(blocked.clone());
    });
    (monitor.unwrap(), told)
}

/// Computes until there is a report.
fn compute(told: &mpsc::Receiver<Blocked>) -> Blocked {
    loop {
        if let Ok(blocked) = told.try_recv() {
            return blocked;
        }
        std::hint::spin_loop();
    }
}

#[test]
fn main_is_watched() {
    let (_monitor, told) = monitor();
    let other = spawn(|| sleep(Duration::from_secs(3600)));
    yield_now();
    // On the thread's own stack.
    let blocked = compute(&told);
    assert_eq!((blocked.id, blocked.blocking), (0, None));
    assert_eq!(
        blocked.name.as_deref(),
        Some("main_is_watched"),
        "the thread's name"
    );
    let text = blocked.to_string();
    let expected = "the thread's own stack \"main_is_watched\", watched from ";
    assert!(text.starts_with(expected), "{text}");
    assert!(
        text.contains("tests/monitor.rs") && text.contains("without letting"),
        "{text}"
    );
    other.kill();
    // Now `main` is alone, so it blocks no other green thread. This sleep is five times the limit, and must
    // not be reported: the next report is about `busy`.
    std::thread::sleep(Duration::from_millis(100));
    let busy = Builder::new()
        .name("busy")
        .spawn(move || compute(&told))
        .unwrap();
    assert_eq!(busy.join().unwrap().name.as_deref(), Some("busy"));
}

#[cfg(target_os = "linux")]
#[test]
fn a_lock_that_is_held_over_a_wait_is_told() {
    let lock = Arc::new(Mutex::new(()));
    let (tell, told) = mpsc::channel();
    // The report unlocks the lock that blocks the thread. Without that the test would never end.
    let _monitor = Monitor::start(Duration::from_millis(20), move |blocked| {
        let _ = tell.send(blocked.clone());
    });
    // Another thread takes the place of the green thread that can never run again.
    let (locked, is_locked) = mpsc::channel();
    let holder = std::thread::spawn({
        let lock = Arc::clone(&lock);
        move || {
            let guard = lock.lock().unwrap();
            locked.send(()).unwrap();
            let blocked = told.recv().unwrap();
            drop(guard);
            (blocked, told)
        }
    });
    is_locked.recv().unwrap();
    let wants = Builder::new()
        .name("wants")
        .spawn(move || drop(lock.lock().unwrap()));
    wants.unwrap().join().unwrap();
    let (blocked, told) = holder.join().unwrap();
    assert_eq!(blocked.blocking, Some(Blocking::Lock));
    let text = blocked.to_string();
    assert!(
        text.contains("\"wants\"") && text.contains("std::sync::Mutex"),
        "{text}"
    );
    // Any other system call.
    let (reader, writer) = std::io::pipe().unwrap();
    let reads = spawn(move || std::io::read_to_string(reader).unwrap());
    let ending = std::thread::spawn(move || {
        let blocked = told.recv().unwrap();
        drop(writer);
        blocked
    });
    reads.join().unwrap();
    assert_eq!(ending.join().unwrap().blocking, Some(Blocking::SystemCall));
}
