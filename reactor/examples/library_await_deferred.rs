//! An async function on deferreds: it does what a chain of callbacks does, and reads from top to
//! bottom.
//!
//! cargo run --release -p reactor --example await_deferred

use std::time::Duration;

use reactor::{Deferred, Error, Reactor};

/// A deferred that fires after a delay. Anything with a callback can be made a deferred like this.
fn after(reactor: &Reactor, delay: Duration) -> Deferred<()> {
    let (deferred, resolver) = Deferred::new();
    reactor.call_later(delay, move |_| {
        // It fails only if the deferred was fired before, and only this call fires it.
        let _ = resolver.callback(());
    });
    deferred
}

async fn add_slowly(reactor: Reactor, a: u64, b: u64) -> Result<u64, Error> {
    after(&reactor, Duration::from_millis(100)).await?;
    reactor.defer_to_thread(move || a + b).await
}

fn main() -> Result<(), Error> {
    let reactor = Reactor::new()?;
    // A future runs when it is spawned, and spawning returns a deferred.
    let sum = reactor.spawn(add_slowly(reactor.clone(), 40, 2));
    let too_late = reactor.spawn(add_slowly(reactor.clone(), 1, 1));
    let too_late = too_late.with_timeout(&reactor, Duration::from_millis(10));
    println!("40 + 2 = {}", reactor.run_until(sum)?);
    match reactor.run_until(too_late) {
        Err(error) => println!("1 + 1: {error}"),
        Ok(sum) => println!("1 + 1 = {sum}"),
    }
    Ok(())
}
