//! The folder in which worker processes write their spans for the process that traces them.
//!
//! There is one file per worker, with one JSON document per line. Each line is one `write` call, so
//! the lines of a killed worker are complete. The first line counts the missing spans. It is
//! overwritten in place, which needs no space on a full disk.

use super::MAX_SPANS;
use super::record::{Process, Sink, Span, ThreadName, program_name};
use crate::sys;
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::fs::{DirBuilderExt, FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

/// The folder's name contains the pid, so a process can have only one.
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
    /// The first line: the spans that the file does not contain.
    Missing {
        /// Spans over the limit.
        dropped: u64,
        /// Spans that could not be written.
        lost: u64,
    },
}

/// The parent's side. Drop removes the folder.
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

    /// The workers' spans, at most `limit` in all; the spans over the limit are counted as dropped.
    /// The second part: for each worker without spans, the reason.
    pub(super) fn read(&self, limit: usize) -> (Vec<Process>, Vec<String>) {
        read_folder(&self.folder, limit)
    }
}

impl Drop for Spool {
    fn drop(&mut self) {
        // An error can't be reported here. The system also cleans its temporary folder.
        let _ = fs::remove_dir_all(&self.folder);
        OPEN.store(false, Ordering::SeqCst);
    }
}

/// Creates `folder`, readable by this user only. An existing one was left by a dead process with
/// the same pid: it is replaced if it belongs to this user; otherwise it is an error.
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

/// Whether this is a real folder, owned by this user and closed to others: then nobody else can
/// have written to it.
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
    /// The offset of the next line, after the last complete one.
    end: u64,
    threads: HashSet<u64>,
    kept: usize,
    dropped: u64,
    lost: u64,
}

/// Opens this process's file, if its parent merges traces.
pub(super) fn join_parent() -> Option<SpoolFile> {
    SpoolFile::join(&folder_of(std::os::unix::process::parent_id()))
}

impl SpoolFile {
    /// Creates a file in a parent's folder, if `folder` is one.
    fn join(folder: &Path) -> Option<SpoolFile> {
        if !is_private(folder) {
            return None;
        }
        // The parent can't report this, because it does not know this process. A closed standard
        // error does not matter.
        let say = |error: &io::Error| {
            let _ = writeln!(
                io::stderr(),
                "warning: the trace is incomplete: {}: {error}: this process is not in it",
                folder.display()
            );
        };
        SpoolFile::create(folder).inspect_err(say).ok()
    }

    fn create(folder: &Path) -> io::Result<SpoolFile> {
        // In a long run a pid may occur twice. The time makes the file names distinct.
        let pid = std::process::id();
        let name = format!("{pid}-{}.jsonl", sys::monotonic_nanos());
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(folder.join(name))?;
        let mut state = State {
            file,
            end: 0,
            threads: HashSet::new(),
            kept: 0,
            dropped: 0,
            lost: 0,
        };
        state.end = state.tell_missing()?;
        let name = program_name();
        state.write(&Line::Process { pid, name });
        Ok(SpoolFile {
            state: Mutex::new(state),
        })
    }
}

impl State {
    /// Adds a line, and returns whether there was space for it. A full disk must not stop the work
    /// that is traced.
    fn write(&mut self, line: &Line) -> bool {
        // Records hold strings and numbers only, so they always serialise.
        let Ok(mut bytes) = serde_json::to_vec(line) else {
            return false;
        };
        bytes.push(b'\n');
        if self.file.write_all_at(&bytes, self.end).is_ok() {
            self.end += bytes.len() as u64;
            return true;
        }
        // Remove the incomplete line: it would damage the next one. If that fails, the reader
        // counts it as lost.
        let _ = self.file.set_len(self.end);
        false
    }

    /// Writes the first line, which always has the same length. Returns that length.
    fn tell_missing(&self) -> io::Result<u64> {
        let (dropped, lost) = (self.dropped, self.lost);
        let line = format!("{{\"Missing\":{{\"dropped\":{dropped:20},\"lost\":{lost:20}}}}}\n");
        self.file.write_all_at(line.as_bytes(), 0)?;
        Ok(line.len() as u64)
    }

    fn keep(&mut self, span: Span, thread: &ThreadName) {
        if self.kept >= MAX_SPANS {
            self.dropped += 1;
        } else {
            if !self.threads.contains(&thread.id) {
                let (id, name) = (thread.id, thread.name.clone());
                if self.write(&Line::Thread { id, name }) {
                    self.threads.insert(thread.id);
                }
            }
            if self.write(&Line::Span(span)) {
                self.kept += 1;
                return;
            }
            self.lost += 1;
        }
        // The line exists already, in the same place. An error can't be reported here.
        let _ = self.tell_missing();
    }
}

impl Sink for SpoolFile {
    fn keep(&self, span: Span, thread: &ThreadName) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.keep(span, thread);
    }
}

fn read_folder(folder: &Path, mut limit: usize) -> (Vec<Process>, Vec<String>) {
    let unknown = |path: &Path, error: io::Error| {
        format!(
            "{}: {error}: what its process did is not in it",
            path.display()
        )
    };
    let paths: io::Result<Vec<PathBuf>> =
        fs::read_dir(folder).and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect());
    let mut paths = match paths {
        Ok(paths) => paths,
        Err(error) => return (Vec::new(), vec![unknown(folder, error)]),
    };
    paths.sort();
    let (mut processes, mut losses) = (Vec::new(), Vec::new());
    for path in &paths {
        match read_file(path, &mut limit) {
            Ok(process) => processes.push(process),
            Err(error) => losses.push(unknown(path, error)),
        }
    }
    processes.sort_by_key(|process| process.spans.iter().map(|span| span.start).min());
    (processes, losses)
}

fn read_file(path: &Path, limit: &mut usize) -> io::Result<Process> {
    let mut process = Process {
        pid: pid_of(path).ok_or(io::ErrorKind::InvalidData)?,
        name: "process".to_owned(),
        ..Process::default()
    };
    let mut counted = false;
    for line in BufReader::new(File::open(path)?).split(b'\n') {
        match serde_json::from_slice(&line?) {
            Ok(line) => {
                counted |= matches!(line, Line::Missing { .. });
                apply(&mut process, line, limit);
            }
            // The last line of a killed worker, or on a full disk, may be incomplete.
            Err(_) => process.lost += 1,
        }
    }
    match counted {
        true => Ok(process),
        false => Err(io::Error::new(
            io::ErrorKind::UnexpectedEof,
            "nothing in it",
        )),
    }
}

/// The pid in a file's name.
fn pid_of(path: &Path) -> Option<u32> {
    path.file_name()?.to_str()?.split('-').next()?.parse().ok()
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
        Line::Missing { dropped, lost } => {
            process.dropped += dropped;
            process.lost += lost;
        }
    }
}

#[cfg(test)]
mod tests;
