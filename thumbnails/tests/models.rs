//! The models, by the library: all give the same thumbnails, and one may be stopped.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Mutex;
use std::{fs, io};

use thumbnails::{Outcome, Settings, Task};
use thumbnails::{async_tasks, par_iter, serial, threads};

const MODELS: [&str; 4] = ["serial", "threads", "rayon", "async"];

fn run(
    model: &str,
    tasks: impl Iterator<Item = Task> + Send,
    done: impl Fn(Task, Outcome) -> ControlFlow<()> + Sync,
) -> io::Result<()> {
    let workers = NonZeroUsize::new(3).unwrap();
    match model {
        "serial" => serial::run(tasks, workers, done),
        "threads" => threads::run(tasks, workers, done),
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
        let heard = Mutex::new(0);
        // Endless: a model that went on would never return.
        let endless = tasks.iter().cycle().cloned();
        run(model, endless, |_, _| {
            *heard.lock().unwrap() += 1;
            ControlFlow::Break(())
        })
        .unwrap();
        assert!((1..=9).contains(&*heard.lock().unwrap()), "{model}");
    }
}
