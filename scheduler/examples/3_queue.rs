//! Any number of tasks in a queue. The first one runs until it yields, and goes to the end of the
//! queue. A task that has ended does not come back. This is a round-robin scheduler.

use std::collections::VecDeque;

type Task = Box<dyn Iterator<Item = ()>>;

fn countdown(name: &'static str, from: u32) -> Task {
    let mut left = from;
    Box::new(std::iter::from_fn(move || {
        if left == 0 {
            println!("{name} is done");
            return None;
        }
        println!("{name}: {left}");
        left -= 1;
        Some(())
    }))
}

fn run(tasks: impl IntoIterator<Item = Task>) {
    let mut ready: VecDeque<Task> = tasks.into_iter().collect();
    while let Some(mut task) = ready.pop_front() {
        if task.next().is_some() {
            ready.push_back(task);
        }
    }
}

fn main() {
    run([
        countdown("tea", 3),
        countdown("egg", 2),
        countdown("rice", 4),
    ]);
}
