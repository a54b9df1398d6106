//! A generator: a function that gives one value at a time and goes on where it was when it is asked again.
//! In Rust today that is an iterator: what Python keeps in the paused frame stands in a struct.

/// Python: `def countdown(n): while n > 0: yield n; n -= 1`
struct Countdown {
    left: u32,
}

impl Iterator for Countdown {
    type Item = u32;

    /// Runs until the next value; `None` is the function's end.
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

    // The same from a closure, which keeps what it needs by itself.
    let (mut a, mut b) = (0_u64, 1);
    let fibonacci = std::iter::from_fn(move || {
        (a, b) = (b, a + b);
        Some(a)
    });
    println!("{:?}", fibonacci.take(10).collect::<Vec<_>>());
}
