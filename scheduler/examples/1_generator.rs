//! A generator: a function that gives one value at a time. At the next request it goes on where it
//! stopped. In Rust that is an iterator today: Python keeps the state in the paused frame, we keep
//! it in a struct.

/// Python: `def countdown(n): while n > 0: yield n; n -= 1`
struct Countdown {
    left: u32,
}

impl Iterator for Countdown {
    type Item = u32;

    /// Runs until the next value. `None` is the end of the function.
    fn next(&mut self) -> Option<u32> {
        let value = self.left;
        self.left = value.checked_sub(1)?;
        Some(value)
    }
}

fn main() {
    let mut countdown = Countdown { left: 3 };
    println!("first: {:?}", countdown.next());
    println!("between two values the caller may do what it likes");
    for value in countdown {
        println!("then: {value}");
    }

    // The same from a closure, which captures the state that it needs.
    let (mut a, mut b) = (0_u64, 1);
    let fibonacci = std::iter::from_fn(move || {
        (a, b) = (b, a + b);
        Some(a)
    });
    println!("{:?}", fibonacci.take(10).collect::<Vec<_>>());
}
