//! Servers under a load: the cost of a round trip, and of an idle connection.
//!
//! The server runs on one CPU and the load on another, if there are two. The measurement begins after all
//! connections are made and some round trips have warmed up the server. CPU time is that of all threads of the
//! server, in nanoseconds, as the kernel's scheduler counts it. Both work on Linux only.

use std::fs;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::child::{Cost, Error, Run, Runner};

mod clients;
mod pin;

pub use clients::Clients;

/// How many clients there are: enough that one wait of the server reports many of them.
pub const CONNECTIONS: usize = 100;

/// How many bytes a message has.
pub const MESSAGE: usize = 64;

/// How many round trips are measured: half a second at 60,000 a second.
pub const ROUND_TRIPS: u32 = 30_000;

/// How many round trips warm up the server. After that many, Node has compiled the code that runs often.
const WARM_UP: u32 = 10_000;

/// How many connections do nothing.
pub const IDLE: u32 = 10_000;

/// The most descriptors that a program has besides its connections.
const SPARE_DESCRIPTORS: u32 = 100;

/// The load on a server while it is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Load {
    /// Messages and their answers. A [`Cost`] is that of one round trip.
    PingPong,
    /// Connections that do nothing. A [`Cost`] is that of making one, and its memory.
    Idle,
}

/// Starts servers, puts a load on them, and kills them.
#[derive(Clone, Debug)]
pub struct Stand {
    load: Load,
    folder: Option<PathBuf>,
}

impl Stand {
    /// Measures servers under this load.
    pub fn new(load: Load) -> Stand {
        Stand { load, folder: None }
    }

    /// The same, but the servers run in `folder`.
    #[must_use]
    pub fn folder(mut self, folder: impl Into<PathBuf>) -> Stand {
        self.folder = Some(folder.into());
        self
    }

    fn measure(&self, program: &Path, args: &[String]) -> io::Result<Run> {
        if self.load == Load::Idle {
            allow_descriptors(IDLE + SPARE_DESCRIPTORS)?;
        }
        let cpus = pin::Cpus::of_this_thread();
        let server = self.start(program, args, &cpus)?;
        cpus.take_last();
        let measured = match self.load {
            Load::PingPong => ping_pong(&server),
            Load::Idle => idle(&server),
        };
        cpus.take_all();
        measured
    }

    fn start(&self, program: &Path, args: &[String], cpus: &pin::Cpus) -> io::Result<Server> {
        let mut command = Command::new(program);
        command
            .args(args)
            // Go would start more threads than it has CPUs.
            .env("GOMAXPROCS", "1")
            .stdin(Stdio::null())
            .stdout(Stdio::piped());
        if let Some(folder) = &self.folder {
            command.current_dir(folder);
        }
        // A child has the CPUs that its parent had when it was started.
        cpus.take_first();
        let process = command.spawn();
        cpus.take_all();
        let mut server = Server {
            process: process?,
            address: ([127, 0, 0, 1], 0).into(),
        };
        let mut line = String::new();
        if let Some(out) = &mut server.process.stdout {
            BufReader::new(out).read_line(&mut line)?;
        }
        server.address = match line.trim().parse() {
            Ok(address) => address,
            Err(_) if line.is_empty() => {
                let status = server.process.wait()?;
                return Err(io::Error::other(format!("ended at once: {status}")));
            }
            Err(_) => {
                let line = line.trim();
                return Err(io::Error::other(format!("{line}: expected an address")));
            }
        };
        Ok(server)
    }
}

impl Runner for Stand {
    fn run(&self, program: &Path, args: &[String], _input: &str) -> Result<Run, Error> {
        self.measure(program, args)
            .map_err(|error| Error::NotMeasured {
                program: program.display().to_string(),
                reason: error.to_string(),
            })
    }
}

struct Server {
    process: Child,
    address: SocketAddr,
}

