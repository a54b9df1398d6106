//! Foreign files: the command changes only what it was told to change.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use assert_cmd::assert::Assert;
use predicates::boolean::PredicateBooleanExt;
use predicates::str::contains;
use support::folders::files;

fn program() -> PathBuf {
    assert_cmd::cargo::cargo_bin!("thumbnails").to_owned()
}

fn thumbnails(folder: &Path, words: &[&str]) -> Assert {
    assert_cmd::Command::new(program())
        .current_dir(folder)
        .args(words)
        .assert()
}

fn picture(path: &Path, seed: u32) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, support::jpeg(&support::waves(60 + seed, 40), 80)).unwrap();
}

#[test]
fn what_it_did_not_make_is_never_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    picture(&here.join("q/sub/a.jpg"), 0);
    fs::write(here.join("q/a_thumb.jpg"), "the user's own").unwrap();
    let run = |words: &[&str]| thumbnails(here, &[&["q/sub", "-o", "q"], words].concat());
    run(&["-n"]).success().stdout(contains("q/a_thumb-2.jpg"));
    run(&[]).success();
    assert_eq!(
        files(here),
        ["q/a_thumb-2.jpg", "q/a_thumb.jpg", "q/sub/a.jpg"]
    );
    assert_eq!(
        fs::read(here.join("q/a_thumb.jpg")).unwrap(),
        b"the user's own"
    );
    // It keeps its name, also when it is made again.
    run(&[]).success().stderr(contains("1 unchanged"));
    run(&["--force"]).success();
    assert_eq!(files(here).len(), 3);
    // A user replaces the thumbnail: the file now belongs to the user.
    fs::write(here.join("q/a_thumb-2.jpg"), "this one, too").unwrap();
    run(&[]).success().stderr(contains("1 made"));
    assert_eq!(
        fs::read(here.join("q/a_thumb-2.jpg")).unwrap(),
        b"this one, too"
    );
    // Also if it has the same size.
    let third = here.join("q/a_thumb-3.jpg");
    let size = fs::metadata(&third).unwrap().len() as usize;
    fs::write(&third, "x".repeat(size)).unwrap();
    run(&["--force"])
        .success()
        .stdout(contains("q/a_thumb-4.jpg"));
    assert_eq!(fs::read(&third).unwrap(), "x".repeat(size).as_bytes());
    // It is not deleted either.
    fs::remove_file(here.join("q/sub/a.jpg")).unwrap();
    run(&["--delete-stale"])
        .success()
        .stdout(contains("deleted q/a_thumb-4.jpg"));
    assert_eq!(
        files(here),
        ["q/a_thumb-2.jpg", "q/a_thumb-3.jpg", "q/a_thumb.jpg"]
    );
}

#[test]
fn thumbnails_may_lie_among_the_pictures_and_have_no_thumbnails() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    picture(&here.join("q/a.jpg"), 0);
    picture(&here.join("q/deep/b.jpg"), 1);
    let originals = fs::read(here.join("q/a.jpg")).unwrap();
    for round in 0..2 {
        let words = ["q", "-o", "q", "--template", "{name}"];
        let made = if round == 0 {
            "2 made"
        } else {
            "0 made, 2 unchanged"
        };
        thumbnails(here, &words).success().stderr(contains(made));
        assert_eq!(
            files(here),
            ["q/a-2.jpg", "q/a.jpg", "q/deep/b-2.jpg", "q/deep/b.jpg"]
        );
    }
    assert_eq!(fs::read(here.join("q/a.jpg")).unwrap(), originals);
    // Another run over the thumbnails, into a folder inside; and one with a thumbnail as its
    // argument.
    thumbnails(here, &["q", "-o", "q/small"])
        .success()
        .stderr(contains("2 made").and(contains("2 skipped")));
    thumbnails(here, &["q", "-o", "elsewhere"])
        .success()
        .stderr(contains("2 made").and(contains("4 skipped")));
    assert_cmd::Command::new(program())
        .current_dir(here)
        .args(["-", "-o", "q"])
        .write_stdin("q/a-2.jpg\n")
        .assert()
        .success()
        .stderr(contains("0 made").and(contains("1 thumbnails")));
}

