//! Five philosophers all take their left fork first. The executor reports the deadlock.
//! Run it: `cargo run -p scheduler --example deadlock`

use scheduler::executor::{Executor, yield_now};
use scheduler::sync::Lock;

const PHILOSOPHERS: usize = 5;

fn main() -> std::io::Result<()> {
    let executor = Executor::new()?;
    let forks: Vec<Lock<()>> = (0..PHILOSOPHERS)
        .map(|n| Lock::named(format!("fork {n}"), ()))
        .collect();
    for n in 0..PHILOSOPHERS {
        let (left, right) = (forks[n].clone(), forks[(n + 1) % PHILOSOPHERS].clone());
        drop(
            executor.spawn_named(format!("philosopher {n}"), async move {
                let _left = left.lock().await;
                yield_now().await;
                let _right = right.lock().await;
                println!("philosopher {n} eats");
            }),
        );
    }
    if let Err(deadlock) = executor.run() {
        for wait in deadlock.waits {
            println!("{wait}");
        }
    }
    Ok(())
}
