//! A trap: a future whose result is not read. A job fails, its result is dropped, and the program
//! reports success. Python's `executor.submit` has the same trap. Look for: how many files were
//! saved? The cure: keep the futures and read each result. `#[must_use]` makes the compiler warn.

use std::thread::{self, JoinHandle};

/// Fails for one of the names.
fn save(name: &str) -> Result<(), String> {
    match name {
        "c.txt" => Err(format!("{name}: no space left")),
        _ => Ok(()),
    }
}

#[must_use = "the job may have failed: ask for its result"]
struct Future(JoinHandle<Result<(), String>>);

impl Future {
    fn result(self) -> Result<(), String> {
        self.0.join().map_err(|_| "the job panicked".to_owned())?
    }
}

fn submit(name: &'static str) -> Future {
    Future(thread::spawn(move || save(name)))
}

fn main() {
    let names = ["a.txt", "b.txt", "c.txt"];
    for name in names {
        let _ = submit(name); // Without `let _ =` this is a warning.
    }
    println!("wrong: all {} files are saved", names.len());

    let futures = names.map(submit);
    let failed: Vec<String> = futures
        .into_iter()
        .filter_map(|it| it.result().err())
        .collect();
    println!("right: {} saved; {failed:?}", names.len() - failed.len());
}