#[test]
fn two_runs_into_one_folder_keep_each_others() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    picture(&here.join("one/a.jpg"), 0);
    picture(&here.join("two/a.jpg"), 1);
    for made in ["1 made", "1 unchanged"] {
        for from in ["one", "two"] {
            thumbnails(here, &[from, "-o", "out"])
                .success()
                .stderr(contains(made));
        }
    }
    assert_eq!(files(&here.join("out")), ["a_thumb-2.jpg", "a_thumb.jpg"]);
    // The moved picture takes over the name.
    fs::rename(here.join("one"), here.join("three")).unwrap();
    thumbnails(here, &["three", "-o", "out"]).success();
    assert_eq!(files(&here.join("out")), ["a_thumb-2.jpg", "a_thumb.jpg"]);
}

#[test]
fn many_processes_on_one_folder_lose_nothing() {
    const PROCESSES: u32 = 4;
    const EACH: u32 = 25;
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    // All pictures have the same name, in their own folders: the processes compete for every name.
    let names: Vec<Vec<String>> = (0..PROCESSES)
        .map(|process| {
            let name = |number| format!("in/{process}-{number}/a.jpg");
            (0..EACH).map(name).collect()
        })
        .collect();
    names
        .iter()
        .flatten()
        .zip(0..)
        .for_each(|(name, seed)| picture(&here.join(name), seed));
    let run = || {
        let children: Vec<_> = names
            .iter()
            .map(|names| {
                Command::new(program())
                    .current_dir(here)
                    .args(names)
                    .args(["-o", "out", "-j2", "--quiet"])
                    .stdin(Stdio::null())
                    .spawn()
                    .unwrap()
            })
            .collect();
        for mut child in children {
            assert!(child.wait().unwrap().success());
        }
    };
    run();
    let there = files(&here.join("out"));
    assert_eq!(there.len() as u32, PROCESSES * EACH);
    for names in &names {
        let words: Vec<&str> = names
            .iter()
            .map(String::as_str)
            .chain(["-o", "out"])
            .collect();
        thumbnails(here, &words)
            .success()
            .stderr(contains(format!("0 made, {EACH} unchanged")));
    }
    // Each thumbnail belongs to its own picture.
    let sizes: std::collections::BTreeSet<_> = { there.iter() }
        .map(|name| image::image_dimensions(here.join("out").join(name)).unwrap())
        .collect();
    assert_eq!(sizes.len() as u32, PROCESSES * EACH);
}

#[cfg(unix)]
#[test]
fn pipes_in_the_way_long_names_and_control_characters_are_no_trouble() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let long = "é".repeat(125) + ".jpg";
    picture(&here.join("in").join(&long), 0);
    picture(&here.join("in/a\x1b[2J\n.jpg"), 1);
    picture(&here.join("in/p.jpg"), 2);
    fs::create_dir(here.join("out")).unwrap();
    let pipe = Command::new("mkfifo")
        .arg(here.join("out/p_thumb.jpg"))
        .status();
    assert!(pipe.unwrap().success());
    let output = thumbnails(here, &["in", "-o", "out"])
        .success()
        .get_output()
        .clone();
    let told = String::from_utf8(output.stdout).unwrap();
    assert_eq!(told.lines().count(), 3, "{told}");
    assert!(
        !told.contains('\x1b') && told.contains("a\\u{1b}[2J\\n.jpg"),
        "{told}"
    );
    assert!(told.contains("out/p_thumb-2.jpg"), "{told}");
    thumbnails(here, &["in", "-o", "out"])
        .success()
        .stderr(contains("3 unchanged"));
    // The manifest itself is a pipe.
    fs::create_dir(here.join("piped")).unwrap();
    let pipe = Command::new("mkfifo")
        .arg(here.join("piped/.thumbnails.jsonl"))
        .status();
    assert!(pipe.unwrap().success());
    thumbnails(here, &["in", "-o", "piped"])
        .code(1)
        .stderr(contains(".thumbnails.jsonl: is not a file"));
}

