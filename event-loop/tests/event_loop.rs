//! The event loop, from outside.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::{ErrorKind, Read, Write};
use std::ops::ControlFlow;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use event_loop::net::{TcpStream, UnixStream};
use event_loop::{DEFAULT_BACKLOG, Event, FakeClock, Interest, Signal, listen_tcp};

type EventLoop = event_loop::EventLoop<(), char>;

const NOW: Option<Duration> = Some(Duration::ZERO);

fn turn(event_loop: &mut EventLoop, timeout: Option<Duration>) -> Vec<Event<(), char>> {
    event_loop.wait(timeout).unwrap();
    std::iter::from_fn(|| event_loop.next_event()).collect()
}

#[test]
fn an_edge_is_told_once() {
    let mut event_loop = EventLoop::new().unwrap();
    let (mut near, mut far) = UnixStream::pair().unwrap();
    let token = event_loop
        .register(&mut near, Interest::READABLE, ())
        .unwrap();
    assert_eq!(turn(&mut event_loop, NOW), []);
    far.write_all(b"a").unwrap();
    assert!(matches!(turn(&mut event_loop, None)[..], [Event::Ready(t, _, ())] if t == token));
    // What was not read is not reported again. New data is.
    assert_eq!(turn(&mut event_loop, NOW), []);
    far.write_all(b"b").unwrap();
    assert_eq!(turn(&mut event_loop, NOW).len(), 1);
}

#[test]
fn a_close_is_told_along_with_the_last_bytes() {
    let mut event_loop = EventLoop::new().unwrap();
    let (mut near, mut far) = UnixStream::pair().unwrap();
    event_loop
        .register(&mut near, Interest::READABLE, ())
        .unwrap();
    far.write_all(b"bye").unwrap();
    drop(far);
    let [Event::Ready(_, ready, ())] = turn(&mut event_loop, None)[..] else {
        panic!("one event");
    };
    assert!(ready.readable() && ready.read_closed());
}

#[test]
fn a_close_after_a_wait_is_an_edge_of_its_own() {
    // A short read may be taken for "drained": this is the condition for it.
    let mut event_loop = EventLoop::new().unwrap();
    let (mut near, mut far) = UnixStream::pair().unwrap();
    event_loop
        .register(&mut near, Interest::READABLE, ())
        .unwrap();
    far.write_all(b"bye").unwrap();
    let [Event::Ready(_, ready, ())] = turn(&mut event_loop, None)[..] else {
        panic!("one event");
    };
    assert!(!ready.read_closed());
    drop(far);
    let mut buffer = [0; 64];
    assert_eq!(near.read(&mut buffer).unwrap(), 3);
    let [Event::Ready(_, ready, ())] = turn(&mut event_loop, None)[..] else {
        panic!("one event");
    };
    assert!(ready.read_closed());
    assert_eq!(near.read(&mut buffer).unwrap(), 0);
}

#[test]
fn late_events_are_handed_to_nobody() {
    let mut event_loop = EventLoop::new().unwrap();
    let (mut near, mut far) = UnixStream::pair().unwrap();
    let old = event_loop
        .register(&mut near, Interest::READABLE, ())
        .unwrap();
    far.write_all(b"a").unwrap();
    event_loop.wait(None).unwrap();
    assert_eq!(event_loop.deregister(&mut near, old), Some(()));
    assert_eq!(event_loop.deregister(&mut near, old), None);
    let (mut other, _far) = UnixStream::pair().unwrap();
    let new = event_loop
        .register(&mut other, Interest::READABLE, ())
        .unwrap();
    assert_eq!(old.index(), new.index());
    assert_eq!(event_loop.next_event(), None);
    assert_eq!(event_loop.sources().len(), 1);
    assert_eq!(event_loop.source(old), None);
}

#[test]
fn events_that_were_not_taken_are_not_lost() {
    let mut event_loop = EventLoop::new().unwrap();
    let (mut near, mut far) = UnixStream::pair().unwrap();
    event_loop
        .register(&mut near, Interest::READABLE, ())
        .unwrap();
    far.write_all(b"a").unwrap();
    event_loop.wait(None).unwrap();
    event_loop.waker().wake();
    // An edge is reported once. The test is that this does not wait for ever.
    let events = turn(&mut event_loop, None);
    assert!(matches!(
        events[..],
        [Event::Ready(..), Event::Woken] | [Event::Woken, Event::Ready(..)]
    ));
}

