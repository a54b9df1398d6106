//! The event loop, from outside.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::{ErrorKind, Read, Write};
use std::ops::ControlFlow;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use event_loop::net::{TcpStream, UnixStream};
use event_loop::{
    DEFAULT_BACKLOG, Event, EventLoop, Events, FakeClock, Interest, Signal, listen_tcp,
};

const NOW: Option<Duration> = Some(Duration::ZERO);

fn turn(event_loop: &mut EventLoop, timeout: Option<Duration>) -> Vec<Event> {
    let mut events = Events::default();
    event_loop.run_once(timeout, &mut events).unwrap();
    events.iter().collect()
}

#[test]
fn an_edge_is_told_once() {
    let mut event_loop = EventLoop::new().unwrap();
    let (mut near, mut far) = UnixStream::pair().unwrap();
    let token = event_loop.register(&mut near, Interest::READABLE).unwrap();
    assert_eq!(turn(&mut event_loop, NOW), []);
    far.write_all(b"a").unwrap();
    assert!(matches!(turn(&mut event_loop, None)[..], [Event::Ready(t, _)] if t == token));
    // It was not read, and is not told again; more of it is.
    assert_eq!(turn(&mut event_loop, NOW), []);
    far.write_all(b"b").unwrap();
    assert_eq!(turn(&mut event_loop, NOW).len(), 1);
}

#[test]
fn a_close_is_told_along_with_the_last_bytes() {
    let mut event_loop = EventLoop::new().unwrap();
    let (mut near, mut far) = UnixStream::pair().unwrap();
    event_loop.register(&mut near, Interest::READABLE).unwrap();
    far.write_all(b"bye").unwrap();
    drop(far);
    let [Event::Ready(_, ready)] = turn(&mut event_loop, None)[..] else {
        panic!("one event");
    };
    assert!(ready.readable() && ready.read_closed());
}

#[test]
fn a_close_after_a_wait_is_an_edge_of_its_own() {
    // What allows a short read to be taken for "drained".
    let mut event_loop = EventLoop::new().unwrap();
    let (mut near, mut far) = UnixStream::pair().unwrap();
    event_loop.register(&mut near, Interest::READABLE).unwrap();
    far.write_all(b"bye").unwrap();
    let [Event::Ready(_, ready)] = turn(&mut event_loop, None)[..] else {
        panic!("one event");
    };
    assert!(!ready.read_closed());
    drop(far);
    let mut buffer = [0; 64];
    assert_eq!(near.read(&mut buffer).unwrap(), 3);
    let [Event::Ready(_, ready)] = turn(&mut event_loop, None)[..] else {
        panic!("one event");
    };
    assert!(ready.read_closed());
    assert_eq!(near.read(&mut buffer).unwrap(), 0);
}

#[test]
fn late_events_are_not_those_of_a_successor() {
    let mut event_loop = EventLoop::new().unwrap();
    let (mut near, mut far) = UnixStream::pair().unwrap();
    let old = event_loop.register(&mut near, Interest::READABLE).unwrap();
    far.write_all(b"a").unwrap();
    let events = turn(&mut event_loop, None);
    event_loop.deregister(&mut near, old).unwrap();
    let (mut other, _far) = UnixStream::pair().unwrap();
    let new = event_loop.register(&mut other, Interest::READABLE).unwrap();
    assert_eq!(old.index(), new.index());
    assert!(matches!(events[..], [Event::Ready(token, _)] if token == old && token != new));
    assert_eq!(event_loop.sources(), 1);
}

#[test]
fn timers_go_by_the_clock_they_were_given() {
    let clock = FakeClock::new();
    let mut event_loop = EventLoop::with_clock(clock.clone()).unwrap();
    let hour = event_loop.add_timer_after(Duration::from_secs(3600));
    let minute = event_loop.add_timer_after(Duration::from_secs(60));
    let never = event_loop.add_timer_after(Duration::from_secs(30));
    assert!(event_loop.cancel_timer(never));
    assert_eq!(turn(&mut event_loop, NOW), []);
    clock.advance(Duration::from_secs(59));
    assert_eq!(turn(&mut event_loop, NOW), []);
    clock.advance(Duration::from_secs(1));
    assert_eq!(turn(&mut event_loop, None), [Event::Timer(minute)]);
    clock.advance(Duration::from_secs(10_000));
    assert_eq!(turn(&mut event_loop, None), [Event::Timer(hour)]);
    assert_eq!(event_loop.timers(), 0);
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
    drop(event_loop);
    // Ignored now; by default it would end this process.
    signal_hook::low_level::raise(hang_up.number()).unwrap();
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
        .register(&mut stream, Interest::READABLE)
        .unwrap();
    event_loop
        .register(&mut stream, Interest::READABLE)
        .unwrap_err();
    assert_eq!(event_loop.sources(), 1);
}