impl Drop for Server {
    fn drop(&mut self) {
        // It fails only if the server has ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Server {
    /// A file below `/proc/PID`. `None` if there is none.
    fn about(&self, name: &str) -> Option<String> {
        fs::read_to_string(format!("/proc/{}/{name}", self.process.id())).ok()
    }

    /// The CPU time that its threads have had.
    fn cpu(&self) -> Option<Duration> {
        let tasks = fs::read_dir(format!("/proc/{}/task", self.process.id())).ok()?;
        let nanos = tasks.filter_map(|task| {
            let text = fs::read_to_string(task.ok()?.path().join("schedstat")).ok()?;
            text.split(' ').next()?.parse::<u64>().ok()
        });
        Some(Duration::from_nanos(nanos.sum()))
    }

    /// A number of bytes from `/proc/PID/status`.
    fn memory(&self, field: &str) -> Option<u64> {
        let status = self.about("status")?;
        let line = status.lines().find(|line| line.starts_with(field))?;
        let kib: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
        Some(kib * 1024)
    }
}

/// The cost of one of `count` operations, from the cost of all.
struct Since {
    start: Instant,
    cpu: Option<Duration>,
}

impl Since {
    fn now(server: &Server) -> Since {
        let cpu = server.cpu();
        let start = Instant::now();
        Since { start, cpu }
    }

    fn each(self, server: &Server, count: u32, memory: Option<u64>) -> Cost {
        let wall = self.start.elapsed() / count;
        let cpu = server.cpu().zip(self.cpu);
        Cost {
            wall,
            cpu: cpu.map(|(after, before)| after.saturating_sub(before) / count),
            peak_memory: memory,
        }
    }
}

fn ping_pong(server: &Server) -> io::Result<Run> {
    let mut clients = Clients::connect(server.address)?;
    clients.play(WARM_UP)?;
    let since = Since::now(server);
    clients.play(ROUND_TRIPS)?;
    let cost = since.each(server, ROUND_TRIPS, server.memory("VmHWM"));
    Ok(Run {
        cost,
        stdout: format!("{ROUND_TRIPS} round trips"),
    })
}

fn idle(server: &Server) -> io::Result<Run> {
    // The first one has the server make what it makes once.
    let first = greet(server.address)?;
    let before = server.memory("RssAnon");
    let since = Since::now(server);
    let idle = (0..IDLE)
        .map(|_| greet(server.address))
        .collect::<io::Result<Vec<_>>>()?;
    let memory = server.memory("RssAnon").zip(before);
    let memory = memory.map(|(after, before)| after.saturating_sub(before) / u64::from(IDLE));
    let cost = since.each(server, IDLE, memory);
    drop((first, idle));
    Ok(Run {
        cost,
        stdout: format!("{IDLE} connections"),
    })
}

/// Makes a connection, and waits for an echo: then the server has accepted it.
fn greet(server: SocketAddr) -> io::Result<std::net::TcpStream> {
    let mut stream = std::net::TcpStream::connect(server)?;
    stream.write_all(&[1; MESSAGE])?;
    stream.read_exact(&mut [0; MESSAGE])?;
    Ok(stream)
}

/// Raises the limit of descriptors of this process, and of the servers that it starts, to `count`, if that is
/// allowed.
#[cfg(unix)]
fn allow_descriptors(count: u32) -> io::Result<()> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limits = getrlimit(Resource::Nofile);
    let count = u64::from(count);
    if limits.current.is_some_and(|current| current < count) {
        let raised = Rlimit {
            current: Some(count),
            ..limits
        };
        setrlimit(Resource::Nofile, raised).map_err(|error| {
            io::Error::other(format!(
                "{count} descriptors are needed (ulimit -n): {error}"
            ))
        })?;
    }
    Ok(())
}

#[cfg(not(unix))]
fn allow_descriptors(_: u32) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A server in Python, which changes its answers by a given expression.
    fn shell(script: &str) -> io::Result<Run> {
        let args = ["-c".to_owned(), script.to_owned()];
        Stand::new(Load::PingPong).measure(Path::new("sh"), &args)
    }

    #[test]
    fn what_is_no_server_is_named() {
        for (script, expected) in [
            ("exit 3", "ended at once: exit status: 3"),
            ("echo hello", "hello: expected an address"),
        ] {
            assert_eq!(shell(script).unwrap_err().to_string(), expected);
        }
    }
}
