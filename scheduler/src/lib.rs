#![doc = "wip"]
pub mod executor;
pub mod generator;
pub mod policy;
pub mod round_robin;
pub mod sync;
pub mod system_calls;
pub mod workshop;
