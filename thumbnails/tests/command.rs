//! The command as people use it, and what it survives.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use assert_cmd::assert::Assert;
use common::cli::interrupt::with_usual_signals;
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
        fs::write(pictures.join("broken.jpg"), &jpeg[..200]).unwrap();
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
            "out/A_thumb.jpg",
            "out/a_thumb-2.jpg",
            "out/deep/a_thumb.jpg",
            // A list keeps its folders, but for those that lead out.
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
        .code(1)
        .stderr(
            contains("2 unchanged, 1 failed before").and(contains("in/broken.jpg: failed before")),
        );
    // Within the second it is replaced by another of another size.
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

/// So many pictures are in the list of a run that is stopped: more than its workers begin at once.
#[cfg(unix)]
const LISTED: usize = 40;

#[cfg(unix)]
fn listed() -> String {
    let name = |number| format!("in/{number:03}.jpg\n");
    (0..LISTED).map(name).collect()
}

/// A run over a list whose end is not in sight: whoever holds its input decides when it may end.
#[cfg(unix)]
struct Run {
    child: std::process::Child,
    input: std::process::ChildStdin,
    lines: BufReader<std::process::ChildStdout>,
}

#[cfg(unix)]
impl Run {
    /// Starts it, and waits until it has made something.
    fn started(here: &Path, words: &[&str]) -> Run {
        let jpeg = support::jpeg(&support::waves(700, 500), 90);
        let list = listed();
        for name in list.lines() {
            fs::write(here.join(name), &jpeg).unwrap();
        }
        let mut child = with_usual_signals(&mut Command::new(program()))
            .current_dir(here)
            .args(["-", "-o", "out", "-j2"])
            .args(words)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut input = child.stdin.take().unwrap();
        input.write_all(list.as_bytes()).unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        lines.read_line(&mut String::new()).unwrap();
        Run {
            child,
            input,
            lines,
        }
    }

    fn signal(&self, signal: &str) {
        send(signal, &self.child.id().to_string());
    }

    /// The worker processes.
    #[cfg(target_os = "linux")]
    fn workers(&self) -> Vec<String> {
        let own = format!("PPid:\t{}\n", self.child.id());
        fs::read_dir("/proc")
            .unwrap()
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .filter(|name| name.bytes().all(|it| it.is_ascii_digit()))
            .filter(|pid| {
                fs::read_to_string(format!("/proc/{pid}/status"))
                    .is_ok_and(|text| text.contains(&own))
            })
            .collect()
    }

    /// Ends its input, and waits for its end.
    #[cfg(target_os = "linux")]
    fn end(self) -> std::process::Output {
        drop(self.input);
        drop(self.lines.lines().collect::<Vec<_>>());
        self.child.wait_with_output().unwrap()
    }
}

#[cfg(unix)]
fn send(signal: &str, pid: &str) {
    assert!(
        Command::new("kill")
            .args([signal, pid])
            .status()
            .unwrap()
            .success()
    );
}

#[cfg(unix)]
#[test]
fn what_is_stopped_leaves_whole_thumbnails_only_and_is_taken_up_again() {
    for (model, signal) in [
        ("threads", "-INT"),
        ("threads", "-KILL"),
        ("processes", "-INT"),
        ("processes", "-KILL"),
        ("rayon", "-INT"),
        ("async", "-INT"),
    ] {
        let folder = folder(false);
        let here = folder.path();
        let mut run = Run::started(here, &["--model", model]);
        run.signal(signal);
        // Its input is still open: it can't have come to its end by itself.
        let status = run.child.wait().unwrap();
        drop(run.input);
        if signal == "-INT" {
            assert_eq!(status.code(), Some(130), "{model}");
        }
        let out = here.join("out");
        for name in { files(&out) }.iter().filter(|it| !it.ends_with(".tmp")) {
            let bytes = fs::read(out.join(name)).unwrap();
            let whole = image::load_from_memory(&bytes);
            assert!(whole.is_ok(), "{model} {signal}: {name}");
        }
        assert_cmd::Command::new(program())
            .current_dir(here)
            .args(["-", "-o", "out", "-j2"])
            .write_stdin(listed())
            .assert()
            .success();
        let whole = files(&out);
        let whole = whole.iter().filter(|it| !it.ends_with(".tmp")).count();
        assert_eq!(whole, LISTED);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_worker_that_is_killed_costs_nothing_for_its_picture_is_tried_again() {
    let folder = folder(false);
    let run = Run::started(folder.path(), &["--model", "processes"]);
    send("-KILL", &run.workers()[0]);
    let output = run.end();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(files(&folder.path().join("out")).len(), LISTED);
}

#[cfg(target_os = "linux")]
#[test]
fn isolated_workers_are_held_to_the_memory_that_the_limits_add_up_to() {
    let folder = folder(false);
    let limits = ["--isolate", "--max-memory", "64MiB", "--max-file", "1MiB"];
    let run = Run::started(folder.path(), &limits);
    let workers = run.workers();
    assert!(!workers.is_empty());
    for pid in workers {
        let limits = fs::read_to_string(format!("/proc/{pid}/limits")).unwrap();
        let line = limits
            .lines()
            .find(|it| it.starts_with("Max address space"));
        // Of two workers each has half.
        let bytes = (64 / 2 + 128_u64) << 20;
        assert!(line.unwrap().contains(&format!(" {bytes} ")), "{limits}");
    }
    assert_eq!(run.end().status.code(), Some(0));
}

#[cfg(unix)]
#[test]
fn a_watched_folder_has_its_thumbnails_made_as_pictures_come() {
    let folder = folder(true);
    let here = folder.path();
    let mut child = with_usual_signals(&mut Command::new(program()))
        .current_dir(here)
        .args(["in", "-o", "out", "--watch", "--delete-stale"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    let mut next = || {
        let mut line = String::new();
        lines.read_line(&mut line).unwrap();
        line
    };
    let (first, second) = (next(), next());
    assert!(first.contains("a_thumb.jpg") && second.contains("a_thumb.jpg"));
    // One that comes.
    fs::copy(here.join("in/a.jpg"), here.join("in/new.jpg")).unwrap();
    assert!(next().contains("in/new.jpg -> out/new_thumb.jpg"));
    // One whose thumbnail somebody deletes.
    fs::remove_file(here.join("out/new_thumb.jpg")).unwrap();
    assert!(next().contains("in/new.jpg -> out/new_thumb.jpg"));
    // One that goes.
    fs::remove_file(here.join("in/new.jpg")).unwrap();
    assert_eq!(next(), "deleted out/new_thumb.jpg\n");
    send("-INT", &child.id().to_string());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130));
    // What is broken was told of once, however often it was looked at.
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(told.matches("in/broken.jpg").count(), 1, "{told}");
    assert!(told.contains("4 made, 1 failed, 1 deleted"), "{told}");
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
    // Any of them decoded would take hundreds.
    assert!(most < usual + (8 << 20), "{most} bytes beside {usual}");
}

#[test]
fn a_thousand_mutated_pictures_cost_no_more_than_themselves() {
    let folder = folder(false);
    let whole = support::whole();
    // Knuth's MMIX generator: what is broken is the same on every machine.
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
            // The start is left, or it would not be taken for a picture.
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
