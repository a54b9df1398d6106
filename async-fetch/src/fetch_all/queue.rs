//! Requests that wait for their host. Each host has a queue of its own, and hosts take turns.

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;

use crate::gate::Host;
use crate::request::Request;

/// The number of a host while one of its requests is here.
pub(super) type Key = usize;

/// A request whose turn it is.
pub(super) struct Next {
    pub(super) index: u64,
    pub(super) request: Request,
    pub(super) host: Arc<Host>,
    pub(super) key: Key,
}

/// The hash of a key. Nobody chooses keys, so it need not be as safe as that of the standard library, which
/// took a hundredth of the time of a small request.
#[derive(Default)]
struct OfKey(u64);

impl Hasher for OfKey {
    fn write_usize(&mut self, key: usize) {
        // Fibonacci hashing (Knuth, volume 3, section 6.4): the upper bits are spread.
        let product = (key as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 = product ^ product >> 32;
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_usize(usize::from(*byte) ^ self.0 as usize);
        }
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

#[derive(Default)]
pub(super) struct Queue {
    lines: HashMap<Key, Line, BuildHasherDefault<OfKey>>,
    /// The hosts in the order of their turns, each once. Some may be busy when their turn comes.
    turns: VecDeque<Key>,
    length: usize,
}

struct Line {
    host: Arc<Host>,
    waiting: VecDeque<(u64, Request)>,
    /// Requests in flight, without those that wait for another attempt.
    active: usize,
    /// Requests in flight, with those that wait for another attempt.
    taken: usize,
    /// It has a place among the turns.
    has_turn: bool,
}

impl Line {
    fn can_start(&self) -> bool {
        !self.waiting.is_empty() && self.active < self.host.at_once()
    }
}

impl Queue {
    /// Requests that wait.
    pub(super) fn len(&self) -> usize {
        self.length
    }

    pub(super) fn push(&mut self, index: u64, request: Request, host: Arc<Host>) {
        let key = Arc::as_ptr(&host) as Key;
        let line = self.lines.entry(key).or_insert_with(|| Line {
            host,
            waiting: VecDeque::new(),
            active: 0,
            taken: 0,
            has_turn: false,
        });
        line.waiting.push_back((index, request));
        self.length += 1;
        self.give_turn(key);
    }

    /// The next request whose host has room now.
    pub(super) fn pop(&mut self) -> Option<Next> {
        while let Some(key) = self.turns.pop_front() {
            let Some(line) = self.lines.get_mut(&key) else {
                continue;
            };
            line.has_turn = false;
            if !line.can_start() {
                continue;
            }
            let Some((index, request)) = line.waiting.pop_front() else {
                continue;
            };
            line.active += 1;
            line.taken += 1;
            let host = Arc::clone(&line.host);
            self.length -= 1;
            self.give_turn(key);
            return Some(Next {
                index,
                request,
                host,
                key,
            });
        }
        None
    }

    /// A request begins to wait for another attempt: others for its host can start.
    pub(super) fn rests(&mut self, key: Key) {
        if let Some(line) = self.lines.get_mut(&key) {
            line.active = line.active.saturating_sub(1);
            self.give_turn(key);
        }
    }

    /// The wait has ended.
    pub(super) fn goes_on(&mut self, key: Key) {
        if let Some(line) = self.lines.get_mut(&key) {
            line.active += 1;
        }
    }

    /// A request has ended.
    pub(super) fn finished(&mut self, key: Key) {
        if let Some(line) = self.lines.get_mut(&key) {
            line.active = line.active.saturating_sub(1);
            line.taken -= 1;
            if line.taken == 0 && line.waiting.is_empty() {
                self.lines.remove(&key);
            } else {
                self.give_turn(key);
            }
        }
    }

    fn give_turn(&mut self, key: Key) {
        if let Some(line) = self.lines.get_mut(&key)
            && !line.has_turn
            && line.can_start()
        {
            line.has_turn = true;
            self.turns.push_back(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gate::Gate;
    use crate::limits::Limits;

    #[test]
    fn hosts_take_turns_however_long_their_lines_are() {
        let limits = Limits {
            per_host: 2,
            ..Limits::default()
        };
        let gate = Gate::new(&limits);
        let mut queue = Queue::default();
        let mut index = 0;
        for (host, requests) in [("a", 1500), ("b", 3), ("c", 1)] {
            for _ in 0..requests {
                let request = Request::get(format!("http://{host}.example/")).unwrap();
                let host = gate.host(request.url());
                queue.push(index, request, host);
                index += 1;
            }
        }
        let mut started = String::new();
        let mut keys = Vec::new();
        while let Some(next) = queue.pop() {
            started += &next.request.url().host_str().unwrap()[..1];
            keys.push(next.key);
        }
        assert_eq!(started, "abcab");
        // One that is finished makes room for one, and only of its host.
        queue.finished(keys[1]);
        assert_eq!(
            queue.pop().unwrap().request.url().host_str(),
            Some("b.example")
        );
        assert!(queue.pop().is_none());
        // One that waits for another attempt makes room too.
        queue.rests(keys[0]);
        assert_eq!(queue.pop().unwrap().index, 2);
        queue.goes_on(keys[0]);
        queue.finished(keys[0]);
        assert!(queue.pop().is_none());
        assert_eq!(queue.len(), 1497);
    }
}
