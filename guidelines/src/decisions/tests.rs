//! Verdicts on figures that are given here, not measured.

use super::*;
use crate::book::{Book, Section};
use crate::crossover::{Crossing, Crossover, Point};
use crate::figure::{Figure, Unit};

fn figure(unit: Unit, runs: [f64; 3]) -> Figure {
    Figure::of(unit, runs).unwrap()
}

fn book(figures: &[(&str, Unit, [f64; 3])]) -> Book {
    let mut section = Section::new("given", "given", "given");
    for (id, unit, runs) in figures {
        section.add(id, id, Ok(figure(*unit, *runs)));
    }
    Book {
        sections: vec![section],
    }
}

fn crossover(id: &str, crossing: Crossing) -> Crossover {
    Crossover {
        id: id.to_owned(),
        title: id.to_owned(),
        size: "length".to_owned(),
        ratio: "ratio".to_owned(),
        unit: Unit::Seconds,
        points: vec![Point {
            size: 1e-6,
            ratio: figure(Unit::Times, [1.0, 1.0, 1.0]),
        }],
        crossing,
    }
}

fn quiet<'a>(book: &'a Book, crossovers: &'a [Crossover]) -> View<'a> {
    View {
        book,
        crossovers,
        busy: &[],
    }
}

const NOISE: &str = "the difference is inside the noise";

fn undecided(why: &str) -> Verdict {
    Verdict::Undecided(why.to_owned())
}

#[test]
fn less_is_decided_by_ranges_and_not_by_medians() {
    for (a, b, expected) in [
        ([1.0, 1.1, 1.2], [2.0, 2.1, 2.2], Verdict::Backed),
        ([2.0, 2.1, 2.2], [1.0, 1.1, 1.2], Verdict::Contradicted),
        // A median of a third, and yet nobody knows: one run took as long as the other's.
        ([1.0, 1.0, 3.0], [2.9, 3.0, 3.1], undecided(NOISE)),
        ([1.0, 1.0, 1.0], [1.04, 1.04, 1.04], undecided(NOISE)),
    ] {
        let book = book(&[("a", Unit::Seconds, a), ("b", Unit::Seconds, b)]);
        let claim = Claim::Less("a", "b");
        assert_eq!(claim.judge(&quiet(&book, &[])), expected, "{a:?} {b:?}");
    }
}

#[test]
fn limits_and_multiples_are_decided_by_whole_ranges() {
    let book = book(&[
        ("one", Unit::Seconds, [1.0, 1.0, 1.0]),
        ("ten", Unit::Seconds, [9.0, 10.0, 11.0]),
        ("wide", Unit::Seconds, [5.0, 10.0, 40.0]),
    ]);
    let view = quiet(&book, &[]);
    for (claim, expected) in [
        (Claim::AtLeast("ten", 8.0), Verdict::Backed),
        (Claim::AtLeast("ten", 12.0), Verdict::Contradicted),
        (Claim::AtLeast("ten", 10.0), undecided(NOISE)),
        (Claim::AtMost("ten", 12.0), Verdict::Backed),
        (Claim::AtMost("ten", 8.0), Verdict::Contradicted),
        (Claim::TimesAtLeast("ten", "one", 8.0), Verdict::Backed),
        (
            Claim::TimesAtLeast("ten", "one", 20.0),
            Verdict::Contradicted,
        ),
        (Claim::TimesAtLeast("wide", "one", 8.0), undecided(NOISE)),
        (Claim::TimesAtMost("ten", "one", 12.0), Verdict::Backed),
        (Claim::TimesAtMost("ten", "one", 2.0), Verdict::Contradicted),
    ] {
        assert_eq!(claim.judge(&view), expected, "{claim:?}");
    }
}

#[test]
fn on_a_busy_machine_nothing_is_decided_that_depends_on_time() {
    let book = book(&[
        ("a", Unit::Seconds, [1.0, 1.0, 1.0]),
        ("b", Unit::Seconds, [100.0, 100.0, 100.0]),
        ("small", Unit::Bytes, [100.0, 100.0, 100.0]),
        ("large", Unit::Bytes, [900.0, 900.0, 900.0]),
    ]);
    let busy = ["meanwhile: other programs kept 1.0 of 2 CPUs busy".to_owned()];
    let view = View {
        busy: &busy,
        ..quiet(&book, &[])
    };
    let time = Claim::Less("a", "b").judge(&view);
    assert_eq!(time, undecided("the machine was busy"));
    assert_eq!(Claim::Less("small", "large").judge(&view), Verdict::Backed);
    for decision in decide(&view) {
        for ruling in decision.rules {
            assert!(
                matches!(ruling.verdict, Verdict::Undecided(_)),
                "{ruling:?}"
            );
        }
    }
}

