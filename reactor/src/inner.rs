//! The parts of a reactor.

use std::cell::{Cell, RefCell};
use std::io;
use std::rc::{Rc, Weak};
use std::time::{Duration, Instant};

use event_loop::{
    Clock, EventLoop, Interest, Readiness, Source, TimerKey, Token, TokenTable, after,
};

use crate::buffers::Buffers;
use crate::connect::Connecting;
use crate::connection::Connection;
use crate::listener::Listener;
use crate::remote::Remote;
use crate::shutdown::Shutdown;
use crate::signals::SignalCalls;
use crate::tasks::Tasks;
use crate::udp::Udp;
use crate::{Reactor, Reason, Transport};

pub(crate) struct Inner {
    event_loop: RefCell<EventLoop<Entry, Action>>,
    /// Connections in memory. The event loop does not watch them.
    memories: RefCell<TokenTable<Transport>>,
    pub(crate) queues: Queues,
    pub(crate) buffers: Buffers,
    pub(crate) signals: SignalCalls,
    pub(crate) tasks: Tasks,
    pub(crate) remote: Remote,
    #[cfg(feature = "threads")]
    pub(crate) pool: std::cell::OnceCell<executors::ThreadPool>,
    pub(crate) connections: Cell<usize>,
    pub(crate) shutdown: Shutdown,
}

/// Work that is due without a new event.
#[derive(Default)]
pub(crate) struct Queues {
    /// Connections that have work at the end of the turn.
    pub(crate) queued: RefCell<Vec<Transport>>,
    /// Ports where more connections may wait to be accepted.
    pub(crate) waiting_ports: RefCell<Vec<Rc<Listener>>>,
    /// Sockets where more datagrams may wait.
    pub(crate) waiting_sockets: RefCell<Vec<Rc<Udp>>>,
    /// Ports that accept nothing until a connection is closed.
    pub(crate) full_ports: RefCell<Vec<Rc<Listener>>>,
}

impl Queues {
    pub(crate) fn have_work(&self) -> bool {
        !self.queued.borrow().is_empty()
            || !self.waiting_ports.borrow().is_empty()
            || !self.waiting_sockets.borrow().is_empty()
    }
}

/// The thing that a token names.
#[derive(Clone)]
pub(crate) enum Entry {
    Connection(Transport),
    Connecting(Rc<Connecting>),
    Listener(Rc<Listener>),
    Udp(Rc<Udp>),
}

impl Entry {
    pub(crate) fn ready(&self, readiness: Readiness) {
        match self {
            Entry::Connection(transport) => transport.0.ready(transport, readiness),
            Entry::Connecting(connecting) => connecting.ready(readiness),
            Entry::Listener(listener) => listener.ready(),
            Entry::Udp(udp) => udp.ready(),
        }
    }
}

/// What a timer does.
pub(crate) enum Action {
    Call(Box<dyn FnOnce(&Reactor)>),
    Deadline(Weak<Connection>),
    Accept(Rc<Listener>),
}

impl Inner {
    pub(crate) fn new(clock: impl Clock + 'static) -> io::Result<Rc<Inner>> {
        let event_loop = EventLoop::with_clock(clock)?;
        let waker = event_loop.waker();
        Ok(Rc::new(Inner {
            event_loop: RefCell::new(event_loop),
            memories: RefCell::default(),
            queues: Queues::default(),
            buffers: Buffers::default(),
            signals: SignalCalls::default(),
            tasks: Tasks::new(waker.clone()),
            remote: Remote::new(waker),
            #[cfg(feature = "threads")]
            pool: std::cell::OnceCell::new(),
            connections: Cell::new(0),
            shutdown: Shutdown::default(),
        }))
    }

    /// The event loop. It may be borrowed only while no callback runs.
    pub(crate) fn event_loop(&self) -> std::cell::RefMut<'_, EventLoop<Entry, Action>> {
        self.event_loop.borrow_mut()
    }

    /// The time at this moment.
    pub(crate) fn now(&self) -> Instant {
        self.event_loop.borrow().now()
    }

    /// The moment `delay` from now.
    pub(crate) fn after(&self, delay: Duration) -> Instant {
        after(self.now(), delay)
    }

    /// Everything that is open.
    pub(crate) fn all(&self) -> Vec<Entry> {
        let event_loop = self.event_loop.borrow();
        let sockets = event_loop.sources().iter().map(|(_, entry)| entry.clone());
        let memories = self.memories.borrow();
        let memories = memories.iter();
        sockets
            .chain(memories.map(|(_, transport)| Entry::Connection(transport.clone())))
            .collect()
    }

    pub(crate) fn watch(
        &self,
        source: &mut dyn Source,
        interest: Interest,
        entry: Entry,
    ) -> io::Result<Token> {
        self.event_loop().register(source, interest, entry)
    }

    pub(crate) fn watch_stream(&self, source: &mut dyn Source, entry: Entry) -> io::Result<Token> {
        self.watch(source, Interest::READABLE | Interest::WRITABLE, entry)
    }

    /// Watches a connection's socket.
    pub(crate) fn watch_connection(&self, transport: &Transport) -> io::Result<()> {
        let mut stream = transport.0.stream.borrow_mut();
        let token = match stream.source() {
            Some(source) => self.watch_stream(source, Entry::Connection(transport.clone()))?,
            None => self.memories.borrow_mut().insert(transport.clone())?,
        };
        transport.0.token.set(Some(token));
        Ok(())
    }

    /// Puts another entry under a token.
    pub(crate) fn replace(&self, token: Token, entry: Entry) {
        let mut event_loop = self.event_loop();
        let old = event_loop
            .source_mut(token)
            .map(|old| std::mem::replace(old, entry));
        drop(event_loop);
        drop(old);
    }

    /// Stops watching something. Call it before that is closed.
    pub(crate) fn forget(&self, token: Token, source: &mut dyn Source) {
        let entry = self.event_loop().deregister(source, token);
        // Dropped when the loop is not borrowed any more: the entry may own things that use the
        // loop.
        drop(entry);
    }

    pub(crate) fn forget_memory(&self, token: Token) {
        let transport = self.memories.borrow_mut().remove(token);
        drop(transport);
    }

    pub(crate) fn set_timer(&self, at: Instant, action: Action) -> TimerKey {
        self.event_loop().add_timer(at, action)
    }

    pub(crate) fn cancel_timer(&self, key: TimerKey) -> Option<Action> {
        self.event_loop().cancel_timer(key)
    }

    /// A connection was closed, so ports that wait for room go on.
    pub(crate) fn closed_one(&self) {
        for listener in self.queues.full_ports.take() {
            listener.room(self);
        }
        self.shutdown.closed_one(self);
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.remote.close();
        #[cfg(feature = "threads")]
        if let Some(pool) = self.pool.take() {
            // A thread may be in a call that takes minutes, such as looking up a name. It ends by
            // itself, and dropping the reactor does not wait for it. If no thread is left for this,
            // the pool is dropped here.
            let _ = pool.shutdown(false, true);
            let _ = std::thread::Builder::new().spawn(move || drop(pool));
        }
        // Protocols and transports own each other. This breaks the cycle.
        for entry in self.all() {
            if let Entry::Connection(transport) = entry {
                transport.0.lose(&Reason::ReactorGone);
            }
        }
    }
}
