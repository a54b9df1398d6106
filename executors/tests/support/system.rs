//! Jobs that use Unix system calls on their worker.
#![allow(unsafe_code, reason = "fork and its like have no safe form")]

use std::fs;
use std::io::Write;
use std::os::fd::IntoRawFd;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicI32, Ordering};

use executors::{Job, ProcessPool, SharedBytes};
use serde::{Deserialize, Serialize};

/// The action of a worker. Its output is text.
#[derive(Serialize, Deserialize, Debug, Clone)]
pub enum Do {
    /// Fork. The child sleeps with all open files of the worker, and its pid is written to the
    /// file. The worker then does `Then`.
    Fork(String, Then),
    /// Start a sleeping program in this way, and return its pid.
    Leak(Way),
    /// Send this signal to the worker itself.
    Raise(i32),
    /// Append a line to a file, and kill the worker if the file has at most this number of lines.
    Survive(String, usize),
    /// The value of an environment variable.
    Variable(String),
    Folder,
    Niceness,
    /// The worker's name in process lists.
    Name,
    /// The ignored signals of a started program, as a hexadecimal mask.
    IgnoredByChild,
    /// The default number of workers of an inner pool.
    Share,
    /// Create a pool in a worker, and in that another one, to this depth.
    Nest(u32),
    /// The sum of these bytes.
    Sum(SharedBytes),
    /// Append a line to a file, and wait until the other file exists.
    Note(String, String),
    /// Sleep forever.
    Sleep,
    /// Send this signal to another process, which may have ended.
    Signal(u32, i32),
    /// Have the worker write into this file when it is continued after a stop, and return its pid.
    NoteContinued(String),
    /// The standard input of a program that the job starts.
    ReadInput,
}

#[derive(Serialize, Deserialize, Debug, Clone, Copy)]
pub enum Then {
    Exit,
    Sleep,
    Return,
}

#[derive(Serialize, Deserialize, Debug, Clone, Copy, PartialEq)]
pub enum Way {
    Child,
    /// With an empty environment: it is known by its process group only.
    NoEnvironment,
    OwnGroup,
    OwnSession,
    /// A daemon: its parent has ended, and it has its own session.
    Daemon,
}

impl Job for Do {
    type Output = String;

    fn run(self) -> String {
        match self {
            Do::Fork(path, then) => {
                fork(&path);
                match then {
                    // SAFETY: `_exit` may be called at any time.
                    Then::Exit => unsafe { libc::_exit(0) },
                    Then::Sleep => sleep(),
                    Then::Return => String::new(),
                }
            }
            Do::Leak(way) => leak(way).to_string(),
            Do::Raise(signal) => {
                // SAFETY: `raise` may be called at any time.
                unsafe { libc::raise(signal) };
                String::new()
            }
            Do::Survive(path, times) => {
                append(&path, "tried");
                if lines(&path) <= times {
                    std::process::abort();
                }
                "survived".to_owned()
            }
            Do::Variable(name) => std::env::var(name).unwrap_or_else(|_| "none".to_owned()),
            Do::Folder => std::env::current_dir().unwrap().display().to_string(),
            Do::Niceness => fs::read_to_string("/proc/thread-self/stat")
                .unwrap()
                .rsplit(") ")
                .next()
                .unwrap()
                .split(' ')
                .nth(16)
                .unwrap()
                .to_owned(),
            Do::Name => fs::read_to_string("/proc/self/comm")
                .unwrap()
                .trim()
                .to_owned(),
            Do::IgnoredByChild => {
                let words = ["SigIgn", "/proc/self/status"];
                let output = Command::new("grep").args(words).output().unwrap();
                let text = String::from_utf8(output.stdout).unwrap();
                text.split_whitespace().last().unwrap().to_owned()
            }
            Do::Share => {
                let pool = ProcessPool::builder().build().unwrap();
                pool.workers().to_string()
            }
            Do::Nest(0) => "the innermost".to_owned(),
            Do::Nest(more) => {
                use executors::Executor;
                let pool = match super::builder().workers(1).build() {
                    Ok(pool) => pool,
                    Err(error) => return error.to_string(),
                };
                match pool.submit(Do::Nest(more - 1)).unwrap().result() {
                    Ok(text) => text,
                    Err(error) => error.to_string(),
                }
            }
            Do::Sum(bytes) => bytes
                .iter()
                .map(|&byte| u64::from(byte))
                .sum::<u64>()
                .to_string(),
            Do::Note(path, gate) => {
                append(&path, "ran");
                super::until("the gate opens", || fs::exists(&gate).unwrap());
                String::new()
            }
            Do::Sleep => sleep(),
            Do::Signal(pid, signal) => {
                // SAFETY: `kill` may be called at any time.
                unsafe { libc::kill(pid as i32, signal) };
                String::new()
            }
            Do::NoteContinued(path) => {
                note_continued(&path);
                std::process::id().to_string()
            }
            Do::ReadInput => {
                let output = Command::new("cat").output().unwrap();
                String::from_utf8(output.stdout).unwrap()
            }
        }
    }
}

