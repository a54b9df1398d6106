//! The reactor: waits for things to happen and calls whoever is to know.

#[cfg(feature = "threads")]
use std::cell::OnceCell;
use std::cell::{Cell, RefCell};
use std::fmt;
use std::future::Future;
use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::rc::{Rc, Weak};
use std::time::{Duration, Instant};

#[cfg(feature = "threads")]
use executors::ThreadPool;

use crate::connect::Connecting;
use crate::connection::Connection;
use crate::error::panic_message;
use crate::listener::{Listener, Socket};
use crate::remote::Remote;
use crate::tasks::Tasks;
use crate::udp::Udp;
use crate::{
    Datagrams, Deferred, Error, Factory, ListenOptions, Port, Reason, Transport, UdpTransport,
};
use event_loop::previous::{Event, EventLoop, Events, TimerKey, Token};
use event_loop::{
    Clock, Interest, Readiness, Signal, Source, SystemClock, listen_tcp, listen_unix, net,
};

/// How many bytes are read at once, into one buffer for all connections.
const READ_BUFFER: usize = 64 * 1024;

/// How many buffers of connections that have nothing to send are kept, and of what size at most.
const SPARE_BUFFERS: usize = 64;
const SPARE_BUFFER: usize = 16 * 1024;

/// Waits for things to happen, and calls whoever is to know. Clones are the same reactor.
///
/// One a thread; it stays on its thread, and [`Reactor::remote`] is what other threads have of it.
/// [`run`](Reactor::run) runs until [`stop`](Reactor::stop), and may then be run again. When the
/// last clone is dropped, the connections are lost. Futures, calls and factories that own a clone
/// are owned by the reactor in turn: with one of these still waiting it is never dropped.
/// [`Transport::reactor`] and the argument of a call are there for that.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use reactor::Reactor;
///
/// # fn main() -> std::io::Result<()> {
/// let reactor = Reactor::new()?;
/// reactor.call_later(Duration::from_millis(2), |reactor| reactor.stop());
/// reactor.run()
/// # }
/// ```
#[derive(Clone)]
pub struct Reactor {
    pub(crate) inner: Rc<Inner>,
}

pub(crate) struct Inner {
    event_loop: RefCell<EventLoop>,
    events: RefCell<Events>,
    entries: RefCell<Vec<Option<(Token, Entry)>>>,
    timers: RefCell<Vec<Option<(TimerKey, Action)>>>,
    signals: RefCell<Vec<(Signal, Rc<OnSignal>)>>,
    /// Connections that something is to be done about at the end of the turn.
    pub(crate) lined_up: RefCell<Vec<Transport>>,
    /// Ports where more may wait to be accepted.
    pub(crate) waiting_ports: RefCell<Vec<Rc<Listener>>>,
    /// Sockets where more datagrams may wait.
    pub(crate) waiting_sockets: RefCell<Vec<Rc<Udp>>>,
    /// Ports that accept nothing until a connection is closed.
    pub(crate) full_ports: RefCell<Vec<Rc<Listener>>>,
    /// What is read goes through here.
    pub(crate) buffer: RefCell<Box<[u8]>>,
    spare: RefCell<Vec<Vec<u8>>>,
    pub(crate) tasks: Tasks,
    pub(crate) remote: Remote,
    #[cfg(feature = "threads")]
    pub(crate) pool: OnceCell<ThreadPool>,
    pub(crate) connections: Cell<usize>,
    stop: Cell<bool>,
    /// Stops when the last connection is closed.
    shutting_down: Cell<bool>,
}

type OnSignal = dyn Fn(&Reactor, Signal);

/// What a token stands for.
#[derive(Clone)]
pub(crate) enum Entry {
    Connection(Transport),
    Connecting(Rc<Connecting>),
    Listener(Rc<Listener>),
    Udp(Rc<Udp>),
}

/// What a timer is for.
pub(crate) enum Action {
    Call(Box<dyn FnOnce(&Reactor)>),
    Deadline(Weak<Connection>),
    Accept(Rc<Listener>),
}

impl Reactor {
    /// A reactor.
    ///
    /// # Errors
    ///
    /// When the system has no descriptors left for it.
    pub fn new() -> io::Result<Reactor> {
        Self::with_clock(SystemClock)
    }

