//! Faults that users of other event loops have reported, tried on this one. The report is above
//! each test. The expected result is the one that the report asks for.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod shared;

use std::cell::{Cell, RefCell};
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::rc::Rc;
use std::thread;
use std::time::Duration;

use reactor::{Factory, Protocol, Reactor, Reason, Transport, UdpTransport, testing};

use shared::Log;

type Act = fn(&Transport);

/// Records each call, and reacts to it.
#[derive(Clone)]
struct Acts {
    log: Log,
    made: Act,
    data: Act,
    ended: Act,
    room: Act,
    lost: fn(Option<&Transport>),
    transport: RefCell<Option<Transport>>,
}

impl Default for Acts {
    fn default() -> Self {
        Acts {
            log: Log::default(),
            made: |_| (),
            data: |_| (),
            ended: |transport| transport.close_because(Reason::EndOfStream),
            room: |_| (),
            lost: |_| (),
            transport: RefCell::default(),
        }
    }
}

impl Protocol for Acts {
    fn connection_made(&mut self, transport: &Transport) {
        *self.transport.borrow_mut() = Some(transport.clone());
        (self.made)(transport);
    }
    fn data_received(&mut self, transport: &Transport, data: &[u8]) {
        self.log.add(format!("{} bytes", data.len()));
        (self.data)(transport);
        self.log.add("told");
    }
    fn end_received(&mut self, transport: &Transport) {
        self.log.add("end");
        (self.ended)(transport);
    }
    fn resume_producing(&mut self, transport: &Transport) {
        self.log.add("room");
        (self.room)(transport);
    }
    fn connection_lost(&mut self, reason: &Reason) {
        self.log.add(format!("lost: {reason}"));
        (self.lost)(self.transport.take().as_ref());
    }
}

/// Opens a port on this thread.
fn listen(reactor: &Reactor, factory: impl Factory + 'static) -> SocketAddr {
    let here = ([127, 0, 0, 1], 0).into();
    let port = reactor.listen_tcp(here, factory).unwrap();
    port.local_addr().unwrap()
}

/// Runs turn by turn until `so` holds.
fn until(reactor: &Reactor, mut so: impl FnMut() -> bool) {
    let late = reactor.call_later(Duration::from_secs(30), |_| ());
    while !so() {
        assert!(late.is_active(), "not within 30 s");
        reactor.turn(Some(Duration::from_millis(5))).unwrap();
    }
    late.cancel();
}

/// twisted/twisted#3037: after `loseWriteConnection`, `loseConnection` did nothing.
#[test]
fn close_after_close_write_ends_the_connection() {
    let (reactor, _clock) = testing::reactor().unwrap();
    let acts = Acts::default();
    let log = acts.log.clone();
    let peer = testing::connect(&reactor, acts);
    peer.transport().write(b"all");
    peer.transport().close_write();
    reactor.run_pending().unwrap();
    assert!(peer.is_open() && peer.has_ended());
    peer.transport().close();
    reactor.run_pending().unwrap();
    assert_eq!(
        (peer.received(), log.take()),
        (b"all".to_vec(), vec!["lost: closed".to_owned()])
    );
    assert!(!peer.was_reset());
}

/// python/cpython#156512: a protocol that closed its transport in `resume_writing` was told twice
/// that the connection was lost.
#[test]
fn a_protocol_that_ends_the_connection_when_there_is_room_is_told_once() {
    for (room, reason) in [
        ((|transport| transport.close()) as Act, "lost: closed"),
        (|transport| transport.abort(), "lost: aborted"),
    ] {
        let (reactor, _clock) = testing::reactor().unwrap();
        let acts = Acts {
            room,
            ..Acts::default()
        };
        let log = acts.log.clone();
        let peer = testing::connect(&reactor, acts);
        peer.set_room(10);
        peer.transport().write(&[0; 100_000]);
        reactor.run_pending().unwrap();
        peer.set_room(usize::MAX);
        assert_eq!(log.take(), ["room", reason]);
    }
}

