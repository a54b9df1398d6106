//! Tests of the models through the library: all give the same thumbnails, and a run can be stopped.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::{fs, io};

use executors::ProcessPool;
use thumbnails::{Failure, Outcome, Settings, Task};
use thumbnails::{async_tasks, par_iter, processes, serial, threads};

const MODELS: [&str; 5] = ["serial", "threads", "processes", "rayon", "async"];

const WORKERS: usize = 3;

/// The workers run it: a test program has no `main` for the hook.
#[test]
fn worker() {
    executors::hook(processes::JOBS);
}

fn pool(workers: usize) -> executors::ProcessPoolBuilder {
    executors::hook(processes::JOBS);
    ProcessPool::builder()
        .workers(workers)
        .worker_args(["worker", "--exact", "--nocapture"])
}

fn run(
    model: &str,
    tasks: impl Iterator<Item = Task> + Send,
    done: impl Fn(Task, Outcome) -> ControlFlow<()> + Sync,
) -> io::Result<()> {
    let workers = NonZeroUsize::new(WORKERS).unwrap();
    match model {
        "serial" => serial::run(tasks, workers, done),
        "threads" => threads::run(tasks, workers, done),
        "processes" => processes::run_on(&pool(WORKERS).build().unwrap(), tasks, done),
        "rayon" => par_iter::run(tasks, workers, done),
        "async" => async_tasks::run(tasks, workers, done),
        _ => unreachable!(),
    }
}

fn pictures(folder: &Path, count: u32) -> Vec<Task> {
    let task = |number: u32| {
        let source = folder.join(format!("{number}.jpg"));
        let picture = support::waves(40 + number, 30);
        fs::write(&source, support::jpeg(&picture, 80)).unwrap();
        let output = folder.join(format!("{number}_thumb.jpg"));
        Task::new(source, output, Settings::default())
    };
    (0..count).map(task).collect()
}

#[test]
fn every_model_tells_of_every_task_once_and_goes_on_after_a_bad_one() {
    let folder = tempfile::tempdir().unwrap();
    let tasks = pictures(folder.path(), 20);
    fs::write(&tasks[7].source, "no picture").unwrap();
    fs::remove_file(&tasks[11].source).unwrap();
    let mut answers = Vec::new();
    for model in MODELS {
        let heard = Mutex::new(Vec::new());
        run(model, tasks.iter().cloned(), |task, outcome| {
            let checksum = outcome.map(|made| (made.size, made.checksum));
            heard.lock().unwrap().push((task.source, checksum));
            ControlFlow::Continue(())
        })
        .unwrap();
        let mut heard = heard.into_inner().unwrap();
        heard.sort_by(|a, b| a.0.cmp(&b.0));
        assert_eq!(heard.len(), 20, "{model}");
        assert_eq!(
            heard.iter().filter(|it| it.1.is_err()).count(),
            2,
            "{model}"
        );
        answers.push(heard);
    }
    assert!(answers.windows(2).all(|pair| pair[0] == pair[1]));
}

#[test]
fn a_model_that_is_stopped_takes_no_more_than_what_it_had_begun() {
    let folder = tempfile::tempdir().unwrap();
    let tasks = pictures(folder.path(), 4);
    for model in MODELS {
        let (taken, heard) = (AtomicUsize::new(0), AtomicUsize::new(0));
        // An endless iterator: a model that continues would never return.
        let endless = tasks.iter().cycle().cloned();
        let endless = endless.inspect(|_| _ = taken.fetch_add(1, Relaxed));
        run(model, endless, |_, _| {
            heard.fetch_add(1, Relaxed);
            ControlFlow::Break(())
        })
        .unwrap();
        let (taken, heard) = (taken.into_inner(), heard.into_inner());
        // At the first answer these have taken their maximum, and they take no more after it.
        let exactly = match model {
            "serial" => 1,
            "threads" => threads::AHEAD * WORKERS,
            "processes" => processes::AHEAD * WORKERS,
            // One more may have been taken ahead of them, and another may be on its way.
            "async" => taken.clamp(1, async_tasks::READERS + 2),
            // Each thread takes one when it is free, and some may not have started yet.
            _ => taken.clamp(1, WORKERS),
        };
        assert_eq!(taken, exactly, "{model}");
        // Tasks that had not started are cancelled and not reported.
        assert!((1..=taken).contains(&heard), "{model}: {heard} of {taken}");
    }
}

/// A picture that blocks its reader: opening it for writing succeeds when a worker reads it.
#[cfg(unix)]
fn pipe(folder: &Path, name: &str) -> Task {
    let source = folder.join(name);
    let made = std::process::Command::new("mkfifo").arg(&source).status();
    assert!(made.unwrap().success());
    let output = folder.join(format!("{name}_thumb.jpg"));
    Task::new(source, output, Settings::default())
}