    /// A reactor that lives by a clock of your own; see also
    /// [`testing::reactor`](crate::testing::reactor).
    ///
    /// # Errors
    ///
    /// As [`new`](Reactor::new).
    pub fn with_clock(clock: impl Clock + 'static) -> io::Result<Reactor> {
        let event_loop = EventLoop::with_clock(clock)?;
        let waker = event_loop.waker();
        let inner = Rc::new(Inner {
            events: RefCell::default(),
            entries: RefCell::default(),
            timers: RefCell::default(),
            signals: RefCell::default(),
            lined_up: RefCell::default(),
            waiting_ports: RefCell::default(),
            waiting_sockets: RefCell::default(),
            full_ports: RefCell::default(),
            buffer: RefCell::new(vec![0; READ_BUFFER].into_boxed_slice()),
            spare: RefCell::default(),
            tasks: Tasks::new(waker.clone()),
            remote: Remote::new(waker),
            #[cfg(feature = "threads")]
            pool: OnceCell::new(),
            connections: Cell::new(0),
            stop: Cell::new(false),
            shutting_down: Cell::new(false),
            event_loop: RefCell::new(event_loop),
        });
        Ok(Reactor { inner })
    }

    pub(crate) fn of(inner: Rc<Inner>) -> Reactor {
        Reactor { inner }
    }

    /// Listens on a TCP port; a protocol of `factory` for each connection.
    ///
    /// # Errors
    ///
    /// What the system says, for instance that the port is taken.
    ///
    /// # Examples
    ///
    /// ```
    /// use reactor::{Reactor, echo::Echo};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let reactor = Reactor::new()?;
    /// let port = reactor.listen_tcp(([127, 0, 0, 1], 0).into(), || Echo)?;
    /// println!("echoes at {}", port.local_addr()?);
    /// # Ok(()) }
    /// ```
    pub fn listen_tcp(
        &self,
        address: SocketAddr,
        factory: impl Factory + 'static,
    ) -> io::Result<Port> {
        self.listen_tcp_with(address, ListenOptions::default(), factory)
    }

    /// [`listen_tcp`](Reactor::listen_tcp), with other limits.
    ///
    /// # Errors
    ///
    /// As there.
    pub fn listen_tcp_with(
        &self,
        address: SocketAddr,
        options: ListenOptions,
        factory: impl Factory + 'static,
    ) -> io::Result<Port> {
        let socket = Socket::Tcp(listen_tcp(address, options.backlog, options.share)?);
        Listener::open(&self.inner, socket, Box::new(factory), options)
    }

    /// Listens on a Unix socket, whose file must not exist, and stays when the port is closed.
    ///
    /// # Errors
    ///
    /// What the system says, for instance that the file exists.
    pub fn listen_unix(&self, path: &Path, factory: impl Factory + 'static) -> io::Result<Port> {
        let options = ListenOptions::default();
        let socket = Socket::Unix(listen_unix(path, options.backlog)?);
        Listener::open(&self.inner, socket, Box::new(factory), options)
    }

