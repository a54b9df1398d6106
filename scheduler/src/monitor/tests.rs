use super::*;
use crate::executor::{Executor, sleep, yield_now};
use event_loop::FakeClock;

#[test]
fn the_longest_run_is_the_one_that_others_had_to_wait_for() {
    let clock = FakeClock::new();
    let monitor = Monitor::with_clock(clock.clone());
    let mut milliseconds = [1, 5, 2].into_iter();
    let turning = clock.clone();
    let turns = std::iter::from_fn(move || {
        let milliseconds = milliseconds.next()?;
        turning.advance(Duration::from_millis(milliseconds));
        Some(())
    });
    assert_eq!(monitor.watch_turns("turns", turns).count(), 3);
    let task = &monitor.tasks()[0];
    assert_eq!((task.runs, task.state), (4, State::Ended));
    assert_eq!(task.longest_run, Duration::from_millis(5));
    assert_eq!(task.busy, Duration::from_millis(8));
    assert!(monitor.to_string().contains("5.0ms"), "{monitor}");
}

#[test]
fn it_tells_how_tasks_stand() {
    let clock = FakeClock::new();
    let executor = Executor::with_clock(clock.clone()).unwrap();
    let monitor = Monitor::with_clock(clock.clone());
    let states = || {
        monitor
            .tasks()
            .iter()
            .map(|task| task.state)
            .collect::<Vec<_>>()
    };
    let watch = monitor.clone();
    let sleeper = executor.spawn(monitor.watch("sleeper", sleep(Duration::from_secs(1))));
    let asker = executor.spawn(monitor.watch("asker", async move {
        let state = watch.tasks()[1].state;
        yield_now().await;
        state
    }));
    assert_eq!(states(), [State::Ready, State::Ready]);
    executor.run_pending();
    assert_eq!(states(), [State::Waiting, State::Ended]);
    assert_eq!(executor.block_on(asker).unwrap(), State::Running);
    sleeper.abort();
    assert_eq!(states(), [State::Dropped, State::Ended]);
}

#[test]
fn of_those_that_have_ended_the_last_are_remembered() {
    let monitor = Monitor::new();
    let lives = monitor.watch_turns("lives", std::iter::repeat(()));
    for n in 0..REMEMBERED + 3 {
        assert_eq!(monitor.watch_turns(n.to_string(), 0..0).count(), 0);
    }
    let tasks = monitor.tasks();
    assert_eq!((tasks.len(), monitor.forgotten()), (REMEMBERED + 1, 3));
    assert_eq!((&*tasks[0].name, &*tasks[1].name), ("lives", "3"));
    drop(lives);
}
