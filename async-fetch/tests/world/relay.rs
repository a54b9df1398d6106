//! A relay between a client and a real server, which lets a counted number of bytes of the answers
//! through. A test so disturbs a transfer at a byte of its choice, however fast the machine is.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::process::{Child, ExitStatus};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};

/// Bytes that are moved at once.
const PIECE: usize = 16 * 1024;

/// How often it is looked whether the client has ended.
const GLANCE: Duration = Duration::from_millis(2);

/// A client that takes longer hangs.
const PATIENCE: Duration = Duration::from_secs(60);

/// The relay. Its threads end with the connections and with the process.
pub struct Relay {
    shared: Arc<Shared>,
    port: u16,
}

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
    upstream: u16,
}

struct State {
    /// Bytes of answers that may still pass.
    budget: u64,
    /// Connections that have bytes and may not pass them.
    blocked: usize,
    /// Counts the cuts: connections from before the last one end.
    generation: u64,
    connections: Vec<(Arc<TcpStream>, Arc<TcpStream>)>,
}

/// What came first.
pub enum Event {
    /// As many bytes as were allowed have passed, and there are more.
    Spent,
    /// The client has ended.
    Ended(ExitStatus),
    /// Neither, for a minute.
    Hangs,
}

impl Relay {
    pub fn start(upstream: u16) -> Relay {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = State {
            budget: u64::MAX,
            blocked: 0,
            generation: 0,
            connections: Vec::new(),
        };
        let shared = Arc::new(Shared {
            state: Mutex::new(state),
            changed: Condvar::new(),
            upstream,
        });
        let accepting = Arc::clone(&shared);
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                accepting.connect(client);
            }
        });
        Relay { shared, port }
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// Lets this many more bytes pass, and no more.
    pub fn allow(&self, bytes: u64) {
        self.shared.lock().budget = bytes;
        self.shared.changed.notify_all();
    }

    /// Waits until the bytes are spent or the client has ended.
    pub fn wait(&self, client: &mut Child) -> Event {
        let start = Instant::now();
        let mut state = self.shared.lock();
        loop {
            if state.budget == 0 && state.blocked > 0 {
                return Event::Spent;
            }
            if let Some(status) = client.try_wait().unwrap() {
                return Event::Ended(status);
            }
            if start.elapsed() > PATIENCE {
                return Event::Hangs;
            }
            state = self.shared.changed.wait_timeout(state, GLANCE).unwrap().0;
        }
    }

    /// Waits until the client has ended, whatever passes; `None` if it goes on for a minute.
    pub fn wait_end(&self, client: &mut Child) -> Option<ExitStatus> {
        let start = Instant::now();
        while start.elapsed() < PATIENCE {
            if let Some(status) = client.try_wait().unwrap() {
                return Some(status);
            }
            std::thread::sleep(GLANCE);
        }
        None
    }

    /// Ends all connections: in good order, or by a reset.
    pub fn cut(&self, reset: bool) {
        let mut state = self.shared.lock();
        state.generation += 1;
        for (client, server) in state.connections.drain(..) {
            if reset {
                let now = Some(Duration::ZERO);
                let _ = rustix::net::sockopt::set_socket_linger(&client, now);
            }
            // Wakes the two threads, which then let go of the sockets: that closes them.
            let _ = client.shutdown(Shutdown::Read);
            let _ = server.shutdown(Shutdown::Both);
        }
        drop(state);
        self.shared.changed.notify_all();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    fn connect(self: &Arc<Self>, client: TcpStream) {
        // A server that is down closes the client's connection, as a real one's machine would.
        let Ok(server) = TcpStream::connect((Ipv4Addr::LOCALHOST, self.upstream)) else {
            return;
        };
        let (client, server) = (Arc::new(client), Arc::new(server));
        let mut state = self.lock();
        let generation = state.generation;
        let both = (Arc::clone(&client), Arc::clone(&server));
        state.connections.push(both.clone());
        drop(state);
        let shared = Arc::clone(self);
        std::thread::spawn(move || {
            shared.answers(&both.1, &both.0, generation);
            let _ = both.0.shutdown(Shutdown::Write);
            shared.forget(&both.0);
        });
        std::thread::spawn(move || {
            let _ = std::io::copy(&mut &*client, &mut &*server);
            let _ = server.shutdown(Shutdown::Write);
        });
    }

    fn answers(&self, mut server: &TcpStream, mut client: &TcpStream, generation: u64) {
        let mut piece = [0; PIECE];
        while let Ok(count) = server.read(&mut piece) {
            if count == 0 {
                return;
            }
            let mut rest = &piece[..count];
            while !rest.is_empty() {
                let Some(some) = self.take(rest.len() as u64, generation) else {
                    return;
                };
                let (now, later) = rest.split_at(some as usize);
                if client.write_all(now).is_err() {
                    return;
                }
                rest = later;
            }
        }
    }

    /// How many of these bytes may pass: at least one, after a wait; `None` after a cut.
    fn take(&self, wanted: u64, generation: u64) -> Option<u64> {
        let mut state = self.lock();
        state.blocked += 1;
        while state.budget == 0 && state.generation == generation {
            self.changed.notify_all();
            state = self.changed.wait(state).unwrap();
        }
        state.blocked -= 1;
        if state.generation != generation {
            return None;
        }
        let some = wanted.min(state.budget);
        if state.budget != u64::MAX {
            state.budget -= some;
        }
        Some(some)
    }

    fn forget(&self, client: &Arc<TcpStream>) {
        let mut state = self.lock();
        state
            .connections
            .retain(|(known, _)| !Arc::ptr_eq(known, client));
    }
}
