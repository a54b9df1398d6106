//! A trap: deep recursion. A green thread has a small stack, here 64 KiB, and a thread of the system has
//! megabytes. A thousand calls within each other overflow it, and the whole process dies. Look for: the
//! signal. The cure: a larger stack for this green thread, or a loop.

use corosensei::stack::DefaultStack;
use corosensei::{Coroutine, CoroutineResult};
use std::env;
use std::hint::black_box;
use std::io;
use std::process::Command;

/// The sum of the numbers up to `n`. Each call takes some 300 bytes of stack.
fn sum(n: u64) -> u64 {
    let numbers = black_box([n; 32]);
    match n {
        0 => 0,
        _ => numbers[31] + sum(n - 1),
    }
}

fn in_green_thread(stack: usize) -> io::Result<u64> {
    let stack = DefaultStack::new(stack)?;
    let mut thread: Coroutine<(), (), u64, _> = Coroutine::with_stack(stack, |_, ()| sum(1000));
    match thread.resume(()) {
        CoroutineResult::Return(sum) => Ok(sum),
        CoroutineResult::Yield(()) => unreachable!("it never yields"),
    }
}

fn main() -> io::Result<()> {
    if env::args().nth(1).as_deref() == Some("small") {
        println!("{}", in_green_thread(64 * 1024)?);
        return Ok(());
    }
    // This program once more, so that it is the other process that dies.
    let ended = Command::new(env::current_exe()?).arg("small").status()?;
    println!("64 KiB: {ended}");
    println!("1 MiB: the sum is {}", in_green_thread(1024 * 1024)?);
    Ok(())
}
