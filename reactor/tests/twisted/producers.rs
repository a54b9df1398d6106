//! Producers, and the two ways to end a connection: `loseConnection`, `abortConnection`.

use super::*;

/// Writes when it may, and records its calls.
#[derive(Clone, Default)]
struct Producer(Rc<RefCell<Vec<String>>>);

impl Producer {
    fn note(&self, what: impl Into<String>) {
        self.0.borrow_mut().push(what.into());
    }
}

impl Protocol for Producer {
    fn data_received(&mut self, _: &Transport, data: &[u8]) {
        self.note(format!("{} bytes", data.len()));
    }

    fn end_received(&mut self, transport: &Transport) {
        self.note("end");
        transport.close_because(Reason::EndOfStream);
    }

    fn pause_producing(&mut self, _: &Transport) {
        self.note("pause");
    }

    fn resume_producing(&mut self, transport: &Transport) {
        self.note("resume");
        // It writes inside this call, as a producer does.
        transport.write(b"more");
    }

    fn connection_lost(&mut self, reason: &Reason) {
        self.note(format!("lost: {reason}"));
    }
}

/// test_internet.ProducerTests.test_reentrantStreamingProducerUsingWrite: a producer is paused and
/// resumed once each time, though it writes inside the call.
#[test]
fn a_producer_may_write_while_it_is_being_resumed() {
    let (reactor, _clock) = testing::reactor().unwrap();
    let producer = Producer::default();
    let peer = testing::connect(&reactor, producer.clone());
    peer.transport().set_write_limits(10, 100);
    peer.set_room(0);
    peer.transport().write(&[b'x'; 100]);
    reactor.run_pending().unwrap();
    assert_eq!(*producer.0.borrow(), ["pause"]);
    peer.set_room(usize::MAX);
    assert_eq!(*producer.0.borrow(), ["pause", "resume"]);
    assert_eq!(peer.received(), [&[b'x'; 100][..], b"more"].concat());
}

/// test_tcp.PauseProducingTests.test_pauseProducingInConnectionMade: no byte is delivered.
#[test]
fn reading_can_be_paused_when_the_connection_is_made() {
    struct Paused(Producer);
    impl Protocol for Paused {
        fn connection_made(&mut self, transport: &Transport) {
            transport.pause_producing();
        }
        fn data_received(&mut self, transport: &Transport, data: &[u8]) {
            self.0.data_received(transport, data);
        }
    }
    let (reactor, _clock) = testing::reactor().unwrap();
    let producer = Producer::default();
    let peer = testing::connect(&reactor, Paused(producer.clone()));
    peer.send(b"early");
    assert!(producer.0.borrow().is_empty());
    peer.transport().resume_producing();
    reactor.run_pending().unwrap();
    assert_eq!(*producer.0.borrow(), ["5 bytes"]);
}

/// twisted.internet.test.test_tcp.TCPConnectionTestsBuilder.test_resumeProducingWhileDisconnecting
/// and .test_resumeProducingWhileDisconnected: resuming a connection that ends, or has ended, does
/// nothing.
#[test]
fn resuming_what_has_ended_does_nothing() {
    let (reactor, _clock) = testing::reactor().unwrap();
    let producer = Producer::default();
    let peer = testing::connect(&reactor, producer.clone());
    peer.set_room(0);
    peer.transport().write(b"waits");
    peer.transport().close();
    reactor.run_pending().unwrap();
    peer.send(b"unread");
    peer.transport().pause_producing();
    peer.transport().resume_producing();
    reactor.run_pending().unwrap();
    assert!(producer.0.borrow().is_empty(), "{:?}", producer.0);
    peer.set_room(usize::MAX);
    assert_eq!(*producer.0.borrow(), ["lost: closed"]);
    peer.transport().pause_producing();
    peer.transport().resume_producing();
    reactor.run_pending().unwrap();
    assert_eq!(producer.0.borrow().len(), 1);
}

/// twisted.internet.test.test_tcp.AbortConnectionMixin.test_fullWriteBuffer,
/// .test_resumeProducingAbort, .test_resumeProducingAbortLater: waiting bytes are dropped, the
/// producer is not resumed, and the connection is lost once.
#[test]
fn an_abort_with_a_full_buffer_tells_only_that_it_is_lost() {
    let (reactor, _clock) = testing::reactor().unwrap();
    let producer = Producer::default();
    let peer = testing::connect(&reactor, producer.clone());
    peer.set_room(10);
    peer.transport().write(&vec![b'x'; 1_000_000]);
    reactor.run_pending().unwrap();
    peer.transport().abort();
    peer.transport().abort();
    peer.transport().close();
    peer.set_room(usize::MAX);
    assert_eq!(*producer.0.borrow(), ["pause", "lost: aborted"]);
    assert_eq!(peer.received(), [b'x'; 10]);
    assert!(peer.was_reset());
}

/// test_tcp.LargeBufferTests.testWriter, whose server writes and calls loseConnection: everything
/// written before the close is sent, nothing written after it.
#[test]
fn lose_connection_sends_what_was_written_before() {
    let (reactor, _clock) = testing::reactor().unwrap();
    let producer = Producer::default();
    let peer = testing::connect(&reactor, producer.clone());
    peer.set_room(5);
    peer.transport().write(b"written before");
    peer.transport().close();
    peer.transport().write(b"and after");
    reactor.run_pending().unwrap();
    assert!(peer.is_open());
    peer.set_room(usize::MAX);
    assert_eq!(peer.received(), b"written before");
    assert_eq!(*producer.0.borrow(), ["lost: closed"]);
    assert!(!peer.was_reset());
}
