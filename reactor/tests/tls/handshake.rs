//! Handshakes: those that succeed, those that fail, and those that time out.

use std::time::Duration;

use reactor::tls::{Client, HANDSHAKE_TIMEOUT, Server};
use reactor::{Reactor, echo::Echo, testing};

use super::support::{Authority, Note, Pair};

#[test]
fn a_protocol_is_told_when_the_handshake_is_done_however_the_bytes_come() {
    let pair = Pair::new();
    assert!(pair.at_client.made.get() == 0 && pair.at_server.made.get() == 0);
    // One byte at a time: over a thousand pieces.
    assert!(pair.carry(1) > 1000);
    assert!(pair.at_client.made.get() == 1 && pair.at_server.made.get() == 1);
    pair.client.transport().write(b"from the client");
    pair.server.transport().write(b"from the server");
    pair.carry(1);
    assert_eq!(*pair.at_server.bytes.borrow(), b"from the client");
    assert_eq!(*pair.at_client.bytes.borrow(), b"from the server");
}

#[test]
fn nothing_that_is_written_goes_over_the_wire_as_it_is() {
    let pair = Pair::shaken();
    pair.client.transport().write(b"a secret");
    pair.run();
    let wire = pair.client.received();
    assert!(wire.len() > 8 && !wire.windows(8).any(|part| part == b"a secret"));
}

/// Why a client that trusts `authority` refuses this server, as both ends see it.
fn refused(client: &Client, server: &Server) -> [String; 2] {
    let pair = Pair::of(client, server);
    pair.carry(usize::MAX);
    for (end, seen) in [
        (&pair.client, &pair.at_client),
        (&pair.server, &pair.at_server),
    ] {
        assert!(!end.is_open());
        assert_eq!(seen.made.get(), 0, "its protocol is not told of it");
        assert!(seen.lost.borrow().is_empty(), "nor of its end");
    }
    assert_eq!(pair.reactor.connections(), 0);
    [pair.client.lost().unwrap(), pair.server.lost().unwrap()]
}

/// The texts are this room's own. The alerts are those of RFC 8446, 6.2.
#[test]
fn a_bad_certificate_is_named_in_plain_words() {
    let authority = Authority::new();
    let client = authority.client();
    let [at_client, at_server] = refused(
        &client,
        &authority.server_with(|params| {
            params.not_before = rcgen::date_time_ymd(1990, 1, 1);
            params.not_after = rcgen::date_time_ymd(1991, 1, 1);
        }),
    );
    assert_eq!(at_client, "the certificate has expired");
    assert_eq!(
        at_server,
        "the other end refused: the certificate has expired"
    );

    let [at_client, _] = refused(
        &client,
        &authority.server_with(|params| params.not_before = rcgen::date_time_ymd(3000, 1, 1)),
    );
    assert!(
        at_client.starts_with("the certificate is not valid yet"),
        "{at_client}"
    );

    let [certificate, key] = authority.sign("elsewhere.example", |_| ());
    let elsewhere = Server::from_pem(certificate.as_bytes(), key.as_bytes()).unwrap();
    let [at_client, _] = refused(&client, &elsewhere);
    assert!(
        at_client.starts_with("the certificate is not for localhost: it is for ")
            && at_client.contains("elsewhere.example"),
        "{at_client}"
    );

    let [at_client, at_server] = refused(&client, &Authority::new().server_with(|_| ()));
    assert_eq!(
        at_client,
        "the certificate is not signed by a trusted authority"
    );
    assert_eq!(
        at_server,
        "the other end refused: it does not trust the certificate's authority"
    );
}

