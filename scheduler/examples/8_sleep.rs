//! Sleep: the executor keeps a list of times. A task that sleeps leaves its waker there. When no
//! task is ready, the thread sleeps until the earliest time. A hundred tasks wait on one thread.

use std::cell::RefCell;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

thread_local! {
    static SLEEPERS: RefCell<Vec<(Instant, Waker)>> = const { RefCell::new(Vec::new()) };
}

async fn sleep(time: Duration) {
    let until = Instant::now() + time;
    poll_fn(|context| {
        if Instant::now() >= until {
            return Poll::Ready(());
        }
        let waker = context.waker().clone();
        SLEEPERS.with_borrow_mut(|sleepers| sleepers.push((until, waker)));
        Poll::Pending
    })
    .await;
}

/// Polls all tasks whenever one may have been woken. (Step 7 polls only those that were woken.)
fn run(mut tasks: Vec<Pin<Box<dyn Future<Output = ()>>>>) {
    let mut context = Context::from_waker(Waker::noop());
    loop {
        tasks.retain_mut(|task| task.as_mut().poll(&mut context).is_pending());
        if tasks.is_empty() {
            return;
        }
        let earliest = SLEEPERS.with_borrow(|sleepers| sleepers.iter().map(|it| it.0).min());
        let Some(earliest) = earliest else {
            println!("no task can ever be woken: a deadlock");
            return;
        };
        thread::sleep(earliest.saturating_duration_since(Instant::now()));
        let now = Instant::now();
        let woken = SLEEPERS.with_borrow_mut(|it| it.extract_if(.., |it| it.0 <= now).collect());
        let woken: Vec<(Instant, Waker)> = woken;
        woken.into_iter().for_each(|(_, waker)| waker.wake());
    }
}

fn main() {
    let start = Instant::now();
    let sleeper = |_| Box::pin(sleep(Duration::from_millis(100))) as _;
    run((0..100).map(sleeper).collect());
    println!("100 sleepers of 100 ms each: {:.0?}", start.elapsed());
}
