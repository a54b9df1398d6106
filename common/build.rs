//! Tells the library which commit it is built from, for `--version`.

use std::path::Path;
use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    // Only for what is handed out: a test build is not to be made again for each commit.
    if std::env::var("PROFILE").as_deref() != Ok("release") {
        return;
    }
    let Some(head) = git(&["rev-parse", "--git-path", "logs/HEAD"]) else {
        // No git, or not in a repository: a version without a commit.
        return;
    };
    // Each commit and each checkout adds a line to it.
    if Path::new(&head).exists() {
        println!("cargo::rerun-if-changed={head}");
    }
    let Some(mut commit) = git(&["rev-parse", "--short=10", "HEAD"]) else {
        return;
    };
    let changed = git(&["status", "--porcelain", "--untracked-files=no"]);
    if changed.is_some_and(|files| !files.is_empty()) {
        commit.push_str(", changed");
    }
    println!("cargo::rustc-env=MANY_HANDS_COMMIT={commit}");
}

/// What git says, or nothing.
fn git(args: &[&str]) -> Option<String> {
    let output = Command::new("git").args(args).output().ok()?;
    let said = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| said.trim().to_owned())
}
