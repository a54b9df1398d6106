//! This program as a child process, for measurements. The first argument says that it is one.
//!
//! The parent is the command, or a user's program that calls [`begin`].

use crate::jobs::{self, Compute};
use crate::sample::Run;
use crate::wait;
use executors::Job;
use std::io::{self, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::thread;
use std::time::Duration;

/// The first argument of a child. Its role follows.
const CHILD: &str = "guidelines-child";

/// The task of a child process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Ends at once.
    End,
    /// Sends back each byte.
    Echo,
    /// Reads blocks of this many bytes, reads each page of them, and answers each block with one byte.
    Take(usize),
    /// Computes this many steps, and ends.
    Compute(u32),
    /// Waits for its standard input to end.
    Sit,
    /// Starts this many of a kind that wait, and prints their memory.
    Wait(wait::Kind, usize),
    /// Keeps a CPU busy until it is killed. Tests run it beside a measurement.
    Spin,
}

impl Role {
    fn words(self) -> Vec<String> {
        let words = match self {
            Role::End => "end".to_owned(),
            Role::Echo => "echo".to_owned(),
            Role::Take(size) => format!("take {size}"),
            Role::Compute(steps) => format!("compute {steps}"),
            Role::Sit => "sit".to_owned(),
            Role::Wait(kind, count) => format!("wait {} {count}", kind.name()),
            Role::Spin => "spin".to_owned(),
        };
        words.split(' ').map(str::to_owned).collect()
    }

    fn of(words: &[String]) -> Option<Role> {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        Some(match words[..] {
            ["end"] => Role::End,
            ["echo"] => Role::Echo,
            ["take", size] => Role::Take(size.parse().ok()?),
            ["compute", steps] => Role::Compute(steps.parse().ok()?),
            ["sit"] => Role::Sit,
            ["wait", kind, count] => Role::Wait(wait::Kind::of(kind)?, count.parse().ok()?),
            ["spin"] => Role::Spin,
            _ => return None,
        })
    }
}

/// The `main` of a program that measures must call this first. In a child, and in a worker of a pool, it does
/// not return.
pub fn begin() {
    let words = std::env::args_os().skip(1);
    let words: Vec<String> = words.map(|it| it.to_string_lossy().into_owned()).collect();
    if words.first().is_some_and(|word| word == CHILD) {
        let done = match Role::of(&words[1..]) {
            Some(role) => act(role),
            None => Err(io::Error::other("a child with an unknown role")),
        };
        std::process::exit(i32::from(done.is_err()));
    }
    executors::hook(jobs::JOBS);
}

fn act(role: Role) -> io::Result<()> {
    let (mut input, mut output) = (io::stdin().lock(), io::stdout());
    match role {
        Role::End => Ok(()),
        Role::Echo => answer(&mut input, &mut output, 1),
        Role::Take(size) => answer(&mut input, &mut output, size),
        Role::Compute(steps) => {
            std::hint::black_box(Compute { steps, seed: 0 }.run());
            Ok(())
        }
        Role::Sit => {
            output.write_all(b"1")?;
            output.flush()?;
            input.read_to_end(&mut Vec::new()).map(drop)
        }
        Role::Wait(kind, count) => wait::report(kind, count),
        Role::Spin => loop {
            std::hint::black_box(
                Compute {
                    steps: 1_000_000,
                    seed: 0,
                }
                .run(),
            );
        },
    }
}

/// Answers a block of bytes with one byte, until there are no more.
fn answer(input: &mut impl Read, output: &mut impl Write, size: usize) -> io::Result<()> {
    let mut block = vec![0; size];
    loop {
        match input.read_exact(&mut block) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(()),
            Err(error) => return Err(error),
        }
        jobs::touch(&block);
        output.write_all(&block[..1])?;
        output.flush()?;
    }
}

/// The command that starts this program as a child.
///
/// # Errors
///
/// If the path of this program can't be found.
pub fn command(role: Role) -> io::Result<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg(CHILD).args(role.words()).stdin(Stdio::null());
    Ok(command)
}

