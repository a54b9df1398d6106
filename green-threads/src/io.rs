//! Standard input and pipes, under `std::io`'s names: reading lets the other green threads run.
//!
//! No thread is needed for that: the event loop watches the descriptors.

mod descriptor;
mod pipe;
mod stdin;

pub(crate) use descriptor::Descriptor;
pub use pipe::{PipeReader, PipeWriter, pipe};
pub use stdin::{Stdin, stdin};
