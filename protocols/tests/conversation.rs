//! The conversation test, run against the simplest possible server: one thread for each member.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::{BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use protocols::chat::{MAX_LINE, Room, TOO_LONG, WELCOME};
use protocols::conversation;

type Shared = Arc<Mutex<Room<Arc<TcpStream>>>>;

/// Waits for a reader that does not read. So this server would fail [`conversation::slow_reader`].
fn tell(mut stream: &TcpStream, text: &str) {
    let _ = stream.write_all(format!("{text}\n").as_bytes());
}

fn serve(room: &Shared, stream: TcpStream) {
    let stream = Arc::new(stream);
    let tell_member = |stream: &Arc<TcpStream>, text: &str| tell(stream, text);
    tell(&stream, WELCOME);
    let number = room.lock().unwrap().enter(Arc::clone(&stream));
    let (mut line, mut too_long) = (Vec::new(), false);
    for byte in BufReader::new(&*stream).bytes().map_while(Result::ok) {
        if byte == b'\n' {
            let whole = line.strip_suffix(b"\r").unwrap_or(&line);
            if !std::mem::take(&mut too_long) {
                room.lock().unwrap().line(number, whole, tell_member);
            }
            line.clear();
        } else if !too_long {
            line.push(byte);
            // The end of a line may have two bytes.
            if line.len() > MAX_LINE + 1 {
                too_long = true;
                tell(&stream, TOO_LONG);
            }
        }
    }
    room.lock().unwrap().leave(number, tell_member);
}

#[test]
fn a_server_of_threads_passes_all_parts_but_the_slow_reader() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        let room = Shared::default();
        for stream in listener.incoming().map_while(Result::ok) {
            let room = Arc::clone(&room);
            thread::spawn(move || serve(&room, stream));
        }
    });
    conversation::joins_and_leaves(address).unwrap();
    conversation::messages_in_order(address).unwrap();
    conversation::names(address).unwrap();
    conversation::clash_of_names(address).unwrap();
    conversation::byte_by_byte(address).unwrap();
    conversation::cut_off_mid_line(address).unwrap();
    conversation::line_too_long(address).unwrap();
    conversation::line_too_long_before_its_end(address).unwrap();
    conversation::invalid_utf8(address).unwrap();
}

/// The parts can fail: a server that disconnects passes none.
#[test]
fn a_server_that_hangs_up_passes_nothing() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            tell(&stream, WELCOME);
        }
    });
    let error = conversation::all(address).unwrap_err();
    assert!(error.to_string().starts_with("joins and leaves: "));
}
