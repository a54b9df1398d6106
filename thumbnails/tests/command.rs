//! The command as people use it, and what it survives.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use assert_cmd::assert::Assert;
use predicates::boolean::PredicateBooleanExt;
use predicates::str::{contains, is_empty};

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

/// A folder `in` with two pictures, one deeper, a text, and a broken picture if wanted.
fn folder(broken: bool) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let pictures = folder.path().join("in");
    fs::create_dir_all(pictures.join("deep")).unwrap();
    let jpeg = support::jpeg(&support::waves(400, 300), 80);
    fs::write(pictures.join("a.jpg"), &jpeg).unwrap();
    let png = support::encoded(&support::corners(64, 32), image::ImageFormat::Png);
    // Its name lies.
    fs::write(pictures.join("deep/a.gif"), png).unwrap();
    fs::write(pictures.join("notes.txt"), "not a picture").unwrap();
    if broken {
        fs::write(pictures.join("broken.jpg"), &jpeg[..jpeg.len() / 2]).unwrap();
    }
    folder
}

/// All files below a folder, without the manifest.
fn files(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.file_name().unwrap() != ".thumbnails.jsonl" {
                found.push(path.strip_prefix(folder).unwrap().display().to_string());
            }
        }
    }
    found.sort();
    found
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
    // Half a line, as a killed run leaves it, costs that line.
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
            "out/A_thumb-4.jpg",
            "out/A_thumb.jpg",
            "out/a_thumb-2.jpg",
            "out/a_thumb-3.jpg",
            "out/deep/a_thumb.jpg",
            "out/outside_thumb.jpg"
        ]
        .map(str::to_owned)
        .into_iter()
        .filter(|name| here.join("sub").join(name).exists())
        .collect::<Vec<_>>()
    );
    assert_eq!(files(&here.join("sub")).len(), 6);
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
        (&["in", "-o", "in"], "among the pictures"),
        (
            &["in", "-o", "out", "-s", "0"],
            "0: expected 256 or 320x200",
        ),
        (&["in", "-o", "out", "-s", "9x"], "9x: expected"),
        (&["in", "-o", "out", "--background", "#12"], "#12: expected"),
        (&["in", "-o", "out", "--template", "x.jpg"], "needs {stem}"),
        (
            &["in", "-o", "out", "--template", "../{stem}"],
            "for a file's name",
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
            "in/notes.txt: not a picture known here (it starts with 6e 6f 74 20)",
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
        .success()
        .stderr(contains("2 unchanged, 1 failed before"));
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

/// Starts a run over an endless supply of work and waits until it has made something.
#[cfg(unix)]
fn started(
    here: &Path,
    model: &str,
) -> (std::process::Child, BufReader<std::process::ChildStdout>) {
    let jpeg = support::jpeg(&support::waves(1500, 1500), 90);
    for number in 0..300 {
        fs::write(here.join(format!("in/{number:03}.jpg")), &jpeg).unwrap();
    }
    let mut child = Command::new(program())
        .current_dir(here)
        .args(["in", "-o", "out", "-j2", "--model", model])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    lines.read_line(&mut String::new()).unwrap();
    (child, lines)
}

#[cfg(unix)]
#[test]
fn what_is_stopped_leaves_whole_thumbnails_only_and_is_taken_up_again() {
    for (model, signal) in [
        ("threads", "-INT"),
        ("threads", "-KILL"),
        ("processes", "-INT"),
        ("processes", "-KILL"),
        ("async", "-INT"),
    ] {
        let folder = folder(false);
        let here = folder.path();
        let (mut child, lines) = started(here, model);
        let kill = Command::new("kill")
            .args([signal, &child.id().to_string()])
            .status();
        assert!(kill.unwrap().success());
        let rest: Vec<_> = lines.lines().collect();
        let status = child.wait().unwrap();
        if signal == "-INT" {
            assert_eq!(status.code(), Some(130), "{model}");
        }
        assert!(
            rest.len() < 301,
            "{model} {signal}: it should have been stopped"
        );
        for name in files(&here.join("out"))
            .iter()
            .filter(|it| !it.ends_with(".tmp"))
        {
            let bytes = fs::read(here.join("out").join(name)).unwrap();
            assert!(
                image::load_from_memory(&bytes).is_ok(),
                "{model} {signal}: {name}"
            );
        }
        thumbnails(here, &["in", "-o", "out", "-j2"]).success();
        let whole = files(&here.join("out"));
        assert_eq!(whole.iter().filter(|it| !it.ends_with(".tmp")).count(), 302);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_worker_that_is_killed_costs_nothing_for_its_picture_is_tried_again() {
    let folder = folder(false);
    let (child, lines) = started(folder.path(), "processes");
    let own = |pid: &str| {
        fs::read_to_string(format!("/proc/{pid}/status"))
            .is_ok_and(|text| text.contains(&format!("PPid:\t{}\n", child.id())))
    };
    let worker = fs::read_dir("/proc")
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .find(|name| name.bytes().all(|it| it.is_ascii_digit()) && own(name))
        .unwrap();
    assert!(
        Command::new("kill")
            .args(["-KILL", &worker])
            .status()
            .unwrap()
            .success()
    );
    drop(lines.lines().collect::<Vec<_>>());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(files(&folder.path().join("out")).len(), 302);
}
