//! Comparisons of our programs with other people's: `benches versus`, and its servers and clients.
//!
//! [`versus`] has the jobs, the measurement and the table. `README.md` says how to run it, and lists the rules
//! of a fair comparison.

pub mod child;
pub mod contender;
pub mod echo;
pub mod ratio;
pub mod results;
pub mod servers;
pub mod versus;