    /// Receives datagrams at a UDP address; with port 0 one is chosen.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn listen_udp(
        &self,
        address: SocketAddr,
        protocol: impl Datagrams + 'static,
    ) -> io::Result<UdpTransport> {
        let socket = UdpSocket::bind(address)?;
        socket.set_nonblocking(true)?;
        Udp::open(
            &self.inner,
            net::UdpSocket::from_std(socket),
            Box::new(protocol),
        )
    }

    /// Calls `call` once, after `delay`.
    pub fn call_later(
        &self,
        delay: Duration,
        call: impl FnOnce(&Reactor) + 'static,
    ) -> DelayedCall {
        let event_loop = &self.inner.event_loop;
        let key = event_loop.borrow_mut().add_timer_after(delay);
        self.inner.enter_timer(key, Action::Call(Box::new(call)));
        DelayedCall {
            reactor: Rc::downgrade(&self.inner),
            key,
        }
    }

    /// Runs an async block or function on this thread, beside all else; its result is a deferred,
    /// which drops the future when it is cancelled.
    ///
    /// # Examples
    ///
    /// ```
    /// use reactor::{Deferred, Reactor};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let reactor = Reactor::new()?;
    /// let (answer, resolver) = Deferred::new();
    /// let twice = reactor.spawn(async move { Ok(2 * answer.await?) });
    /// reactor.call_later(Default::default(), move |reactor| {
    ///     resolver.callback(21).unwrap();
    ///     reactor.stop();
    /// });
    /// reactor.run()?;
    /// reactor.run_pending()?;
    /// assert_eq!(twice.try_result().unwrap().unwrap(), 42);
    /// # Ok(()) }
    /// ```
    #[track_caller]
    pub fn spawn<T: 'static>(
        &self,
        future: impl Future<Output = Result<T, Error>> + 'static,
    ) -> Deferred<T> {
        Tasks::spawn(&self.inner, future)
    }

    /// Runs until `deferred` has its result, which is returned.
    ///
    /// # Errors
    ///
    /// The deferred's; [`Error::Cancelled`] if the reactor was stopped before.
    pub fn run_until<T: 'static>(&self, deferred: Deferred<T>) -> Result<T, Error> {
        let result = Rc::new(Cell::new(None));
        let (reactor, slot) = (self.clone(), Rc::clone(&result));
        deferred
            .add_both(move |result| {
                slot.set(Some(result));
                reactor.stop();
                Ok(())
            })
            .detach();
        self.run()?;
        result.take().unwrap_or(Err(Error::Cancelled))
    }

    /// Runs until it is [stopped](Reactor::stop), and may then be run again: all that was open
    /// still is.
    ///
    /// # Errors
    ///
    /// When the event loop is broken, or the reactor runs already: called from a callback.
    pub fn run(&self) -> io::Result<()> {
        while !self.inner.stop.get() {
            self.turn(None)?;
        }
        self.inner.stop.set(false);
        Ok(())
    }

    /// Has [`run`](Reactor::run) return after this turn; if it does not run, right when it is
    /// called next.
    pub fn stop(&self) {
        self.inner.stop.set(true);
        self.inner.remote.wake();
    }

    /// Stops in good order: listens no more, closes all connections when they have sent what is
    /// written, cuts off those that have not after `grace`, and stops.
    pub fn shut_down(&self, grace: Duration) {
        let inner = &self.inner;
        for entry in inner.all() {
            match entry {
                Entry::Listener(listener) => listener.close(),
                Entry::Connection(transport) => transport.close(),
                Entry::Connecting(connecting) => connecting.cancel(),
                Entry::Udp(udp) => udp.close(),
            }
        }
        inner.shutting_down.set(true);
        if inner.connections.get() == 0 {
            inner.closed_one();
        }
        self.call_later(grace, |reactor| {
            // It may have ended long since, and been run again.
            if !reactor.inner.shutting_down.get() {
                return;
            }
            for entry in reactor.inner.all() {
                if let Entry::Connection(transport) = entry {
                    transport.abort();
                }
            }
        });
    }

    /// Calls `call` when `signal` comes, instead of what the system does then.
    ///
    /// # Errors
    ///
    /// When the system refuses.
    ///
    /// # Panics
    ///
    /// On signals that cannot be handled, such as SIGKILL.
    pub fn on_signal(
        &self,
        signal: Signal,
        call: impl Fn(&Reactor, Signal) + 'static,
    ) -> io::Result<()> {
        self.inner
            .event_loop
            .borrow_mut()
            .handle_signals(&[signal])?;
        self.inner
            .signals
            .borrow_mut()
            .push((signal, Rc::new(call)));
        Ok(())
    }

    /// How many connections are open.
    pub fn connections(&self) -> usize {
        self.inner.connections.get()
    }

    /// How often it has waited for something to happen: at rest this number stands still.
    pub fn waits(&self) -> u64 {
        self.inner.event_loop.borrow().waits()
    }

    /// The time, by its clock, when the current turn began.
    pub fn now(&self) -> Instant {
        self.inner.now()
    }

    /// Does all that can be done without waiting; for tests, and for loops of your own.
    ///
    /// # Errors
    ///
    /// As [`run`](Reactor::run).
    pub fn run_pending(&self) -> io::Result<()> {
        loop {
            self.turn(Some(Duration::ZERO))?;
            let at_rest = self.inner.events.borrow().iter().next().is_none();
            if at_rest && !self.inner.has_work() {
                return Ok(());
            }
        }
    }

    /// One turn: waits, at most for `timeout`, and does what is to be done.
    ///
    /// # Errors
    ///
    /// As [`run`](Reactor::run).
    pub fn turn(&self, timeout: Option<Duration>) -> io::Result<()> {
        let inner = &self.inner;
        let Ok(mut events) = inner.events.try_borrow_mut() else {
            return Err(io::Error::other("the reactor runs already"));
        };
        let timeout = match inner.has_work() {
            true => Some(Duration::ZERO),
            false => timeout,
        };
        inner
            .event_loop
            .borrow_mut()
            .run_once(timeout, &mut events)?;
        for event in events.iter() {
            match event {
                Event::Ready(token, readiness) => inner.ready(token, readiness),
                Event::Timer(key) => self.timer_due(key),
                Event::Signal(signal) => self.signal(signal),
                // What threads and tasks have left is looked at in any case.
                _ => {}
            }
        }
        for listener in inner.waiting_ports.take() {
            listener.ready();
        }
        for socket in inner.waiting_sockets.take() {
            socket.ready();
        }
        for call in inner.remote.take() {
            self.guard("a call from a thread", || call(self));
        }
        inner.tasks.run();
        // What lines up from here on has its turn after the others' next events.
        let mut lined_up = inner.lined_up.take();
        for transport in lined_up.drain(..) {
            transport.0.tend(&transport);
        }
        // Its memory is used again, if nothing has lined up meanwhile.
        let mut next = inner.lined_up.borrow_mut();
        if next.is_empty() {
            *next = lined_up;
        }
        Ok(())
    }

    fn timer_due(&self, key: TimerKey) {
        match self.inner.take_timer(key) {
            Some(Action::Call(call)) => self.guard("a delayed call", || call(self)),
            Some(Action::Deadline(connection)) => {
                if let Some(connection) = connection.upgrade() {
                    let transport = Transport(connection);
                    transport.0.deadline_due(&transport);
                }
            }
            Some(Action::Accept(listener)) => listener.retry(),
            None => {}
        }
    }

    fn signal(&self, signal: Signal) {
        let calls: Vec<_> = self.inner.signals.borrow().clone();
        for (_, call) in calls.iter().filter(|(wanted, _)| *wanted == signal) {
            self.guard("a signal's call", || call(self, signal));
        }
    }

    /// A panic is logged, and the reactor goes on.
    fn guard(&self, what: &str, call: impl FnOnce()) {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(call)) {
            tracing::error!(panic = panic_message(&*panic), "{what} panicked");
        }
    }
}