/// aio-libs/aiosmtpd#121: `transport.close()` in `connection_lost` had `connection_lost` called again.
#[test]
fn what_is_done_to_a_connection_that_is_lost_does_nothing() {
    let (reactor, _clock) = testing::reactor().unwrap();
    let lost = |transport: Option<&Transport>| {
        let transport = transport.unwrap();
        transport.write(b"anybody?");
        transport.close_write();
        transport.resume_producing();
        transport.close();
        transport.abort();
    };
    let acts = Acts {
        lost,
        ..Acts::default()
    };
    let log = acts.log.clone();
    let peer = testing::connect(&reactor, acts);
    peer.end();
    reactor.run_pending().unwrap();
    assert_eq!(log.take(), ["end", "lost: closed by the other end"]);
    assert_eq!((peer.received().len(), reactor.connections()), (0, 0));
}

/// twisted/twisted#7153: `abortConnection` called `connectionLost` from within.
#[test]
fn nobody_is_called_from_within_abort() {
    let (reactor, _clock) = testing::reactor().unwrap();
    let acts = Acts {
        data: |transport| transport.abort(),
        ..Acts::default()
    };
    let log = acts.log.clone();
    let peer = testing::connect(&reactor, acts);
    peer.send(b"one");
    peer.send(b"two");
    assert_eq!(log.take(), ["3 bytes", "told", "lost: aborted"]);
}

/// python/asyncio#359: the callback of one connection aborted another. The loop still read from
/// that one when its readiness had its turn.
#[test]
fn one_that_was_aborted_in_the_same_turn_is_not_read() {
    let reactor = Reactor::new().unwrap();
    let all: Rc<RefCell<Vec<Transport>>> = Rc::default();
    struct Rival(Rc<RefCell<Vec<Transport>>>, Rc<Cell<u32>>);
    impl Protocol for Rival {
        fn connection_made(&mut self, transport: &Transport) {
            self.0.borrow_mut().push(transport.clone());
        }
        fn data_received(&mut self, transport: &Transport, _: &[u8]) {
            self.1.set(self.1.get() + 1);
            let all = self.0.borrow();
            all.iter()
                .filter(|other| *other != transport)
                .for_each(Transport::abort);
        }
    }
    let told = Rc::new(Cell::new(0));
    let (rivals, count) = (Rc::clone(&all), Rc::clone(&told));
    let address = listen(&reactor, move || {
        Rival(Rc::clone(&rivals), Rc::clone(&count))
    });
    let mut clients: Vec<_> = (0..5)
        .map(|_| TcpStream::connect(address).unwrap())
        .collect();
    until(&reactor, || all.borrow().len() == 5);
    for client in &mut clients {
        client.write_all(b"x").unwrap();
    }
    until(&reactor, || reactor.connections() == 1);
    assert_eq!(told.get(), 1);
}

/// twisted/twisted#11168: a producer that was paused did not notice that its connection was lost.
#[test]
fn a_paused_connection_notices_a_reset() {
    let reactor = Reactor::new().unwrap();
    let acts = Acts {
        made: |transport| transport.pause_producing(),
        ..Acts::default()
    };
    let log = acts.log.clone();
    let address = listen(&reactor, move || acts.clone());
    let client = TcpStream::connect(address).unwrap();
    until(&reactor, || reactor.connections() == 1);
    rustix::net::sockopt::set_socket_linger(&client, Some(Duration::ZERO)).unwrap();
    drop(client);
    until(&reactor, || reactor.connections() == 0);
    let log = log.take();
    assert!(
        matches!(&log[..], [lost] if lost.starts_with("lost: ") && lost.contains("reset")),
        "{log:?}"
    );
}

