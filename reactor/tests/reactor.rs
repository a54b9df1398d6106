//! The reactor from outside: in memory and with a fake clock, so that nothing waits.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod shared;

use std::rc::Rc;
use std::time::Duration;

use reactor::echo::Echo;
use reactor::{
    CONNECT_TIMEOUT, DEFAULT_HIGH_WATER, Error, Protocol, Reactor, Reason, Transport, testing,
};

use shared::Log;

const SECOND: Duration = Duration::from_secs(1);

struct Logger(Log);

impl Protocol for Logger {
    fn connection_made(&mut self, _: &Transport) {
        self.0.add("made");
    }
    fn data_received(&mut self, transport: &Transport, data: &[u8]) {
        self.0.add(String::from_utf8_lossy(data));
        match data {
            b"abort" => transport.abort(),
            b"close" => {
                transport.write(b"bye");
                transport.close();
                transport.write(b"never");
            }
            b"pause" => transport.pause_producing(),
            b"panic" => panic!("as told"),
            _ => {}
        }
    }
    fn pause_producing(&mut self, _: &Transport) {
        self.0.add("full");
    }
    fn resume_producing(&mut self, _: &Transport) {
        self.0.add("room");
    }
    fn connection_lost(&mut self, reason: &Reason) {
        self.0.add(format!("lost: {reason}"));
    }
}

#[test]
fn a_connection_is_made_once_and_lost_once_for_whatever_reason() {
    let (reactor, _clock) = testing::reactor().unwrap();
    type Act = fn(&testing::Memory);
    let ends: [(Act, &str); 5] = [
        (|peer| peer.end(), "closed by the other end"),
        (|peer| peer.reset(), "connection reset"),
        (|peer| peer.send(b"abort"), "aborted"),
        (|peer| peer.send(b"close"), "closed"),
        (|peer| peer.send(b"panic"), "the protocol panicked"),
    ];
    for (act, reason) in ends {
        let log = Log::default();
        let peer = testing::connect(&reactor, Logger(log.clone()));
        act(&peer);
        peer.end();
        peer.transport().abort();
        reactor.run_pending().unwrap();
        let log = log.take();
        assert_eq!(log[0], "made");
        assert_eq!(*log.last().unwrap(), format!("lost: {reason}"));
        assert_eq!(
            log.iter().filter(|what| what.starts_with("lost")).count(),
            1
        );
        assert_eq!(reactor.connections(), 0);
    }
}

#[test]
fn closing_sends_what_was_written_before_and_nothing_after() {
    let (reactor, _clock) = testing::reactor().unwrap();
    let peer = testing::connect(&reactor, Logger(Log::default()));
    peer.set_room(1);
    peer.send(b"close");
    assert!(peer.is_open());
    assert_eq!(peer.received(), b"b");
    assert_eq!(peer.received(), b"y");
    assert_eq!(peer.received(), b"e");
    assert!(!peer.is_open());
    assert_eq!(peer.received(), b"");
}

#[test]
fn a_paused_transport_reads_nothing_until_it_is_resumed() {
    let (reactor, _clock) = testing::reactor().unwrap();
    let log = Log::default();
    let peer = testing::connect(&reactor, Logger(log.clone()));
    peer.send(b"pause");
    peer.send(b"a");
    peer.send(b"b");
    assert_eq!(log.take(), ["made", "pause"]);
    peer.transport().resume_producing();
    reactor.run_pending().unwrap();
    assert_eq!(log.take(), ["ab"]);
}

#[test]
fn water_marks_are_told_once_each_way() {
    let (reactor, _clock) = testing::reactor().unwrap();
    let log = Log::default();
    let peer = testing::connect(&reactor, Logger(log.clone()));
    peer.set_room(0);
    let transport = peer.transport().clone();
    transport.set_write_limits(10, 100);
    for _ in 0..10 {
        transport.write(&[0; 30]);
        reactor.run_pending().unwrap();
    }
    assert!(!transport.try_write(b"no"));
    assert_eq!(transport.buffered(), 300);
    assert_eq!(log.take(), ["made", "full"]);
    peer.set_room(200);
    assert_eq!(peer.received().len(), 200);
    assert_eq!(log.take(), ["room"]);
    assert!(transport.try_write(b"yes"));
}