impl fmt::Debug for Reactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Reactor({} connections)", self.connections())
    }
}

impl Inner {
    pub(crate) fn now(&self) -> Instant {
        self.event_loop.borrow().now()
    }

    fn has_work(&self) -> bool {
        !self.lined_up.borrow().is_empty()
            || !self.waiting_ports.borrow().is_empty()
            || !self.waiting_sockets.borrow().is_empty()
    }

    fn ready(&self, token: Token, readiness: Readiness) {
        let entry = match self.entries.borrow().get(token.index()) {
            Some(Some((owner, entry))) if *owner == token => entry.clone(),
            // It was closed by another event of this turn.
            _ => return,
        };
        match entry {
            Entry::Connection(transport) => transport.0.ready(&transport, readiness),
            Entry::Connecting(connecting) => connecting.ready(readiness),
            Entry::Listener(listener) => listener.ready(),
            Entry::Udp(udp) => udp.ready(),
        }
    }

    fn all(&self) -> Vec<Entry> {
        let entries = self.entries.borrow();
        let entries = entries.iter().flatten();
        entries.map(|(_, entry)| entry.clone()).collect()
    }

    pub(crate) fn watch(&self, source: &mut dyn Source, interest: Interest) -> io::Result<Token> {
        self.event_loop.borrow_mut().register(source, interest)
    }

    pub(crate) fn watch_stream(&self, source: &mut dyn Source) -> io::Result<Token> {
        self.watch(source, Interest::READABLE | Interest::WRITABLE)
    }

