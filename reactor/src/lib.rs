//! x
pub mod event_loop;
