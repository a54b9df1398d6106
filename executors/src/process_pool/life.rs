//! The life of a worker, seen from the pool. One thread starts it, reads its answers, and waits for
//! its end.

use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::core::{Abandoned, Core, flush};
use super::ending::End;
use super::frame::FrameReader;
use super::greeting::{self, Greeted};
use super::inbox::Inbox;
use super::settings::{self, Settings};
use super::slots::{Ending, Stage, Worker};
use super::sys::{Channel, Leftover, Life, Outlet};
use crate::codec::Answer;
use crate::error::Error;
use crate::sync::lock;
use crate::worker_id::WorkerId;
use crate::workers;

/// Keeps a worker in a slot, as long as the pool needs one there.
pub(super) fn run(core: &Arc<Core>, index: usize) {
    // Callbacks run on this thread. They must not wait for jobs of this pool.
    core.id.adopt();
    while one_worker(core, index) {}
}

/// Runs one worker from start to end. Returns whether to start another.
fn one_worker(core: &Arc<Core>, index: usize) -> bool {
    let (life, outlet, channel) = match start(core) {
        Ok(started) => started,
        Err(error) => return core.not_started(index, &error),
    };
    {
        let mut state = lock(&core.state);
        let deadline = core.deadline(&mut state, Some(core.config.start_timeout));
        let slot = &mut state.slots[index];
        slot.stage = Stage::Starting { deadline };
        slot.worker = Some(Worker {
            life: Arc::clone(&life),
            outlet: Arc::clone(&outlet),
            inbox: None,
        });
        if slot.ending.is_some() {
            slot.kill(Ending::Killed);
        }
    }
    // The limit, plus four bytes for the number of jobs done before the time limit.
    let limit = core.config.frame_limit.saturating_add(4);
    let mut reader = FrameReader::new(channel.clone(), limit);
    let mut complaint = None;
    match greeting::greet(core, index, &outlet, &mut reader) {
        Greeted::Ready => {
            let inbox = Arc::new(Inbox::new(index, life.pid(), channel, reader));
            let mut state = lock(&core.state);
            if let Some(worker) = &mut state.slots[index].worker {
                worker.inbox = Some(Arc::clone(&inbox));
            }
            core.has_started(&mut state);
            let first = core.next_job(&mut state, index);
            core.changed.notify_all();
            drop(state);
            flush(first);
            if let Err(what) = inbox.serve(core) {
                lock(&core.state).slots[index].kill(Ending::Garbled(what));
            }
        }
        Greeted::Ended => {}
        Greeted::Unfit(error) => complaint = Some(error),
    }
    end(core, index, &life, &outlet, complaint)
}

/// Starts a process.
fn start(core: &Core) -> Result<(Arc<Life>, Arc<Outlet>, Channel), Error> {
    let config = &core.config;
    let launch = &config.launch;
    let settings = Settings {
        frame_limit: config.frame_limit,
        memory_limit: launch.memory_limit.unwrap_or(0),
        niceness: launch.niceness,
        share: workers::share(lock(&core.state).wanted),
        depth: super::depth() + 1,
        check: config.check_jobs,
        ends_descendants: launch.ends_descendants,
    };
    let failed = |message: String| Error::Spawn {
        what: format!("a worker process, {}", launch.program.describe()),
        message,
    };
    let mut command = launch.program.command();
    command.args(&launch.args).arg(settings::MARK);
    for (name, value) in &launch.environment {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    if let Some(folder) = &launch.folder {
        command.current_dir(folder);
    }
    let token = launch.ends_descendants.then(token);
    if let Some(token) = &token {
        let ancestry = match std::env::var(settings::ANCESTRY) {
            Ok(others) if !others.is_empty() => format!("{others}:{token}"),
            _ => token.clone(),
        };
        command.env(settings::ANCESTRY, ancestry);
        // Signals to this process's group, as from the terminal, must not reach the worker.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
    }
    command
        .env(settings::VARIABLE, settings.to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    let mut child = command.spawn().map_err(|error| failed(error.to_string()))?;
    let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
        return Err(failed("it has no pipes".to_owned()));
    };
    let life = Arc::new(Life::new(child, token));
    match Channel::new(input, output, Arc::clone(&life)) {
        Ok((channel, outlet)) => Ok((life, outlet, channel)),
        Err(error) => {
            life.kill();
            life.reap();
            Err(failed(error.to_string()))
        }
    }
}

/// A text that no other worker has, in this program or another.
fn token() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = now.unwrap_or(Duration::ZERO).as_nanos();
    format!("{}-{count}-{now:x}", std::process::id())
}

