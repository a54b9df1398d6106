//! A pipeline with channels, and two transfers in a deadlock.

use std::cell::Cell;
use std::rc::Rc;

use scheduler::executor::{gather, spawn, yield_now};
use scheduler::sync::{Event, Lock, Semaphore, channel_named};
use scheduler::workshop::{NUMBERS, is_prime};
use serde_json::json;
use tracing::{Instrument, info_span};

use super::step::Step;

pub(super) fn show() -> anyhow::Result<Step> {
    let executor = super::executor()?;
    let (sum, most) = executor.block_on(pipeline());
    let (ann, bob) = (Lock::named("ann", 10), Lock::named("bob", 10));
    drop(executor.spawn_named("there", transfer(ann.clone(), bob.clone())));
    drop(executor.spawn_named("back", transfer(bob, ann)));
    let deadlock = match executor.run() {
        Err(deadlock) => deadlock.waits,
        Ok(()) => anyhow::bail!("two transfers that should be in a deadlock have ended"),
    };
    let waits: Vec<String> = deadlock.iter().map(ToString::to_string).collect();
    let mut lines = vec![
        format!("the primes' sum, through a channel of 2: {sum}"),
        format!("checks at once, with a semaphore of 3: {most}"),
        "two transfers, each holding the account that the other needs; the report:".to_owned(),
    ];
    lines.extend(waits.iter().map(|wait| format!("  {wait}")));
    Ok(Step {
        name: "sync",
        title: "tasks that wait for one another",
        lines,
        json: json!({ "sum": sum, "most_at_once": most, "deadlock": waits }),
    })
}

/// Checks numbers, three at a time, when a start event is set. Returns the sum of the primes, and
/// how many checks ran at once.
async fn pipeline() -> (u64, u32) {
    let (sender, receiver) = channel_named("primes", 2);
    let (start, three) = (Event::named("start"), Semaphore::named("checkers", 3));
    let (inside, most) = (Rc::new(Cell::new(0)), Rc::new(Cell::new(0)));
    let checks = NUMBERS.map(|n| {
        let (sender, start, three) = (sender.clone(), start.clone(), three.clone());
        let (inside, most) = (Rc::clone(&inside), Rc::clone(&most));
        let check = async move {
            start.wait().await;
            let _permit = three.acquire(1).await;
            inside.set(inside.get() + 1);
            most.set(inside.get().max(most.get()));
            yield_now().await;
            // If the receiver is dropped, that is no error of this task.
            let _sent = match is_prime(n) {
                true => sender.send(n).await.is_ok(),
                false => false,
            };
            inside.set(inside.get() - 1);
        };
        check.instrument(info_span!("check", n))
    });
    let checks: Vec<_> = checks.collect();
    drop(sender);
    let all = spawn(gather(checks));
    start.set();
    let mut sum = 0;
    while let Some(prime) = receiver.recv().await {
        sum += prime;
    }
    drop(all.await);
    (sum, most.get())
}

async fn transfer(from: Lock<i64>, to: Lock<i64>) {
    let mut from = from.lock().await;
    yield_now().await;
    let mut to = to.lock().await;
    *from -= 1;
    *to += 1;
}
