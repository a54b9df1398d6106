//! Stackful coroutines on an event loop, as in gevent and eventlet. The code looks blocking, but
//! does not block the thread.
//!
//! A green thread has a stack of its own. While it waits, the others run, all on one thread of the
//! system.
//!
//! # A server
//!
//! ```rust
//! use std::io::{BufRead, BufReader, Write};
//!
//! use green_threads::net::{TcpListener, TcpStream};
//! use green_threads::spawn;
//!
//! fn greet(stream: TcpStream) -> std::io::Result<()> {
//!     for name in BufReader::new(&stream).lines() {
//!         writeln!(&stream, "hello, {}", name?)?;
//!     }
//!     Ok(())
//! }
//!
//! # fn main() -> std::io::Result<()> {
//! let listener = TcpListener::bind("127.0.0.1:0")?;
//! let address = listener.local_addr()?;
//! spawn(move || {
//!     for stream in listener.incoming().flatten() {
//!         spawn(move || greet(stream));
//!     }
//! });
//!
//! // `main` may wait too: meanwhile the green threads run.
//! let stream = TcpStream::connect(address)?;
//! writeln!(&stream, "world")?;
//! let mut answer = String::new();
//! BufReader::new(&stream).read_line(&mut answer)?;
//! assert_eq!(answer, "hello, world\n");
//! # Ok(()) }
//! ```
//!
//! `greet` is an ordinary function with blocking sockets. With `use std::net::TcpStream` it runs on
//! threads.
//!
//! A green thread may not borrow, except in a [`scope`]: while it waits, any other may run and end.
//!
//! ```compile_fail
//! let here = String::from("on this stack");
//! green_threads::spawn(|| println!("{here}"));
//! ```
//!
//! Stacks, their guard pages and the handler of an overflow need Unix. On other systems this crate
//! is empty.
//!
//! The lesson is the chapter `README.md`. What a kill does, stacks, limits and figures are in
//! `TOOL.md`.

#![cfg(unix)]

/// The chapter. Its Rust snippets are compiled.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Chapter;

// The base: stacks, the tasks on them, and the hub that runs them.
mod hub;
mod overflow;
mod ready;
mod remote;
mod stack;
mod task;
mod wait_queue;
mod waiting;

// Green threads.
mod diagnostics;
mod green_thread;
mod join_error;
mod local;
mod monitor;
mod scope;
mod timeout;

// Things that green threads wait for.
mod channel;
#[cfg(feature = "threads")]
pub mod fs;
pub mod io;
pub mod net;
#[cfg(feature = "threads")]
mod offload;
pub mod process;
mod registered;
mod select;
mod signals;
pub mod sync;

// Many green threads at once.
pub mod eventlet;
mod pool;
mod run_on;
mod server;

// The programs.
pub mod chat;
pub mod echo;
#[cfg(feature = "fetch")]
pub mod fetch;
pub mod ping_pong;

pub use channel::{Channel, Receiver, RecvError, SendError, Sender, TryRecvError, TrySendError};
pub use diagnostics::{HubStats, State, Status, list, stats};
pub use green_thread::{Builder, GreenThread, Handle, current, join_all, spawn, spawn_later};
pub use hub::{set_clock, sleep, yield_now};
pub use join_error::{JoinError, Panic};
pub use local::LocalKey;
pub use monitor::{Blocked, Blocking, Monitor};
#[cfg(feature = "threads")]
pub use offload::{OFFLOAD_THREADS, offload};
pub use pool::{Imap, ImapUnordered, Pool};
pub use run_on::run_on;
pub use scope::{Scope, ScopedGreenThread, scope};
pub use select::Select;
pub use server::{DEFAULT_MAX_CONNECTIONS, Listener, RunningServer, StreamServer};
pub use signals::{Signal, Signals};
pub use stack::{
    DEFAULT_STACK_SIZE, MAX_STACK_SIZE, MIN_STACK_SIZE, set_usual_stack_size, usual_stack_size,
};
pub use timeout::{TimedOut, Timeout, timeout};