/// Runs a program to its end, and returns its standard output. An error contains the last line of its standard
/// error. If the user asks to stop, the program and all processes that it started are killed.
///
/// # Errors
///
/// If it can't be started, or fails; [`io::ErrorKind::Interrupted`] if the user asked to stop.
pub fn output(command: &mut Command, run: &Run<'_>) -> io::Result<Vec<u8>> {
    /// How often it is checked whether the program has ended, or the user asked to stop.
    const LOOK: Duration = Duration::from_millis(10);

    // A group of its own: it can be killed as a whole.
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(command, 0);
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let output = whole(child.stdout.take());
    let words = whole(child.stderr.take());
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        if (run.stopped)() {
            kill(&mut child);
            return Err(io::Error::new(io::ErrorKind::Interrupted, "interrupted"));
        }
        thread::sleep(LOOK);
    };
    let read = |bytes: thread::JoinHandle<Vec<u8>>| bytes.join().unwrap_or_default();
    if !status.success() {
        let words = read(words);
        let words = String::from_utf8_lossy(&words);
        let last = words.lines().rfind(|line| !line.trim().is_empty());
        let last = last.unwrap_or("no message").trim();
        return Err(io::Error::other(format!("{status}: {last}")));
    }
    Ok(read(output))
}

/// Reads all of a pipe on its own thread, because a program that fills one pipe may wait for the other.
fn whole(pipe: Option<impl Read + Send + 'static>) -> thread::JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut pipe) = pipe {
            let _ = pipe.read_to_end(&mut bytes);
        }
        bytes
    })
}

fn kill(child: &mut Child) {
    #[cfg(unix)]
    if let Some(group) = rustix::process::Pid::from_raw(child.id().cast_signed()) {
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    }
    let _ = child.kill();
    let _ = child.wait();
}

/// A child that answers; it ends when this is dropped.
#[derive(Debug)]
pub struct Answering {
    child: Child,
    input: Option<ChildStdin>,
    output: ChildStdout,
}

impl Answering {
    /// Starts it.
    ///
    /// # Errors
    ///
    /// When the system refuses a process.
    pub fn start(role: Role) -> io::Result<Answering> {
        let mut child = command(role)?
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let (input, output) = (child.stdin.take(), child.stdout.take());
        let output = output.ok_or_else(|| io::Error::other("a child without a pipe"))?;
        Ok(Answering {
            child,
            input,
            output,
        })
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends a block and waits for the answer of one byte.
    ///
    /// # Errors
    ///
    /// When the child has ended.
    pub fn ask(&mut self, block: &[u8]) -> io::Result<()> {
        if let Some(input) = &mut self.input {
            input.write_all(block)?;
        }
        self.hear()
    }

    /// Waits for one byte.
    ///
    /// # Errors
    ///
    /// When the child has ended.
    pub fn hear(&mut self) -> io::Result<()> {
        self.output.read_exact(&mut [0])
    }
}

impl Drop for Answering {
    fn drop(&mut self) {
        // The end of its input is the end of it.
        self.input = None;
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_is_read_as_it_was_written() {
        for role in [
            Role::End,
            Role::Echo,
            Role::Take(1 << 20),
            Role::Compute(7),
            Role::Sit,
            Role::Wait(wait::Kind::Threads, 10_000),
            Role::Spin,
        ] {
            assert_eq!(Role::of(&role.words()), Some(role));
        }
        for words in ["", "take", "take x", "wait fibers 3", "end end"] {
            let words: Vec<String> = words.split(' ').map(str::to_owned).collect();
            assert_eq!(Role::of(&words), None, "{words:?}");
        }
    }

    #[test]
    fn blocks_are_answered_one_by_one() {
        let mut output = Vec::new();
        answer(&mut &b"abcdefg"[..], &mut output, 3).unwrap();
        assert_eq!(output, b"ad");
    }
}
