//! The command, from outside.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[allow(dead_code, reason = "each test file uses a part of it")]
mod run;

use async_fetch::Checksum;
use demo_site::Site;
use run::*;
use serde_json::Value;
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

#[test]
fn the_models_agree() {
    use async_fetch::models::{Failure, async_capped, async_tasks, serial, threads};
    use std::sync::Mutex;
    type Model<'a> = &'a dyn Fn(&[String]) -> Result<(), Failure>;
    let site = site();
    let urls: Vec<String> = site.pages().collect();
    let pages = Mutex::new(Vec::new());
    let done = |number: usize, body: Vec<u8>| -> Result<(), Failure> {
        pages.lock().unwrap().push((number, body));
        Ok(())
    };
    let models: [Model<'_>; 4] = [
        &|urls| serial::run(urls, 1, done),
        &|urls| threads::run(urls, 4, done),
        &|urls| async_tasks::run(urls, 4, done),
        &|urls| async_capped::run(urls, 4, done),
    ];
    for (model, most) in models.iter().zip([1, 4, 20, 4]) {
        site.reset();
        model(&urls).unwrap();
        let mut pages = std::mem::take(&mut *pages.lock().unwrap());
        pages.sort();
        let expected: Vec<_> = (0..20)
            .map(|page| (page, site.html_of(page).into_bytes()))
            .collect();
        assert_eq!(pages, expected);
        assert!(site.counts().most_at_once <= most);
    }
    for model in models {
        assert!(model(&[site.url("/"), site.url("/status/404")]).is_err());
    }
}

#[test]
fn each_url_has_a_line_and_failures_are_named() {
    let site = site();
    let (good, bad) = (site.url("/page/3"), site.url("/status/404"));
    let output = run(&[&good, &bad, "nonsense"]);
    assert_eq!(output.status.code(), Some(1));
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(out.lines().count(), 3, "{out}");
    let words: Vec<&str> = out
        .lines()
        .find(|line| line.ends_with("/page/3"))
        .unwrap()
        .split(' ')
        .collect();
    assert_eq!((words[0], words.last()), ("200", Some(&good.as_str())));
    assert!(
        err.contains(&format!("failed: {bad}: 404 Not Found")),
        "{err}"
    );
    assert!(err.contains("failed: nonsense: not a URL"), "{err}");
    assert!(err.contains("1 fetched, 2 failed"), "{err}");
}

#[test]
fn json_has_a_line_for_each_url_and_nothing_else() {
    let site = site();
    let list: String = site.pages().map(|url| url + "\n").collect();
    let output = piped(&["-", "--json"], format!("# pages\n\n{list}").as_bytes());
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let lines = lines(&output);
    assert_eq!(lines.len(), 20);
    for line in &lines {
        assert_eq!(line["status"], 200);
        assert_eq!(line["bytes"], 4096);
        assert_eq!(line["attempts"], 1);
        assert!(line["seconds"].as_f64().unwrap() > 0.0);
        assert!(line["error"].is_null());
    }
    let output = run(&["--json", &site.raw_url("/cut/length"), "--retries", "0"]);
    assert_eq!(output.status.code(), Some(1));
    let line = &self::lines(&output)[0];
    assert_eq!(
        (&line["status"], &line["kind"]),
        (&Value::Null, &"cut".into())
    );
    assert!(
        line["error"]
            .as_str()
            .unwrap()
            .contains("500 bytes of 1000")
    );
    let output = run(&["--json", "--summary", &site.url("/")]);
    assert_eq!(self::lines(&output)[0]["fetched"], 1);
}

#[test]
fn standard_input_is_read_if_it_is_asked_for_and_else_a_word_is_said() {
    let site = site();
    let list = site.url("/");
    for args in [&["-"][..], &["-i", "-"]] {
        let output = piped(args, list.as_bytes());
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        assert!(text(&output.stdout).starts_with("200"));
    }
    let output = piped(&["--summary"], list.as_bytes());
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("- for standard input"));

    // With any flag that is for fetching it would not be the demonstration.
    let mut child = Command::new(assert_cmd::cargo::cargo_bin!("async-fetch"))
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stderr.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(line.contains("standard input is not read"), "{line}");
    assert_eq!(site.counts().requests, 2);
}