/// netty/netty#4317: when the other end had closed, the data that it had sent before was dropped.
#[test]
fn what_came_before_the_end_is_read_before_the_end() {
    const LENGTH: usize = 3_000_000;
    let reactor = Reactor::new().unwrap();
    struct Late(Rc<Cell<usize>>, Log);
    impl Protocol for Late {
        fn connection_made(&mut self, transport: &Transport) {
            transport.pause_producing();
            let reactor = transport.reactor().unwrap();
            let transport = transport.clone();
            // By then the end may have come, or most of it may still be on its way: both are right.
            reactor.call_later(Duration::from_millis(20), move |_| {
                transport.resume_producing()
            });
        }
        fn data_received(&mut self, _: &Transport, data: &[u8]) {
            self.0.set(self.0.get() + data.len());
        }
        fn connection_lost(&mut self, reason: &Reason) {
            self.1.add(format!("{reason} after {} bytes", self.0.get()));
        }
    }
    for length in [1, 100_000, LENGTH] {
        let (count, log) = (Rc::new(Cell::new(0)), Log::default());
        let (counter, noting) = (Rc::clone(&count), log.clone());
        let address = listen(&reactor, move || Late(Rc::clone(&counter), noting.clone()));
        let sending = thread::spawn(move || {
            let mut client = TcpStream::connect(address).unwrap();
            client.write_all(&vec![7; length]).unwrap();
        });
        until(&reactor, || {
            count.get() == length && reactor.connections() == 0
        });
        sending.join().unwrap();
        assert_eq!(
            log.take(),
            [format!("closed by the other end after {length} bytes")]
        );
    }
}

/// tokio-rs/mio#933: a half-closed connection, whose other end accepted nothing, was retried
/// without end.
#[test]
fn half_open_and_full_is_at_rest() {
    let reactor = Reactor::new().unwrap();
    let ended = |transport: &Transport| transport.write(&vec![0; 20_000_000]);
    let acts = Acts {
        ended,
        ..Acts::default()
    };
    let log = acts.log.clone();
    let address = listen(&reactor, move || acts.clone());
    let client = TcpStream::connect(address).unwrap();
    client.shutdown(Shutdown::Write).unwrap();
    until(&reactor, || log.take() == ["end"]);
    let waits = || {
        let before = reactor.waits();
        reactor.call_later(Duration::from_millis(50), Reactor::stop);
        reactor.run().unwrap();
        reactor.waits() - before
    };
    // On a busy machine the system may still be moving bytes. A loop that spins never comes to
    // rest.
    assert!((0..40).any(|_| waits() == 1));
    assert_eq!(reactor.connections(), 1);
}

/// libuv/libuv#4245, joyent/libuv#1427: a timer without delay that set itself again starved
/// everything else.
#[test]
fn a_call_without_delay_that_sets_itself_again_starves_nobody() {
    fn again(reactor: &Reactor) {
        reactor.call_later(Duration::ZERO, again);
    }
    let reactor = Reactor::new().unwrap();
    again(&reactor);
    let address = listen(&reactor, || reactor::echo::Echo);
    let remote = reactor.remote();
    let client = thread::spawn(move || {
        let mut client = TcpStream::connect(address).unwrap();
        for _ in 0..100 {
            client.write_all(b"ping").unwrap();
            client.read_exact(&mut [0; 4]).unwrap();
        }
        remote.call_from_thread(Reactor::stop).unwrap();
    });
    reactor.run().unwrap();
    client.join().unwrap();
}

/// joyent/libuv#154: a socket that was always ready starved the timers.
#[test]
fn datagrams_without_end_starve_no_timer() {
    let reactor = Reactor::new().unwrap();
    let here = ([127, 0, 0, 1], 0).into();
    let echo = |socket: &UdpTransport, data: &[u8], from: SocketAddr| {
        // There is always one more.
        let _ = socket.send_to(data, from);
    };
    let socket = reactor.listen_udp(here, echo).unwrap();
    for _ in 0..100 {
        socket
            .send_to(b"round and round", socket.local_addr().unwrap())
            .unwrap();
    }
    reactor.call_later(Duration::from_millis(5), Reactor::stop);
    reactor.run().unwrap();
}

/// joyent/libuv#574: a turn with a timer that was due waited for the next timer.
#[test]
fn a_turn_with_a_call_that_is_due_does_not_wait_for_the_next() {
    let reactor = Reactor::new().unwrap();
    let made = Rc::new(Cell::new(false));
    let making = Rc::clone(&made);
    reactor.call_later(Duration::from_secs(86_400), |_| panic!("a day later"));
    reactor.call_later(Duration::ZERO, move |_| making.set(true));
    reactor.turn(None).unwrap();
    assert!(made.get());
}