#[test]
fn a_protocol_that_writes_on_and_on_is_cut_off() {
    let (reactor, _clock) = testing::reactor().unwrap();
    let peer = testing::connect(&reactor, Logger(Log::default()));
    peer.set_room(0);
    let transport = peer.transport();
    // One callback may queue any amount.
    transport.write(&vec![0; 20 * DEFAULT_HIGH_WATER]);
    reactor.run_pending().unwrap();
    assert!(peer.is_open());
    // It was told to pause by now, and may add a limited amount.
    let most = (0..1_000_000)
        .map(|_| {
            transport.write(&[0; 1000]);
            transport.buffered()
        })
        .max();
    assert!(most.unwrap() <= (20 + 16) * DEFAULT_HIGH_WATER);
    reactor.run_pending().unwrap();
    assert!(
        peer.lost()
            .unwrap()
            .contains("while the transport was paused")
    );
    assert!(peer.was_reset());
}

/// A writer that was told to pause and does not, with a reader that reads: the connection is not
/// cut.
#[test]
fn what_does_not_fit_is_flushed_before_it_is_too_much() {
    let (reactor, _clock) = testing::reactor().unwrap();
    let peer = testing::connect(&reactor, Logger(Log::default()));
    let mut received = 0;
    for _ in 0..100 {
        peer.transport().write(&vec![0; DEFAULT_HIGH_WATER]);
        received += peer.received().len();
        reactor.run_pending().unwrap();
    }
    received += peer.received().len();
    assert_eq!((received, peer.lost()), (100 * DEFAULT_HIGH_WATER, None));
}

/// There is room again, and bytes come with the same event. The protocol answers before it is told
/// that it may go on. Its answer is longer than what it could add if nothing were sent.
#[test]
fn what_can_be_sent_is_sent_before_it_is_too_much() {
    const PIECES: usize = 100;
    struct Answers;
    impl Protocol for Answers {
        fn data_received(&mut self, transport: &Transport, _: &[u8]) {
            (0..PIECES).for_each(|_| transport.write(&[0; DEFAULT_HIGH_WATER]));
        }
    }
    let (reactor, _clock) = testing::reactor().unwrap();
    let peer = Rc::new(testing::connect(&reactor, Answers));
    peer.set_room(0);
    peer.transport().write(&[0; 2 * DEFAULT_HIGH_WATER]);
    reactor.run_pending().unwrap();
    let other_end = Rc::clone(&peer);
    reactor.call_later(Duration::ZERO, move |_| {
        other_end.set_room(usize::MAX);
        other_end.send(b"go");
    });
    reactor.run_pending().unwrap();
    assert_eq!(peer.lost(), None);
    assert_eq!(peer.received().len(), (PIECES + 2) * DEFAULT_HIGH_WATER);
}

#[test]
fn an_echo_whose_reader_never_reads_stops_at_high_water_and_is_dropped() {
    let (reactor, clock) = testing::reactor().unwrap();
    let peer = testing::connect(&reactor, Echo);
    peer.set_room(0);
    peer.transport().set_stall_timeout(Some(30 * SECOND));
    peer.send(&vec![7; 10_000_000]);
    // High water, and the answer to one read on top of it.
    assert!(peer.transport().buffered() <= DEFAULT_HIGH_WATER + 256 * 1024);
    clock.advance(29 * SECOND);
    reactor.run_pending().unwrap();
    assert!(peer.is_open());
    clock.advance(SECOND);
    reactor.run_pending().unwrap();
    assert_eq!(peer.lost().unwrap(), "the other end read nothing for 30s");
}

