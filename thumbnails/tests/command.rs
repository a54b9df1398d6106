//! Tests of the command: its use, and faults that it survives.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::fs;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::process::Command;

use assert_cmd::assert::Assert;
use predicates::boolean::PredicateBooleanExt;
use predicates::str::{contains, is_empty};
use support::folders::{files, folder};

fn program() -> PathBuf {
    assert_cmd::cargo::cargo_bin!("thumbnails").to_owned()
}

fn thumbnails(folder: &Path, words: &[&str]) -> Assert {
    assert_cmd::Command::new(program())
        .current_dir(folder)
        .env("XDG_CACHE_HOME", folder.join("cache"))
        .args(words)
        .assert()
}

#[test]
fn a_rerun_makes_only_what_changed() {
    let folder = folder(false);
    let here = folder.path();
    let run = |words: &[&str]| thumbnails(here, &[&["in", "-o", "out"], words].concat());
    run(&["--dry-run"]).success().stdout(contains("would make"));
    assert!(!here.join("out").exists());
    run(&[]).success().stderr(contains("2 made"));
    assert_eq!(
        files(&here.join("out")),
        ["a_thumb.jpg", "deep/a_thumb.jpg"]
    );
    run(&[]).success().stderr(contains("0 made, 2 unchanged"));
    run(&["-s", "100"]).success().stderr(contains("2 made"));
    run(&["-s", "100", "--force"])
        .success()
        .stderr(contains("2 made"));
    let jpeg = support::jpeg(&support::waves(200, 300), 80);
    fs::write(here.join("in/a.jpg"), jpeg).unwrap();
    run(&["-s", "100"])
        .success()
        .stderr(contains("1 made, 1 unchanged"));
    fs::remove_file(here.join("out/a_thumb.jpg")).unwrap();
    run(&["-s", "100"])
        .success()
        .stderr(contains("1 made, 1 unchanged"));
    // An incomplete line of a killed run costs only this line.
    let manifest = here.join("out/.thumbnails.jsonl");
    let text = fs::read_to_string(&manifest).unwrap();
    fs::write(&manifest, &text[..text.len() - 20]).unwrap();
    run(&["-s", "100"])
        .success()
        .stderr(contains("1 made, 1 unchanged"));
}

#[test]
fn stale_thumbnails_are_deleted_and_nothing_else() {
    let folder = folder(false);
    let here = folder.path();
    thumbnails(here, &["in", "-o", "out"]).success();
    fs::write(here.join("out/mine_thumb.jpg"), "mine").unwrap();
    fs::remove_file(here.join("in/a.jpg")).unwrap();
    let stale = ["in", "-o", "out", "--delete-stale"];
    thumbnails(here, &[&stale[..], &["-n"]].concat())
        .success()
        .stdout(contains("would delete out/a_thumb.jpg"));
    assert!(here.join("out/a_thumb.jpg").exists());
    thumbnails(here, &stale)
        .success()
        .stdout(contains("deleted"));
    assert_eq!(
        files(&here.join("out")),
        ["deep/a_thumb.jpg", "mine_thumb.jpg"]
    );
}

#[test]
fn a_bad_picture_is_told_of_and_the_rest_is_done_in_every_model() {
    for model in ["serial", "threads", "processes", "rayon", "async"] {
        let folder = folder(true);
        thumbnails(folder.path(), &["in", "-o", "out", "--model", model])
            .code(1)
            .stderr(
                contains("in/broken.jpg: a broken JPEG: cut short")
                    .and(contains("2 made, 1 failed")),
            );
        assert_eq!(files(&folder.path().join("out")).len(), 2, "{model}");
    }
    let folder = folder(true);
    thumbnails(folder.path(), &["in", "-o", "out", "--isolate"])
        .code(1)
        .stderr(contains("2 made, 1 failed"));
}

#[test]
fn names_never_collide_nor_leave_the_folder() {
    let folder = folder(false);
    let here = folder.path();
    fs::copy(here.join("in/a.jpg"), here.join("in/A.png")).unwrap();
    fs::copy(here.join("in/a.jpg"), here.join("outside.jpg")).unwrap();
    fs::create_dir(here.join("sub")).unwrap();
    let list = "in/a.jpg\n../outside.jpg\n../in/A.png\n";
    assert_cmd::Command::new(program())
        .current_dir(here.join("sub"))
        .args(["../in", "-", "-o", "out"])
        .write_stdin(list.replace("in/a.jpg\n../o", "../in/a.jpg\n../o"))
        .assert()
        .success();
    assert_eq!(
        files(&here.join("sub")),
        [
            "out/A_thumb.jpg",
            "out/a_thumb-2.jpg",
            "out/deep/a_thumb.jpg",
            // A list keeps its folders, except those that lead out.
            "out/in/A_thumb-2.jpg",
            "out/in/a_thumb.jpg",
            "out/outside_thumb.jpg"
        ]
    );
}

