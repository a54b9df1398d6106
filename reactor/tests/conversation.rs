//! The chat, over real sockets.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use protocols::conversation;
use reactor::{Reactor, chat};

#[test]
fn the_chat_server_passes_the_conversation() {
    let reactor = Reactor::new().unwrap();
    let here = ([127, 0, 0, 1], 0).into();
    let port = reactor.listen_tcp(here, chat::Server::default()).unwrap();
    let address = port.local_addr().unwrap();
    let remote = reactor.remote();
    let talking = std::thread::spawn(move || {
        let result = conversation::all(address);
        remote.call_from_thread(|reactor| reactor.stop()).unwrap();
        result
    });
    reactor.run().unwrap();
    talking.join().unwrap().unwrap();
    assert!(
        reactor.connections() <= 1,
        "the last one may not be noticed yet"
    );
}

#[cfg(feature = "cli")]
#[test]
fn the_chat_client_passes_the_conversation() {
    conversation::client(|address| {
        let mut command = std::process::Command::new(assert_cmd::cargo::cargo_bin!("reactor"));
        command.args(["chat-client", "ann", &address.to_string()]);
        command
    })
    .unwrap();
}
