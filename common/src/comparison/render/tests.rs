use super::super::load::Load;
use super::super::report::tests::{entry, failing, report, report_under};
use super::*;

fn sample() -> Report<usize> {
    let mut report = report(vec![
        entry("serial", 1, &[(1000, 1000), (1010, 1010)], 7),
        entry("threads", 2, &[(505, 1000)], 7),
        entry("async", 2, &[(510, 1000)], 7),
        failing("processes"),
    ]);
    report.note("async", "longest poll 12 ms");
    report.note("absent", "unseen");
    report
}

#[test]
fn text_states_machine_input_noise_agreement_and_verdict() {
    insta::assert_snapshot!(sample().text(), @r"
    primes
    machine: Test CPU: 4 logical CPUs, 2 cores, 2 usable (a test)
    input: 200 numbers
    runs: 3 (baseline twice each); noise: 1.0% between equal runs of the baseline
     model      workers    wall      min … max  cores  speed-up  efficiency
    ───────────────────────────────────────────────────────────────────────
     serial           1  1.00 s  1.00 … 1.01 s   1.00     1.00x        100%
     threads          2  505 ms   505 … 505 ms   1.98     1.99x        100%
     async            2  510 ms   510 … 510 ms   1.96     1.97x         99%
     processes        2  failed              -      -         -           -
    ───────────────────────────────────────────────────────────────────────
    wall: the median. cores: CPU time / wall time. speed-up: wall of serial / wall.
    workers: threads or processes that compute at once. efficiency: speed-up /
      workers.
    the 3 models that finished agree: 200 of 200 answers
    faster than serial: threads 1.99x, async 1.97x
    no winner: threads, async are within the noise of each other
    processes failed: worker 17 was killed
    async: longest poll 12 ms
    ");
}

#[test]
fn markdown_is_a_table_between_lists() {
    insta::assert_snapshot!(sample().markdown(), @r"
    **primes**

    - machine: Test CPU: 4 logical CPUs, 2 cores, 2 usable (a test)
    - input: 200 numbers
    - runs: 3 (baseline twice each); noise: 1.0% between equal runs of the baseline

    | model     | workers |   wall |     min … max | cores | speed-up | efficiency |
    |-----------|---------|--------|---------------|-------|----------|------------|
    | serial    |       1 | 1.00 s | 1.00 … 1.01 s |  1.00 |    1.00x |       100% |
    | threads   |       2 | 505 ms |  505 … 505 ms |  1.98 |    1.99x |       100% |
    | async     |       2 | 510 ms |  510 … 510 ms |  1.96 |    1.97x |        99% |
    | processes |       2 | failed |             - |     - |        - |          - |

    - wall: the median. cores: CPU time / wall time. speed-up: wall of serial / wall.
    - workers: threads or processes that compute at once. efficiency: speed-up / workers.

    - the 3 models that finished agree: 200 of 200 answers
    - faster than serial: threads 1.99x, async 1.97x
    - no winner: threads, async are within the noise of each other
    - processes failed: worker 17 was killed
    - async: longest poll 12 ms
    ");
}

#[test]
fn all_models_agreeing_is_said_with_its_meaning() {
    let report = report(vec![
        entry("serial", 1, &[(10, 10), (10, 10)], 7),
        entry("threads", 2, &[(5, 10)], 7),
    ]);
    let text = report.text();
    assert!(
        text.contains("all 2 models agree: 200 of 200 answers"),
        "{text}"
    );
    assert!(text.contains("fastest: threads"), "{text}");
}

#[test]
fn those_that_wait_have_no_efficiency() {
    let mut report = report(vec![
        entry("serial", 1, &[(1000, 10); 3], 7),
        entry("async", 200, &[(10, 10); 3], 7),
    ]);
    report.about.work = Work::Waits;
    let text = report.text();
    assert!(text.contains(" model   at once     wall"), "{text}");
    assert!(text.contains("\nat once: how many things"), "{text}");
    assert!(
        !text.contains("efficiency") && !text.contains("workers"),
        "{text}"
    );
    assert_eq!(report.json()["work"], "waits");
}

#[test]
fn a_busy_machine_is_told_below_the_table_and_in_json() {
    let load = Load {
        baseline_share: Some(0.62),
        others: Some(0.8),
        ..Load::default()
    };
    let report = report_under(
        load,
        vec![
            entry("serial", 1, &[(10, 10); 3], 7),
            entry("threads", 2, &[(9, 10); 3], 7),
        ],
    );
    let text = report.text();
    assert!(
        text.contains(
            "THE MACHINE WAS BUSY: the baseline had a CPU for 62% of its time; other programs"
        ),
        "{text}"
    );
    assert!(
        text.lines().all(|line| line.chars().count() <= 80),
        "{text}"
    );
    assert_eq!(report.json()["load"]["baseline_share"], 0.62);
    assert_eq!(
        report.json()["disturbances"][1],
        "other programs kept 0.8 of 2 CPUs busy"
    );
}

#[test]
fn the_table_fits_into_80_columns() {
    let model = "python-processes";
    let table = report(vec![
        entry("serial", 1, &[(100, 100); 3], 7),
        entry(
            model,
            1024,
            &[(119_000, 238_000_000), (999, 999), (1001, 7)],
            7,
        ),
    ]);
    let text = table.text();
    assert!(
        text.lines().all(|line| line.chars().count() <= 80),
        "{text}"
    );
}

#[test]
fn a_disagreement_is_said_loudly() {
    let report = report(vec![
        entry("serial", 1, &[(10, 10), (10, 10)], 7),
        entry("threads", 2, &[(5, 10)], 8),
    ]);
    let text = report.text();
    assert!(
        text.contains("DISAGREEMENT: threads answered 8, serial 7"),
        "{text}"
    );
}

#[test]
fn json_holds_numbers_and_nulls() {
    let json = sample().json();
    assert_eq!(json["models"][1]["wall_seconds"]["median"], 0.505);
    assert_eq!(json["models"][3]["error"], "worker 17 was killed");
    assert!(json["models"][3]["wall_seconds"].is_null());
    assert_eq!(json["agreement"]["agreed"], true);
    assert_eq!(json["failed"], true);
    assert_eq!(json["within_noise"][0], "threads");
    assert_eq!(json["machine"]["usable"]["value"], 2);
}

#[test]
fn a_bar_in_a_name_does_not_break_the_table() {
    let report = report(vec![entry("serial", 1, &[(10, 10), (10, 10)], 7)]);
    assert_eq!(one_cell("a|b"), "a/b");
    assert!(report.markdown().contains("| serial |"));
}