/// Kills a pool's only worker, and waits until all its files are closed: that is done when the
/// killed process has been reaped and is gone.
#[cfg(target_os = "linux")]
fn kill_the_worker(pool: &ProcessPool) {
    let folder = |pid: u32| Path::new("/proc").join(pid.to_string());
    let pid = { pool.pids() }
        .into_iter()
        .find(|pid| folder(*pid).exists());
    let pid = pid.unwrap();
    let killed = std::process::Command::new("kill")
        .args(["-KILL", &pid.to_string()])
        .status();
    assert!(killed.unwrap().success());
    while folder(pid).exists() {
        std::thread::yield_now();
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_worker_killed_in_the_middle_has_its_picture_tried_once_more_and_only_once() {
    use std::io::Write;
    let folder = tempfile::tempdir().unwrap();
    let whole = support::jpeg(&support::waves(60, 40), 80);
    for deaths in [1, 2] {
        let piped = pipe(folder.path(), &format!("piped{deaths}"));
        let mut tasks = pictures(folder.path(), 6);
        tasks.insert(2, piped.clone());
        let pool = pool(1).build().unwrap();
        let heard = Mutex::new(Vec::new());
        std::thread::scope(|scope| {
            scope.spawn(|| {
                // When one is open, a worker reads the picture. While one is open, the worker can't
                // reach its end.
                let mut open = Vec::new();
                for _ in 0..deaths {
                    open.push(fs::File::create(&piped.source).unwrap());
                    kill_the_worker(&pool);
                }
                if deaths == 1 {
                    open.push(fs::File::create(&piped.source).unwrap());
                    open[1].write_all(&whole).unwrap();
                }
            });
            processes::run_on(&pool, tasks.iter().cloned(), |task, outcome| {
                heard.lock().unwrap().push((task.source, outcome));
                ControlFlow::Continue(())
            })
            .unwrap();
        });
        let heard = heard.into_inner().unwrap();
        assert_eq!(heard.len(), 7);
        for (source, outcome) in heard {
            let lost = deaths == 2 && source == piped.source;
            match outcome {
                Err(Failure::Died(_)) if lost => {}
                Ok(_) if !lost => {}
                other => panic!("{deaths}: {}: {other:?}", source.display()),
            }
        }
    }
}

#[cfg(unix)]
#[test]
fn a_decoder_that_hangs_costs_its_picture_and_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let mut tasks = pictures(folder.path(), 6);
    let stuck = pipe(folder.path(), "stuck");
    tasks.insert(1, stuck.clone());
    // Long compared with a small picture on a busy machine.
    let limit = std::time::Duration::from_secs(5);
    let pool = pool(2).job_timeout(limit).build().unwrap();
    let heard = Mutex::new(Vec::new());
    processes::run_on(&pool, tasks.into_iter(), |task, outcome| {
        heard.lock().unwrap().push((task.source, outcome));
        ControlFlow::Continue(())
    })
    .unwrap();
    let (lost, made): (Vec<_>, Vec<_>) = { heard.into_inner().unwrap() }
        .into_iter()
        .partition(|(source, _)| *source == stuck.source);
    assert_eq!(lost, [(stuck.source, Err(Failure::TooSlow { limit }))]);
    assert_eq!(made.iter().filter(|(_, made)| made.is_ok()).count(), 6);
}

/// All pictures are being read when the run is stopped, and none has been decoded.
#[cfg(unix)]
#[test]
fn async_gives_up_what_it_has_read_when_it_is_stopped() {
    use std::io::Write;
    use std::sync::mpsc;
    const READ: usize = 20;
    let folder = tempfile::tempdir().unwrap();
    let pipes: Vec<Task> = (0..READ)
        .map(|it| pipe(folder.path(), &it.to_string()))
        .collect();
    let missing = folder.path().join("missing");
    let missing = Task::new(&missing, &missing, Settings::default());
    let whole = support::jpeg(&support::waves(60, 40), 80);
    let (tell_open, hear_open) = mpsc::channel();
    let (iterator_lives, hear_dropped) = mpsc::channel::<()>();
    let hear_open = Mutex::new(hear_open);
    let made = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        let (pipes, whole) = (&pipes, &whole);
        scope.spawn(move || {
            let open = |task: &Task| fs::File::create(&task.source).unwrap();
            let mut open: Vec<_> = pipes.iter().map(open).collect();
            tell_open.send(()).unwrap();
            // When the run is stopped, it drops its iterator.
            assert!(hear_dropped.recv().is_err());
            let write = |pipe: &mut fs::File| pipe.write_all(whole).unwrap();
            open.iter_mut().for_each(write);
        });
        let mut tasks = pipes.iter().chain(std::iter::repeat(&missing)).cloned();
        let tasks = std::iter::from_fn(move || {
            let _ = &iterator_lives;
            tasks.next()
        });
        async_tasks::run(tasks, NonZeroUsize::MIN, |_, outcome| {
            made.fetch_add(usize::from(outcome.is_ok()), Relaxed);
            let _ = hear_open.lock().unwrap().recv();
            ControlFlow::Break(())
        })
        .unwrap();
    });
    assert_eq!(made.into_inner(), 0);
}

/// A pipe can be opened for writing when it is being read: if all are open, all are being read.
#[cfg(unix)]
#[test]
fn async_waits_for_more_pictures_at_a_time_than_there_are_workers() {
    use std::io::Write;
    const SLOW: usize = 20;
    let folder = tempfile::tempdir().unwrap();
    let tasks: Vec<Task> = (0..SLOW)
        .map(|it| pipe(folder.path(), &it.to_string()))
        .collect();
    let whole = support::jpeg(&support::waves(60, 40), 80);
    let heard = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let open = |task: &Task| fs::File::create(&task.source).unwrap();
            let mut open: Vec<_> = tasks.iter().map(open).collect();
            open.iter_mut()
                .for_each(|pipe| pipe.write_all(&whole).unwrap());
        });
        let two = NonZeroUsize::new(2).unwrap();
        async_tasks::run(tasks.iter().cloned(), two, |_, outcome| {
            heard.fetch_add(usize::from(outcome.is_ok()), Relaxed);
            ControlFlow::Continue(())
        })
        .unwrap();
    });
    assert_eq!(heard.into_inner(), SLOW);
}
