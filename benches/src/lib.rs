#![doc = include_str!("../README.md")]

pub mod child;
pub mod contender;
pub mod echo;
pub mod ratio;
pub mod results;
pub mod servers;
pub mod versus;
