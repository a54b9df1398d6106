//! The rules that Twisted's own tests check, checked on this reactor. The name of the test in
//! Twisted (`twisted/internet/test` and `twisted/test`) is above each.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod calls;
mod connections;
mod deferreds;
mod looping;
mod producers;

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use reactor::{
    Deferred, Error, FrameHandler, FrameReceiver, LineHandler, LineReceiver, LoopingCall, Prefix,
    Protocol, Reason, Resolver, Transport, testing,
};

const SECOND: Duration = Duration::from_secs(1);

fn counter() -> (Rc<Cell<u64>>, Rc<Cell<u64>>) {
    let count = Rc::new(Cell::new(0));
    (Rc::clone(&count), count)
}
