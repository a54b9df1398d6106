#![doc = include_str!("../README.md")]
// Stacks, their guard pages and the handler of an overflow are Unix's: elsewhere this is empty.
#![cfg(unix)]

// The floor: stacks, tasks on them, and the hub that runs them.
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

// What they wait for.
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

// Many at a time.
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
