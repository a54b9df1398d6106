//! A program that never calls the hook.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use executors::{Error, ProcessPool};

#[test]
fn a_pool_without_a_hook_is_refused_with_the_line_to_write() {
    let error = ProcessPool::new(2).unwrap_err();
    assert_eq!(error, Error::HookMissing);
    assert!(
        error
            .to_string()
            .contains("executors::hook(&[executors::job::<MyJob>()]);")
    );
}
