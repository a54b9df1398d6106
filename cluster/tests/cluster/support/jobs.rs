//! What the agents' workers are told to do.

use std::io::Write;
use std::path::Path;

use executors::{Job, JobType, job};
use serde::{Deserialize, Serialize};

pub const JOBS: &[JobType] = &[job::<Act>(), job::<old::Versioned>()];

#[derive(Serialize, Deserialize, Debug, Clone, PartialEq)]
pub enum Act {
    Echo(u64),
    Panic,
    /// End the worker by this signal.
    Signal(i32),
    /// Add a line to a file, then end the worker by SIGKILL.
    Die(String),
    /// Add a line to a file; return its number.
    Log(String, u64),
    /// Add a line to a file, then wait for another file.
    Mark(String, String),
    /// Return this number of bytes.
    Produce(usize),
    /// Contain these bytes.
    Carry(Vec<u8>),
}

#[derive(Serialize, Deserialize, Debug, Clone, PartialEq)]
pub enum Done {
    Number(u64),
    Bytes(Vec<u8>),
}

impl Job for Act {
    type Output = Done;
    const NAME: &'static str = "act";

    fn run(self) -> Done {
        Done::Number(match self {
            Act::Echo(n) => n,
            Act::Panic => panic!("told to"),
            Act::Signal(signal) => {
                end_by(signal);
                0
            }
            Act::Die(file) => {
                add_line(&file, "died");
                end_by(9);
                0
            }
            Act::Log(file, n) => {
                add_line(&file, &n.to_string());
                n
            }
            Act::Mark(file, awaited) => {
                add_line(&file, "begun");
                while !Path::new(&awaited).exists() {
                    std::thread::sleep(std::time::Duration::from_millis(5));
                }
                0
            }
            Act::Produce(size) => return Done::Bytes(vec![7; size]),
            Act::Carry(bytes) => bytes.len() as u64,
        })
    }
}

/// One write, so that lines of several processes do not mix.
fn add_line(file: &str, line: &str) {
    let mut options = std::fs::OpenOptions::new();
    let mut file = options.append(true).create(true).open(file).unwrap();
    file.write_all(format!("{line}\n").as_bytes()).unwrap();
}

fn end_by(signal: i32) {
    let signal = rustix::process::Signal::from_named_raw(signal).unwrap();
    rustix::process::kill_process(rustix::process::getpid(), signal).unwrap();
    loop {
        std::thread::park();
    }
}

/// The same job in the agents' build, and in a newer one.
macro_rules! versioned {
    ($module:ident, $version:literal) => {
        pub mod $module {
            #[derive(serde::Serialize, serde::Deserialize)]
            pub struct Versioned(pub u8);

            impl executors::Job for Versioned {
                type Output = u8;
                const NAME: &'static str = "versioned";
                const VERSION: u32 = $version;
                fn run(self) -> u8 {
                    self.0
                }
            }
        }
    };
}
versioned!(old, 1);
versioned!(new, 2);

/// A job that no agent knows.
#[derive(Serialize, Deserialize)]
pub struct Unknown;

impl Job for Unknown {
    type Output = ();
    const NAME: &'static str = "unknown";
    fn run(self) {}
}
