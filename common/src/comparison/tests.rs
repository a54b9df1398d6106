use super::*;
use std::cell::RefCell;

fn two() -> NonZeroUsize {
    NonZeroUsize::new(2).unwrap()
}

#[test]
fn rounds_are_interleaved_and_the_baseline_runs_twice_in_each() {
    let order = RefCell::new(Vec::new());
    let job = |name: &'static str| {
        let order = &order;
        move || {
            order.borrow_mut().push(name);
            Ok(1)
        }
    };
    let mut told = Vec::new();
    let _ = Comparison::new("order")
        .runs(two())
        .model("b", 1, job("b"))
        .baseline("a", 1, job("a"))
        .run(&mut |model, run| told.push(format!("{model}{run}")));
    assert_eq!(*order.borrow(), ["a", "a", "b", "a", "a", "b"]);
    assert_eq!(told, ["a1", "a2", "b1", "a3", "a4", "b2"]);
}

#[test]
fn rounds_go_on_while_there_is_time_for_another() {
    let repeat = Repeat::Within(3, Duration::from_secs(8));
    for (rounds, seconds, expected) in [
        (0, 0, true),
        (2, 100, true),
        (3, 3, true),
        (3, 6, true),
        (3, 7, false),
        (4, 8, false),
        (8, 1, true),
        (9, 1, false),
    ] {
        let goes_on = repeat.goes_on(rounds, Duration::from_secs(seconds));
        assert_eq!(goes_on, expected, "{rounds} rounds in {seconds} s");
    }
    assert!(!Repeat::Exactly(2).goes_on(2, Duration::ZERO));
}

#[test]
fn when_every_model_has_failed_no_round_follows() {
    let report = Comparison::<u8>::new("interrupted")
        .runs(two())
        .baseline("serial", 1, || Err("interrupted".into()))
        .run(&mut |_, _| ());
    assert_eq!(report.json()["runs"], 1);
}

#[test]
fn a_failed_model_is_not_run_again_and_the_rest_are() {
    let mut tries = 0;
    let report = Comparison::new("failing")
        .runs(two())
        .baseline("serial", 1, || Ok(7))
        .model("broken", 2, || {
            tries += 1;
            Err("worker 17 was killed by signal 9".into())
        })
        .model("fine", 2, || Ok(7))
        .run(&mut |_, _| ());
    assert!(report.failed());
    assert!(report.agreed());
    let failure = |row: &Row| row.outcome.as_ref().err().cloned();
    assert_eq!(
        report.rows().iter().map(failure).collect::<Vec<_>>(),
        [
            None,
            Some("worker 17 was killed by signal 9".to_owned()),
            None
        ]
    );
    assert_eq!(tries, 1);
}

#[test]
fn an_answer_that_changes_between_runs_is_a_disagreement() {
    let mut answers = [7, 8].into_iter();
    let report = Comparison::new("flaky")
        .runs(two())
        .baseline("serial", 1, || Ok(7))
        .model("flaky", 1, move || Ok(answers.next().unwrap()))
        .run(&mut |_, _| ());
    assert!(!report.agreed());
    assert!(!report.failed());
}

#[test]
#[should_panic(expected = "one baseline")]
fn a_second_baseline_is_refused() {
    let _ = Comparison::new("two")
        .baseline("a", 1, || Ok(1))
        .baseline("b", 1, || Ok(1));
}

#[test]
fn causes_are_told_on_one_line() {
    #[derive(Debug, thiserror::Error)]
    #[error("pool failed")]
    struct Outer(#[source] std::io::Error);
    let error = Outer(std::io::Error::other("pipe\nclosed"));
    assert_eq!(chain(&error), "pool failed: pipe closed");
}
