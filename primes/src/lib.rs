//! Prime numbers.
pub mod sieve;