    pub(crate) fn enter(&self, token: Token, entry: Entry) {
        let mut entries = self.entries.borrow_mut();
        if entries.len() <= token.index() {
            entries.resize_with(token.index() + 1, || None);
        }
        entries[token.index()] = Some((token, entry));
    }

    /// Watches something no longer; to be called before it is closed.
    pub(crate) fn forget(&self, token: Token, source: Option<&mut dyn Source>) {
        if let Some(source) = source
            && let Err(error) = self.event_loop.borrow_mut().deregister(source, token)
        {
            tracing::error!(%error, "a socket could not be deregistered");
        }
        let mut entries = self.entries.borrow_mut();
        let entry = entries
            .get_mut(token.index())
            .and_then(|entry| entry.take_if(|(owner, _)| *owner == token));
        drop(entries);
        // Dropped when the table is free again: it may own things that look at the table.
        drop(entry);
    }

    pub(crate) fn set_timer(&self, at: Instant, action: Action) -> TimerKey {
        let key = self.event_loop.borrow_mut().add_timer(at);
        self.enter_timer(key, action);
        key
    }

    fn enter_timer(&self, key: TimerKey, action: Action) {
        let mut timers = self.timers.borrow_mut();
        if timers.len() <= key.index() {
            timers.resize_with(key.index() + 1, || None);
        }
        timers[key.index()] = Some((key, action));
    }

    fn take_timer(&self, key: TimerKey) -> Option<Action> {
        let mut timers = self.timers.borrow_mut();
        let timer = timers.get_mut(key.index())?;
        let timer = timer.take_if(|(owner, _)| *owner == key);
        timer.map(|(_, action)| action)
    }

    pub(crate) fn cancel(&self, key: TimerKey) -> bool {
        self.event_loop.borrow_mut().cancel_timer(key);
        self.take_timer(key).is_some()
    }

    /// A connection was closed: whoever waits for that goes on.
    pub(crate) fn closed_one(&self) {
        for listener in self.full_ports.take() {
            listener.room(self);
        }
        if self.shutting_down.get() && self.connections.get() == 0 {
            self.shutting_down.set(false);
            self.stop.set(true);
            self.remote.wake();
        }
    }

    pub(crate) fn spare_memory(&self) -> Vec<u8> {
        self.spare.borrow_mut().pop().unwrap_or_default()
    }

    pub(crate) fn keep_memory(&self, memory: Vec<u8>) {
        let mut spare = self.spare.borrow_mut();
        if spare.len() < SPARE_BUFFERS && memory.capacity() <= SPARE_BUFFER {
            spare.push(memory);
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.remote.close();
        #[cfg(feature = "threads")]
        if let Some(pool) = self.pool.take() {
            // A thread may be in a call that takes minutes, such as a name's look-up: it ends by
            // itself, and whoever ends the reactor is not kept waiting. If there is no thread to be
            // had for that, the pool is dropped here.
            let _ = pool.shutdown(false, true);
            let _ = std::thread::Builder::new().spawn(move || drop(pool));
        }
        // Protocols and transports own each other; this is where that ends.
        for (_, entry) in self.entries.take().into_iter().flatten() {
            if let Entry::Connection(transport) = entry {
                transport.0.lose(&Reason::ReactorGone);
            }
        }
    }
}

/// A call that will be made: see [`Reactor::call_later`]. Dropping it does not cancel it.
#[derive(Clone)]
pub struct DelayedCall {
    reactor: Weak<Inner>,
    key: TimerKey,
}

impl DelayedCall {
    /// Cancels it; false if it has been made, or cancelled before.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// # let reactor = reactor::Reactor::new()?;
    /// let call = reactor.call_later(std::time::Duration::ZERO, |_| unreachable!());
    /// assert!(call.cancel());
    /// assert!(!call.cancel());
    /// # Ok(()) }
    /// ```
    pub fn cancel(&self) -> bool {
        // Taken apart first: what the call owns may be the reactor.
        let reactor = self.reactor.upgrade();
        reactor.is_some_and(|inner| inner.cancel(self.key))
    }
}

impl fmt::Debug for DelayedCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DelayedCall")
    }
}
