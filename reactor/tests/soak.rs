//! Random timers, writes, closes, resets and signals, compared with a model: what must have fired,
//! and what must have arrived. It runs for two seconds; for ten minutes:
//!
//! ```text
//! SOAK_SECONDS=600 cargo test --release -p reactor --test soak -- --nocapture
//! ```

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use reactor::event_loop::Signal;
use reactor::{DelayedCall, Protocol, Reactor, Reason, Transport};

/// SIGUSR1, on Linux.
const SIGNAL: Signal = Signal::new(10);

#[derive(Default)]
struct Model {
    random: u64,
    server: Option<SocketAddr>,
    timers: HashMap<u64, DelayedCall>,
    connections: HashMap<u64, Plan>,
    /// Signals that were sent and not handled yet.
    signals: u64,
    made: [u64; 4],
    wrong: Vec<String>,
}

/// How a connection is to end.
#[derive(Clone, Copy)]
struct Plan {
    bytes: u64,
    end: End,
    /// How many bytes the server had received of it when it was lost there.
    arrived: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum End {
    Close,
    CloseWrite,
    Abort,
}

type Shared = Rc<RefCell<Model>>;

impl Model {
    /// A random number below `limit` (Xorshift).
    fn random(&mut self, limit: u64) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.random % limit
    }

    fn one_of_the_timers(&mut self) -> Option<u64> {
        let place = self.random(self.timers.len().max(1) as u64) as usize;
        self.timers.keys().copied().nth(place)
    }

    fn is_quiet(&self) -> bool {
        self.timers.is_empty() && self.connections.is_empty() && self.signals == 0
    }
}

fn set_timer(reactor: &Reactor, model: &Shared) {
    let (number, millis) = {
        let mut model = model.borrow_mut();
        model.made[0] += 1;
        (model.made[0], model.random(40))
    };
    let fired = Rc::clone(model);
    let call = reactor.call_later(Duration::from_millis(millis), move |reactor| {
        let set_another = {
            let mut model = fired.borrow_mut();
            match model.timers.remove(&number) {
                None => model
                    .wrong
                    .push(format!("timer {number} was cancelled and fired")),
                Some(call) if reactor.now() < call.due() => {
                    model.wrong.push(format!("timer {number} was early"));
                }
                Some(_) => {}
            }
            model.random(4) == 0
        };
        // While others are due in the same turn.
        if set_another {
            set_timer(reactor, &fired);
        }
    });
    model.borrow_mut().timers.insert(number, call);
}

fn change_timer(model: &Shared) {
    let mut model = model.borrow_mut();
    let Some(number) = model.one_of_the_timers() else {
        return;
    };
    let call = model.timers[&number].clone();
    let delay = Duration::from_millis(model.random(40));
    let changed = match model.random(3) {
        0 => {
            model.timers.remove(&number);
            call.cancel()
        }
        1 => call.reset(delay),
        _ => call.delay(delay),
    };
    if !changed {
        model.wrong.push(format!("timer {number} is lost"));
    }
}

/// Byte number `place` of connection `number`.
fn byte(number: u64, place: u64) -> u8 {
    (number.wrapping_mul(31) ^ place ^ place >> 8) as u8
}

struct Sender {
    number: u64,
    model: Shared,
}

impl Protocol for Sender {
    fn connection_made(&mut self, transport: &Transport) {
        let plan = self.model.borrow().connections[&self.number];
        let mut bytes = self.number.to_be_bytes().to_vec();
        bytes.extend((0..plan.bytes).map(|place| byte(self.number, place)));
        let mut rest = &bytes[..];
        while !rest.is_empty() {
            let length = 1 + self.model.borrow_mut().random(30_000) as usize;
            let (now, later) = rest.split_at(length.min(rest.len()));
            transport.write(now);
            rest = later;
        }
        match plan.end {
            End::Close => transport.close(),
            End::CloseWrite => transport.close_write(),
            End::Abort => {
                let millis = self.model.borrow_mut().random(3);
                let transport = transport.clone();
                let reactor = transport.reactor().unwrap();
                reactor.call_later(Duration::from_millis(millis), move |_| transport.abort());
            }
        }
    }

    fn data_received(&mut self, _: &Transport, _: &[u8]) {
        let wrong = format!("connection {} received something", self.number);
        self.model.borrow_mut().wrong.push(wrong);
    }

    fn connection_lost(&mut self, reason: &Reason) {
        let mut model = self.model.borrow_mut();
        let plan = model.connections[&self.number];
        let good = match plan.end {
            End::Close => matches!(reason, Reason::Closed),
            End::CloseWrite => matches!(reason, Reason::EndOfStream),
            End::Abort => matches!(reason, Reason::Aborted),
        };
        if !good {
            let wrong = format!("connection {}, {:?}: {reason}", self.number, plan.end);
            model.wrong.push(wrong);
        }
        // The server may never have accepted a connection that was aborted, so do not wait for it.
        if plan.end == End::Abort || plan.arrived.is_some() {
            model.connections.remove(&self.number);
        }
    }
}

struct Receiver {
    header: Vec<u8>,
    count: u64,
    same: bool,
    model: Shared,
}

