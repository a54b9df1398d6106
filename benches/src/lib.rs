//! Our programs beside other people's: what `benches versus` runs, and what its servers and clients share.
//!
//! [`versus`] has the jobs, the measuring and the table. How to run it, and the rules of a fair comparison,
//! stand in `README.md`.

pub mod child;
pub mod contender;
pub mod echo;
pub mod ratio;
pub mod results;
pub mod servers;
pub mod versus;
