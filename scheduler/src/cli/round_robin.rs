//! The workshop's two tasks take turns.

use std::cell::RefCell;

use scheduler::generator::generator;
use scheduler::round_robin::RoundRobin;
use scheduler::workshop::{NUMBERS, is_prime, square};
use serde_json::json;
use tracing::info_span;

use super::step::{Step, legend, results, row};
use super::traced::Traced;

pub(super) fn show() -> Step {
    let found = RefCell::new(Vec::new());
    let squares = generator(|co| {
        let found = &found;
        async move {
            for n in NUMBERS {
                found.borrow_mut().push(("squares", square(n)));
                co.yield_(()).await;
            }
        }
    });
    let primes = generator(|co| {
        let found = &found;
        async move {
            for n in NUMBERS.filter(|&n| is_prime(n)) {
                found.borrow_mut().push(("primes", n));
                co.yield_(()).await;
            }
        }
    });
    let mut tasks = RoundRobin::new();
    tasks.spawn("squares", Traced::new(info_span!("squares"), squares));
    tasks.spawn("primes", Traced::new(info_span!("primes"), primes));
    let turns: Vec<&str> = tasks.by_ref().map(|turn| turn.name).collect();
    drop(tasks);
    let found = found.into_inner();
    let mut lines = results(&found);
    lines.push(format!(
        "turns: {} (primes ends first, and squares goes on)",
        row(turns.iter().copied())
    ));
    lines.push(legend(&[("s", "squares"), ("p", "primes")]));
    Step {
        name: "round-robin",
        title: "generators that yield when others may run, and a queue of them",
        lines,
        json: json!({ "found": found, "turns": turns }),
    }
}
