//! A yield that says what the task wants, as a program asks its operating system: to sleep for some
//! turns, or to start another task. The scheduler's answer is when it runs the task again.

use std::collections::VecDeque;

/// A request that a task makes when it yields.
enum Call {
    Yield,
    Sleep(u32),
    Spawn(Task),
}

type Task = Box<dyn Iterator<Item = Call>>;

/// A task from a list of steps. Each step prints its text, and then makes its request.
fn task(name: &'static str, steps: Vec<(&'static str, Call)>) -> Task {
    Box::new(steps.into_iter().map(move |(text, call)| {
        println!("  {name}: {text}");
        call
    }))
}

fn run(first: Task) {
    let mut ready = VecDeque::from([first]);
    let mut sleeping: Vec<(u32, Task)> = Vec::new();
    for turn in 1.. {
        println!("turn {turn}");
        let woken = sleeping.extract_if(.., |(wake, _)| *wake <= turn);
        ready.extend(woken.map(|(_, task)| task));
        // Tasks that are ready now run once. If one yields, it runs again in the next turn.
        for mut task in std::mem::take(&mut ready) {
            match task.next() {
                Some(Call::Yield) => ready.push_back(task),
                Some(Call::Sleep(turns)) => sleeping.push((turn + turns, task)),
                Some(Call::Spawn(new)) => ready.extend([task, new]),
                None => {}
            }
        }
        if ready.is_empty() && sleeping.is_empty() {
            return;
        }
    }
}

fn main() {
    let egg = task(
        "egg",
        vec![
            ("into the water", Call::Sleep(3)),
            ("out again", Call::Yield),
        ],
    );
    run(task(
        "cook",
        vec![
            ("has the egg boil", Call::Spawn(egg)),
            ("lays the table", Call::Yield),
            ("sits down", Call::Yield),
        ],
    ));
}
