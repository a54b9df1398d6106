//! Processes: this same program started again as workers, with jobs and answers as lines of text
//! over pipes. In Python this is the way around the lock; in Rust it buys isolation, not speed.

use std::io::{self, BufRead, BufReader, Write};
use std::num::NonZeroUsize;
use std::panic::resume_unwind;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::thread;

use crate::error::Error;
use crate::job::Job;

/// The argument that makes this program a worker: `main` must then call [`worker`].
pub const WORKER: &str = "worker-process";

/// Runs the jobs in `workers` processes. `done` is called on the threads that speak to them.
///
/// Each worker is waited for, whatever happens. When one dies the others finish the job they are at
/// and no new one is begun.
///
/// # Errors
/// If a worker can't be started, dies, or can't be understood.
pub fn run(
    jobs: impl Iterator<Item = Job> + Send,
    workers: NonZeroUsize,
    done: impl Fn(Job, u64) + Sync,
) -> Result<(), Error> {
    let jobs = Mutex::new(Some(jobs));
    // A thread that finds the lock poisoned still gets the jobs: taking one can't be half done.
    let next = || {
        jobs.lock()
            .unwrap_or_else(PoisonError::into_inner)
            .as_mut()?
            .next()
    };
    let give_up = || *jobs.lock().unwrap_or_else(PoisonError::into_inner) = None;
    let feed = || -> Result<(), Error> {
        // Not before there is a job for it.
        let Some(mut job) = next() else { return Ok(()) };
        let mut worker = Worker::start()?;
        loop {
            let answer = worker.ask(&job)?;
            done(job, answer);
            match next() {
                Some(following) => job = following,
                None => return Ok(()),
            }
        }
    };
    thread::scope(|scope| {
        let start = |number| {
            let name = format!("feeder-{number}");
            let feed = || feed().inspect_err(|_| give_up());
            thread::Builder::new()
                .name(name.clone())
                .spawn_scoped(scope, feed)
                .map_err(Error::start(name))
        };
        let feeders: Vec<_> = (0..workers.get()).map(start).collect();
        let outcomes: Vec<_> = feeders
            .into_iter()
            .map(|feeder| feeder?.join().unwrap_or_else(|panic| resume_unwind(panic)))
            .collect();
        outcomes.into_iter().collect()
    })
}

/// A worker process, and the two ends of its pipes.
struct Worker {
    process: Child,
    /// `None` once closed, which tells the worker to end.
    jobs: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Worker {
    fn start() -> Result<Worker, Error> {
        let start = || {
            let mut command = Command::new(std::env::current_exe()?);
            command
                .arg(WORKER)
                .stdin(Stdio::piped())
                .stdout(Stdio::piped());
            // A terminal sends Ctrl-C to its foreground group. What is to be finished then is for
            // this process to say, so the worker has a group of its own.
            #[cfg(unix)]
            std::os::unix::process::CommandExt::process_group(&mut command, 0);
            let mut process = command.spawn()?;
            let (jobs, answers) = (process.stdin.take(), process.stdout.take());
            let answers = BufReader::new(answers.expect("stdout was asked for as a pipe"));
            Ok(Worker {
                process,
                jobs,
                answers,
            })
        };
        start().map_err(Error::start("a worker process"))
    }

    /// Has a job done.
    fn ask(&mut self, job: &Job) -> Result<u64, Error> {
        self.exchange(job).map_err(|source| {
            let (pid, job) = (self.process.id(), job.clone());
            // It may have died, or be stuck, or talk nonsense: in no case does it go on.
            let closed = matches!(
                source.kind(),
                io::ErrorKind::BrokenPipe | io::ErrorKind::UnexpectedEof
            );
            if !closed {
                let _ = self.process.kill();
            }
            match self.process.wait() {
                Ok(status) if closed => Error::WorkerDied { pid, status, job },
                _ => Error::Pipe { pid, job, source },
            }
        })
    }

    fn exchange(&mut self, job: &Job) -> io::Result<u64> {
        let mut jobs = self.jobs.as_ref().ok_or(io::ErrorKind::BrokenPipe)?;
        jobs.write_all(format!("{job}\n").as_bytes())?;
        let mut answer = String::new();
        if self.answers.read_line(&mut answer)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        answer.trim_end().parse().map_err(|_| {
            io::Error::new(
                io::ErrorKind::InvalidData,
                format!("not a number: {answer:?}"),
            )
        })
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // It has answered everything: the closed pipe is all it waits for.
        self.jobs = None;
        let _ = self.process.wait();
    }
}

/// What a worker process does: reads jobs from standard input and answers each on standard output.
///
/// It returns when its input closes, even in the middle of a job, since that means that nobody
/// waits for the answer any more: `main` must then return too.
///
/// # Errors
/// If a line is not a job, or the input fails.
pub fn worker() -> io::Result<()> {
    let (queue, jobs) = crossbeam_channel::bounded::<Job>(1);
    thread::Builder::new()
        .name("worker".to_owned())
        .spawn(move || {
            for job in jobs {
                // Should nobody read the answer, the input closes too.
                let _ = writeln!(io::stdout(), "{}", job.run());
            }
        })?;
    for line in io::stdin().lock().lines() {
        let job = line?
            .parse()
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        queue.send(job).map_err(io::Error::other)?;
    }
    Ok(())
}
