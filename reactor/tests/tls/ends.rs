//! How TLS connections end, and how they hold back data.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use reactor::{Protocol, Transport, testing};

use super::support::{Authority, Note, Pair, carry};

fn lost(seen: &super::support::Seen) -> Vec<String> {
    seen.lost.borrow().clone()
}

#[test]
fn close_sends_all_and_close_notify_behind_it() {
    let pair = Pair::shaken();
    pair.client.transport().write(b"all of it");
    pair.client.transport().close();
    pair.carry_ends();
    assert_eq!(*pair.at_server.bytes.borrow(), b"all of it");
    assert_eq!(pair.at_server.ended.get(), 1);
    assert!(pair.server.is_open(), "half open, as its protocol keeps it");
    pair.server.transport().close();
    pair.carry_ends();
    assert_eq!(lost(&pair.at_client), ["closed"]);
    assert_eq!(lost(&pair.at_server), ["closed"]);
    assert!(!pair.client.was_reset() && !pair.server.was_reset());
}

/// RFC 8446, 6.1: without close_notify the data may be incomplete.
#[test]
fn an_end_without_close_notify_is_no_end() {
    let pair = Pair::shaken();
    pair.client.transport().write(b"all of it");
    pair.carry(usize::MAX);
    pair.server.end();
    assert_eq!(*pair.at_server.bytes.borrow(), b"all of it");
    assert_eq!(pair.at_server.ended.get(), 0);
    assert_eq!(
        lost(&pair.at_server),
        ["the connection was cut: TLS's close_notify is missing, so something may be lost"]
    );
    assert!(pair.server.was_reset());
}

#[test]
fn a_record_that_was_changed_on_its_way_costs_the_connection() {
    let pair = Pair::shaken();
    pair.client.transport().write(b"to be changed");
    pair.run();
    let mut wire = pair.client.received();
    *wire.last_mut().unwrap() ^= 1;
    pair.server.send(&wire);
    assert_eq!(
        lost(&pair.at_server),
        ["received data was changed in transit"]
    );
    assert!(pair.at_server.bytes.borrow().is_empty() && pair.server.was_reset());
    // The alert tells the other end: RFC 8446, 5.2, bad_record_mac.
    pair.client.send(&pair.server.received());
    assert_eq!(
        lost(&pair.at_client),
        ["the other end refused: bad record mac"]
    );
}

#[test]
fn abort_resets_and_says_nothing() {
    let pair = Pair::shaken();
    pair.server.transport().write(b"part");
    pair.carry(usize::MAX);
    pair.server.transport().abort();
    pair.run();
    assert!(pair.server.was_reset());
    assert!(pair.server.received().is_empty(), "no close_notify");
    pair.client.reset();
    assert_eq!(lost(&pair.at_client), ["connection reset"]);
}

#[test]
fn half_closed_is_the_way_out_only() {
    let pair = Pair::shaken();
    pair.client.transport().write(b"question");
    pair.client.transport().close_write();
    pair.carry_ends();
    assert_eq!(
        (pair.at_server.ended.get(), pair.client.is_open()),
        (1, true)
    );
    pair.client.transport().write(b"not sent any more");
    pair.server.transport().write(b"an answer that comes later");
    pair.server.transport().close();
    pair.carry_ends();
    assert_eq!(*pair.at_server.bytes.borrow(), b"question");
    assert_eq!(
        *pair.at_client.bytes.borrow(),
        b"an answer that comes later"
    );
    assert_eq!(lost(&pair.at_client), ["closed by the other end"]);
    assert_eq!(lost(&pair.at_server), ["closed"]);
}

#[test]
fn who_has_closed_waits_for_the_other_end_but_not_for_long() {
    let pair = Pair::shaken();
    pair.client.transport().close();
    pair.run();
    // Data that comes now is discarded: it must not cause a reset.
    pair.server.transport().write(b"too late");
    pair.carry(usize::MAX);
    assert!(pair.client.is_open());
    pair.clock.advance(Duration::from_secs(1));
    pair.run();
    assert_eq!(lost(&pair.at_client), ["closed"]);
    assert!(pair.at_client.bytes.borrow().is_empty() && !pair.client.was_reset());
}

