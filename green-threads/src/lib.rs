//! Stackful coroutines.

#![warn(missing_docs)]

mod channel;
mod green_thread;
mod hub;
mod local;
mod monitor;
mod overflow;
mod ready;
mod remote;
mod stack;
mod task;
mod wait_queue;

pub mod chat;
pub mod net;
pub mod sync;

pub use channel::{
    Channel, Receiver, RecvError, SendError, Sender, TryRecvError, TrySendError,
};
pub use green_thread::{
    Builder, GreenThread, Handle, JoinError, current, join_all, spawn, spawn_later,
};
pub use hub::{set_clock, sleep, yield_now};
pub use local::LocalKey;
pub use stack::{
    DEFAULT_STACK_SIZE, MAX_STACK_SIZE, MIN_STACK_SIZE, set_usual_stack_size, usual_stack_size,
};