#[test]
fn an_idle_time_out_is_put_off_by_bytes_either_way() {
    let (reactor, clock) = testing::reactor().unwrap();
    let peer = testing::connect(&reactor, Logger(Log::default()));
    let transport = peer.transport();
    transport.set_idle_timeout(Some(10 * SECOND));
    let pass = |seconds| {
        clock.advance(seconds * SECOND);
        reactor.run_pending().unwrap();
    };
    pass(9);
    peer.send(b"in");
    pass(9);
    transport.write(b"out");
    reactor.run_pending().unwrap();
    pass(9);
    assert!(peer.is_open());
    // Without the time-out it stays open. When it is set again, it counts from the last bytes.
    transport.set_idle_timeout(None);
    pass(1000);
    assert!(peer.is_open());
    peer.send(b"in");
    transport.set_idle_timeout(Some(2 * SECOND));
    pass(1);
    assert!(peer.is_open());
    pass(1);
    assert_eq!(peer.lost().unwrap(), "idle for 2s");
}

#[test]
fn a_stall_time_out_counts_only_while_something_waits_and_nothing_is_taken() {
    let (reactor, clock) = testing::reactor().unwrap();
    let peer = testing::connect(&reactor, Logger(Log::default()));
    let transport = peer.transport();
    transport.set_stall_timeout(Some(10 * SECOND));
    // Received bytes do not count here, though they keep the connection from being idle.
    transport.set_idle_timeout(Some(15 * SECOND));
    let pass = |seconds| {
        clock.advance(seconds * SECOND);
        reactor.run_pending().unwrap();
        peer.send(b"in");
    };
    (0..10).for_each(|_| pass(9));
    assert!(peer.is_open(), "nothing waits");
    peer.set_room(1);
    transport.write(b"slowly");
    reactor.run_pending().unwrap();
    for taken in [b"s", b"l", b"o"] {
        pass(9);
        assert_eq!(peer.received(), taken);
    }
    pass(9);
    assert!(peer.is_open(), "it is slow, and reads");
    pass(1);
    assert_eq!(peer.lost().unwrap(), "the other end read nothing for 10s");
}

#[test]
fn a_connection_is_given_up_in_time() {
    // A full backlog answers no client: connecting neither succeeds nor fails.
    let (reactor, clock) = testing::reactor().unwrap();
    let full = event_loop::listen_tcp(([127, 0, 0, 1], 0).into(), 0, false).unwrap();
    let address = full.local_addr().unwrap();
    let mut waiting = Vec::new();
    loop {
        let connecting = reactor.connect_tcp(address, Echo);
        // A loopback connection is made at once, or not until the server accepts.
        reactor.run_pending().unwrap();
        if !connecting.is_done() {
            waiting.push(connecting);
            break;
        }
        connecting.detach();
    }
    clock.advance(CONNECT_TIMEOUT);
    reactor.run_pending().unwrap();
    let given_up = waiting.pop().unwrap().try_result();
    assert!(matches!(given_up, Some(Err(Error::TimedOut(limit))) if limit == CONNECT_TIMEOUT));
}

#[test]
fn an_echo_whose_reader_reads_slowly_loses_nothing() {
    let (reactor, _clock) = testing::reactor().unwrap();
    let peer = testing::connect(&reactor, Echo);
    peer.set_room(1000);
    let data: Vec<u8> = (0..1_000_000_u32).map(|n| n as u8).collect();
    peer.send(&data);
    let mut got = Vec::new();
    while got.len() < data.len() {
        let part = peer.received();
        assert!(!part.is_empty(), "stuck at {}", got.len());
        got.extend(part);
    }
    assert_eq!(got, data);
}

#[test]
fn a_reactor_that_is_dropped_tells_its_protocols_and_frees_them() {
    let log = Log::default();
    let reactor = Reactor::new().unwrap();
    let here = ([127, 0, 0, 1], 0).into();
    let port = reactor.listen_tcp(here, || Echo).unwrap();
    let connecting = reactor.connect_tcp(port.local_addr().unwrap(), Logger(log.clone()));
    drop(reactor.run_until(connecting).unwrap());
    drop((port, reactor));
    assert_eq!(log.take(), ["made", "lost: the reactor is gone"]);
    assert_eq!(Rc::strong_count(&log.0), 1);
}
