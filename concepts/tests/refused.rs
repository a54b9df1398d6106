//! The programs that do not compile, by the chapter: the compiler gives this error in this line.
//!
//! `compile_fail` in documentation checks on stable Rust only that something is wrong.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use serde_json::Value;
use std::path::Path;
use std::process::Command;

/// The codes and lines of the compiler's errors.
fn errors(program: &Path) -> Vec<(String, u64)> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new(rustc)
        .args([
            "--edition=2024",
            "--error-format=json",
            "--emit=metadata",
            "--out-dir",
        ])
        .arg(folder.path())
        .arg(program)
        .output()
        .unwrap();
    assert!(
        !output.status.success(),
        "{}: it compiles",
        program.display()
    );
    let messages = String::from_utf8(output.stderr).unwrap();
    let messages = messages
        .lines()
        .map(|it| serde_json::from_str::<Value>(it).unwrap());
    messages
        .filter_map(|message| {
            let code = message["code"]["code"].as_str()?.to_owned();
            let spans = message["spans"].as_array()?;
            let primary = spans.iter().find(|span| span["is_primary"] == true)?;
            let error = message["level"] == "error";
            error.then(|| Some((code, primary["line_start"].as_u64()?)))?
        })
        .collect()
}

#[test]
fn the_compiler_refuses_it_where_the_chapter_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/refused");
    let mut programs = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        let expected: Vec<(String, u64)> = (1..)
            .zip(text.lines())
            .filter_map(|(line, text)| {
                let (_, code) = text.split_once("// error: ")?;
                Some((code.to_owned(), line))
            })
            .collect();
        assert_eq!(errors(&path), expected, "{}", path.display());
        programs += 1;
    }
    assert_eq!(programs, 3);
}
