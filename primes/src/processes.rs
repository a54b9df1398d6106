//! Processes: this same program started again as workers, with jobs and answers as lines of text
//! over pipes. In Python this is the way around the lock; in Rust it buys isolation, not speed.

use std::io::{self, BufRead, BufReader, Write};
use std::num::NonZeroUsize;
use std::panic::resume_unwind;
use std::process::{self, Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::{Mutex, PoisonError};
use std::thread;

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
) -> io::Result<()> {
    let jobs = Mutex::new(Some(jobs));
    // A thread that finds the lock poisoned still gets the jobs: taking one can't be half done.
    let next = || {
        jobs.lock()
            .unwrap_or_else(PoisonError::into_inner)
            .as_mut()?
            .next()
    };
    let give_up = || *jobs.lock().unwrap_or_else(PoisonError::into_inner) = None;
    let feed = || -> io::Result<()> {
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
            let feed = || feed().inspect_err(|_| give_up());
            let thread = thread::Builder::new().name(format!("feeder-{number}"));
            thread.spawn_scoped(scope, feed).inspect_err(|_| give_up())
        };
        let feeders: Vec<_> = (0..workers.get()).map(start).collect();
        let outcomes: Vec<_> = feeders
            .into_iter()
            .map(|feeder| feeder?.join().unwrap_or_else(|panic| resume_unwind(panic)))
            .collect();
        outcomes.into_iter().collect()
    })
}

/// A worker process that gave no answer.
#[derive(Debug, thiserror::Error)]
#[error("worker process {pid} died ({status}) while it worked on \"{job}\"")]
pub struct WorkerDied {
    /// The worker's process id.
    pub pid: u32,
    /// How it ended.
    pub status: ExitStatus,
    /// What it was working on.
    pub job: Job,
}

/// A worker process, and the two ends of its pipes.
struct Worker {
    process: Child,
    /// `None` once closed, which tells the worker to end.
    jobs: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Worker {
    fn start() -> io::Result<Worker> {
        let mut command = Command::new(std::env::current_exe()?);
        command
            .arg(WORKER)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        // A terminal sends Ctrl-C to its foreground group. What is to be finished then is for this
        // process to say, so the worker has a group of its own.
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
    }

    /// Has a job done.
    fn ask(&mut self, job: &Job) -> io::Result<u64> {
        self.exchange(job).map_err(|error| {
            // Whatever it is, this worker does not go on. One that is dead already keeps its
            // status: killing it changes nothing.
            let _ = self.process.kill();
            let closed = [io::ErrorKind::BrokenPipe, io::ErrorKind::UnexpectedEof];
            match self.process.wait() {
                Ok(status) if closed.contains(&error.kind()) => {
                    let (pid, job) = (self.process.id(), job.clone());
                    io::Error::other(WorkerDied { pid, status, job })
                }
                _ => error,
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
/// The process ends when its input closes, even in the middle of a job: that means that nobody
/// waits for the answer any more.
///
/// # Errors
/// If an answer can't be written.
pub fn worker() -> io::Result<()> {
    let (queue, jobs) = crossbeam_channel::bounded::<Job>(1);
    thread::Builder::new()
        .name("reader".to_owned())
        .spawn(move || {
            for line in io::stdin().lock().lines() {
                let job = line.and_then(|line| line.parse().map_err(io::Error::other));
                if let Err(error) = job.and_then(|job| queue.send(job).map_err(io::Error::other)) {
                    eprintln!("worker process {}: {error}", process::id());
                    process::exit(1);
                }
            }
            process::exit(0);
        })?;
    // On the main thread: should a job panic, the process ends.
    for job in jobs {
        let answer = job.run();
        writeln!(io::stdout(), "{answer}")?;
    }
    Ok(())
}
