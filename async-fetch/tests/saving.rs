//! Files that are saved, whatever happens to the run.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[allow(dead_code, reason = "each test file uses a part of it")]
mod run;

use async_fetch::{Checksum, FOLDER};
use demo_site::{NAMES, Site, content};
use run::*;
use rustix::process::Signal;
use serde_json::Value;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

#[test]
fn files_stay_in_their_folder_whatever_they_are_called() {
    let site = site();
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let urls: String = NAMES
        .iter()
        .map(|name| site.url(&format!("/attack/{name}")) + "\n")
        .collect();
    let output = piped(&["-", "-o", out.to_str().unwrap()], urls.as_bytes());
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stdout));
    assert_eq!(names(folder.path()), ["out"]);
    // What `%2e%2e` and the like make of a path is for the URL's own rules; each has its file.
    assert_eq!(names(&out).len(), NAMES.len());
    for name in names(&out) {
        assert_eq!(fs::read(out.join(name)).unwrap().last(), Some(&b'\n'));
    }
}

#[test]
fn what_is_there_is_not_fetched_again_unless_it_is_wrong() {
    let site = site();
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().to_str().unwrap();
    let url = site.url("/bytes/5000");
    let sum = Checksum::of(content::part(1, 0..5000)).to_string();
    let requests = || site.counts().requests;
    assert!(run(&[&url, "-o", out, "--checksum", &sum]).status.success());
    assert_eq!(
        (requests(), names(folder.path())),
        (1, vec!["5000".to_owned()])
    );
    let output = run(&[&url, "-o", out]);
    assert!(
        text(&output.stdout).starts_with("had"),
        "{}",
        text(&output.stdout)
    );
    assert_eq!(requests(), 1);
    fs::write(folder.path().join("5000"), "broken").unwrap();
    assert!(run(&[&url, "-o", out, "--checksum", &sum]).status.success());
    assert_eq!(requests(), 2);
    assert!(run(&[&url, "-o", out, "--overwrite"]).status.success());
    assert_eq!(requests(), 3);
    let wrong = Checksum::of("else").to_string();
    let output = run(&[&url, "-o", out, "--overwrite", "--checksum", &wrong]);
    assert_eq!(output.status.code(), Some(1));
    // What was there stays.
    assert_eq!(
        fs::read(folder.path().join("5000")).unwrap(),
        content::part(1, 0..5000)
    );
}

#[test]
fn what_is_there_is_not_taken_for_that_of_another_url() {
    let site = site();
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().to_str().unwrap();
    // Two files of one name, which are told apart by their size.
    let (one, other) = (site.url("/bytes/5000"), site.url("/files/5000"));
    assert!(run(&[&one, "-o", out]).status.success());
    for (status, requests) in [("200", 2), ("had", 2)] {
        let output = run(&[&other, "-o", out]);
        assert!(
            text(&output.stdout).starts_with(status),
            "{}",
            text(&output.stdout)
        );
        assert_eq!(site.counts().requests, requests);
    }
    let names = names(folder.path());
    assert!(
        names.len() == 2 && names[1].starts_with("5000-"),
        "{names:?}"
    );
    assert_eq!(
        fs::read(folder.path().join("5000")).unwrap(),
        content::part(1, 0..5000)
    );
}

#[test]
fn a_disk_that_is_full_costs_what_was_not_written_and_no_more() {
    let site = site();
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().to_str().unwrap();
    let url = site.url("/bytes/2000000");
    // The system writes up to the limit and fails in the middle of a buffer, as on a full disk; the
    // signal that goes with it would kill.
    let output = Command::new("sh")
        .args(["-c", "trap '' XFSZ; ulimit -f 1001; exec \"$0\" \"$@\""])
        .arg(assert_cmd::cargo::cargo_bin!("async-fetch"))
        .args(["--proxy", "none", &url, "-o", out])
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("2000000.part"));
    assert!(names(folder.path()).is_empty());
    let part = fs::read(folder.path().join(FOLDER).join("2000000.part")).unwrap();
    assert!(part.len() >= 256 * 1024, "{}", part.len());
    assert!(part == content::part(1, 0..part.len() as u64));

    let sum = Checksum::of(content::part(1, 0..2_000_000)).to_string();
    let output = run(&[&url, "-o", out, "--checksum", &sum, "--json"]);
    assert_eq!(lines(&output)[0]["resumed_from"], part.len());
    assert!(output.status.success(), "{}", text(&output.stdout));
}

