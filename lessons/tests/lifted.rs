//! Tests the claims *alone* and *+N* of INDEX.md: each such file compiles in a fresh crate with the
//! crates of its room from crates.io, and nothing else of the house.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use lessons::house;
use lessons::links::links;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A row: the files to copy. The first is the row's own file.
struct Row {
    line: usize,
    files: Vec<String>,
}

/// The rows with a claim. A row with `+N` must name N files.
fn rows() -> Vec<Row> {
    let text = fs::read_to_string(house().join("INDEX.md")).unwrap();
    let mut rows = Vec::new();
    for (line, text) in (1..).zip(text.lines()) {
        let files: Vec<String> = links(text).into_iter().map(|it| it.target).collect();
        let Some((_, to_copy)) = text.trim_end_matches(" |").rsplit_once(" | ") else {
            continue;
        };
        let more = match to_copy.strip_prefix('+') {
            Some(rest) => rest.split_once(':').unwrap().0.parse().unwrap(),
            None if to_copy.starts_with("alone") => 0,
            None => continue,
        };
        assert_eq!(files.len(), 1 + more, "INDEX.md:{line}: how many files?");
        rows.push(Row { line, files });
    }
    rows
}

fn metadata() -> Value {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let arguments = ["metadata", "--no-deps", "--format-version=1", "--offline"];
    let output = Command::new(cargo)
        .args(arguments)
        .current_dir(house())
        .output();
    serde_json::from_slice(&output.unwrap().stdout).unwrap()
}

/// The dependencies of a room on crates.io, as lines of a manifest.
fn dependencies(package: &Value) -> String {
    let mut lines: BTreeMap<&str, (String, Vec<&str>, bool)> = BTreeMap::new();
    for it in package["dependencies"].as_array().unwrap() {
        if !it["path"].is_null() || it["kind"] == "build" || it["name"] == "loom" {
            continue;
        }
        let features = it["features"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(Value::as_str);
        let all = it["uses_default_features"].as_bool().unwrap();
        let entry = lines.entry(it["name"].as_str().unwrap());
        let entry =
            entry.or_insert_with(|| (it["req"].as_str().unwrap().to_owned(), Vec::new(), all));
        entry.1.extend(features);
        entry.2 |= all;
    }
    lines.into_iter().fold(String::new(), |mut text, (name, (version, features, all))| {
        writeln!(text, "{name} = {{ version = {version:?}, features = {features:?}, default-features = {all} }}").unwrap();
        text
    })
}

/// Writes a crate with these files. Its modules have the same paths as in the room.
fn write_crate(folder: &Path, row: &Row, dependencies: &str) {
    let name = folder.file_name().unwrap().to_string_lossy().into_owned();
    let manifest = format!(
        "[package]\nname = \"{name}\"\nedition = \"2024\"\n\n[dependencies]\n{dependencies}"
    );
    fs::create_dir_all(folder.join("src")).unwrap();
    fs::write(folder.join("Cargo.toml"), manifest).unwrap();
    let inside: Vec<&str> = row
        .files
        .iter()
        .map(|it| it.split_once('/').unwrap().1)
        .collect();
    // Group the files by their outer modules, which are written too, so that the inner ones are
    // found.
    let mut modules: BTreeMap<Vec<&str>, Vec<&str>> = BTreeMap::new();
    for (file, place) in row.files.iter().zip(&inside) {
        let to = folder.join(place);
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::copy(house().join(file), &to).unwrap();
        let Some(path) = place.strip_prefix("src/") else {
            // A step is a program.
            fs::copy(house().join(file), folder.join("src/main.rs")).unwrap();
            return;
        };
        let parent = Path::new(place).parent().unwrap().with_extension("rs");
        if !inside.iter().any(|it| Path::new(it) == parent) {
            let names: Vec<&str> = path.trim_end_matches(".rs").split('/').collect();
            let (name, around) = names.split_last().unwrap();
            modules.entry(around.to_vec()).or_default().push(name);
        }
    }
    let mut root = String::new();
    for (around, names) in modules {
        let before: String = around
            .iter()
            .map(|it| format!("pub mod {it} {{ "))
            .collect();
        let names: String = names.iter().map(|it| format!("pub mod {it}; ")).collect();
        writeln!(root, "{before}{names}{}", "}".repeat(around.len())).unwrap();
    }
    fs::write(folder.join("src/lib.rs"), root).unwrap();
}

#[test]
fn what_can_be_copied_compiles_in_a_fresh_crate() {
    let metadata = metadata();
    let target = PathBuf::from(metadata["target_directory"].as_str().unwrap());
    let workspace = target.join("lifted");
    let _ = fs::remove_dir_all(&workspace);
    fs::create_dir_all(&workspace).unwrap();
    fs::write(
        workspace.join("Cargo.toml"),
        "[workspace]\nresolver = \"3\"\nmembers = [\"*\"]\n",
    )
    .unwrap();
    fs::copy(house().join("Cargo.lock"), workspace.join("Cargo.lock")).unwrap();

    let rows = rows();
    assert!(rows.len() > 80, "only {} rows", rows.len());
    for row in &rows {
        let room = row.files[0].split('/').next().unwrap();
        let mut packages = metadata["packages"].as_array().unwrap().iter();
        let package = packages.find(|it| it["name"] == room).unwrap();
        write_crate(
            &workspace.join(format!("line-{}", row.line)),
            row,
            &dependencies(package),
        );
    }

    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args([
            "check",
            "--workspace",
            "--offline",
            "--keep-going",
            "--message-format",
            "short",
        ])
        .arg("--target-dir")
        .arg(&target)
        .current_dir(&workspace)
        .env_remove("RUSTFLAGS")
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    let errors: Vec<&str> = errors
        .lines()
        .filter(|line| line.contains("error"))
        .collect();
    assert!(
        output.status.success(),
        "INDEX.md, by line:\n{}\n",
        errors.join("\n")
    );
}
