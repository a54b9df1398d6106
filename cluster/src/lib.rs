//! The same jobs on many machines: [`RedisPool`] is an [`Executor`](executors::Executor) whose workers
//! are the processes of [`Agent`]s, on this machine or others. Redis is between them: it stores the jobs, gives
//! each job to one agent, and stores the answers.
//!
//! The lesson is the chapter `README.md`. Flags, limits and figures are in `TOOL.md`.
//!
//! # Examples
//! ```no_run
//! use cluster::{Broker, RedisPool};
//! use executors::{Error, Executor, Job};
//!
//! #[derive(serde::Serialize, serde::Deserialize)]
//! struct Square(u64);
//!
//! impl Job for Square {
//!     type Output = u64;
//!     const NAME: &'static str = "square";
//!     fn run(self) -> u64 { self.0 * self.0 }
//! }
//!
//! # fn main() -> Result<(), Error> {
//! let pool = RedisPool::builder().connect(&Broker::at("redis://localhost")?)?;
//! assert_eq!(pool.submit(Square(12))?.result(), Ok(144));
//! # Ok(()) }
//! ```

/// The chapter: its Rust is compiled.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Chapter;

mod agent;
mod answers;
mod attached;
mod broker;
mod builder;
#[cfg(feature = "cli")]
pub mod cli;
mod client;
mod member;
mod overview;
mod pool;
mod protocol;
mod scripts;
mod sync;
mod watch;

#[cfg(all(test, unix))]
#[path = "../tests/cluster/support/server.rs"]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod server;

pub use agent::{Agent, AgentBuilder, End};
pub use attached::Attached;
pub use broker::Broker;
pub use builder::RedisPoolBuilder;
pub use overview::{
    AgentRow, ClientRow, DeadLetter, Overview, Totals, dead_letters, drain, overview,
};
pub use pool::RedisPool;

use std::time::Duration;

/// The prefix of all keys, unless another is set.
pub const DEFAULT_PREFIX: &str = "many-hands";
/// How long an agent or a client may be silent before it counts as dead.
///
/// Long enough for a network that is down for some seconds, or a machine that swaps.
pub const DEFAULT_LEASE: Duration = Duration::from_secs(30);
/// How many jobs of one client may wait.
pub const DEFAULT_QUEUE_LIMIT: usize = 100_000;
/// How many bytes an encoded job or chunk, or its results, may take.
pub const DEFAULT_SIZE_LIMIT: usize = 64 << 20;
