//! A network that can be cut: a proxy before the broker.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

#[derive(Clone, Copy, PartialEq)]
enum Way {
    Open,
    /// Connections are closed, and new ones too.
    Cut,
    /// Nothing goes through, and nothing is closed.
    Frozen,
    /// Requests go through; instead of an answer the connection is closed.
    NoAnswers,
}

struct Shared {
    way: Mutex<Way>,
    changed: Condvar,
    connections: Mutex<Vec<TcpStream>>,
    accepted: AtomicUsize,
    refused: AtomicUsize,
}

pub struct Proxy {
    port: u16,
    shared: Arc<Shared>,
}

impl Proxy {
    pub fn to(port: u16) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let shared = Arc::new(Shared {
            way: Mutex::new(Way::Open),
            changed: Condvar::new(),
            connections: Mutex::default(),
            accepted: AtomicUsize::new(0),
            refused: AtomicUsize::new(0),
        });
        let proxy = Proxy {
            port: listener.local_addr().unwrap().port(),
            shared: Arc::clone(&shared),
        };
        // The threads end with the test program.
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                if *shared.way.lock().unwrap() == Way::Cut {
                    shared.refused.fetch_add(1, Ordering::Relaxed);
                    continue;
                }
                let Ok(server) = TcpStream::connect(("127.0.0.1", port)) else {
                    continue;
                };
                shared.accepted.fetch_add(1, Ordering::Relaxed);
                for (from, to, answers) in [(&client, &server, false), (&server, &client, true)] {
                    let (from, to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
                    let shared = Arc::clone(&shared);
                    std::thread::spawn(move || shared.copy(from, to, answers));
                }
                shared.connections.lock().unwrap().extend([client, server]);
            }
        });
        proxy
    }

    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    pub fn cut(&self) {
        self.set(Way::Cut);
        for socket in self.shared.connections.lock().unwrap().drain(..) {
            let _ = socket.shutdown(Shutdown::Both);
        }
    }

    pub fn freeze(&self) {
        self.set(Way::Frozen);
    }

    pub fn lose_answers(&self) {
        self.set(Way::NoAnswers);
    }

    pub fn mend(&self) {
        self.set(Way::Open);
    }

    /// How many connections were made.
    pub fn accepted(&self) -> usize {
        self.shared.accepted.load(Ordering::Relaxed)
    }

    /// How many connections were refused since the cut.
    pub fn refused(&self) -> usize {
        self.shared.refused.load(Ordering::Relaxed)
    }

    fn set(&self, way: Way) {
        *self.shared.way.lock().unwrap() = way;
        self.shared.changed.notify_all();
    }
}

impl Shared {
    fn copy(&self, mut from: TcpStream, mut to: TcpStream, answers: bool) {
        let mut bytes = [0; 1 << 16];
        while let Ok(n) = from.read(&mut bytes) {
            let mut way = self.way.lock().unwrap();
            while *way == Way::Frozen {
                way = self
                    .changed
                    .wait_timeout(way, Duration::from_secs(60))
                    .unwrap()
                    .0;
            }
            let lost = answers && *way == Way::NoAnswers;
            drop(way);
            if lost || n == 0 || to.write_all(&bytes[..n]).is_err() {
                break;
            }
        }
        for socket in [from, to] {
            let _ = socket.shutdown(Shutdown::Both);
        }
    }
}
