//! Tells the library which commit it is built from, for `--version` and the manual pages.

use std::path::Path;
use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    // Only a release build carries the commit. A test build does not need a new build for each
    // commit.
    if std::env::var("PROFILE").as_deref() != Ok("release") {
        return;
    }
    let Some(head) = git(&["rev-parse", "--git-path", "logs/HEAD"]) else {
        // Git is missing, or this is not a repository: the version has no commit.
        return;
    };
    // Git adds a line to this file at each commit and each checkout.
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
    if let Some(date) = git(&["log", "-1", "--format=%cs"]) {
        println!("cargo::rustc-env=MANY_HANDS_DATE={date}");
    }
}

/// Runs git. Returns its output, or `None` if it fails.
fn git(args: &[&str]) -> Option<String> {
    let output = Command::new("git").args(args).output().ok()?;
    let said = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| said.trim().to_owned())
}
