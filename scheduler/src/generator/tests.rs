use super::*;

#[test]
fn nothing_runs_before_it_is_asked_for() {
    let ran = Cell::new(false);
    let mut none = generator(|co: Co<()>| {
        let ran = &ran;
        async move {
            ran.set(true);
            let _ = co;
        }
    });
    assert!(!ran.get() && !none.has_ended());
    assert_eq!(none.next(), None);
    assert!(ran.get() && none.has_ended());
    assert_eq!((none.next(), none.result()), (None, Some(())));
}

#[test]
fn what_is_sent_arrives_at_the_yield_where_it_stands() {
    let mut echo = coroutine(|co| async move {
        let mut heard = Vec::new();
        for n in 0..3 {
            heard.push(co.yield_(n).await);
        }
        heard
    });
    assert_eq!(echo.start(), Some(0));
    assert_eq!(echo.send("a"), Some(1));
    assert_eq!(echo.send("b"), Some(2));
    assert_eq!(echo.result(), None);
    assert_eq!(echo.send("c"), None);
    assert_eq!(echo.result(), Some(vec!["a", "b", "c"]));
    assert_eq!((echo.send("d"), echo.result()), (None, None));
}

#[test]
fn yield_from_passes_values_both_ways_and_the_result() {
    let mut outer = coroutine(|co| async move {
        let inner = coroutine(|co: Co<i32, i32>| async move {
            let first = co.yield_(1).await;
            first + co.yield_(2).await
        });
        co.yield_from(inner).await
    });
    assert_eq!([outer.start(), outer.send(10)], [Some(1), Some(2)]);
    assert_eq!((outer.send(20), outer.result()), (None, Some(30)));
}

#[test]
fn dropping_and_closing_run_destructors_at_the_yield() {
    let held = Rc::new(());
    let make = |held: Rc<()>| {
        generator(|co| async move {
            let _held = held;
            co.yield_(1).await;
            co.yield_(2).await;
        })
    };
    for steps in 0..=3 {
        let mut closed = make(Rc::clone(&held));
        assert_eq!(closed.by_ref().take(steps).count(), steps.min(2));
        closed.close();
        assert_eq!((Rc::strong_count(&held), closed.next()), (1, None));
        let mut dropped = make(Rc::clone(&held));
        assert_eq!(dropped.by_ref().take(steps).count(), steps.min(2));
        drop(dropped);
        assert_eq!(Rc::strong_count(&held), 1);
    }
}

#[test]
fn a_body_that_panics_leaves_a_generator_that_can_be_dropped() {
    let mut bad = generator(|co| async move {
        co.yield_(1).await;
        panic!("expected");
    });
    assert_eq!(bad.next(), Some(1));
    let next = std::panic::AssertUnwindSafe(|| bad.next());
    assert!(std::panic::catch_unwind(next).is_err());
    assert!(bad.has_ended());
    assert_eq!(
        (bad.next(), bad.result()),
        (None, None),
        "and is not polled again"
    );
    bad.close();
    assert_eq!(bad.next(), None);
}

#[test]
fn a_yield_that_is_given_up_has_yielded_nothing() {
    use futures_util::future::{ready, select};
    let mut once = generator(|co| async move {
        select(co.yield_(1), ready(())).await;
        co.yield_(2).await;
    });
    assert_eq!((once.next(), once.next()), (Some(2), None));
}

#[test]
#[should_panic(expected = "may await its own yields only")]
fn awaiting_something_else_is_noticed() {
    generator(|co: Co<()>| async move {
        let _ = co;
        std::future::pending::<()>().await;
    })
    .next();
}

#[test]
#[should_panic(expected = "start() comes first")]
fn sending_before_the_start_is_noticed() {
    coroutine(|co: Co<(), ()>| async move { co.yield_(()).await }).send(());
}