#[test]
fn somebody_who_does_not_speak_tls_is_refused() {
    let (reactor, _clock) = testing::reactor().unwrap();
    let note = Note::default();
    let server = Authority::new().server_with(|_| ());
    let peer = testing::connect_tls(&reactor, server.session().unwrap(), note.clone());
    peer.send(b"GET / HTTP/1.0\r\n\r\n");
    assert_eq!(peer.lost().unwrap(), "the other end does not use TLS");
    let peer = testing::connect_tls(&reactor, server.session().unwrap(), note.clone());
    peer.end();
    assert_eq!(
        peer.lost().unwrap(),
        "the other end closed the connection during the TLS handshake"
    );
    assert_eq!((note.0.made.get(), note.0.lost.borrow().len()), (0, 0));
    assert_eq!(reactor.connections(), 0);
}

#[test]
fn a_handshake_has_a_time_out_on_both_sides_however_much_is_sent() {
    let pair = Pair::new();
    // A byte now and then does not help: it is not an idle time-out.
    let hello = pair.client.received();
    let step = HANDSHAKE_TIMEOUT / 10;
    for byte in &hello[..9] {
        pair.clock.advance(step);
        pair.server.send(&[*byte]);
    }
    assert!(pair.server.is_open() && pair.client.is_open());
    pair.clock.advance(step);
    pair.reactor.run_pending().unwrap();
    for end in [&pair.server, &pair.client] {
        assert_eq!(end.lost().unwrap(), "the TLS handshake took over 10s");
    }
    assert_eq!(pair.reactor.connections(), 0);
}

#[test]
fn when_it_is_done_its_time_out_is_over() {
    let pair = Pair::shaken();
    pair.clock.advance(10 * HANDSHAKE_TIMEOUT);
    pair.reactor.run_pending().unwrap();
    assert!(pair.server.is_open() && pair.client.is_open());
}

/// A connection over a socket: the deferred gives the result.
#[test]
fn connecting_comes_to_a_transport_or_to_the_reason_why_not() {
    let reactor = Reactor::new().unwrap();
    let authority = Authority::new();
    let server = authority.server_with(|_| ());
    let port = reactor
        .listen_tls(([127, 0, 0, 1], 0).into(), &server, || Echo)
        .unwrap();
    let address = port.local_addr().unwrap();
    let note = Note::default();
    let good = reactor.connect_tls(address, "localhost", &authority.client(), note.clone());
    let transport = reactor.run_until(good).unwrap();
    assert_eq!(note.0.made.get(), 1);
    transport.abort();
    let stranger = Authority::new().client();
    for (name, client, expected) in [
        (
            "localhost",
            &stranger,
            "no secure connection: the certificate is not signed by",
        ),
        (
            "example.org",
            &authority.client(),
            "no secure connection: the certificate is not for",
        ),
        (
            "not a name",
            &stranger,
            "no secure connection: \"not a name\" is neither",
        ),
    ] {
        let note = Note::default();
        let bad = reactor.connect_tls(address, name, client, note.clone());
        let error = reactor.run_until(bad).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{error}");
        assert_eq!((note.0.made.get(), note.0.lost.borrow().len()), (0, 0));
    }
    // A server that never answers: the connection times out and is closed.
    let deaf = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let impatient = authority
        .client()
        .handshake_timeout(Duration::from_millis(1));
    let waiting = reactor.connect_tls(
        deaf.local_addr().unwrap(),
        "localhost",
        &impatient,
        Note::default(),
    );
    let error = reactor.run_until(waiting).unwrap_err().to_string();
    assert_eq!(
        error,
        "no secure connection: the TLS handshake took over 1ms"
    );
    // A cancelled connection does not stay open either.
    let waiting = reactor.connect_tls(
        deaf.local_addr().unwrap(),
        "localhost",
        &authority.client(),
        Note::default(),
    );
    let (accepted, _) = deaf.accept().unwrap();
    accepted.set_nonblocking(true).unwrap();
    // Until the handshake has begun.
    while accepted.peek(&mut [0]).is_err() {
        reactor.turn(Some(Duration::from_millis(1))).unwrap();
    }
    waiting.cancel();
    while reactor.connections() > 0 {
        reactor.turn(Some(Duration::from_millis(1))).unwrap();
    }
}
