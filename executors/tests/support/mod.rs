//! Jobs that misbehave, and a pool whose workers are copies of the test program.
#![allow(dead_code, reason = "every test program uses some of it")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use executors::{Error, Executor, Job, JobType, ProcessPool, ProcessPoolBuilder, job};
use serde::{Deserialize, Serialize};

#[cfg(target_os = "linux")]
pub mod alone;
#[cfg(target_os = "linux")]
pub mod system;
pub mod trouble;
pub mod words;

pub const JOBS: &[JobType] = &[
    job::<Act>(),
    job::<Mark>(),
    job::<BadInput>(),
    job::<MakeBomb>(),
    #[cfg(target_os = "linux")]
    job::<system::Do>(),
    #[cfg(target_os = "linux")]
    job::<system::Start>(),
    job::<trouble::Trouble>(),
    job::<words::Command>(),
    job::<words::Skipping>(),
    job::<words::Flat>(),
    job::<words::Untagged>(),
    job::<words::Tagged>(),
    job::<words::Adjacent>(),
    job::<words::Plain>(),
    job::<words::Mute>(),
    job::<words::Picky>(),
    job::<words::ForParent>(),
    job::<words::Long>(),
];

/// The action of a worker.
#[derive(Serialize, Deserialize, Debug, Clone, PartialEq)]
pub enum Act {
    /// Return the number.
    Echo(u64),
    /// Return the worker's pid.
    Pid,
    /// Spin for a time, and return the number.
    Spin(u64),
    Panic,
    Exit(i32),
    Abort,
    Print,
    /// Write these bytes to the pipe for the replies.
    Smuggle(Vec<u8>),
    Sleep,
    /// Compute forever.
    Loop,
    Allocate,
    /// Return this number of bytes.
    Produce(usize),
    /// Contain these bytes.
    Carry(Vec<u8>),
    /// Wait until a file exists.
    Await(String),
    /// Return the initializer's mark.
    Marked,
}

#[derive(Serialize, Deserialize, Debug, Clone, PartialEq)]
pub enum Done {
    Number(u64),
    Bytes(Vec<u8>),
}

impl Job for Act {
    type Output = Done;

    fn run(self) -> Done {
        Done::Number(match self {
            Act::Echo(n) => n,
            Act::Pid => u64::from(std::process::id()),
            Act::Spin(n) => {
                let mut x = n;
                for _ in 0..100_000 {
                    x = std::hint::black_box(x.wrapping_mul(6364136223846793005).wrapping_add(1));
                }
                n
            }
            Act::Panic => panic!("told to"),
            Act::Exit(code) => std::process::exit(code),
            Act::Abort => std::process::abort(),
            Act::Print => {
                print!("no line feed");
                println!("a line of text");
                std::io::stdout()
                    .write_all(&[0xF5, b'm', b'h', 1, 0, 0])
                    .unwrap();
                0
            }
            Act::Smuggle(bytes) => {
                reply_pipe().write_all(&bytes).unwrap();
                0
            }
            Act::Sleep => loop {
                std::thread::park();
            },
            Act::Loop => loop {
                std::hint::spin_loop();
            },
            Act::Allocate => {
                let mut hoard = Vec::new();
                loop {
                    hoard.push(vec![1u8; 1 << 20]);
                    std::hint::black_box(&hoard);
                }
            }
            Act::Produce(size) => return Done::Bytes(vec![7; size]),
            Act::Carry(bytes) => bytes.len() as u64,
            Act::Await(path) => {
                until("the file exists", || Path::new(&path).exists());
                0
            }
            Act::Marked => std::env::current_dir().unwrap().ends_with("/").into(),
        })
    }
}

/// An initializer: moves to the root directory, or fails.
#[derive(Serialize, Deserialize)]
pub struct Mark(pub bool);

impl Job for Mark {
    type Output = ();
    fn run(self) {
        assert!(self.0, "told to fail");
        std::env::set_current_dir("/").unwrap();
    }
}

/// A job that can be written but not read.
#[derive(Serialize)]
pub struct BadInput(pub u8);

impl<'de> Deserialize<'de> for BadInput {
    fn deserialize<D: serde::Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
        Err(serde::de::Error::custom("unreadable on purpose"))
    }
}

impl Job for BadInput {
    type Output = u8;
    fn run(self) -> u8 {
        self.0
    }
}

/// Finds the pipe that the pool reads, as a malicious job would: it is the only pipe that is open
/// for writing and is not a standard stream.
fn reply_pipe() -> fs::File {
    for entry in fs::read_dir("/proc/self/fd").unwrap() {
        let fd: u32 = entry
            .unwrap()
            .file_name()
            .to_str()
            .unwrap()
            .parse()
            .unwrap();
        let path = format!("/proc/self/fd/{fd}");
        let is_pipe =
            fs::read_link(&path).is_ok_and(|to| to.to_string_lossy().starts_with("pipe:"));
        let info = fs::read_to_string(format!("/proc/self/fdinfo/{fd}")).unwrap_or_default();
        let writes = info
            .lines()
            .any(|line| line.starts_with("flags:") && line.ends_with('1'));
        if fd > 2 && is_pipe && writes {
            return fs::OpenOptions::new().write(true).open(path).unwrap();
        }
    }
    panic!("no pipe to write to");
}

/// A builder for a pool whose workers run the test `worker` of this program, which calls the hook.
pub fn builder() -> ProcessPoolBuilder {
    executors::hook(JOBS);
    ProcessPool::builder().worker_args(["worker", "--exact", "--nocapture"])
}

pub fn pool(workers: usize) -> ProcessPool {
    builder().workers(workers).build().unwrap()
}

pub fn is_alive(pid: u32) -> bool {
    // A zombie has ended; its parent or a slow init has not reaped it.
    fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| {
        let after_name = stat.rsplit_once(") ").unwrap().1;
        !after_name.starts_with(['Z', 'X'])
    })
}

pub fn kill(pid: u32) {
    let pid = rustix::process::Pid::from_raw(pid as i32).unwrap();
    // It may have ended already.
    let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
}

/// Waits for a condition without an event (another process starts or ends). The time limit is only
/// for a failing test: it is far longer than any machine needs.
pub fn until(what: &str, mut condition: impl FnMut() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(
            start.elapsed() < Duration::from_secs(60),
            "never happened: {what}"
        );
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// The pool works normally.
pub fn goes_on(pool: &ProcessPool) {
    for n in 0..10 {
        assert_eq!(
            pool.submit(Act::Echo(n)).unwrap().result(),
            Ok(Done::Number(n))
        );
    }
}

pub fn fails(pool: &ProcessPool, act: Act) -> Error {
    pool.submit(act).unwrap().result().unwrap_err()
}

pub fn number(done: Result<Done, Error>) -> u64 {
    match done {
        Ok(Done::Number(n)) => n,
        other => panic!("{other:?}"),
    }
}

/// A path in the temporary folder that no other test uses.
pub fn path(name: &str) -> String {
    let name = format!("executors-{name}-{}", std::process::id());
    let path = std::env::temp_dir().join(name);
    path.to_str().unwrap().to_owned()
}

/// Returns a result that panics when it is dropped in the parent.
#[derive(Serialize, Deserialize)]
pub struct MakeBomb;

#[derive(Serialize, Deserialize)]
pub struct Bomb {
    armed: u32,
}

impl Drop for Bomb {
    fn drop(&mut self) {
        assert_eq!(self.armed, std::process::id(), "dropped in the parent");
    }
}

impl Job for MakeBomb {
    type Output = Bomb;
    fn run(self) -> Bomb {
        Bomb {
            armed: std::process::id(),
        }
    }
}
