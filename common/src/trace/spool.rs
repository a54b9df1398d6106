//! The folder through which worker processes hand their spans to the process that traces them.
//!
//! One file per worker, one JSON document per line, each written by a single `write` as it
//! happens: whatever kills the worker, the lines so far are whole.

use super::MAX_SPANS;
use super::record::{Process, Sink, Span, ThreadName, program_name};
use crate::sys;
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

/// A folder's name is its owner's pid, so there is one per process.
static OPEN: AtomicBool = AtomicBool::new(false);

fn folder_of(pid: u32) -> PathBuf {
    std::env::temp_dir().join(format!("many-hands-trace-{pid}"))
}

/// A line of a worker's file.
#[derive(Serialize, Deserialize)]
enum Line {
    Process {
        pid: u32,
        name: String,
    },
    Thread {
        id: u64,
        name: String,
    },
    Span(Span),
    /// How many were dropped so far.
    Dropped(u64),
}

/// The parent's side: the folder, removed with this.
#[derive(Debug)]
pub(super) struct Spool {
    folder: PathBuf,
}

impl Spool {
    pub(super) fn create() -> io::Result<Spool> {
        if OPEN.swap(true, Ordering::SeqCst) {
            let message = "this process traces its workers already";
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, message));
        }
        let folder = folder_of(std::process::id());
        create_private(&folder).inspect_err(|_| OPEN.store(false, Ordering::SeqCst))?;
        Ok(Spool { folder })
    }

    /// What the workers wrote, at most `limit` spans in all; those over are counted as dropped.
    pub(super) fn read(&self, limit: usize) -> Vec<Process> {
        read_folder(&self.folder, limit)
    }
}

impl Drop for Spool {
    fn drop(&mut self) {
        // Nobody is left to tell; the system cleans its temporary folder too.
        let _ = fs::remove_dir_all(&self.folder);
        OPEN.store(false, Ordering::SeqCst);
    }
}

/// Makes `folder`, for this user only. One that is there already was left by a dead process with
/// our pid: ours to replace if it is our user's, and an error otherwise.
fn create_private(folder: &Path) -> io::Result<()> {
    let create = || DirBuilder::new().mode(0o700).create(folder);
    let made = match create() {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && is_private(folder) => {
            fs::remove_dir_all(folder).and_then(|()| create())
        }
        made => made,
    };
    made.map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", folder.display())))
}

/// A real folder, this user's, closed to others: nobody else can have put anything into it.
fn is_private(folder: &Path) -> bool {
    fs::symlink_metadata(folder).is_ok_and(|found| {
        found.is_dir() && found.uid() == sys::user_id() && found.mode() & 0o077 == 0
    })
}

/// The worker's side: its file in the parent's folder.
pub(super) struct SpoolFile {
    state: Mutex<State>,
}

struct State {
    file: File,
    threads: HashSet<u64>,
    kept: usize,
    dropped: u64,
}

/// Opens this process's file if its parent merges traces.
pub(super) fn join_parent() -> Option<SpoolFile> {
    SpoolFile::create(&folder_of(std::os::unix::process::parent_id()))
}

impl SpoolFile {
    fn create(folder: &Path) -> Option<SpoolFile> {
        if !is_private(folder) {
            return None;
        }
        let pid = std::process::id();
        // A long run may see a pid twice; the clock keeps their files apart.
        let name = format!("{pid}-{}.jsonl", sys::monotonic_nanos());
        let file = OpenOptions::new()
            .append(true)
            .create_new(true)
            .mode(0o600)
            .open(folder.join(name))
            .ok()?;
        let mut state = State {
            file,
            threads: HashSet::new(),
            kept: 0,
            dropped: 0,
        };
        let name = program_name();
        state.write(&Line::Process { pid, name });
        Some(SpoolFile {
            state: Mutex::new(state),
        })
    }
}

impl State {
    fn write(&mut self, line: &Line) {
        // Records hold strings and numbers only, so they always serialise; and a full disk must
        // not stop the work that is being traced.
        if let Ok(mut bytes) = serde_json::to_vec(line) {
            bytes.push(b'\n');
            let _ = self.file.write_all(&bytes);
        }
    }

    fn drop_one(&mut self) {
        self.dropped += 1;
        // The file stays bounded, and the last line is never off by more than half.
        if self.dropped.is_power_of_two() {
            self.write(&Line::Dropped(self.dropped));
        }
    }
}

impl Sink for SpoolFile {
    fn keep(&self, span: Span, thread: &ThreadName) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.kept >= MAX_SPANS {
            state.drop_one();
            return;
        }
        state.kept += 1;
        if state.threads.insert(thread.id) {
            let (id, name) = (thread.id, thread.name.clone());
            state.write(&Line::Thread { id, name });
        }
        state.write(&Line::Span(span));
    }
}

