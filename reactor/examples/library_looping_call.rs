//! A call at a fixed interval from its start, until the call ends the loop.
//!
//! cargo run --release -p reactor --example looping_call

use std::time::Duration;

use reactor::{Error, LoopingCall, Reactor};

fn main() -> Result<(), Error> {
    let reactor = Reactor::new()?;
    let mut left = 3;
    let (_looping, over) = LoopingCall::start(&reactor, Duration::from_millis(200), move |_| {
        println!("{left}");
        left -= 1;
        match left {
            0 => Err(Error::other("lift-off")),
            _ => Ok(()),
        }
    });
    // An error ends it. `LoopingCall::stop` would end it without one.
    let error = reactor.run_until(over).expect_err("it ends with an error");
    println!("{error}");
    Ok(())
}
