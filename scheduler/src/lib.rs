#![doc = include_str!("../README.md")]

// What all tasks compute: plain code.
pub mod workshop;

// The steps, each on top of what came before. First generators:
pub mod generator;
pub mod policy;
pub mod round_robin;
pub mod system_calls;

// Then futures: the same again, with wakers.
pub mod executor;
pub mod sync;

// The last step: the system's sockets, and the chat on them.
pub mod chat_server;
pub mod io;

// Watches tasks of any step.
pub mod monitor;
