//! Prime numbers.
