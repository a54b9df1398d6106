//! What the tests share.

use std::path::PathBuf;
use std::process::{Command, Output};

/// Says that a test is not run, because something is missing here. In CI nothing may be missing.
pub fn skip(test: &str, missing: &str) {
    assert!(
        std::env::var_os("CI").is_none(),
        "{test}: {missing} is missing, and CI must have it: .ci/install"
    );
    eprintln!("skipped: {test}: {missing} is missing");
}

/// Where a program is, on the PATH or where Debian keeps servers.
pub fn program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(["/usr/sbin".into()])
        .map(|folder| folder.join(name))
        .find(|file| file.is_file())
}

/// curl, without the settings of whoever runs the test and without a proxy; `None`, and the test is
/// to end, if there is none.
pub fn curl(test: &str) -> Option<impl Fn(&[&str]) -> Output> {
    if program("curl").is_none() {
        skip(test, "curl");
        return None;
    }
    Some(|args: &[&str]| {
        let mut command = Command::new("curl");
        command.args(["-q", "-s", "--noproxy", "*", "--max-time", "20"]);
        command.args(args).output().unwrap()
    })
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
