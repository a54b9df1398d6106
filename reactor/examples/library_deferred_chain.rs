//! A chain of callbacks and errbacks: callbacks get values, errbacks get errors.
//!
//! cargo run --release -p reactor --example deferred_chain

use reactor::{Deferred, Error};

/// A deferred with its chain of callbacks.
fn halved(text: Deferred<&'static str>) -> Deferred<()> {
    text.add_callback(|text| text.parse::<i32>().map_err(Error::other))
        .add_callback(|n| match n % 2 {
            0 => Ok(n / 2),
            _ => Err(Error::other(format!("{n} is odd"))),
        })
        .add_errback(|error| {
            println!("  an errback gets: {error}");
            Ok(0)
        })
        // After an errback that returned a value, callbacks run again.
        .add_callback(|n| {
            println!("  in the end: {n}");
            Ok(())
        })
}

fn main() -> Result<(), Error> {
    for text in ["42", "7", "seven"] {
        let (deferred, resolver) = Deferred::new();
        let end = halved(deferred);
        // Nothing has run so far. Firing runs the whole chain.
        println!("{text}:");
        resolver.callback(text)?;
        assert!(end.is_done());
    }
    Ok(())
}