#[test]
fn timers_go_by_the_clock_they_were_given() {
    let clock = FakeClock::new();
    let mut event_loop = EventLoop::with_clock(clock.clone()).unwrap();
    let hour = event_loop.add_timer_after(Duration::from_secs(3600), 'h');
    let minute = event_loop.add_timer_after(Duration::from_secs(60), 'm');
    let never = event_loop.add_timer_after(Duration::from_secs(30), 'n');
    assert_eq!(event_loop.cancel_timer(never), Some('n'));
    assert_eq!(turn(&mut event_loop, NOW), []);
    clock.advance(Duration::from_secs(59));
    assert_eq!(turn(&mut event_loop, NOW), []);
    clock.advance(Duration::from_secs(1));
    assert_eq!(turn(&mut event_loop, None), [Event::Timer(minute, 'm')]);
    clock.advance(Duration::from_secs(10_000));
    assert_eq!(turn(&mut event_loop, None), [Event::Timer(hour, 'h')]);
    assert!(event_loop.timers().is_empty());
}

/// A callback has computed for a while, so the time of the turn is long past.
#[test]
fn a_delay_counts_from_the_moment_of_the_call() {
    let clock = FakeClock::new();
    let mut event_loop = EventLoop::with_clock(clock.clone()).unwrap();
    assert_eq!(turn(&mut event_loop, NOW), []);
    clock.advance(Duration::from_secs(10));
    let key = event_loop.add_timer_after(Duration::from_secs(1), 'a');
    assert_eq!(turn(&mut event_loop, NOW), []);
    clock.advance(Duration::from_millis(999));
    assert_eq!(turn(&mut event_loop, NOW), []);
    clock.advance(Duration::from_millis(1));
    assert_eq!(turn(&mut event_loop, NOW), [Event::Timer(key, 'a')]);
}

#[test]
fn no_timer_is_early_in_real_time() {
    let mut event_loop = EventLoop::new().unwrap();
    let delays = [0, 1, 999, 1000, 1001, 1500, 2999].map(Duration::from_micros);
    let mut due: Vec<_> = delays
        .iter()
        .map(|&delay| {
            // Taken before the call. A delay that counts from a later moment is longer.
            let earliest = Instant::now() + delay;
            (event_loop.add_timer_after(delay, 't'), earliest)
        })
        .collect();
    event_loop
        .run_until(|_, event| {
            let Event::Timer(key, 't') = event else {
                return ControlFlow::Continue(());
            };
            let place = due.iter().position(|(other, _)| *other == key).unwrap();
            let (_, earliest) = due.remove(place);
            assert!(Instant::now() >= earliest);
            match due.is_empty() {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(()),
            }
        })
        .unwrap();
}

/// A fault that lost timers in the reactor: see `TimerTable`.
#[test]
fn no_due_timer_is_lost_when_another_ones_callback_sets_a_timer() {
    let clock = FakeClock::new();
    let mut event_loop = EventLoop::with_clock(clock.clone()).unwrap();
    for name in ['a', 'b', 'c'] {
        event_loop.add_timer_after(Duration::from_millis(20), name);
    }
    for _ in 0..50 {
        clock.advance(Duration::from_millis(20));
        event_loop.wait(NOW).unwrap();
        let mut came = Vec::new();
        while let Some(event) = event_loop.next_event() {
            let Event::Timer(_, name) = event else {
                panic!("{event:?}");
            };
            came.push(name);
            event_loop.add_timer_after(Duration::from_millis(20), name);
        }
        assert_eq!(came, ['a', 'b', 'c']);
    }
}

#[test]
fn a_timer_without_delay_that_sets_itself_again_has_one_call_a_turn() {
    let mut event_loop = EventLoop::with_clock(FakeClock::new()).unwrap();
    event_loop.add_timer_after(Duration::ZERO, 'a');
    for _ in 0..3 {
        event_loop.wait(NOW).unwrap();
        assert!(matches!(
            event_loop.next_event(),
            Some(Event::Timer(_, 'a'))
        ));
        event_loop.add_timer_after(Duration::ZERO, 'a');
        assert_eq!(event_loop.next_event(), None);
    }
}

#[test]
fn no_delay_is_too_long() {
    let clock = FakeClock::new();
    let mut event_loop = EventLoop::with_clock(clock.clone()).unwrap();
    event_loop.add_timer_after(Duration::MAX, 'z');
    let day = Duration::from_secs(24 * 3600);
    event_loop.add_timer_after(200 * 365 * day, 'y');
    clock.advance(199 * 365 * day);
    assert_eq!(turn(&mut event_loop, NOW), []);
    clock.advance(365 * day);
    assert!(matches!(
        turn(&mut event_loop, None)[..],
        [Event::Timer(_, 'y')]
    ));
    clock.advance(Duration::MAX);
    event_loop.add_timer_after(Duration::MAX, 'x');
    turn(&mut event_loop, NOW);

    // On the system's clock. The time-out of the wait is limited; it does not wrap around.
    let mut event_loop = EventLoop::new().unwrap();
    event_loop.add_timer_after(Duration::MAX, 'z');
    let waker = event_loop.waker();
    thread::spawn(move || waker.wake());
    assert_eq!(turn(&mut event_loop, Some(Duration::MAX)), [Event::Woken]);
}

