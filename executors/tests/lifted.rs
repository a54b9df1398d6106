//! The thread pool can be lifted: its files alone, in a crate that has nothing but thiserror, are
//! built and run there.
//!
//! The compiler is called directly, and with the thiserror that this test was built beside: cargo
//! would build that and all below it once more, most of what such a test takes.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// What `thread_pool.rs` needs, beside its own folder. No file of jobs, codecs or processes.
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
    compile(&source.join("main.rs"), &program);
    let output = Command::new(program).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "285\n", "{errors}");
}

/// Builds a program that knows no crate but thiserror.
fn compile(main: &Path, program: &Path) {
    let test = std::env::current_exe().unwrap();
    let built = test.parent().unwrap();
    let mut complaints = String::new();
    // Builds of other times and with other compilers may lie there, too; those don't fit.
    for thiserror in thiserrors(built) {
        let output = rustc(main, program, built, &thiserror);
        if output.status.success() {
            return;
        }
        complaints += &String::from_utf8_lossy(&output.stderr);
    }
    panic!("no thiserror in {}, or: {complaints}", built.display());
}

/// The newest first.
fn thiserrors(built: &Path) -> Vec<PathBuf> {
    let files = fs::read_dir(built)
        .unwrap()
        .map(|file| file.unwrap().path());
    let is_thiserror = |path: &PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy();
        name.starts_with("libthiserror-") && name.ends_with(".rlib")
    };
    let mut found: Vec<_> = files.filter(is_thiserror).collect();
    found.sort_by_key(|path| std::cmp::Reverse(fs::metadata(path).unwrap().modified().unwrap()));
    found
}

fn rustc(main: &Path, program: &Path, built: &Path, thiserror: &Path) -> Output {
    let option = |name: &str, path: &Path| format!("{name}={}", path.display());
    Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()))
        .args(["--edition=2024", "--crate-name=lifted", "--extern"])
        .arg(option("thiserror", thiserror))
        // Where the crates lie that thiserror itself needs.
        .args(["-L", &option("dependency", built), "-o"])
        .args([program, main])
        .output()
        .unwrap()
}
