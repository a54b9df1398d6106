use super::super::Work;
use super::*;
use crate::cpus::Count;
use crate::timing::CpuTime;

pub(in super::super) fn machine() -> Cpus {
    let count = |value| Count {
        value,
        source: "a test".to_owned(),
    };
    Cpus {
        model: Some("Test CPU".to_owned()),
        logical: count(4),
        physical: count(2),
        usable: count(2),
    }
}

pub(in super::super) fn about() -> About {
    About {
        title: "primes".to_owned(),
        look_for: String::new(),
        input: "200 numbers".to_owned(),
        agreement: "200 of 200 answers".to_owned(),
        rounds: LEAST_RUNS,
        baseline_twice: true,
        work: Work::Computes,
    }
}

/// Each run is `(wall, CPU)` in milliseconds.
pub(in super::super) fn entry(
    model: &str,
    workers: usize,
    runs: &[(u64, u64)],
    answer: usize,
) -> Entry {
    let sample = |&(wall, cpu)| Measurement {
        wall: Duration::from_millis(wall),
        cpu: CpuTime {
            user: Duration::from_millis(cpu),
            system: Duration::ZERO,
        },
    };
    Entry {
        model: model.to_owned(),
        workers,
        is_baseline: model == "serial",
        samples: runs.iter().map(sample).collect(),
        answers: runs.iter().map(|_| answer).collect(),
        failure: None,
    }
}

pub(in super::super) fn failing(model: &str) -> Entry {
    let mut entry = entry(model, 2, &[], 0);
    entry.failure = Some("worker 17 was killed".to_owned());
    entry
}

pub(in super::super) fn report(entries: Vec<Entry>) -> Report<usize> {
    let quiet = Load {
        baseline_share: Some(1.0),
        ..Load::default()
    };
    report_under(quiet, entries)
}

pub(in super::super) fn report_under(load: Load, entries: Vec<Entry>) -> Report<usize> {
    // Every answer is its own index.
    Report::new(about(), (machine(), load), entries, (0..10).collect())
}

#[test]
fn figures_follow_from_the_samples() {
    let report = report(vec![
        entry("serial", 1, &[(1000, 990), (1000, 1010)], 7),
        entry("threads", 2, &[(500, 1000)], 7),
    ]);
    let row = &report.rows()[1];
    let figures = row.outcome.clone().unwrap();
    assert_eq!(figures.speed_up, Some(2.0));
    assert_eq!(figures.cores_busy, 2.0);
    assert_eq!(figures.cpu, Duration::from_secs(1));
    assert_eq!(row.efficiency(), Some(1.0));
    assert_eq!(report.rows()[0].efficiency(), Some(1.0));
    assert_eq!(report.winner(), Some("threads"));
}

#[test]
fn who_differs_is_named_with_both_answers() {
    let report = report(vec![
        entry("serial", 1, &[(10, 10), (10, 10)], 7),
        entry("wrong", 2, &[(1, 2)], 8),
        entry("right", 2, &[(5, 10)], 7),
    ]);
    assert!(!report.agreed());
    assert_eq!(report.winner(), Some("right"));
    assert_eq!(
        report.agreement.differing,
        [Difference {
            model: "wrong".to_owned(),
            answer: "8".to_owned(),
            expected: "7".to_owned(),
        }]
    );
}

#[test]
fn without_its_baseline_a_report_has_no_speed_ups_and_no_winner() {
    let mut serial = failing("serial");
    serial.is_baseline = true;
    let report = report(vec![serial, entry("threads", 2, &[(5, 10)], 9)]);
    assert!(report.failed());
    assert!(report.agreed());
    assert_eq!(report.answer(), Some(&9));
    assert_eq!(report.noise(), None);
    assert_eq!(report.winner(), None);
    assert_eq!(report.rows()[1].efficiency(), None);
}

#[test]
fn no_answers_are_no_agreement() {
    let report = report(vec![failing("serial"), failing("threads")]);
    assert!(!report.agreed());
    assert_eq!(report.answer(), None);
}

#[test]
fn long_answers_are_cut() {
    assert_eq!(shortened(&vec![0; 1000]).chars().count(), 61);
    assert_eq!(shortened(&7), "7");
}
