//! Runs a test that changes its whole process in a process of its own.

use std::process::{Command, Output, Stdio};

use common::cli::interrupt::with_usual_signals;

const NAME: &str = "EXECUTORS_TEST_ALONE";

/// True in a process that runs only the test with this name (including its modules), with the
/// default actions for SIGINT and SIGTERM. Otherwise it starts that process, and fails if the test
/// fails.
pub fn alone(test: &str) -> bool {
    if is_alone(test) {
        return true;
    }
    let output = run_alone(with_usual_signals(&mut command(test)));
    let text = text(&output);
    assert!(output.status.success(), "{test}: {text}");
    println!("{text}");
    false
}

pub fn is_alone(test: &str) -> bool {
    std::env::var_os(NAME).is_some_and(|name| name == test)
}

/// This program, to run nothing but the test of this name.
pub fn command(test: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args([test, "--exact", "--nocapture"])
        .env(NAME, test);
    command
}

pub fn run_alone(command: &mut Command) -> Output {
    command.stdin(Stdio::null()).output().unwrap()
}

pub fn text(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    format!(
        "{}\n{}{}",
        output.status,
        text(&output.stdout),
        text(&output.stderr)
    )
}
