//! The asyncio version of the workshop's two tasks, with short sleeps in place of a second.

use std::cell::RefCell;
use std::rc::Rc;
use std::thread;
use std::time::{Duration, Instant};

use common::timing::human_duration;
use scheduler::executor::{gather, sleep};
use scheduler::monitor::Monitor;
use scheduler::workshop::{NUMBERS, is_prime, square};
use serde_json::json;
use tracing::{Instrument, info_span};

use super::step::{Step, results};

/// The pause that takes the place of a second.
const PAUSE: Duration = Duration::from_millis(10);

/// How long a blocking call blocks.
const BLOCK: Duration = Duration::from_millis(60);

type Found = Rc<RefCell<Vec<(&'static str, u64)>>>;

async fn squares(found: Found) {
    for n in NUMBERS {
        found.borrow_mut().push(("squares", square(n)));
        sleep(PAUSE).await;
    }
}

async fn primes(found: Found) {
    for n in NUMBERS {
        if is_prime(n) {
            found.borrow_mut().push(("primes", n));
        }
        sleep(PAUSE).await;
    }
}

/// Ticks, and records the longest time between two ticks.
async fn heartbeat(longest: Rc<RefCell<Duration>>) {
    for _ in NUMBERS {
        let before = Instant::now();
        sleep(PAUSE).await;
        let mut longest = longest.borrow_mut();
        *longest = longest.max(before.elapsed());
    }
}

/// Blocks once, in the middle, as reading a file or a slow look-up may.
async fn blocker() {
    sleep(PAUSE * 3).await;
    thread::sleep(BLOCK);
}

pub(super) fn show(blocking: bool) -> anyhow::Result<Step> {
    let found = Found::default();
    let longest = Rc::new(RefCell::new(Duration::ZERO));
    let monitor = Monitor::new();
    let executor = super::executor()?;
    let mut tasks = vec![
        executor.spawn(
            monitor
                .watch("squares", squares(Rc::clone(&found)))
                .instrument(info_span!("squares")),
        ),
        executor.spawn(
            monitor
                .watch("primes", primes(Rc::clone(&found)))
                .instrument(info_span!("primes")),
        ),
        executor.spawn(
            monitor
                .watch("heartbeat", heartbeat(Rc::clone(&longest)))
                .instrument(info_span!("heartbeat")),
        ),
    ];
    if blocking {
        let blocker = monitor
            .watch("blocker", blocker())
            .instrument(info_span!("blocker"));
        tasks.push(executor.spawn(blocker));
    }
    let start = Instant::now();
    let ended = executor.block_on(gather(tasks));
    for result in ended {
        result?;
    }
    let took = start.elapsed();
    let asleep = PAUSE * 3 * NUMBERS.count() as u32;
    let found = found.take();
    let apart = *longest.borrow();
    let mut lines = results(&found);
    lines.push(format!(
        "{} of sleep in {}",
        human_duration(asleep),
        human_duration(took),
    ));
    lines.push(format!(
        "two heartbeats, planned {} apart, were at most {} apart",
        human_duration(PAUSE),
        human_duration(apart),
    ));
    lines.extend(monitor.to_string().lines().map(str::to_owned));
    if blocking {
        lines.push(
            "one blocking call, and no other task ran: see the blocker's longest run".to_owned(),
        );
    }
    let watched: Vec<_> = monitor
        .tasks()
        .into_iter()
        .map(|task| {
            json!({
                "task": task.name,
                "state": task.state.to_string(),
                "runs": task.runs,
                "longest_run_seconds": task.longest_run.as_secs_f64(),
            })
        })
        .collect();
    Ok(Step {
        name: "tasks",
        title: "futures and wakers: waiting that overlaps",
        lines,
        json: json!({
            "found": found,
            "asleep_seconds": asleep.as_secs_f64(),
            "took_seconds": took.as_secs_f64(),
            "longest_heartbeat_seconds": apart.as_secs_f64(),
            "tasks": watched,
        }),
    })
}