#[test]
fn wrong_usage_is_told_in_a_line() {
    let sum = Checksum::of("").to_string();
    for (args, expected) in [
        (
            vec!["--checksum", "md5:1", "http://a.example/"],
            "md5:1: not a checksum",
        ),
        (
            vec!["--checksum", sum.as_str(), "http://a/", "http://b/"],
            "is for one URL",
        ),
        (vec!["-o", "out"], "no URL"),
        (
            vec!["-H", "nonsense", "http://a/"],
            "nonsense: not a header",
        ),
        (
            vec!["--per-host", "0", "http://a/"],
            "0: at least 1 is needed",
        ),
        (vec!["--rate", "-1", "http://a/"], "-1"),
        (vec!["--timeout", "soon", "http://a/"], "soon"),
    ] {
        let output = run(&args);
        let error = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{args:?}: {error}");
        assert!(error.contains(expected), "{args:?}: {error}");
    }
    let output = run(&["-i", "no/such/file"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("no/such/file"));
}

#[test]
fn too_few_descriptors_are_told_with_what_to_do() {
    let program = assert_cmd::cargo::cargo_bin!("async-fetch");
    let output = Command::new("sh")
        .args([
            "-c",
            "ulimit -n 100; exec \"$0\" -j 500 http://127.0.0.1:1/",
        ])
        .arg(program)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let error = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{error}");
    assert!(
        error.contains("allows 100") && error.contains("--jobs 36"),
        "{error}"
    );
}

#[test]
fn per_host_limits_hold_and_can_be_raised() {
    let site = Site::builder()
        .pages(40)
        .latency(demo_site::Latency::Fixed(Duration::from_millis(30)))
        .start()
        .unwrap();
    let list: String = site.pages().map(|url| url + "\n").collect();
    for (args, most) in [
        (vec!["-"], 6),
        (vec!["-", "--per-host", "20"], 20),
        (vec!["-", "--per-host", "20", "-j", "3"], 3),
    ] {
        site.reset();
        assert!(piped(&args, list.as_bytes()).status.success());
        assert_eq!(site.counts().most_at_once, most, "{args:?}");
    }
}

#[test]
fn headers_and_the_method_are_sent() {
    let site = site();
    assert!(
        run(&["-H", "X-Mine: yes", "--head", &site.url("/")])
            .status
            .success()
    );
    let seen = &site.counts().log[0];
    assert_eq!(
        (seen.method.as_str(), seen.header("x-mine")),
        ("HEAD", Some("yes"))
    );
    assert!(run(&["--http2", &site.url("/")]).status.success());
    let proxied = Command::new(assert_cmd::cargo::cargo_bin!("async-fetch"))
        .args(["--proxy", &site.url(""), "http://a.example/landing"])
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(proxied.status.success(), "{}", text(&proxied.stdout));
    assert_eq!(site.counts().hosts["a.example"].requests, 1);
}

#[test]
fn a_big_file_is_fetched_in_several_ranges_on_request() {
    let site = site();
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().to_str().unwrap();
    let url = site.url("/bytes/100000");
    for (flags, several) in [
        (&[][..], false),
        (&["--segments=4", "--segment-size=1KiB"], true),
    ] {
        site.reset();
        let words = [&["--overwrite", "-o", out, &url], flags].concat();
        assert!(run(&words).status.success());
        let asked = site.counts().of("/bytes/100000");
        assert_eq!(asked > 1, several, "{asked} requests");
    }
}

#[test]
fn fail_fast_stops_at_the_first_failure() {
    let site = site();
    let mut urls = vec![site.url("/status/404")];
    urls.extend(std::iter::repeat_n(site.url("/never"), 50));
    let output = piped(&["-", "--fail-fast", "-j", "4"], urls.join("\n").as_bytes());
    assert_eq!(output.status.code(), Some(1));
    assert!(site.counts().requests <= 6);
}

#[test]
fn a_run_that_is_stopped_tells_what_was_done_and_what_was_not() {
    use rustix::process::Signal;
    for (how, flags) in [
        (Signal::INT, &["--summary", "--json"][..]),
        (Signal::TERM, &["--summary"]),
        (Signal::INT, &[]),
        (Signal::TERM, &["--json"]),
    ] {
        let site = site();
        let (first, never) = (site.url("/page/1"), site.url("/never"));
        // One at a time: if the second is asked for, the first has its result.
        let mut child = command()
            .args(flags)
            .args(["--per-host", "1", &first, &never, &site.url("/page/2")])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        until(|| {
            assert!(child.try_wait().unwrap().is_none(), "it ended early");
            site.counts().of("/never") > 0
        });
        signal(&child, how);
        let output = child.wait_with_output().unwrap();
        let (out, err) = (text(&output.stdout), text(&output.stderr));
        assert_eq!(output.status.code(), Some(130), "{out}{err}");
        if flags.len() == 2 {
            let summary = &lines(&output)[0];
            assert_eq!(
                (&summary["fetched"], &summary["failed"], &summary["urls"]),
                (&1.into(), &0.into(), &1.into())
            );
            let stopped = (&summary["stopped"], &summary["unfinished"]);
            assert_eq!(stopped, (&true.into(), &2.into()), "{summary}");
            assert_eq!((out.lines().count(), err.as_str()), (1, ""));
            continue;
        }
        // The summary is where it always is; the line of the first URL is on standard output.
        let to_stdout = flags == ["--summary"];
        let (summary, other) = if to_stdout { (out, err) } else { (err, out) };
        assert!(summary.starts_with("1 fetched, 0 failed"), "{summary}");
        let stopped = "\nstopped before the end: 2 URLs that had been read were not fetched";
        assert!(summary.contains(stopped), "{summary}");
        assert_eq!(other.lines().count(), usize::from(!to_stdout), "{other}");
    }
    // A run that ends by itself says nothing of it.
    let site = site();
    let output = run(&["--summary", "--json", &site.url("/page/1")]);
    assert_eq!(lines(&output)[0]["stopped"], false);
}

#[test]
fn a_reader_that_leaves_ends_it_quietly() {
    let site = site();
    let url = site.url("/page/1");
    let mut child = command()
        .args(["-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let writer = thread::spawn(move || {
        let mut urls = (0..).map(|number| format!("{url}?{number}\n"));
        urls.all(|url| stdin.write_all(url.as_bytes()).is_ok())
    });
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    assert!(line.starts_with("200"));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    assert_eq!(
        (output.status.code(), text(&output.stderr)),
        (Some(0), String::new())
    );
}
