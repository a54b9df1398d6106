//! Work that blocks or computes runs on threads, while the reactor goes on.
//!
//! cargo run --release -p reactor --example defer_to_thread

use std::time::Duration;

use reactor::{Error, LoopingCall, Reactor, gather};

/// Slow on purpose.
fn digits_of_fibonacci(n: u32) -> usize {
    let (mut a, mut b) = (vec![0_u8], vec![1_u8]);
    for _ in 0..n {
        let mut carry = 0;
        for (index, digit) in b.iter().enumerate() {
            let sum = a.get(index).copied().unwrap_or(0) + digit + carry;
            carry = sum / 10;
            match a.get_mut(index) {
                Some(place) => *place = sum % 10,
                None => a.push(sum % 10),
            }
        }
        if carry > 0 {
            a.push(carry);
        }
        std::mem::swap(&mut a, &mut b);
    }
    a.len()
}

fn main() -> Result<(), Error> {
    let reactor = Reactor::new()?;
    let (ticking, _over) = LoopingCall::start(&reactor, Duration::from_millis(50), |_| {
        println!("the reactor does not wait");
        Ok(())
    });
    let numbers = [5_000, 10_000, 15_000];
    let jobs = numbers.map(|n| reactor.defer_to_thread(move || digits_of_fibonacci(n)));
    let digits = reactor.run_until(gather(jobs))?;
    ticking.stop();
    println!("Fibonacci numbers {numbers:?} have {digits:?} digits");
    Ok(())
}