#[cfg(unix)]
#[test]
fn loops_pipes_and_names_that_are_no_text_are_no_trouble() {
    use std::os::unix::ffi::OsStrExt;
    let folder = folder(false);
    let here = folder.path();
    std::os::unix::fs::symlink(here.join("in"), here.join("in/loop")).unwrap();
    let name = std::ffi::OsStr::from_bytes(b"\xff\xfe.jpg");
    fs::copy(here.join("in/a.jpg"), here.join("in").join(name)).unwrap();
    let pipe = Command::new("mkfifo").arg(here.join("in/pipe")).status();
    assert!(pipe.unwrap().success());
    for model in ["threads", "processes"] {
        let words = ["in", "-o", "out", "--force", "--model", model];
        thumbnails(here, &words)
            .success()
            .stderr(contains("3 made"));
    }
    let thumbnail = std::ffi::OsStr::from_bytes(b"\xff\xfe_thumb.jpg");
    assert!(here.join("out").join(thumbnail).exists());
    thumbnails(here, &["in", "-o", "out"])
        .success()
        .stderr(contains("3 unchanged"));
}

#[test]
fn usage_errors_are_told_in_a_line() {
    let folder = folder(false);
    for (words, expected) in [
        (&["in"][..], "-o DIR"),
        (&["-o", "out"], "which pictures"),
        (
            &["in", "-o", "out", "-s", "0"],
            "0: expected 256 or 320x200",
        ),
        (&["in", "-o", "out", "-s", "9x"], "9x: expected"),
        (&["in", "-o", "out", "--background", "#12"], "#12: expected"),
        (&["in", "-o", "out", "--template", "x.jpg"], "needs {stem}"),
        (
            &["in", "-o", "out", "--template", "../{stem}"],
            "for a file name",
        ),
        (
            &["in", "-o", "out", "--isolate", "--model", "rayon"],
            "--isolate",
        ),
        (&["in", "--xdg", "-s", "200"], "128, 256, 512 and 1024"),
    ] {
        thumbnails(folder.path(), words)
            .code(2)
            .stderr(contains(expected))
            .stdout(is_empty());
    }
    fs::create_dir(folder.path().join("empty")).unwrap();
    thumbnails(folder.path(), &["empty", "-o", "out"])
        .success()
        .stderr(contains("0 made"));
    thumbnails(folder.path(), &["none", "-o", "out"])
        .code(1)
        .stderr(contains("none: No such file"));
    thumbnails(folder.path(), &["in/notes.txt", "-o", "out"])
        .code(1)
        .stderr(contains(
            "in/notes.txt: not a known picture format (it starts with 6e 6f 74 20)",
        ));
}

#[cfg(unix)]
#[test]
fn the_desktops_cache_is_filled_by_its_standard() {
    use std::os::unix::fs::PermissionsExt;
    let folder = folder(true);
    let here = folder.path().canonicalize().unwrap();
    thumbnails(&here, &["in", "--xdg", "-s", "128"])
        .code(1)
        .stderr(contains("2 made, 1 failed"));
    let uri = format!("file://{}/in/a.jpg", here.display());
    let name = format!("{:x}.png", md5::compute(&uri));
    let path = here.join("cache/thumbnails/normal").join(name);
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));
    let file = BufReader::new(fs::File::open(&path).unwrap());
    let reader = png::Decoder::new(file).read_info().unwrap();
    let info = reader.info();
    assert_eq!(info.size(), (128, 96));
    let text = |keyword| {
        let chunks = &info.uncompressed_latin1_text;
        chunks
            .iter()
            .find(|chunk| chunk.keyword == keyword)
            .unwrap()
            .text
            .clone()
    };
    assert_eq!(text("Thumb::URI"), uri);
    let modified = fs::metadata(here.join("in/a.jpg"))
        .unwrap()
        .modified()
        .unwrap();
    let seconds = modified
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap()
        .as_secs();
    assert_eq!(text("Thumb::MTime"), seconds.to_string());
    let fail = here.join(concat!(
        "cache/thumbnails/fail/many-hands-thumbnails-",
        env!("CARGO_PKG_VERSION")
    ));
    assert_eq!(files(&fail).len(), 1);
    thumbnails(&here, &["in", "--xdg", "-s", "128"])
        .code(1)
        .stderr(
            contains("2 unchanged, 1 failed before").and(contains("in/broken.jpg: failed before")),
        );
    // Within the same second it is replaced by a picture of another size.
    let first = fs::metadata(here.join("in/a.jpg"))
        .unwrap()
        .modified()
        .unwrap();
    fs::write(
        here.join("in/a.jpg"),
        support::jpeg(&support::waves(300, 300), 80),
    )
    .unwrap();
    let file = fs::File::options()
        .write(true)
        .open(here.join("in/a.jpg"))
        .unwrap();
    file.set_modified(first).unwrap();
    thumbnails(&here, &["in/deep/../a.jpg", "--xdg", "-s", "128"])
        .success()
        .stderr(contains("1 made"));
    assert_eq!(image::open(&path).unwrap().width(), 128);
    assert_eq!(image::open(&path).unwrap().height(), 128);
}

