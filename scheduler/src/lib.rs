#![doc = "wip"]
pub mod generator;
pub mod policy;
pub mod round_robin;
pub mod system_calls;
pub mod workshop;