#[test]
fn wake_ups_from_many_threads_are_told_and_are_one() {
    let mut event_loop = EventLoop::new().unwrap();
    let waker = event_loop.waker();
    thread::scope(|scope| {
        for _ in 0..4 {
            let waker = waker.clone();
            scope.spawn(move || waker.wake());
        }
    });
    assert_eq!(turn(&mut event_loop, None), [Event::Woken]);
    assert_eq!(turn(&mut event_loop, NOW), []);
}

#[test]
fn no_wake_up_is_lost_between_two_waits() {
    const ROUNDS: usize = 20_000;
    let mut event_loop = EventLoop::new().unwrap();
    let waker = event_loop.waker();
    let (sender, receiver) = mpsc::channel();
    let sending = thread::spawn(move || {
        for n in 0..ROUNDS {
            sender.send(n).unwrap();
            waker.wake();
        }
    });
    let mut seen = 0;
    event_loop
        .run_until(|_, event| {
            assert_eq!(event, Event::Woken);
            seen += receiver.try_iter().count();
            match seen {
                ROUNDS => ControlFlow::Break(()),
                _ => ControlFlow::Continue(()),
            }
        })
        .unwrap();
    sending.join().unwrap();
}

#[test]
fn signals_are_events() {
    let mut event_loop = EventLoop::new().unwrap();
    let hang_up = Signal::HANG_UP;
    event_loop.handle_signals(&[hang_up, hang_up]).unwrap();
    for _ in 0..2 {
        signal_hook::low_level::raise(hang_up.number()).unwrap();
        assert_eq!(turn(&mut event_loop, None), [Event::Signal(hang_up)]);
    }
    assert_eq!(turn(&mut event_loop, NOW), []);
    let other_signal = Signal::new(signal_hook::consts::SIGUSR1);
    event_loop.handle_signals(&[other_signal]).unwrap();
    signal_hook::low_level::raise(other_signal.number()).unwrap();
    event_loop.wait(None).unwrap();
    event_loop.release_signals(&[other_signal]);
    assert_eq!(event_loop.next_event(), None, "it was released");
}

/// [`a_released_signal_has_its_default_effect`] runs this again, as a process of its own.
#[test]
#[ignore = "another test runs it as a process: a signal ends it"]
fn release_and_raise() {
    let signal = Signal::TERMINATE;
    let mut one = EventLoop::new().unwrap();
    let mut other = EventLoop::new().unwrap();
    one.handle_signals(&[signal]).unwrap();
    other.handle_signals(&[signal]).unwrap();
    one.release_signals(&[signal]);
    signal_hook::low_level::raise(signal.number()).unwrap();
    assert_eq!(turn(&mut other, None), [Event::Signal(signal)]);
    drop(other);
    signal_hook::low_level::raise(signal.number()).unwrap();
    unreachable!("no handler is left");
}

#[test]
fn a_released_signal_has_its_default_effect() {
    use std::os::unix::process::ExitStatusExt;

    let this = std::env::current_exe().unwrap();
    let status = std::process::Command::new(this)
        .args(["release_and_raise", "--exact", "--ignored"])
        .output()
        .unwrap()
        .status;
    assert_eq!(status.signal(), Some(Signal::TERMINATE.number()));
}

#[test]
fn two_loops_share_a_port() {
    let address = ([127, 0, 0, 1], 0).into();
    let one = listen_tcp(address, DEFAULT_BACKLOG, true).unwrap();
    let address = one.local_addr().unwrap();
    let other = listen_tcp(address, DEFAULT_BACKLOG, true).unwrap();
    assert!(listen_tcp(address, DEFAULT_BACKLOG, false).is_err());
    let clients: Vec<_> = (0..64)
        .map(|_| std::net::TcpStream::connect(address).unwrap())
        .collect();
    let count = |listener: &event_loop::net::TcpListener| {
        let mut accepted = 0;
        loop {
            match listener.accept() {
                Ok(_) => accepted += 1,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return accepted,
                Err(error) => panic!("{error}"),
            }
        }
    };
    let (ours, theirs) = (count(&one), count(&other));
    assert_eq!(ours + theirs, clients.len());
    assert!(ours > 0 && theirs > 0, "{ours} and {theirs}");
}

#[test]
fn registering_twice_is_refused_and_leaks_no_token() {
    let mut event_loop = EventLoop::new().unwrap();
    let listener = listen_tcp(([127, 0, 0, 1], 0).into(), 1, false).unwrap();
    let mut stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    event_loop
        .register(&mut stream, Interest::READABLE, ())
        .unwrap();
    event_loop
        .register(&mut stream, Interest::READABLE, ())
        .unwrap_err();
    assert_eq!(event_loop.sources().len(), 1);
}
