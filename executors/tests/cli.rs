//! Tests of the binary.
#![cfg(feature = "cli")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use assert_cmd::Command;

fn executors(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_executors"));
    command.args(args);
    command
}

#[test]
fn the_demonstration_shows_every_call_on_both_pools() {
    let output = executors(&["--json", "-j", "2"]).output().unwrap();
    assert!(output.status.success());
    let shown: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let steps = shown["steps"].as_array().unwrap();
    let calls: Vec<_> = steps
        .iter()
        .map(|step| step["call"].as_str().unwrap())
        .collect();
    let expected = [
        "submit",
        "map",
        "as_completed",
        "wait",
        "cancel",
        "a panic",
        "a killed worker",
        "a round trip",
    ];
    assert_eq!(calls, expected);
    for step in steps {
        for model in ["threads", "processes"] {
            let what = step[model].as_str().unwrap();
            match step["call"].as_str().unwrap() {
                "submit" => assert_eq!(what, "9592 primes below 100,000"),
                "map" => assert_eq!(what, "in order: 168 303 430 550 669"),
                // The order, and how many are done, depend on the load of the machine.
                "as_completed" => assert!(
                    ["#0", "#1", "#2"].iter().all(|it| what.contains(it)),
                    "{what}"
                ),
                "wait" => assert!(what.starts_with("first completed: "), "{what}"),
                "cancel" => assert_eq!(what, "pending: true, running: false"),
                _ => {}
            }
        }
    }
    let panic = steps[5]["processes"].as_str().unwrap();
    assert!(
        panic.contains("this job panics on purpose") && panic.contains("demo.rs"),
        "{panic}"
    );
    let killed = steps[6]["processes"].as_str().unwrap();
    assert!(killed.contains("SIGABRT") || !cfg!(unix), "{killed}");
    // On Windows the pool does not count it.
    assert!(shown["worker_cpu_ms"].as_f64().unwrap() > 0.0 || cfg!(windows));
}

#[test]
fn a_model_alone_is_shown_alone() {
    for (model, other) in [("threads", "processes"), ("processes", "threads")] {
        let words = ["--json", "-j", "2", "--model", model];
        let output = executors(&words).output().unwrap();
        assert!(output.status.success());
        let shown: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        for step in shown["steps"].as_array().unwrap() {
            assert!(step[model].is_string() && step[other].is_null(), "{step}");
        }
        assert_eq!(shown["worker_cpu_ms"].is_null(), model == "threads");
    }
}

#[test]
fn more_runs_than_one_are_refused() {
    let output = executors(&["--runs", "3"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(errors.contains("--runs: "), "{errors}");
}

#[test]
#[cfg(target_os = "linux")]
fn jobs_of_worker_processes_are_in_the_trace() {
    let file = std::env::temp_dir().join(format!("executors-{}.json", std::process::id()));
    executors(&["--trace", file.to_str().unwrap()])
        .assert()
        .success();
    let trace: serde_json::Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    std::fs::remove_file(file).unwrap();
    let events = trace["traceEvents"]
        .as_array()
        .or(trace.as_array())
        .unwrap();
    let jobs = events.iter().filter(|event| event["name"] == "job");
    let pids: std::collections::HashSet<_> = jobs.map(|event| event["pid"].to_string()).collect();
    assert!(pids.len() > 2, "spans of {} processes", pids.len());
}

#[test]
fn a_trace_amid_the_demonstration_is_refused() {
    for words in [
        &["--trace", "-"][..],
        &["--timeline=-"],
        &["--trace", "-", "--json"],
    ] {
        let output = executors(words).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{words:?}");
        assert!(output.stdout.is_empty(), "{words:?}");
        let errors = String::from_utf8(output.stderr).unwrap();
        assert!(
            errors.contains("-: standard output is for the answer"),
            "{errors}"
        );
    }
}

/// With so few descriptors, either no worker can be started, or none of the second pool.
#[test]
#[cfg(target_os = "linux")]
fn without_descriptors_the_demonstration_ends_with_the_reason() {
    let mut ended = 0;
    for descriptors in 6..40 {
        let program = env!("CARGO_BIN_EXE_executors");
        let script = format!("ulimit -n {descriptors} && exec \"$0\" --model processes -j 2");
        let output = Command::new("sh")
            .args(["-c", &script, program])
            .output()
            .unwrap();
        if output.status.success() {
            break;
        }
        let errors = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{descriptors}: {errors}");
        assert!(
            errors.contains("Too many open files"),
            "{descriptors}: {errors}"
        );
        ended += 1;
    }
    assert!(ended > 0);
}

#[test]
fn no_workers_is_an_error_of_usage() {
    let output = executors(&["-j", "0"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
}
