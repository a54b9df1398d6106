//! Faults that end the process, each tested in a process of its own.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::os::unix::process::ExitStatusExt;
use std::process::Command;

use rustix::process::{Signal, kill_process};

/// Runs this test binary again, for a test that ends its process.
fn again(test: &str) -> std::process::Output {
    let mut again = Command::new(std::env::current_exe().unwrap());
    common::cli::interrupt::with_usual_signals(&mut again)
        .args(["--exact", test, "--nocapture"])
        .env("GREEN_THREADS_FAULT", test)
        .output()
        .unwrap()
}

fn is_again(test: &str) -> bool {
    std::env::var("GREEN_THREADS_FAULT").is_ok_and(|fault| fault == test)
}

/// Recursion that is deeper than any stack.
fn dive(depth: u64) -> u64 {
    let page = std::hint::black_box([depth; 64]);
    match depth {
        u64::MAX => 0,
        depth => dive(depth + 1) + page[(depth % 64) as usize],
    }
}

#[test]
fn an_overflow_ends_the_process_and_names_the_green_thread() {
    const TEST: &str = "an_overflow_ends_the_process_and_names_the_green_thread";
    if is_again(TEST) {
        let diver = green_threads::Builder::new().name("diver");
        let diver = diver.spawn(|| dive(0)).unwrap();
        diver.wait();
        unreachable!("no stack is that deep");
    }
    let output = again(TEST);
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.signal(), Some(6), "it aborts: {text}");
    for expected in [
        "green thread 1 \"diver\" has overflowed its stack of 64 KiB",
        "it was spawned at green-threads/tests/faults.rs",
        "Builder::stack_size",
    ] {
        assert!(text.contains(expected), "{text}");
    }
}

#[test]
fn other_faults_are_left_to_whoever_handled_them_before() {
    const TEST: &str = "other_faults_are_left_to_whoever_handled_them_before";
    if is_again(TEST) {
        // The thread's own stack overflows: the standard library has its own message for that.
        std::thread::spawn(|| {
            green_threads::yield_now();
            dive(0)
        })
        .join()
        .unwrap();
    }
    let output = again(TEST);
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.signal(), Some(6), "{text}");
    assert!(
        text.contains("has overflowed its stack") && !text.contains("green thread"),
        "{text}"
    );
}

#[test]
#[allow(unsafe_code, reason = "the test needs a real memory fault")]
fn null_on_the_threads_own_stack_is_no_overflow() {
    const TEST: &str = "null_on_the_threads_own_stack_is_no_overflow";
    if is_again(TEST) {
        green_threads::yield_now();
        // A field behind a null pointer.
        let field = std::ptr::without_provenance::<u64>(std::hint::black_box(8));
        // SAFETY: this is unsound on purpose: the test needs the fault.
        unsafe { field.read_volatile() };
        unreachable!("there is nothing at null");
    }
    let output = again(TEST);
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.signal(), Some(11), "{text}");
    assert!(!text.contains("overflow"), "{text}");
}

#[test]
fn the_smallest_stack_holds_a_panic_with_its_backtrace() {
    const TEST: &str = "the_smallest_stack_holds_a_panic_with_its_backtrace";
    if is_again(TEST) {
        let small = green_threads::Builder::new().stack_size(0);
        let wrong = small.spawn(|| panic!("with a backtrace")).unwrap();
        wrong.wait();
        let used = green_threads::stats().stack_high_water;
        eprintln!("used {used} of {} bytes", green_threads::MIN_STACK_SIZE);
        return;
    }
    for backtrace in ["0", "1", "full"] {
        let output = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", TEST, "--nocapture"])
            .env("GREEN_THREADS_FAULT", TEST)
            .env("RUST_BACKTRACE", backtrace)
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(
            output.status.success() && text.contains("with a backtrace"),
            "RUST_BACKTRACE={backtrace}: {text}"
        );
        eprintln!("{}", text.lines().last().unwrap());
    }
}

#[test]
fn ctrl_c_ends_a_program_that_handles_it_no_longer() {
    const TEST: &str = "ctrl_c_ends_a_program_that_handles_it_no_longer";
    if is_again(TEST) {
        let interrupt = [green_threads::Signal::INTERRUPT];
        let first = green_threads::Signals::new(&interrupt).unwrap();
        let second = green_threads::Signals::new(&interrupt).unwrap();
        drop(first);
        kill_process(rustix::process::getpid(), Signal::INT).unwrap();
        assert_eq!(second.wait(), green_threads::Signal::INTERRUPT);
        eprintln!("handled");
        drop(second);
        kill_process(rustix::process::getpid(), Signal::INT).unwrap();
        green_threads::sleep(std::time::Duration::from_secs(20));
        unreachable!("no handler is left");
    }
    let output = again(TEST);
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.signal(), Some(2), "{text}");
    assert!(text.contains("handled"), "{text}");
}