/// The file for `on_continued`.
static CONTINUED: AtomicI32 = AtomicI32::new(-1);

extern "C" fn on_continued(_signal: i32) {
    let text = b"continued";
    // SAFETY: `write` may be called in a handler; the text is live, and as long as is said.
    unsafe {
        libc::write(
            CONTINUED.load(Ordering::Relaxed),
            text.as_ptr().cast(),
            text.len(),
        )
    };
}

fn note_continued(path: &str) {
    CONTINUED.store(
        fs::File::create(path).unwrap().into_raw_fd(),
        Ordering::Relaxed,
    );
    let handler: extern "C" fn(i32) = on_continued;
    // SAFETY: the handler makes one call, which a handler may make.
    unsafe { libc::signal(libc::SIGCONT, handler as libc::sighandler_t) };
}

fn sleep() -> ! {
    loop {
        std::thread::park();
    }
}

fn fork(path: &str) {
    // SAFETY: the child only makes calls that are allowed after a fork of a program with threads.
    let child = unsafe { libc::fork() };
    if child == 0 {
        loop {
            // SAFETY: `pause` may be called at any time.
            unsafe { libc::pause() };
        }
    }
    fs::write(path, child.to_string()).unwrap();
}

/// Long enough for any test, but not forever.
const SLEEP: [&str; 2] = ["sleep", "1000"];

fn leak(way: Way) -> u32 {
    let mut command = Command::new(SLEEP[0]);
    command
        .arg(SLEEP[1])
        .stdin(Stdio::null())
        .stdout(Stdio::null());
    match way {
        Way::Child => {}
        Way::NoEnvironment => {
            command.env_clear();
        }
        Way::OwnGroup => {
            command.process_group(0);
        }
        Way::OwnSession => {
            // SAFETY: `setsid` may be called after a fork.
            unsafe {
                command.pre_exec(|| {
                    libc::setsid();
                    Ok(())
                })
            };
        }
        Way::Daemon => {
            let mut shell = Command::new("setsid");
            let script = "sleep 1000 </dev/null >/dev/null 2>&1 & echo $!";
            let output = shell.args(["sh", "-c", script]).output().unwrap();
            return String::from_utf8(output.stdout)
                .unwrap()
                .trim()
                .parse()
                .unwrap();
        }
    }
    command.spawn().unwrap().id()
}

pub fn append(path: &str, line: &str) {
    let mut options = fs::OpenOptions::new();
    let mut file = options.append(true).create(true).open(path).unwrap();
    writeln!(file, "{line}").unwrap();
}

pub fn lines(path: &str) -> usize {
    fs::read_to_string(path).unwrap_or_default().lines().count()
}

/// An initializer that records its start in a file, and then ends in this way.
#[derive(Serialize, Deserialize, Debug, Clone)]
pub struct Start(pub String, pub Ending);

#[derive(Serialize, Deserialize, Debug, Clone, Copy, PartialEq)]
pub enum Ending {
    Abort,
    ExitWell,
    Never,
}

impl Job for Start {
    type Output = ();

    fn run(self) {
        append(&self.0, "started");
        match self.1 {
            Ending::Abort => std::process::abort(),
            Ending::ExitWell => std::process::exit(0),
            Ending::Never => sleep(),
        }
    }
}

pub fn signal(pid: u32, signal: i32) {
    // SAFETY: `kill` may be called at any time.
    let result = unsafe { libc::kill(pid as i32, signal) };
    assert_eq!(result, 0, "signal {signal} to {pid}");
}

/// Waits until a worker's job has written its child's pid.
pub fn child_of(path: &str) -> u32 {
    let mut child = None;
    super::until("the job has forked", || {
        child = fs::read_to_string(path)
            .ok()
            .and_then(|text| text.parse().ok());
        child.is_some()
    });
    fs::remove_file(path).unwrap();
    child.unwrap()
}

/// Whether a signal has stopped a process.
pub fn is_stopped(pid: u32) -> bool {
    fs::read_to_string(format!("/proc/{pid}/stat"))
        .is_ok_and(|stat| stat.rsplit_once(") ").unwrap().1.starts_with('T'))
}
