//! The chat with members that read, and members that do not.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::{BufRead, BufReader, Write};
use std::time::Duration;

use event_loop::FakeClock;
use green_threads::chat::{Chat, KEPT, MISSED};
use green_threads::net::{TcpListener, TcpStream};
use green_threads::{set_clock, sleep, spawn};

/// Ends the process if a test hangs.
fn watch() {
    std::thread::spawn(|| {
        std::thread::sleep(Duration::from_secs(120));
        eprintln!("a test of the chat hangs");
        std::process::abort();
    });
}

struct Client(BufReader<TcpStream>);

impl Client {
    /// When this returns, the client has joined: the answer to a bad line comes after the name is
    /// set.
    fn join(address: std::net::SocketAddr, name: &str) -> Client {
        let mut client = Client(BufReader::new(TcpStream::connect(address).unwrap()));
        client.say(&format!("{name}:\nanswer me"));
        while client.hear() != protocols::chat::NOT_UNDERSTOOD {}
        client
    }

    fn say(&mut self, line: &str) {
        let line = format!("{line}\n");
        self.0.get_mut().write_all(line.as_bytes()).unwrap();
    }

    fn hear(&mut self) -> String {
        let mut line = String::new();
        self.0.read_line(&mut line).unwrap();
        assert!(line.ends_with('\n'), "{line:?}");
        line.trim_end().to_owned()
    }

    fn hears(&mut self, expected: &str) {
        while self.hear() != expected {}
    }
}

/// Without `TCP_NODELAY` the system keeps a line for up to 40 ms.
#[test]
fn a_line_is_sent_at_once() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let mut client = Client(BufReader::new(TcpStream::connect(address).unwrap()));
    let (stream, _) = listener.accept().unwrap();
    let same_socket = stream.try_clone().unwrap();
    spawn(move || Chat::default().serve(stream));
    assert_eq!(client.hear(), protocols::chat::WELCOME);
    assert!(same_socket.nodelay().unwrap());
}

#[test]
fn members_who_never_read_delay_nobody_and_are_told_what_they_missed() {
    watch();
    // The clock stands still, so nothing times out.
    set_clock(FakeClock::new()).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let chat = Chat::default();
    spawn(move || {
        for stream in listener.incoming() {
            let (chat, stream) = (chat.clone(), stream.unwrap());
            spawn(move || chat.serve(stream));
        }
    });
    let mut silent: Vec<_> = (0..3)
        .map(|n| Client::join(address, &format!("silent {n}")))
        .collect();
    let mut ann = Client::join(address, "ann");
    let mut bob = Client::join(address, "bob");
    // More than the chat keeps, and than the system's buffers hold for the silent members.
    let text = "x".repeat(1000);
    let lines = KEPT / 1000 + 20_000;
    for n in 0..lines {
        bob.say(&format!("bob:{n} {text}"));
        ann.hears(&format!("#[bob]>>> {n} {text}"));
    }
    bob.say("bob:the last");
    // Now they read. They get whole lines in order, with one gap, which is announced.
    for silent in &mut silent {
        let (mut last, mut missed) = (None, 0);
        loop {
            let line = silent.hear();
            if line == "#[bob]>>> the last" {
                break;
            }
            if line == MISSED {
                missed += 1;
            }
            if let Some(said) = line.strip_prefix("#[bob]>>> ") {
                let number: usize = said.strip_suffix(&text).unwrap().trim().parse().unwrap();
                assert!(Some(number) > last, "{number} after {last:?}");
                if missed == 0 {
                    assert_eq!(number, last.map_or(0, |last| last + 1));
                }
                last = Some(number);
            }
        }
        assert_eq!((last, missed), (Some(lines - 1), 1));
    }
}

#[test]
fn who_does_not_read_is_cut_off_in_time() {
    watch();
    let clock = FakeClock::new();
    set_clock(clock.clone()).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let chat = Chat::default();
    spawn(move || {
        for stream in listener.incoming() {
            let (chat, stream) = (chat.clone(), stream.unwrap());
            spawn(move || chat.serve(stream));
        }
    });
    let _silent = Client::join(address, "silent");
    let mut ann = Client::join(address, "ann");
    let mut bob = Client::join(address, "bob");
    let text = "x".repeat(1000);
    for n in 0..20_000 {
        bob.say(&format!("bob:{n} {text}"));
        ann.hears(&format!("#[bob]>>> {n} {text}"));
    }
    clock.advance(protocols::chat::STALL_TIMEOUT - Duration::from_secs(1));
    sleep(Duration::ZERO);
    bob.say("bob:still here");
    ann.hears("#[bob]>>> still here");
    clock.advance(Duration::from_secs(2));
    ann.hears("*** silent has left");
}