/// More than all buffers on the way hold: the protocol is told to pause, memory is bounded, and all
/// of it arrives.
#[test]
fn a_big_write_waits_for_a_slow_reader_and_arrives_whole() {
    const LENGTH: usize = 3_000_000;
    let bytes: Vec<u8> = (0..LENGTH as u32)
        .map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8)
        .collect();
    let pair = Pair::shaken();
    pair.server.set_room(10_000);
    pair.server.transport().write(&bytes);
    pair.server.transport().close();
    pair.run();
    let unsent = pair.server.transport().buffered();
    // rustls holds one record or a few, not everything.
    assert!(unsent > LENGTH - 200_000, "{unsent}");
    assert_eq!(pair.at_server.pauses.get(), 1);
    let times = pair.carry(usize::MAX);
    assert!(times >= LENGTH / 10_000, "{times}");
    assert_eq!(pair.at_client.bytes.borrow().len(), LENGTH);
    assert!(*pair.at_client.bytes.borrow() == bytes);
    assert_eq!(
        pair.at_client.ended.get(),
        1,
        "close_notify comes behind it"
    );
}

#[test]
fn a_reader_that_reads_nothing_is_cut_after_the_stall_time_out() {
    let pair = Pair::shaken();
    let transport: &Transport = pair.server.transport();
    transport.set_stall_timeout(Some(Duration::from_secs(5)));
    pair.server.set_room(0);
    // So little that TLS accepts it all, and nothing waits outside.
    transport.write(b"short");
    pair.run();
    assert_eq!(transport.buffered(), 0);
    pair.clock.advance(Duration::from_secs(5));
    pair.run();
    assert_eq!(lost(&pair.at_server), ["the other end read nothing for 5s"]);
    assert!(pair.server.was_reset());
}

#[test]
fn a_pause_holds_back_what_has_come() {
    let pair = Pair::shaken();
    pair.server.transport().pause_producing();
    pair.client.transport().write(&[7; 100_000]);
    pair.client.transport().close();
    pair.carry(usize::MAX);
    assert!(pair.at_server.bytes.borrow().is_empty() && pair.at_server.ended.get() == 0);
    pair.server.transport().resume_producing();
    pair.carry(usize::MAX);
    assert_eq!(pair.at_server.bytes.borrow().len(), 100_000);
    assert_eq!(pair.at_server.ended.get(), 1);
}

#[test]
fn idle_is_idle_with_tls_as_well() {
    let pair = Pair::shaken();
    pair.server
        .transport()
        .set_idle_timeout(Some(Duration::from_secs(60)));
    pair.clock.advance(Duration::from_secs(59));
    pair.client.transport().write(b"here");
    pair.carry(usize::MAX);
    pair.clock.advance(Duration::from_secs(59));
    pair.run();
    assert!(pair.server.is_open());
    pair.clock.advance(Duration::from_secs(1));
    pair.run();
    assert_eq!(lost(&pair.at_server), ["idle for 60s"]);
}

/// python/cpython#89322: with TLS, a protocol that had paused still got data that was already
/// decrypted.
#[test]
fn a_pause_from_within_holds_back_the_records_that_came_along() {
    struct Once(Rc<Cell<usize>>);
    impl Protocol for Once {
        fn data_received(&mut self, transport: &Transport, data: &[u8]) {
            assert!(!transport.is_paused());
            self.0.set(self.0.get() + data.len());
            transport.pause_producing();
        }
    }
    const LENGTH: usize = 1_000_000;
    let authority = Authority::new();
    let (reactor, _clock) = testing::reactor().unwrap();
    let count = Rc::new(Cell::new(0));
    let server = authority.server_with(|_| ()).session().unwrap();
    let server = testing::connect_tls(&reactor, server, Once(Rc::clone(&count)));
    let client = authority.client().session("localhost").unwrap();
    let client = testing::connect_tls(&reactor, client, Note::default());
    client.transport().write(&[7; LENGTH]);
    carry(&client, &server);
    let mut before = 0;
    while count.get() < LENGTH {
        // At most one buffer for each time that it is resumed.
        assert!(count.get() > before && count.get() - before <= 256 * 1024);
        before = count.get();
        server.transport().resume_producing();
        carry(&client, &server);
    }
}

/// twisted/twisted#5118: the end that got *close_notify* closed without sending its own.
#[test]
fn an_end_is_answered_with_an_end() {
    let authority = Authority::new();
    let (reactor, _clock) = testing::reactor().unwrap();
    let server = authority.server_with(|_| ()).session().unwrap();
    let server = testing::connect_tls(&reactor, server, reactor::echo::Echo);
    let client = authority.client().session("localhost").unwrap();
    let note = Note::default();
    let client = testing::connect_tls(&reactor, client, note.clone());
    carry(&client, &server);
    client.transport().close_write();
    reactor.run_pending().unwrap();
    carry(&client, &server);
    assert_eq!(note.0.ended.get(), 1);
    assert!(!server.was_reset());
}
