//! The chat, over real sockets.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use green_threads::chat::Chat;
use green_threads::net::TcpListener;
use green_threads::{sleep, spawn};
use protocols::conversation;

#[test]
fn the_chat_server_passes_the_conversation() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let server = spawn(move || {
        let chat = Chat::default();
        for stream in listener.incoming() {
            let (chat, stream) = (chat.clone(), stream.unwrap());
            spawn(move || chat.serve(stream));
        }
    });
    let talking = std::thread::spawn(move || conversation::all(address));
    while !talking.is_finished() {
        sleep(std::time::Duration::from_millis(1));
    }
    server.kill();
    talking.join().unwrap().unwrap();
}
