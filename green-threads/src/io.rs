//! Standard input and pipes, with the names of `std::io`: reading lets the other green threads run.
//!
//! This needs no thread: the event loop watches the descriptors.

mod descriptor;
mod pipe;
mod stdin;

pub(crate) use descriptor::Descriptor;
pub use pipe::{PipeReader, PipeWriter, pipe};
pub use stdin::{Stdin, stdin};