impl Protocol for Receiver {
    fn data_received(&mut self, _: &Transport, mut data: &[u8]) {
        let missing = 8 - self.header.len();
        let (header, rest) = data.split_at(missing.min(data.len()));
        self.header.extend_from_slice(header);
        data = rest;
        let Ok(number) = self.header.as_slice().try_into().map(u64::from_be_bytes) else {
            return;
        };
        let from = self.count;
        self.count += data.len() as u64;
        self.same &= (from..)
            .zip(data)
            .all(|(place, &got)| got == byte(number, place));
    }

    fn connection_lost(&mut self, reason: &Reason) {
        let Ok(number) = self.header.as_slice().try_into().map(u64::from_be_bytes) else {
            return;
        };
        let mut model = self.model.borrow_mut();
        if !self.same {
            model
                .wrong
                .push(format!("connection {number}: other bytes"));
        }
        let ended = matches!(reason, Reason::EndOfStream);
        let Some(plan) = model.connections.get_mut(&number) else {
            if ended {
                model.wrong.push(format!(
                    "connection {number} was aborted, and has ended well"
                ));
            }
            return;
        };
        plan.arrived = Some(self.count);
        let plan = *plan;
        let good = match plan.end {
            End::Abort => !ended,
            _ => ended && self.count == plan.bytes,
        };
        if !good {
            model.wrong.push(format!(
                "connection {number}, {:?}: {} of {} bytes, {reason}",
                plan.end, self.count, plan.bytes
            ));
        }
        // The sender closes first, except in this case.
        if plan.end == End::Close {
            model.connections.remove(&number);
        }
    }
}

fn open_connection(reactor: &Reactor, model: &Shared) {
    let (number, server) = {
        let mut model = model.borrow_mut();
        if model.connections.len() > 100 {
            return;
        }
        model.made[1] += 1;
        let end = [End::Close, End::CloseWrite, End::Abort][model.random(3) as usize];
        let bytes = match model.random(10) {
            0 => model.random(3_000_000),
            _ => model.random(20_000),
        };
        let plan = Plan {
            bytes,
            end,
            arrived: None,
        };
        let number = model.made[1];
        model.connections.insert(number, plan);
        (number, model.server.unwrap())
    };
    let sender = Sender {
        number,
        model: Rc::clone(model),
    };
    let failed = Rc::clone(model);
    reactor
        .connect_tcp(server, sender)
        .add_errback(move |error| {
            let wrong = format!("connection {number} was not made: {error}");
            failed.borrow_mut().wrong.push(wrong);
            Err::<Transport, _>(error)
        })
        .detach();
}

fn step(reactor: &Reactor, model: &Shared, until: Instant) {
    for _ in 0..20 {
        let choice = model.borrow_mut().random(20);
        match choice {
            0..8 => set_timer(reactor, model),
            8..16 => change_timer(model),
            16..19 => open_connection(reactor, model),
            _ => {
                let mut model = model.borrow_mut();
                model.made[2] += 1;
                if model.signals == 0 {
                    model.signals = 1;
                    drop(model);
                    signal_hook::low_level::raise(SIGNAL.number()).unwrap();
                }
            }
        }
    }
    if Instant::now() < until && model.borrow().wrong.is_empty() {
        let model = Rc::clone(model);
        reactor.call_later(Duration::from_millis(1), move |reactor| {
            step(reactor, &model, until);
        });
    } else {
        finish(reactor, model, 0);
    }
}

/// Waits until everything has happened, but not for ever.
fn finish(reactor: &Reactor, model: &Shared, rounds: u32) {
    if model.borrow().is_quiet() {
        return reactor.stop();
    }
    if rounds == 6000 {
        let mut model = model.borrow_mut();
        let left = (model.timers.len(), model.connections.len(), model.signals);
        model.wrong.push(format!(
            "timers, connections, signals that never came: {left:?}"
        ));
        return reactor.stop();
    }
    let model = Rc::clone(model);
    reactor.call_later(Duration::from_millis(10), move |reactor| {
        finish(reactor, &model, rounds + 1);
    });
}

#[test]
fn nothing_is_lost() {
    let seconds = std::env::var("SOAK_SECONDS").map_or(2, |text| text.parse().unwrap());
    let model = Shared::default();
    model.borrow_mut().random = 88_172_645_463_325_252;
    let reactor = Reactor::new().unwrap();
    let receiving = Rc::clone(&model);
    let port = reactor.listen_tcp(([127, 0, 0, 1], 0).into(), move || Receiver {
        header: Vec::new(),
        count: 0,
        same: true,
        model: Rc::clone(&receiving),
    });
    model.borrow_mut().server = Some(port.unwrap().local_addr().unwrap());
    let handled = Rc::clone(&model);
    let calls = Rc::new(Cell::new(0));
    let counter = Rc::clone(&calls);
    reactor
        .on_signal(SIGNAL, move |_, _| {
            handled.borrow_mut().signals = 0;
            counter.set(counter.get() + 1);
        })
        .unwrap();
    let until = Instant::now() + Duration::from_secs(seconds);
    let begin = Rc::clone(&model);
    reactor.call_later(Duration::ZERO, move |reactor| step(reactor, &begin, until));
    reactor.run().unwrap();
    let model = model.borrow();
    assert_eq!(model.wrong, Vec::<String>::new());
    let [timers, connections, ..] = model.made;
    println!(
        "{timers} timers, {connections} connections, {} signals",
        calls.get()
    );
    assert!(timers > 1000 && connections > 100 && calls.get() > 10);
}
