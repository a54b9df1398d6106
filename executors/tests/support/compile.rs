//! Builds a program with given crates only.
//!
//! It calls the compiler directly, with the crates that were built for this test. cargo would build
//! them and their dependencies again, which would take most of the test's time.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Whether a compiler for this system is at hand. If not, it says so: `.ci/emulated` has only one that
/// runs outside of the emulator, for another system.
pub fn is_possible() -> bool {
    let possible = std::env::var_os("EMULATED").is_none();
    if !possible {
        eprintln!("skipped: no compiler in an emulator");
    }
    possible
}

/// Builds `main` as `program`, with these crates and further arguments for the compiler.
pub fn compile(main: &Path, program: &Path, crates: &[&str], arguments: &[&str]) {
    let test = std::env::current_exe().unwrap();
    let built = test.parent().unwrap();
    let mut complaints = String::new();
    for files in choices(built, crates) {
        let output = rustc(main, program, built, &files, arguments);
        if output.status.success() {
            return;
        }
        complaints += &String::from_utf8_lossy(&output.stderr);
    }
    panic!("no {crates:?} in {}, or: {complaints}", built.display());
}

/// All combinations of files for the crates, the newest files first. There may be builds with other
/// features or compilers, which do not fit.
fn choices(built: &Path, crates: &[&str]) -> Vec<Vec<(String, PathBuf)>> {
    let mut choices = vec![Vec::new()];
    for name in crates {
        let files = files_of(built, name);
        let with = |before: &Vec<_>| {
            let add = |file: &PathBuf| {
                [before.as_slice(), &[((*name).to_owned(), file.clone())]].concat()
            };
            files.iter().map(add).collect::<Vec<_>>()
        };
        choices = choices.iter().flat_map(with).collect();
    }
    choices
}

/// The files of a crate, the newest first.
fn files_of(built: &Path, name: &str) -> Vec<PathBuf> {
    let start = format!("lib{name}-");
    let files = fs::read_dir(built)
        .unwrap()
        .map(|file| file.unwrap().path());
    let fits = |path: &PathBuf| {
        let file = path.file_name().unwrap().to_string_lossy();
        file.starts_with(&start) && file.ends_with(".rlib")
    };
    let mut found: Vec<_> = files.filter(fits).collect();
    found.sort_by_key(|path| std::cmp::Reverse(fs::metadata(path).unwrap().modified().unwrap()));
    found
}

fn rustc(
    main: &Path,
    program: &Path,
    built: &Path,
    crates: &[(String, PathBuf)],
    arguments: &[&str],
) -> Output {
    let mut externs = Vec::new();
    for (name, file) in crates {
        let mut value = OsString::from(format!("{name}="));
        value.push(file);
        externs.extend([OsString::from("--extern"), value]);
    }
    let mut folder = OsString::from("dependency=");
    folder.push(built);
    Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()))
        .args(["--edition=2024", "--crate-name=lifted"])
        .args(externs)
        // The folder with the crates that these need.
        .args([OsString::from("-L"), folder, "-o".into()])
        .args([program, main])
        .args(arguments)
        .output()
        .unwrap()
}
