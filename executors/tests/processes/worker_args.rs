//! The example in the documentation of `worker_args`: a worker in a module of tests.

use executors::{Error, Executor, ProcessPool};

use crate::support::{Act, Done, JOBS};

mod tests {
    use super::*;

    #[test]
    fn worker() {
        executors::hook(JOBS);
    }

    fn pool() -> Result<ProcessPool, Error> {
        executors::hook(JOBS);
        ProcessPool::builder()
            .worker_args(["worker_args::tests::worker", "--exact", "--nocapture"])
            .build()
    }

    #[test]
    fn a_worker_may_be_a_test_in_a_module() {
        let echo = pool().unwrap().submit(Act::Echo(4)).unwrap().result();
        assert_eq!(echo, Ok(Done::Number(4)));
    }
}
