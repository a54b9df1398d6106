//! A trap: a sum of `f64` in any order. Each addition rounds, so another order gives another sum,
//! and the order of threads is not fixed. Look for: three sums of the same parts. The cure: each
//! part has its place, and the parts are added in the order of their places.

use std::thread;

/// The parts of a sum: some are large, some are small.
fn part(number: usize) -> f64 {
    [1e16, 1.0, -1e16][number]
}

/// The sum, if the parts come in this order.
fn sum(order: [usize; 3]) -> f64 {
    order
        .into_iter()
        .fold(0.0, |sum, number| sum + part(number))
}

fn main() {
    for order in [[0, 1, 2], [0, 2, 1], [1, 2, 0]] {
        println!("in the order {order:?}: {}", sum(order));
    }

    let mut parts = [0.0; 3];
    thread::scope(|scope| {
        for (number, place) in parts.iter_mut().enumerate() {
            scope.spawn(move || *place = part(number));
        }
    });
    // The result does not depend on which thread was first.
    println!("by place, by three threads: {}", parts.iter().sum::<f64>());
}
