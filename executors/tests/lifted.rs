//! The thread pool can be copied: its files are built and run in a crate that depends only on
//! thiserror.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "support/compile.rs"]
mod compile;

use std::fs;
use std::path::Path;
use std::process::Command;

/// The files that `thread_pool.rs` needs, besides its own folder: none for jobs, codecs or
/// processes.
const FILES: [&str; 22] = [
    "as_completed",
    "at_exit",
    "backlog",
    "counters",
    "error",
    "future",
    "gate",
    "map",
    "panics",
    "patience",
    "pool_id",
    "promise",
    "queue",
    "refused",
    "scope",
    "span",
    "state",
    "sync",
    "thread_pool",
    "wait",
    "worker_id",
    "workers",
];

const MAIN: &str = "
#![allow(dead_code, unused_imports)]

pub use as_completed::{AsCompleted, as_completed};
pub use at_exit::AtExit;
pub use counters::Counters;
pub use error::{Error, Part};
pub use future::Future;
pub use map::Map;
pub use panics::{Panic, catch_panic};
pub use patience::Patience;
pub use pool_id::PoolId;
pub use promise::{Owner, Promise, promise};
pub use refused::Refused;
pub use scope::Scope;
pub use thread_pool::{DEFAULT_QUEUE_LIMIT, ThreadPool, ThreadPoolBuilder};
pub use wait::{Until, Waited, wait};
pub use worker_id::{Exit, WorkerId};
pub use workers::MAX_WORKERS;

fn main() -> Result<(), Error> {
    let pool = ThreadPool::new(2)?;
    let sum: u64 = pool.map_fn(0..10, |n| n * n).sum::<Result<_, _>>()?;
    println!(\"{sum}\");
    Ok(())
}
";

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        fs::copy(&path, to.join(path.file_name().unwrap())).unwrap();
    }
}

#[test]
fn the_thread_pool_is_built_and_run_without_serde() {
    if !compile::is_possible() {
        return;
    }
    let room = Path::new(env!("CARGO_MANIFEST_DIR"));
    let lifted = Path::new(env!("CARGO_TARGET_TMPDIR")).join("lifted");
    let source = lifted.join("src");
    let _ = fs::remove_dir_all(&source);
    fs::create_dir_all(&source).unwrap();
    let mut main = String::new();
    for file in FILES {
        let name = format!("{file}.rs");
        fs::copy(room.join("src").join(&name), source.join(&name)).unwrap();
        main += &format!("mod {file};\n");
    }
    copy(&room.join("src/thread_pool"), &source.join("thread_pool"));
    let (attributes, rest) = MAIN.split_once("\n\n").unwrap();
    fs::write(
        source.join("main.rs"),
        format!("{attributes}\n{main}{rest}"),
    )
    .unwrap();
    let program = lifted
        .join("lifted")
        .with_extension(std::env::consts::EXE_EXTENSION);
    compile::compile(&source.join("main.rs"), &program, &["thiserror"], &[]);
    let output = Command::new(program).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "285\n", "{errors}");
}
