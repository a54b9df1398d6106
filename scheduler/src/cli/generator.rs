//! A generator: it is asked for values, gets values sent, delegates, and is closed.

use scheduler::generator::{Co, coroutine, generator};
use scheduler::workshop::{NUMBERS, is_prime, square};
use serde_json::json;

use super::step::Step;

pub(super) fn show() -> Step {
    let squares = generator(|co| async move {
        for n in NUMBERS {
            co.yield_(square(n)).await;
        }
    });
    let squares: Vec<u64> = squares.collect();

    let mut sums = coroutine(|co: Co<u64, u64>| async move {
        let mut sum = 0;
        loop {
            sum += co.yield_(sum).await;
        }
    });
    let _: Option<u64> = sums.start();
    let sums_sent: Vec<u64> = NUMBERS.filter_map(|n| sums.send(n)).collect();
    let _: Option<()> = sums.result();

    let both = generator(|co| async move {
        let primes = generator(|co| async move {
            co.yield_all(NUMBERS.filter(|&n| is_prime(n))).await;
            "no more primes"
        });
        let end: &str = co.yield_from(primes).await;
        co.yield_(end.len() as u64).await;
    });
    let both: Vec<u64> = both.collect();
    Step {
        name: "generator",
        title: "functions that stop in the middle and hand out values",
        lines: vec![
            format!("asked for squares: {squares:?}"),
            format!("sent 1 to 10, hands out the sums: {sums_sent:?}"),
            format!("hands on another's primes, then the length of its result: {both:?}"),
        ],
        json: json!({ "squares": squares, "sums": sums_sent, "yield_from": both }),
    }
}