#[test]
fn what_is_no_picture_is_counted_with_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    fs::create_dir(here.join("in")).unwrap();
    fs::write(here.join("in/notes.txt"), "no picture").unwrap();
    fs::write(here.join("in/empty.jpg"), "").unwrap();
    thumbnails(here, &["in", "-o", "out"])
        .success()
        .stderr(contains(
            "no picture was found: skipped 1 of no known picture format, 1 empty",
        ));
}

#[test]
fn the_sheet_is_of_what_is_there_and_its_folder_is_looked_for_first() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    picture(&here.join("in/a.jpg"), 0);
    picture(&here.join("in/b.jpg"), 1);
    thumbnails(here, &["in", "-o", "out", "--sheet", "nowhere/index.html"])
        .code(1)
        .stderr(contains("nowhere/index.html"));
    assert!(!here.join("out").exists());
    thumbnails(here, &["in", "-o", "out"]).success();
    fs::remove_file(here.join("in/b.jpg")).unwrap();
    fs::remove_file(here.join("out/b_thumb.jpg")).unwrap();
    let words = ["in", "-o", "out", "--sheet", "index.html", "--delete-stale"];
    let assert = thumbnails(here, &words).success();
    assert!(!String::from_utf8_lossy(&assert.get_output().stdout).contains("deleted"));
    let page = fs::read_to_string(here.join("index.html")).unwrap();
    assert_eq!(page.matches("<figure>").count(), 1);
}

#[test]
fn a_damaged_picture_is_made_and_told_of_at_every_run() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let jpeg = support::jpeg(&support::waves(300, 200), 80);
    fs::create_dir(here.join("in")).unwrap();
    fs::write(here.join("in/cut.jpg"), &jpeg[..jpeg.len() * 2 / 3]).unwrap();
    let told = "damaged: in/cut.jpg: cut short";
    let run = |words: &[&str]| thumbnails(here, &[&["in", "-o", "out"], words].concat()).code(1);
    run(&["--strict"]).stderr(contains("1 failed"));
    assert!(files(&here.join("out")).is_empty());
    let json = run(&["--json"])
        .stderr(contains(told))
        .get_output()
        .stdout
        .clone();
    let lines = String::from_utf8(json).unwrap();
    let lines: Vec<serde_json::Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines[0]["damage"], "cut short");
    assert_eq!(lines[1]["summary"]["damaged"], 1);
    run(&[]).stderr(contains(told).and(contains("0 made, 1 unchanged, 1 of them damaged")));
    run(&["--strict"]).stderr(contains("1 failed"));
}

/// Runs with sixty pictures on a disk mounted with these options. Only root can mount; for other
/// users the result is `None`.
#[cfg(target_os = "linux")]
fn on_disk(options: &str, words: &[&str]) -> Option<(Option<i32>, String)> {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    for number in 0..60 {
        picture(&here.join(format!("in/{number}.jpg")), number);
    }
    let disk = here.join("disk");
    fs::create_dir(&disk).unwrap();
    let mount = Command::new("mount")
        .args(["-t", "tmpfs", "-o", options, "tmpfs"])
        .arg(&disk)
        .stderr(Stdio::null())
        .status();
    if !mount.is_ok_and(|it| it.success()) {
        assert!(std::env::var_os("CI").is_none(), "no disk can be mounted");
        eprintln!("skipped: no disk can be mounted");
        return None;
    }
    let output = Command::new(program())
        .current_dir(here)
        .args(["in", "-o", "disk"])
        .args(words)
        .output();
    let unmounted = Command::new("umount").arg(&disk).status();
    assert!(unmounted.unwrap().success());
    let output = output.unwrap();
    Some((
        output.status.code(),
        String::from_utf8(output.stderr).unwrap(),
    ))
}

#[cfg(target_os = "linux")]
#[test]
fn a_disk_that_is_full_or_cannot_be_written_is_told_of_once() {
    for (options, words, said) in [
        ("size=64k", &["-f", "png", "-j4"][..], "No space left"),
        ("ro", &["-j4"], "Read-only file system"),
    ] {
        let Some((code, told)) = on_disk(options, words) else {
            return;
        };
        assert_eq!(code, Some(1), "{told}");
        assert_eq!(told.matches(said).count(), 1, "{told}");
        assert!(told.contains("nothing more can be written"), "{told}");
    }
}