/// Starts to save files that come slowly, and waits until some of each has been written.
fn saving(site: &Site, out: &Path) -> (Child, PathBuf) {
    let url = site.url("/bytes/30000000?name=slow");
    // Enough that the disk has some of it, and far from all.
    let mut child = command()
        .args([&url, "-o", out.to_str().unwrap(), "--json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let folder = out.join(FOLDER);
    let part = || {
        let entries = fs::read_dir(&folder).ok()?;
        entries
            .filter_map(|entry| Some(entry.ok()?.path()))
            .find(|path| {
                path.extension().is_some_and(|it| it == "part")
                    && path.metadata().is_ok_and(|it| it.len() > 0)
            })
    };
    let mut found = None;
    until(|| {
        assert!(child.try_wait().unwrap().is_none(), "it ended early");
        found = part();
        found.is_some()
    });
    (child, found.unwrap())
}

#[test]
fn ctrl_c_leaves_a_part_that_the_next_run_goes_on_with() {
    interrupted_and_finished(Signal::INT, Some(130));
}

#[test]
fn a_killed_run_is_finished_by_the_next() {
    interrupted_and_finished(Signal::KILL, None);
}

fn interrupted_and_finished(how: Signal, code: Option<i32>) {
    let site = site();
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    // Some are whole before, so that a rerun has to leave them alone.
    let small: Vec<String> = (1..6)
        .map(|it| site.url(&format!("/bytes/{it}000")))
        .collect();
    let list = small.join("\n");
    let out_text = out.to_str().unwrap();
    assert!(
        piped(&["-", "-o", out_text], list.as_bytes())
            .status
            .success()
    );
    // A body that stops coming after its beginning: the part is there, and stays incomplete.
    let url = site.raw_url("/cut/again?size=90000&most=60000");
    let sum = Checksum::of(content::part(1, 0..90_000)).to_string();
    let mut child = command()
        .args([
            &url,
            "-o",
            out_text,
            "--retries",
            "3",
            "--backoff",
            "1h",
            "--timeout",
            "10h",
        ])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let part = || {
        let entries = fs::read_dir(out.join(FOLDER)).ok()?;
        let mut paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
        paths.find(|path| path.extension().is_some_and(|it| it == "part"))
    };
    until(|| part().is_some_and(|path| path.metadata().is_ok_and(|it| it.len() == 60_000)));
    signal(&child, how);
    assert_eq!(child.wait().unwrap().code(), code);
    assert_eq!(
        fs::read(part().unwrap()).unwrap(),
        content::part(1, 0..60_000)
    );
    assert_eq!(names(&out).len(), 5, "no half file under a final name");

    let before = site.counts().requests;
    let list = format!("{list}\n{url} {sum}\n");
    let output = piped(&["-", "-o", out_text, "--json"], list.as_bytes());
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stdout));
    assert_eq!(site.counts().requests, before + 1);
    let resumed: Vec<Value> = lines(&output)
        .into_iter()
        .filter(|line| line["resumed_from"] == 60_000)
        .collect();
    assert_eq!(resumed.len(), 1);
    for size in 1..6_u64 {
        let body = fs::read(out.join(format!("{size}000"))).unwrap();
        assert_eq!(body, content::part(1, 0..size * 1000));
    }
    assert_eq!(names(&out).len(), 6);
    assert_eq!(names(&out.join(FOLDER)), ["names"], "no part is left");
}

#[test]
fn ctrl_c_in_the_middle_of_a_body_keeps_what_came() {
    let site = site();
    let folder = tempfile::tempdir().unwrap();
    let (mut child, part) = saving(&site, folder.path());
    signal(&child, Signal::INT);
    let mut rest = String::new();
    child
        .stdout
        .take()
        .unwrap()
        .read_to_string(&mut rest)
        .unwrap();
    let code = child.wait().unwrap().code();
    if rest.is_empty() && part.exists() {
        assert_eq!(code, Some(130));
        let kept = fs::read(&part).unwrap();
        assert_eq!(kept, content::part(1, 0..kept.len() as u64));
    } else {
        // It was faster than the signal, perhaps by so little that nothing was said of it: it is whole.
        let whole = fs::read(folder.path().join(names(folder.path()).pop().unwrap())).unwrap();
        assert_eq!(whole.len(), 30_000_000);
    }
    let args = [
        "-o",
        folder.path().to_str().unwrap(),
        &site.url("/bytes/30000000?name=slow"),
    ];
    assert!(run(&args).status.success());
    let name = names(folder.path()).pop().unwrap();
    assert_eq!(
        Checksum::of(fs::read(folder.path().join(name)).unwrap()),
        Checksum::of(content::part(1, 0..30_000_000))
    );
}
