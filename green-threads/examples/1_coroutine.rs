//! A coroutine: a function with a stack of its own. It can stop in the middle, even deep inside a
//! call, and go on later. `corosensei` does the switch: it saves the registers and changes to the
//! other stack.

use corosensei::{Coroutine, CoroutineResult, Yielder};

/// An ordinary function that suspends the coroutine from inside a call.
fn cook(step: &str, yielder: &Yielder<(), String>) {
    yielder.suspend(format!("the cook has {step}, and waits"));
}

fn main() {
    let mut dinner = Coroutine::new(|yielder, ()| {
        for step in ["peeled the potatoes", "put them into the water"] {
            cook(step, yielder);
        }
        "dinner is ready"
    });
    loop {
        match dinner.resume(()) {
            CoroutineResult::Yield(text) => println!("{text}; main may do something else"),
            CoroutineResult::Return(text) => {
                println!("{text}");
                return;
            }
        }
    }
}
