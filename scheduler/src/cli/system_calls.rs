//! A parent spawns the two tasks, waits for one, and kills the other.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use scheduler::system_calls::{Kernel, Sys};
use scheduler::workshop::{NUMBERS, is_prime, square};
use serde_json::json;
use tracing::{Instrument, info_span};

use super::step::{Step, legend, results, row};

type Found = Rc<RefCell<Vec<(&'static str, u64)>>>;

/// A call inside a call: while the check runs, it takes the place of the task.
async fn check(sys: Sys, n: u64) -> bool {
    sys.yield_now().await;
    is_prime(n)
}

pub(super) fn show() -> anyhow::Result<Step> {
    let found = Found::default();
    let notes = Rc::new(RefCell::new(Vec::new()));
    let mut kernel = Kernel::new();
    let (results_of, noted) = (Rc::clone(&found), Rc::clone(&notes));
    kernel.spawn("parent", |sys| async move {
        let me = sys.id().await;
        let found = Rc::clone(&results_of);
        let squares = |sys: Sys| {
            let task = async move {
                for n in NUMBERS {
                    found.borrow_mut().push(("squares", square(n)));
                    sys.yield_now().await;
                }
            };
            task.instrument(info_span!("squares"))
        };
        let found = results_of;
        let primes = |sys: Sys| {
            let task = async move {
                for n in 1.. {
                    if sys.call(move |sys| check(sys, n)).await {
                        found.borrow_mut().push(("primes", n));
                    }
                    if n % 5 == 0 {
                        sys.sleep(Duration::from_micros(200)).await;
                    }
                }
            };
            task.instrument(info_span!("primes"))
        };
        let squares = sys.spawn("squares", squares).await;
        let primes = sys.spawn("primes", primes).await;
        let note = |text| noted.borrow_mut().push(text);
        note(format!(
            "task {me} has spawned {squares} (squares) and {primes} (primes, without end)"
        ));
        let end = sys.wait(squares).await;
        let how = end.map_or("had ended before".to_owned(), |end| end.to_string());
        note(format!(
            "task {squares} {how}; task {me} kills task {primes}"
        ));
        let killed = sys.kill(primes).await;
        note(match sys.wait(primes).await {
            None if killed => format!("waiting for task {primes} now takes no time: it has ended"),
            _ => format!("task {primes} still runs"),
        });
    });
    let mut turns = Vec::new();
    while let Some(turn) = kernel.turn() {
        turns.push(turn.name);
    }
    kernel.run()?;
    let found = found.take();
    let mut lines = results(&found);
    lines.push(format!("turns: {}", row(turns.iter().copied().map(letter))));
    lines.push(legend(&[
        ("P", "parent"),
        ("s", "squares"),
        ("p", "primes"),
    ]));
    lines.extend(notes.take());
    Ok(Step {
        name: "system-calls",
        title: "tasks ask the scheduler: own id, spawn, wait, kill",
        lines,
        json: json!({ "found": found, "turns": turns }),
    })
}

/// The parent's letter is a capital, because `primes` begins with the same letter.
fn letter(name: &'static str) -> &'static str {
    if name == "parent" { "P" } else { name }
}