#[test]
fn the_sheet_shows_every_thumbnail() {
    let folder = folder(false);
    thumbnails(folder.path(), &["in", "-o", "out", "--sheet", "index.html"]).success();
    let page = fs::read_to_string(folder.path().join("index.html")).unwrap();
    assert_eq!(page.matches("<figure>").count(), 2);
    assert!(page.contains("src=\"./out/deep/a_thumb.jpg\""), "{page}");
    assert!(page.contains("href=\"./in/deep/a.gif\""), "{page}");
}

#[cfg(target_os = "linux")]
#[test]
fn bombs_are_refused_before_they_take_memory() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let peak = |name: &str, pictures: Vec<Vec<u8>>| {
        let pictures_folder = here.join(name);
        fs::create_dir(&pictures_folder).unwrap();
        for (number, bytes) in pictures.iter().enumerate() {
            fs::write(pictures_folder.join(format!("{number}")), bytes).unwrap();
        }
        let output = assert_cmd::Command::new(program())
            .current_dir(here)
            .args([name, "-o", "out", "-j1", "--json"])
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let last: serde_json::Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
        let summary = &last["summary"];
        (
            summary["failed"].as_u64().unwrap(),
            summary["peak_memory_bytes"].as_u64().unwrap(),
        )
    };
    let (none, usual) = peak("small", vec![support::jpeg(&support::waves(16, 16), 80)]);
    assert_eq!(none, 0);
    let bombs: Vec<_> = support::bombs().into_iter().map(|(_, bomb)| bomb).collect();
    let count = bombs.len() as u64;
    let (failed, most) = peak("bombs", bombs);
    assert_eq!(failed, count);
    // Decoding any of them would need hundreds of megabytes.
    assert!(most < usual + (8 << 20), "{most} bytes beside {usual}");
}

#[test]
fn a_thousand_mutated_pictures_cost_no_more_than_themselves() {
    let folder = folder(false);
    let whole = support::whole();
    // Knuth's MMIX generator: the same damage on every machine.
    let mut state = 1_u64;
    let mut random = |below: usize| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    for number in 0..1000 {
        let mut file = whole[number % whole.len()].clone();
        for _ in 0..=random(8) {
            // The first bytes stay, because otherwise it would not be recognized as a picture.
            let place = 12 + random(file.len() - 12);
            file[place] = random(256) as u8;
        }
        if random(4) == 0 {
            file.truncate(12 + random(file.len() - 12));
        }
        fs::write(folder.path().join(format!("in/{number:04}")), file).unwrap();
    }
    let words = ["in", "-o", "out", "--json", "--max-pixels", "4e6"];
    let output = thumbnails(folder.path(), &words)
        .code(1)
        .get_output()
        .clone();
    let told = String::from_utf8(output.stdout).unwrap();
    let told: Vec<serde_json::Value> = { told.lines() }
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let summary = &told.last().unwrap()["summary"];
    let count = |what: &str| summary[what].as_u64().unwrap();
    assert_eq!(count("made") + count("failed"), 1002);
    assert!(count("failed") > 100 && count("made") > 2 && count("damaged") > 100);
    let panicked = String::from_utf8(output.stderr).unwrap();
    assert!(!panicked.contains("panicked"), "{panicked}");
    for name in ["a_thumb.jpg", "deep/a_thumb.jpg"] {
        assert!(folder.path().join("out").join(name).exists());
    }
}
