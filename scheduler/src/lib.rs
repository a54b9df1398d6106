//! From generators to an async runtime, on one thread.
//!
//! Each of seven modules adds one idea to those before it: [`generator`], [`round_robin`],
//! [`system_calls`], [`policy`], [`sync`], [`executor`], [`io`]. [`monitor`] watches the tasks of any of
//! them: how many times each ran, and how long its longest run was.
//!
//! # A generator
//!
//! ```rust
//! use scheduler::generator::generator;
//!
//! let mut fibonacci = generator(|co| async move {
//!     let (mut a, mut b) = (0_u64, 1);
//!     loop {
//!         co.yield_(a).await;
//!         (a, b) = (b, a + b);
//!     }
//! });
//! assert!(fibonacci.by_ref().take(8).eq([0, 1, 1, 2, 3, 5, 8, 13]));
//! # let _: Option<()> = fibonacci.result();
//! ```
//!
//! It is an `Iterator`. An item needs no allocation, and there is no `unsafe`. A generator can
//! receive values, delegate to another generator, and be closed, which runs destructors.
//!
//! # Tasks that take turns
//!
//! ```rust
//! use scheduler::generator::generator;
//! use scheduler::round_robin::RoundRobin;
//!
//! let mut tasks = RoundRobin::new();
//! for (name, turns) in [("short", 1), ("long", 3)] {
//!     tasks.spawn(name, generator(move |co| async move {
//!         for _ in 0..turns {
//!             co.yield_(()).await;
//!         }
//!     }));
//! }
//! let turns: Vec<&str> = tasks.map(|turn| turn.name).collect();
//! assert_eq!(turns, ["short", "long", "short", "long", "long", "long"]);
//! ```
//!
//! # An async runtime
//!
//! ```rust
//! use std::time::Duration;
//!
//! use scheduler::executor::{Executor, gather, sleep, spawn, timeout};
//! use scheduler::sync::channel;
//!
//! # fn main() -> std::io::Result<()> {
//! let found = Executor::new()?.block_on(async {
//!     let (sender, receiver) = channel(8);
//!     drop(spawn(async move {
//!         for n in 1..=3 {
//!             sleep(Duration::from_millis(1)).await;
//!             if sender.send(n).await.is_err() {
//!                 break;
//!             }
//!         }
//!     }));
//!     let mut found = Vec::new();
//!     while let Some(n) = receiver.recv().await {
//!         found.push(n);
//!     }
//!     let never = timeout(Duration::from_millis(5), std::future::pending::<()>());
//!     assert!(never.await.is_err());
//!     found
//! });
//! assert_eq!(found, [1, 2, 3]);
//! # Ok(()) }
//! ```
//!
//! Futures from other crates run on it if they need only a waker, as the channels of `futures` do.
//!
//! The lesson is the chapter `README.md`. Limits and figures are in `TOOL.md`.

/// The chapter. Its Rust snippets are compiled.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Chapter;

// The computation of all tasks: plain code.
pub mod workshop;

// The modules, each on top of those before. First generators:
pub mod generator;
pub mod policy;
pub mod round_robin;
pub mod system_calls;

// Then futures: the same again, with wakers.
pub mod executor;
pub mod sync;

// Last: the system's sockets, and the chat on them.
pub mod chat_server;
pub mod io;

// Watches tasks of any of them.
pub mod monitor;