/// Waits for the end of a worker and handles its job. Returns whether to start another worker.
fn end(
    core: &Arc<Core>,
    index: usize,
    life: &Life,
    outlet: &Outlet,
    complaint: Option<Error>,
) -> bool {
    let sent_away = {
        let mut state = lock(&core.state);
        state.forget_idle(index);
        let ending = &state.slots[index].ending;
        matches!(ending, Some(Ending::Retired | Ending::Spent))
    };
    // A worker that was told to leave may still be leaving; the clock limits that time. Any other
    // worker that has closed its pipe is useless, even if it still runs.
    if !sent_away {
        life.kill();
    }
    life.wait();
    let seen = lock(&core.state).take_out(index);
    let leftover = outlet.finish();
    let (exit, cpu) = life.reap();

    let mut state = lock(&core.state);
    state.account.cpu += cpu.saturating_sub(seen);
    let slot = &mut state.slots[index];
    let end = End {
        worker: WorkerId::local(life.pid()),
        exit,
        stage: std::mem::replace(&mut slot.stage, Stage::Leaving { deadline: None }),
        ending: slot.ending.take(),
        complaint,
    };
    let abandoned = if let Some(reason) = end.verdict_on_pool(&core.config) {
        core.close(&mut state, reason.clone(), Some(reason))
    } else if end.is_loss() {
        core.count_loss(&mut state, index, end.reason(&core.config))
    } else {
        Abandoned::none()
    };
    // A worker that was idle and was ended is replaced only if there is work.
    let needed = !matches!(end.ending, Some(Ending::Retired));
    let unfinished = settle(core, &mut state, end, leftover);
    let again = state.wants_successor(index, needed);
    drop(state);
    // The slot still counts as taken: a thread that waits for the end of the pool must find every
    // future done.
    abandoned.refuse();
    if let Some((job, error)) = unfinished {
        job.finish(Answer::Failed(error));
    }
    core.vacate(index, again)
}

type Unfinished = Option<(Arc<super::remote::RemoteJob>, Error)>;

/// Handles the job of a worker that has ended. The job is queued again if the worker had not read
/// it, or if it may be retried; otherwise it ends with an error.
fn settle(
    core: &Core,
    state: &mut super::slots::State,
    mut end: End,
    leftover: Leftover,
) -> Unfinished {
    let Stage::Busy { job, .. } = std::mem::take(&mut end.stage) else {
        return None;
    };
    let put_back = match leftover {
        Leftover::Unread(frame) if end.was_not_ended() => Some(frame),
        Leftover::Unread(frame) | Leftover::Kept(frame)
            if end.allows_retry() && job.may_retry() =>
        {
            job.use_retry();
            state.account.counters.retried += 1;
            Some(frame)
        }
        _ => None,
    };
    let Some(frame) = put_back else {
        return Some((job, end.error(&core.config)));
    };
    if let Some(error) = &state.end.abandoned {
        return Some((job, error.clone()));
    }
    job.requeue(frame);
    state.backlog.push_front(job);
    state.attend();
    // Another worker may have become idle meanwhile.
    if let Some(other) = state.idle.pop() {
        flush(core.next_job(state, other));
    }
    None
}
