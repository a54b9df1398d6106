//! Other machines: a cluster's agents read the pictures and write the thumbnails themselves, so they
//! must see the same folders, under the same names. Each task is checked for that before it is run:
//! otherwise a thumbnail could go to a folder of another machine without an error.

use std::fs;
use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use cluster::RedisPool;
use executors::Executor;
use serde::{Deserialize, Serialize};

use crate::failure::Failure;
use crate::processes;
use crate::task::{Outcome, Task};

/// Tasks under way for each worker: one that runs, and one that is ready to run next.
const AHEAD: usize = 2;
/// The minimum number of tasks under way, because the number of workers is not known at first.
const LEAST: usize = 16;

/// A task for a machine that must see the same files.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SharedTask {
    /// Its paths are absolute.
    task: Task,
    /// The picture's size in bytes, and when it was changed, in nanoseconds since 1970; if that can be
    /// seen.
    seen: Option<(u64, u128)>,
    /// A file in the folder of the thumbnails, and what is in it.
    marker: (String, String),
}

impl SharedTask {
    /// A task, with what must be seen where it is run: the picture as it is here, and this content of
    /// this file.
    pub fn new(task: &Task, marker: &Path, content: &str) -> Self {
        let absolute = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        Self {
            task: Task {
                source: absolute(&task.source),
                output: absolute(&task.output),
                ..task.clone()
            },
            seen: look_at(&task.source).ok(),
            marker: (marker.display().to_string(), content.to_owned()),
        }
    }
}

impl executors::Job for SharedTask {
    type Output = Outcome;

    const NAME: &'static str = "shared-thumbnail";
    const VERSION: u32 = 1;

    fn run(self) -> Outcome {
        let (marker, content) = &self.marker;
        if fs::read_to_string(marker).ok().as_ref() != Some(content) {
            return Err(unseen(Path::new(marker).parent().unwrap_or(Path::new("/"))));
        }
        if look_at(&self.task.source).ok() != self.seen {
            return Err(unseen(&self.task.source));
        }
        self.task.run()
    }
}

fn unseen(path: &Path) -> Failure {
    Failure::NotTried(format!(
        "an agent does not see the same {}: all machines need the same folders, under the same names",
        path.display()
    ))
}

/// What tells one version of a file from another, on every machine.
fn look_at(path: &Path) -> io::Result<(u64, u128)> {
    let metadata = fs::metadata(path)?;
    let changed = metadata.modified()?.duration_since(UNIX_EPOCH);
    Ok((metadata.len(), changed.map_or(0, |it| it.as_nanos())))
}

/// The marker in the folder of the thumbnails; removed when it is dropped.
struct Marker {
    path: PathBuf,
    content: String,
}

impl Marker {
    fn new(folder: &Path, name: &str) -> io::Result<Self> {
        let path = std::path::absolute(folder.join(format!(".{name}.cluster")))?;
        fs::write(&path, name)?;
        Ok(Self {
            path,
            content: name.to_owned(),
        })
    }
}

impl Drop for Marker {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

/// Runs the tasks on a cluster's agents; their thumbnails go into `folder` or below it. `done` is called
/// on the calling thread with what became of each, and says whether to go on.
///
/// # Errors
/// If the folder can't be written to; if the pool takes no tasks.
pub fn run_on(
    pool: &RedisPool,
    folder: &Path,
    tasks: impl Iterator<Item = Task>,
    done: impl Fn(Task, Outcome) -> ControlFlow<()>,
) -> io::Result<()> {
    let marker = Marker::new(folder, &pool.id())?;
    let job = |task: &Task| SharedTask::new(task, &marker.path, &marker.content);
    let most = (AHEAD * pool.workers()).max(LEAST);
    processes::run_with(pool, most, job, tasks, done)
}