#[test]
fn the_first_rule_decides_what_is_advised_and_contradictions_are_told() {
    let at = |id: &str, runs| crossover(id, Crossing::At(figure(Unit::Seconds, runs)));
    let (short, long) = ([3e-6, 3.1e-6, 3.3e-6], [30e-6, 31e-6, 33e-6]);
    let empty = Book::default();
    let backed = [
        at("two-workers/thread-pool", short),
        at("two-workers/process-pool", long),
    ];
    let decision = &decide(&quiet(&empty, &backed))[0];
    assert_eq!(decision.rules[0].verdict, Verdict::Backed);
    assert!(
        decision.advice.starts_with("To compute, use threads"),
        "{}",
        decision.advice
    );
    // Both figures stand beside the rule.
    assert!(
        decision.rules[0].figures.contains("3.10 us"),
        "{:?}",
        decision.rules[0]
    );
    assert!(
        decision.rules[0].figures.contains("31.0 us"),
        "{:?}",
        decision.rules[0]
    );
    let contrary = [
        at("two-workers/thread-pool", long),
        at("two-workers/process-pool", short),
    ];
    let decision = &decide(&quiet(&empty, &contrary))[0];
    assert_eq!(decision.rules[0].verdict, Verdict::Contradicted);
    assert!(
        decision.advice.starts_with("Here processes pay"),
        "{}",
        decision.advice
    );
    let noisy = [
        at("two-workers/thread-pool", [3e-6, 9e-6, 40e-6]),
        at("two-workers/process-pool", long),
    ];
    let decision = &decide(&quiet(&empty, &noisy))[0];
    assert_eq!(
        decision.advice,
        "Not decided here: the difference is inside the noise."
    );
}

#[test]
fn a_model_that_never_pays_is_behind_one_that_does() {
    let crossovers = [
        crossover("two-workers/rayon", Crossing::FromTheStart(1e-7)),
        crossover("two-workers/thread-pool", Crossing::Never(3e-3)),
    ];
    let empty = Book::default();
    let claim = Claim::Less("two-workers/rayon", "two-workers/thread-pool");
    let view = quiet(&empty, &crossovers);
    assert_eq!(claim.judge(&view), Verdict::Backed);
    assert!(
        claim.figures(&view).contains("not up to 3.00 ms"),
        "{}",
        claim.figures(&view)
    );
}

#[test]
fn of_two_runs_nothing_is_decided() {
    let mut book = book(&[("a", Unit::Seconds, [1.0, 1.0, 1.0])]);
    let twice = Figure::of(Unit::Seconds, [100.0, 100.0]).unwrap();
    book.sections[0].add("b", "b", Ok(twice));
    let verdict = Claim::Less("a", "b").judge(&quiet(&book, &[]));
    assert_eq!(verdict, undecided("fewer than 3 runs"));
}

#[test]
fn what_is_missing_is_named() {
    let mut given = book(&[("start/process-job", Unit::Seconds, [1.0, 1.0, 1.0])]);
    given.sections[0].add("memory/thread", "a thread", Err("no /proc".to_owned()));
    let view = quiet(&given, &[]);
    let why = |claim: Claim| match claim.judge(&view) {
        Verdict::Undecided(why) => why,
        other => panic!("{other:?}"),
    };
    let cluster = why(Claim::Less("start/process-job", "cluster/round-trip"));
    assert!(cluster.contains("--cluster"), "{cluster}");
    assert_eq!(
        why(Claim::AtMost("python/speed-up/threads", 1.0)),
        "python3 was not measured"
    );
    assert_eq!(why(Claim::AtMost("memory/thread", 1.0)), "no /proc");
}

#[test]
fn the_decisions_come_in_the_workshops_order() {
    let empty = Book::default();
    let decisions = decide(&quiet(&empty, &[]));
    let ids: Vec<&str> = decisions.iter().map(|it| it.id.as_str()).collect();
    assert_eq!(
        ids,
        [
            "threads-or-processes",
            "asyncio-or-parallelism",
            "futures-or-by-hand",
            "reactor-or-async",
            "green-threads-or-async",
            "rayon-or-a-pool",
            "one-machine-or-many",
        ]
    );
    for decision in &decisions {
        assert!(
            decision.advice.starts_with("Not decided here: "),
            "{decision:?}"
        );
        assert!(decision.rules.iter().all(|it| !it.source.is_empty()));
    }
}
