//! A site of a few pages, written by the test that needs them.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

/// What is asked for, and what is answered: the lines of the header after the first, and the body.
type Pages = HashMap<&'static str, (String, String, String)>;

/// A request: its method and path, and its header.
type Seen = (String, String);

/// It is gone when it is dropped.
pub struct Tiny {
    address: SocketAddr,
    #[allow(dead_code, reason = "not every test program asks for it")]
    log: Arc<Mutex<Vec<Seen>>>,
    over: Arc<AtomicBool>,
    server: Option<JoinHandle<()>>,
}

impl Tiny {
    /// Serves HTML under these paths, and 404 under all others.
    pub fn html(pages: &[(&'static str, &str)]) -> Tiny {
        let pages = pages
            .iter()
            .map(|(path, body)| (*path, "", "200 OK", *body));
        Tiny::with(&pages.collect::<Vec<_>>())
    }

    /// The same with further lines of the header, and a status.
    pub fn with(pages: &[(&'static str, &str, &str, &str)]) -> Tiny {
        let page = |(path, head, status, body): &(&'static str, &str, &str, &str)| {
            let head = format!("content-type: text/html\r\n{head}");
            (*path, (head, (*status).to_owned(), (*body).to_owned()))
        };
        Tiny::serve(pages.iter().map(page).collect())
    }

    fn serve(pages: Pages) -> Tiny {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let log = Arc::new(Mutex::new(Vec::new()));
        let over = Arc::new(AtomicBool::new(false));
        let (seen, ended) = (Arc::clone(&log), Arc::clone(&over));
        let server = std::thread::spawn(move || {
            for stream in listener.incoming() {
                if ended.load(Ordering::Relaxed) {
                    return;
                }
                answer(stream.unwrap(), &pages, &seen);
            }
        });
        Tiny {
            address,
            log,
            over,
            server: Some(server),
        }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Methods and paths, in the order in which they came.
    #[allow(dead_code, reason = "not every test program asks for it")]
    pub fn log(&self) -> Vec<String> {
        let log = self.log.lock().unwrap();
        log.iter().map(|(line, _)| line.clone()).collect()
    }

    /// The headers of all requests, in small letters.
    #[allow(dead_code, reason = "not every test program asks for it")]
    pub fn heads(&self) -> Vec<String> {
        let log = self.log.lock().unwrap();
        log.iter().map(|(_, head)| head.clone()).collect()
    }
}

impl Drop for Tiny {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        // It waits for a connection: this is the last one.
        let _ = TcpStream::connect(self.address);
        let _ = self.server.take().unwrap().join();
    }
}

fn answer(mut stream: TcpStream, pages: &Pages, log: &Mutex<Vec<Seen>>) {
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
    let first = lines
        .next()
        .unwrap_or(Ok(String::new()))
        .unwrap_or_default();
    let head = lines.map_while(Result::ok);
    let head: Vec<String> = head.take_while(|line| !line.is_empty()).collect();
    let mut words = first.split(' ');
    let (method, path) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
    let line = format!("{method} {path}");
    log.lock()
        .unwrap()
        .push((line, head.join("\n").to_lowercase()));
    let (status, head, body) = match pages.get(path) {
        Some((head, status, body)) => (status.as_str(), head.as_str(), body.as_str()),
        None => ("404 Not Found", "", "no"),
    };
    let length = body.len();
    let body = if method == "HEAD" { "" } else { body };
    // The other end may be gone.
    let _ = write!(
        stream,
        "HTTP/1.1 {status}\r\n{head}content-length: {length}\r\nconnection: close\r\n\r\n{body}"
    );
}
