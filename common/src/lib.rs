#![doc = include_str!("../README.md")]

pub mod comparison;
pub mod cpus;
pub mod files;
pub mod stdout;
pub mod text;
pub mod timing;
pub mod trace;

#[cfg(feature = "cli")]
pub mod cli;

mod sys;
