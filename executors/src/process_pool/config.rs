//! The settings of a process pool.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use super::builder::{DEFAULT_FRAME_LIMIT, DEFAULT_RESTART_LIMIT, DEFAULT_START_TIMEOUT};
use super::sys::Program;
use crate::codec::Answer;
use crate::error::Error;

/// The settings of a process pool.
pub(super) struct Config {
    pub(super) name: String,
    pub(super) queue_limit: usize,
    pub(super) frame_limit: usize,
    pub(super) restart_limit: u32,
    pub(super) start_timeout: Duration,
    pub(super) job_timeout: Option<Duration>,
    pub(super) idle_timeout: Option<Duration>,
    pub(super) max_jobs: Option<usize>,
    pub(super) check_jobs: bool,
    pub(super) initializer: Option<Initializer>,
    pub(super) launch: Launch,
}

/// How a worker is started.
pub(super) struct Launch {
    pub(super) program: Program,
    pub(super) args: Vec<OsString>,
    /// Variables to set (`Some`) or remove (`None`).
    pub(super) environment: Vec<(OsString, Option<OsString>)>,
    pub(super) folder: Option<PathBuf>,
    pub(super) memory_limit: Option<u64>,
    pub(super) niceness: i32,
    pub(super) ends_descendants: bool,
}

/// A job that each worker runs first.
pub(super) struct Initializer {
    pub(super) frame: Vec<u8>,
    pub(super) check: Box<Check>,
}

/// Checks that the answer of an initializer is an output.
type Check = dyn Fn(Answer<'_>) -> Result<(), Error> + Send + Sync;

impl Default for Config {
    fn default() -> Self {
        Self {
            name: "process-pool".to_owned(),
            queue_limit: crate::DEFAULT_QUEUE_LIMIT,
            frame_limit: DEFAULT_FRAME_LIMIT,
            restart_limit: DEFAULT_RESTART_LIMIT,
            start_timeout: DEFAULT_START_TIMEOUT,
            job_timeout: None,
            idle_timeout: None,
            max_jobs: None,
            check_jobs: true,
            initializer: None,
            launch: Launch {
                program: Program::default(),
                args: Vec::new(),
                environment: Vec::new(),
                folder: None,
                memory_limit: None,
                niceness: 0,
                ends_descendants: true,
            },
        }
    }
}
