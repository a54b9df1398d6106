//! `peer-may yields N` and `peer-may sleepers N`: what `benches green` does, by the `may` crate.
//!
//! One worker thread; stacks of 32 KiB, which is the crate's default.

#![allow(
    unsafe_code,
    reason = "spawning is unsafe there: a coroutine may be moved to another thread at any wait"
)]

use std::process::ExitCode;
use std::time::Duration;

use may::coroutine::{self, JoinHandle};

/// As in `benches green`.
const YIELDERS: u64 = 100;

fn main() -> ExitCode {
    let mut words = std::env::args().skip(1);
    let (how, count) = (
        words.next(),
        words.next().and_then(|count| count.parse().ok()),
    );
    let (Some(how), Some(count)) = (how, count) else {
        eprintln!("usage: peer-may yields|sleepers N");
        return ExitCode::from(2);
    };
    may::config().set_workers(1);
    let coroutines: Vec<JoinHandle<()>> = match how.as_str() {
        "yields" => (0..YIELDERS)
            .map(|_| {
                // SAFETY: it uses no thread locals.
                unsafe {
                    coroutine::spawn(move || {
                        (0..count / YIELDERS).for_each(|_| coroutine::yield_now());
                    })
                }
            })
            .collect(),
        _ => (0..count)
            // SAFETY: as above.
            .map(|_| unsafe { coroutine::spawn(|| coroutine::sleep(Duration::from_secs(1))) })
            .collect(),
    };
    let ended = coroutines.into_iter().filter_map(|it| it.join().ok());
    println!("{} ended", ended.count());
    ExitCode::SUCCESS
}
