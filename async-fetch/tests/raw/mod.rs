//! A server that answers byte for byte what a test says.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// What a client asked, and how often it asked for that path before.
pub struct Asked {
    pub head: String,
    pub path: String,
    pub before: usize,
}

impl Asked {
    /// What a head asks.
    pub fn of(head: &str) -> Asked {
        Asked {
            head: head.to_owned(),
            path: head.split(' ').nth(1).unwrap_or("").to_owned(),
            before: 0,
        }
    }

    /// The bytes that are asked for, of a file of `total` bytes.
    pub fn range(&self, total: usize) -> (usize, usize) {
        let range = self
            .header("range")
            .and_then(|it| it.strip_prefix("bytes="));
        let Some((from, last)) = range.and_then(|it| it.split_once('-')) else {
            return (0, total);
        };
        let to = last.parse().map_or(total, |last: usize| last + 1);
        (from.parse().unwrap(), to.min(total))
    }

    /// A header's value, in small letters but for the value.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    /// The first byte of the range that is asked for.
    pub fn from(&self) -> Option<usize> {
        let range = self.header("range")?.strip_prefix("bytes=")?;
        range.split('-').next()?.parse().ok()
    }
}

/// It stops with the process.
pub struct Server {
    port: u16,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// Each answer ends its connection.
    pub fn start(answer: impl Fn(&Asked) -> Vec<u8> + Send + Sync + 'static) -> Server {
        Server::streaming(move |asked: &Asked, stream: &mut TcpStream| {
            let _ = stream.write_all(&answer(asked));
        })
    }

    /// Answers are written as the function does it; each ends its connection.
    pub fn streaming(answer: impl Fn(&Asked, &mut TcpStream) + Send + Sync + 'static) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let heads = Arc::new(Mutex::new(Vec::new()));
        let (answer, log) = (Arc::new(answer), Arc::clone(&heads));
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let (answer, log) = (Arc::clone(&answer), Arc::clone(&log));
                thread::spawn(move || serve(client, &*answer, &log));
            }
        });
        Server { port, heads }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// The requests, as they came.
    pub fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }
}

fn serve(mut client: TcpStream, answer: &dyn Fn(&Asked, &mut TcpStream), log: &Mutex<Vec<String>>) {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        match client.read(&mut byte) {
            Ok(1) => head.push(byte[0]),
            _ => return,
        }
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let mut asked = Asked::of(&head);
    let first = format!(" {} ", asked.path);
    asked.before = {
        let mut log = log.lock().unwrap();
        log.push(head.clone());
        log.iter()
            .filter(|it| it.lines().next().is_some_and(|it| it.contains(&first)))
            .count()
            - 1
    };
    answer(&asked, &mut client);
    let _ = client.shutdown(Shutdown::Write);
    // Until the client has gone: what it did not read would reset the connection.
    let _ = std::io::copy(&mut client, &mut std::io::sink());
}

/// An answer with these header lines, whose length is that of the body unless they say it.
pub fn answer(status: &str, headers: &[&str], body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    let mut text = format!("HTTP/1.1 {status}\r\nConnection: close\r\n");
    for header in headers {
        text += header;
        text += "\r\n";
    }
    let says = |name: &str| {
        headers
            .iter()
            .any(|it| it.to_ascii_lowercase().starts_with(name))
    };
    if !says("content-length") && !says("transfer-encoding") {
        text += &format!("Content-Length: {}\r\n", body.len());
    }
    [text.as_bytes(), b"\r\n", body].concat()
}
