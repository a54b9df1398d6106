//! Connections in memory (`StringTransport`, `MemoryReactor`, `task.Clock`), half-open and idle
//! ones.

use super::*;

struct Waker(Option<Resolver<()>>);

impl Protocol for Waker {
    fn data_received(&mut self, transport: &Transport, _: &[u8]) {
        if let Some(resolver) = self.0.take() {
            resolver.callback(()).unwrap();
        }
        let reactor = transport.reactor().unwrap();
        let transport = transport.clone();
        reactor.call_later(Duration::ZERO, move |_| transport.write(b"later"));
    }
}

#[test]
fn what_data_leads_to_is_done_when_send_returns() {
    let (reactor, _clock) = testing::reactor().unwrap();
    let (woken, resolver) = Deferred::new();
    let (count, counter) = counter();
    reactor
        .spawn(async move {
            woken.await?;
            counter.set(1);
            Ok(())
        })
        .detach();
    let peer = testing::connect(&reactor, Waker(Some(resolver)));
    peer.send(b"x");
    assert_eq!((count.get(), peer.received()), (1, b"later".to_vec()));
}

#[test]
fn what_has_no_end_is_an_error_of_run_pending() {
    fn again(reactor: &reactor::Reactor) {
        reactor.call_later(Duration::ZERO, again);
    }
    let (reactor, _clock) = testing::reactor().unwrap();
    again(&reactor);
    assert!(reactor.run_pending().is_err());
}

struct Lost(Rc<RefCell<Vec<String>>>);

impl Protocol for Lost {
    fn data_received(&mut self, _: &Transport, _: &[u8]) {}

    fn connection_lost(&mut self, reason: &Reason) {
        self.0.borrow_mut().push(reason.to_string());
    }
}

#[test]
fn memory_connections_end_with_shut_down_and_with_the_reactor() {
    let lost: Rc<RefCell<Vec<String>>> = Rc::default();
    let (reactor, _clock) = testing::reactor().unwrap();
    let peer = testing::connect(&reactor, Lost(Rc::clone(&lost)));
    reactor.shut_down(SECOND);
    reactor.run().unwrap();
    assert!(!peer.is_open());
    assert_eq!(
        (lost.take(), reactor.connections()),
        (vec!["closed".to_owned()], 0)
    );
    let last = testing::connect(&reactor, Lost(Rc::clone(&lost)));
    // Each of these owns the reactor.
    drop((peer, last, reactor));
    assert_eq!(lost.take(), ["the reactor is gone"]);
}

// Half-close: `test_tcp.HalfCloseTests`.

struct Answers;

impl LineHandler for Answers {
    fn line_received(&mut self, transport: &Transport, _: &[u8]) {
        let reactor = transport.reactor().unwrap();
        let transport = transport.clone();
        reactor.call_later(SECOND, move |_| {
            transport.write(b"answer\n");
            transport.close();
        });
    }

    fn end_received(&mut self, _: &Transport) {}
}

/// test_tcp.HalfCloseTests.testCloseWriteCloser, the other way round: the answer comes after the
/// other end has closed its half.
#[test]
fn an_answer_may_come_after_the_other_end_has_ended() {
    let (reactor, clock) = testing::reactor().unwrap();
    let peer = testing::connect(&reactor, LineReceiver::new(Answers));
    peer.send(b"GET a\n");
    peer.end();
    assert!(peer.is_open());
    clock.advance(SECOND);
    reactor.run_pending().unwrap();
    assert_eq!(peer.received(), b"answer\n");
    assert_eq!(peer.lost().unwrap(), "closed");
}

/// The same for frames, which have their length before them.
#[test]
fn a_message_may_be_answered_after_the_other_end_has_ended() {
    struct Length;
    impl FrameHandler for Length {
        fn frame_received(&mut self, transport: &Transport, frame: &[u8]) {
            let answer = [frame.len() as u8];
            let reactor = transport.reactor().unwrap();
            let transport = transport.clone();
            reactor.call_later(SECOND, move |_| {
                transport.write(&answer);
                transport.close();
            });
        }
        fn end_received(&mut self, _: &Transport) {}
    }
    let (reactor, clock) = testing::reactor().unwrap();
    let peer = testing::connect(&reactor, FrameReceiver::new(Prefix::U8, Length));
    peer.send(b"\x03abc");
    peer.end();
    assert!(peer.is_open());
    clock.advance(SECOND);
    reactor.run_pending().unwrap();
    assert_eq!(peer.received(), [3]);
    assert_eq!(peer.lost().unwrap(), "closed");
}

struct HalfOpen;

impl Protocol for HalfOpen {
    fn data_received(&mut self, transport: &Transport, data: &[u8]) {
        if data == b"end" {
            transport.close_write();
        }
    }

    fn end_received(&mut self, _: &Transport) {}
}

/// test_tcp.HalfCloseNoNotificationAndShutdownExceptionTests.testNoNotification, and
/// twisted.internet.test.test_tcp.TCPConnectionTestsBuilder.test_doubleHalfClose.
#[test]
fn a_half_open_connection_does_not_last_for_ever() {
    let (reactor, clock) = testing::reactor().unwrap();
    let peer = testing::connect(&reactor, HalfOpen);
    peer.end();
    clock.advance(reactor::HALF_OPEN_TIMEOUT - SECOND);
    reactor.run_pending().unwrap();
    assert!(peer.is_open());
    clock.advance(SECOND);
    reactor.run_pending().unwrap();
    assert_eq!(peer.lost().unwrap(), "idle for 300s");
    // Both halves are closed: the connection ends at once.
    let peer = testing::connect(&reactor, HalfOpen);
    peer.send(b"end");
    assert!(peer.has_ended() && peer.is_open());
    peer.end();
    assert_eq!(peer.lost().unwrap(), "closed by the other end");
}

// Idle connections.

/// A protocol that computes for longer than the time-out is not idle. Waiting bytes are read before
/// the idle time-out is checked.
#[test]
fn who_is_slow_is_not_idle() {
    struct Slow(event_loop::FakeClock);
    impl Protocol for Slow {
        fn connection_made(&mut self, transport: &Transport) {
            transport.set_idle_timeout(Some(SECOND));
        }
        fn data_received(&mut self, _: &Transport, _: &[u8]) {
            self.0.advance(2 * SECOND);
        }
    }
    let (reactor, clock) = testing::reactor().unwrap();
    let peer = testing::connect(&reactor, Slow(clock.clone()));
    peer.send(&vec![0; 3_000_000]);
    assert!(peer.is_open());
    clock.advance(SECOND);
    reactor.run_pending().unwrap();
    assert_eq!(peer.lost().unwrap(), "idle for 1s");
}
