//! A race condition that is no data race: each access is atomic, and the result is still wrong, because
//! another thread comes between the check and the act.

use std::sync::Barrier;
use std::sync::atomic::{AtomicI64, Ordering::SeqCst};
use std::thread;

fn main() {
    // 100 in the account; two people take out 80 at the same time.
    let account = AtomicI64::new(100);
    let both_have_looked = Barrier::new(2);
    let careless = || {
        let seen = account.load(SeqCst); // the check
        both_have_looked.wait(); // what may happen at any time happens here each time
        if seen >= 80 {
            account.fetch_sub(80, SeqCst); // the act
        }
        seen >= 80
    };
    let paid = both(careless);
    println!(
        "check, then act: {paid} were paid, {} is left",
        account.load(SeqCst)
    );

    // The cure: check and act are one operation. It fails if another thread changed the account meanwhile,
    // and then looks again.
    let account = AtomicI64::new(100);
    let careful = || {
        let take = |seen: i64| (seen >= 80).then_some(seen - 80);
        account.fetch_update(SeqCst, SeqCst, take).is_ok()
    };
    let paid = both(careful);
    println!(
        "in one step:     {paid} was paid, {} is left",
        account.load(SeqCst)
    );
}

/// Runs it in two threads; how often it was true.
fn both(withdraw: impl Fn() -> bool + Sync) -> usize {
    thread::scope(|scope| {
        let people = [scope.spawn(&withdraw), scope.spawn(&withdraw)];
        let paid = people.map(|person| person.join().unwrap_or(false));
        paid.into_iter().filter(|&paid| paid).count()
    })
}