fn read_folder(folder: &Path, mut limit: usize) -> Vec<Process> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    let mut processes: Vec<Process> = paths
        .iter()
        .filter_map(|path| read_file(path, &mut limit))
        .collect();
    processes.sort_by_key(|process| process.spans.iter().map(|span| span.start).min());
    processes
}

fn read_file(path: &Path, limit: &mut usize) -> Option<Process> {
    let mut process = Process::default();
    let lines = BufReader::new(File::open(path).ok()?).lines();
    for line in lines.map_while(Result::ok) {
        // The last line of a killed worker may be cut short.
        let Ok(line) = serde_json::from_str(&line) else {
            continue;
        };
        apply(&mut process, line, limit);
    }
    (process.pid != 0).then_some(process)
}

fn apply(process: &mut Process, line: Line, limit: &mut usize) {
    match line {
        Line::Process { pid, name } => (process.pid, process.name) = (pid, name),
        Line::Thread { id, name } => {
            process.threads.insert(id, name);
        }
        Line::Span(_) if *limit == 0 => process.dropped += 1,
        Line::Span(span) => {
            *limit -= 1;
            process.spans.push(span);
        }
        // Cumulative in the file, beside what this reader itself leaves out.
        Line::Dropped(count) => process.dropped += count - count / 2,
    }
}

#[cfg(test)]
mod tests {
    use super::super::record::tests::run;
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn private_folder() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o700)).unwrap();
        folder
    }

    fn thread() -> ThreadName {
        ThreadName {
            id: 5,
            name: "worker".to_owned(),
        }
    }

    #[test]
    fn what_a_worker_wrote_is_read_back_while_it_still_runs() {
        let folder = private_folder();
        let file = SpoolFile::create(folder.path()).unwrap();
        file.keep(run("a", 1, 5, 0, 1), &thread());
        file.keep(run("b", 2, 5, 1, 2), &thread());
        let processes = read_folder(folder.path(), 10);
        assert_eq!(processes.len(), 1);
        assert_eq!(processes[0].pid, std::process::id());
        assert_eq!(processes[0].threads[&5], "worker");
        assert_eq!(
            processes[0].spans,
            [run("a", 1, 5, 0, 1), run("b", 2, 5, 1, 2)]
        );
    }

    #[test]
    fn a_line_cut_short_loses_only_itself() {
        let folder = private_folder();
        let file = SpoolFile::create(folder.path()).unwrap();
        file.keep(run("a", 1, 5, 0, 1), &thread());
        let path = fs::read_dir(folder.path()).unwrap().next().unwrap();
        let mut raw = OpenOptions::new()
            .append(true)
            .open(path.unwrap().path())
            .unwrap();
        raw.write_all(b"{\"Span\":{\"name\":\"b").unwrap();
        assert_eq!(read_folder(folder.path(), 10)[0].spans.len(), 1);
    }

    #[test]
    fn the_reader_counts_what_it_leaves_out() {
        let folder = private_folder();
        let file = SpoolFile::create(folder.path()).unwrap();
        for _ in 0..5 {
            file.keep(run("a", 1, 5, 0, 1), &thread());
        }
        let process = &read_folder(folder.path(), 2)[0];
        assert_eq!((process.spans.len(), process.dropped), (2, 3));
    }

    #[test]
    fn drops_in_the_worker_are_told_at_every_doubling() {
        let folder = private_folder();
        let file = SpoolFile::create(folder.path()).unwrap();
        file.state.lock().unwrap().kept = MAX_SPANS;
        for _ in 0..9 {
            file.keep(run("a", 1, 5, 0, 1), &thread());
        }
        assert_eq!(read_folder(folder.path(), 10)[0].dropped, 8);
    }

    #[test]
    fn a_folder_open_to_others_is_not_joined() {
        let folder = private_folder();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        assert!(SpoolFile::create(folder.path()).is_none());
    }

    #[test]
    fn a_symbolic_link_is_neither_joined_nor_replaced() {
        let folder = private_folder();
        let (target, link) = (folder.path().join("target"), folder.path().join("link"));
        create_private(&target).unwrap();
        std::os::unix::fs::symlink(&target, &link).unwrap();
        assert!(SpoolFile::create(&link).is_none());
        let error = create_private(&link).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
        assert!(target.exists());
    }

    #[test]
    fn a_leftover_of_a_dead_process_is_replaced() {
        let folder = private_folder();
        let path = folder.path().join("many-hands-trace-1");
        create_private(&path).unwrap();
        fs::write(path.join("1-1.jsonl"), "old").unwrap();
        create_private(&path).unwrap();
        assert_eq!(fs::read_dir(&path).unwrap().count(), 0);
        assert!(is_private(&path));
    }
}
