//! Lists of pictures on standard input, and folders that lie in other folders.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::fs;
use std::path::Path;

use assert_cmd::assert::Assert;
use predicates::boolean::PredicateBooleanExt;
use predicates::str::contains;
use support::folders::files;

/// Runs the command with a list.
fn listed(folder: &Path, list: &str, words: &[&str]) -> Assert {
    assert_cmd::Command::new(assert_cmd::cargo::cargo_bin!("thumbnails"))
        .current_dir(folder)
        .args(words)
        .write_stdin(list)
        .assert()
}

fn picture(path: &Path, seed: u32) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, support::jpeg(&support::waves(60 + seed, 40), 80)).unwrap();
}

#[test]
fn a_list_keeps_its_folders() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    for name in ["one/a.jpg", "two/a.jpg", "two/deep/a.jpg"] {
        picture(&here.join(name), 0);
    }
    let absolute = here.join("two/deep/a.jpg").display().to_string();
    let list = format!("./one/a.jpg\none/../two/a.jpg\n{absolute}\n");
    listed(here, &list, &["-", "-o", "out"]).success();
    let deep = format!("{}_thumb.jpg", &absolute[1..absolute.len() - 4]);
    let mut expected = vec![
        "one/a_thumb.jpg".to_owned(),
        "two/a_thumb.jpg".to_owned(),
        deep,
    ];
    expected.sort();
    assert_eq!(files(&here.join("out")), expected);
}

/// The commands of `TOOL.md`, one after the other: `find . -name '*.jpg'` also lists the thumbnails
/// of the first run.
#[test]
fn the_thumbnails_of_another_run_get_none_when_they_are_listed() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    picture(&here.join("in/a.jpg"), 0);
    picture(&here.join("in/deep/b.jpg"), 1);
    listed(here, "", &["in", "-o", "one"]).success();
    let thumbnails = ["one/a_thumb.jpg", "one/deep/b_thumb.jpg"];
    let list = format!("./in/a.jpg\n./in/deep/b.jpg\n{}\n", thumbnails.join("\n"));
    listed(here, &list, &["-", "-o", "two"])
        .success()
        .stderr(contains("2 made, 2 skipped"));
    assert_eq!(
        files(&here.join("two")),
        ["in/a_thumb.jpg", "in/deep/b_thumb.jpg"]
    );
    // Also as arguments, by another path, and in a folder of the first run's folder.
    let link = "one/deep/../deep/b_thumb.jpg";
    listed(here, "", &[thumbnails[0], link, "one/deep", "-o", "three"])
        .success()
        .stderr(contains("0 made, 3 skipped").and(contains("skipped 3 thumbnails")));
    // A picture of the user in that folder has one.
    picture(&here.join("one/deep/own.jpg"), 2);
    listed(here, "", &["one/deep", "-o", "three"])
        .success()
        .stderr(contains("1 made, 1 skipped"));
}

/// As from `find in`, which lists folders too.
#[test]
fn a_picture_that_is_given_twice_has_one_thumbnail() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    picture(&here.join("in/a.jpg"), 0);
    picture(&here.join("in/deep/b.jpg"), 1);
    fs::write(here.join("in/broken.jpg"), b"\xff\xd8\xff").unwrap();
    let list = "in\nin/a.jpg\nin/broken.jpg\nin/deep\nin/deep/b.jpg\n";
    let run = |words: &[&str]| listed(here, list, &[&["-", "-o", "out"], words].concat());
    run(&["-n"]).success().stderr(contains("3 made, 4 skipped"));
    let expected = ["in/a_thumb.jpg", "in/deep/b_thumb.jpg"];
    for told in [
        "2 made, 1 failed, 4 skipped",
        "0 made, 2 unchanged, 1 failed, 4 skipped",
    ] {
        run(&[]).code(1).stderr(contains(told));
        assert_eq!(files(&here.join("out")), expected);
    }
    run(&["--force"])
        .code(1)
        .stderr(contains("2 made, 1 failed"));
    assert_eq!(files(&here.join("out")), expected);
}

#[cfg(unix)]
#[test]
fn a_deep_tree_needs_no_descriptor_for_each_folder() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let mut deep = here.join("in");
    for level in 0..40 {
        deep.push(level.to_string());
        fs::create_dir_all(&deep).unwrap();
        // After the folder in it, so the list of the folder's entries is still needed.
        fs::write(deep.join("z"), "no picture").unwrap();
    }
    picture(&deep.join("a.jpg"), 0);
    let program = assert_cmd::cargo::cargo_bin!("thumbnails");
    let script = format!("ulimit -n 20; exec '{}' in -o out", program.display());
    assert_cmd::Command::new("sh")
        .current_dir(here)
        .args(["-c", &script])
        .assert()
        .success()
        .stderr(contains("1 made"));
}
