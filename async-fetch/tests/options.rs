//! Options as users of curl and wget know them, from outside.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[allow(dead_code, reason = "each test file uses a part of it")]
mod raw;

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::SystemTime;

use flate2::Compression;
use flate2::write::GzEncoder;
use raw::{Asked, Server, answer};
use serde_json::Value;

const DATE: &str = "Sun, 06 Nov 1994 08:49:37 GMT";
const LATER: &str = "Mon, 07 Nov 1994 08:49:37 GMT";

fn run(args: &[&str]) -> Output {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("async-fetch"));
    command.stdin(Stdio::null()).args(["--proxy", "none"]);
    command.args(args).output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn time_of(path: &Path) -> SystemTime {
    fs::metadata(path).unwrap().modified().unwrap()
}

fn date(text: &str) -> SystemTime {
    httpdate::parse_http_date(text).unwrap()
}

#[test]
fn a_timeline_has_a_lane_for_each_fetch_in_flight() {
    let site = demo_site::Site::builder().pages(3).start().unwrap();
    let output = run(&["--timeline", &site.url("/page/1"), &site.url("/page/2")]);
    let picture = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{picture}");
    assert!(picture.contains("task fetch 2"), "{picture}");
}

#[test]
fn files_get_the_servers_time_when_asked_as_with_curl() {
    let server = Server::start(|asked| {
        let modified = format!("Last-Modified: {DATE}");
        let wrong = "Last-Modified: last week".to_owned();
        let line = if asked.path == "/wrong" {
            wrong
        } else {
            modified
        };
        answer("200 OK", &[&line], "body")
    });
    let folder = tempfile::tempdir().unwrap();
    let start = SystemTime::now();
    for (flags, path, kept) in [
        (&["-R"][..], "/asked", true),
        (&["--remote-time"], "/long", true),
        (&[], "/not", false),
        (&["-R"], "/wrong", false),
    ] {
        let target = folder.path().join(&path[1..]);
        let url = server.url(path);
        let mut args = flags.to_vec();
        args.extend(["-o", folder.path().to_str().unwrap(), &url]);
        assert!(run(&args).status.success());
        if kept {
            assert_eq!(time_of(&target), date(DATE), "{flags:?}");
        } else {
            // File systems count time in steps.
            assert!(time_of(&target) > date(LATER), "{flags:?} {start:?}");
        }
    }
    // curl has the same of `--remote-time`, and so has one body: -O.
    let one = folder.path().join("one");
    let args = ["-R", "-O", one.to_str().unwrap(), &server.url("/one")];
    assert!(run(&args).status.success());
    assert_eq!(time_of(&one), date(DATE));
}

#[test]
fn only_what_is_newer_is_fetched_again() {
    // A file that changes between the third run and the fourth.
    let server = Server::start(|asked: &Asked| {
        let (now, body) = match asked.before {
            0..=2 => (DATE, "old"),
            _ => (LATER, "new"),
        };
        let since = asked.header("if-modified-since").map(date);
        let line = format!("Last-Modified: {now}");
        match since {
            Some(since) if since >= date(now) => answer("304 Not Modified", &[&line], ""),
            _ => answer("200 OK", &[&line], body),
        }
    });
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("x");
    for (mark, body, time) in [
        ("200", "old", DATE),
        ("had", "old", DATE),
        ("had", "old", DATE),
        ("200", "new", LATER),
        ("had", "new", LATER),
    ] {
        let output = run(&[
            "-N",
            "-o",
            folder.path().to_str().unwrap(),
            &server.url("/x"),
        ]);
        assert!(said(&output).starts_with(mark), "{}", said(&output));
        assert_eq!(fs::read_to_string(&target).unwrap(), body);
        assert_eq!(time_of(&target), date(time));
    }
    assert_eq!(server.heads().len(), 5);
}

#[test]
fn what_is_saved_is_undone_only_when_asked() {
    let text = b"many hands ".repeat(1000);
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(&text).unwrap();
    let packed = encoder.finish().unwrap();
    let body = packed.clone();
    let server = Server::start(move |asked: &Asked| {
        let cut = asked.path == "/cut";
        let length = format!("Content-Length: {}", body.len());
        let sent = if cut { body.len() / 2 } else { body.len() };
        answer(
            "200 OK",
            &["Content-Encoding: gzip", "ETag: \"1\"", &length],
            &body[..sent],
        )
    });
    for (flags, expected) in [(&["--compressed"][..], &text), (&[], &packed)] {
        let folder = tempfile::tempdir().unwrap();
        let url = server.url("/x");
        let mut args = flags.to_vec();
        args.extend(["--json", "-o", folder.path().to_str().unwrap(), &url]);
        let output = run(&args);
        assert!(output.status.success());
        assert!(fs::read(folder.path().join("x")).unwrap() == *expected);
        let line: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(line["bytes"], expected.len());
    }
    assert!(
        server.heads()[0]
            .to_lowercase()
            .contains("accept-encoding: gzip")
    );
    assert!(!server.heads()[1].to_lowercase().contains("accept-encoding"));

    // A compressed body that breaks off is not resumed: two compressions of a file may have different bytes.
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().to_str().unwrap();
    let args = ["--compressed", "--backoff", "1ms", "-o", out];
    let output = run(&[&args[..], &[&server.url("/cut")]].concat());
    assert_eq!(output.status.code(), Some(1));
    assert!(!folder.path().join("cut").exists());
    let asked = server.heads();
    assert!(asked.iter().all(|head| !head.contains("range: bytes")));
}

#[test]
fn an_address_is_taken_for_one_port_of_a_host() {
    let here = Server::start(|_| answer("200 OK", &[], "here"));
    let there = Server::start(|_| answer("200 OK", &[], "there"));
    let known = |server: &Server, address: &str| format!("a.invalid:{}:{address}", server.port());
    let url = |server: &Server| format!("http://A.invalid:{}/", server.port());
    let first = known(&here, "127.0.0.1");
    // The other port is looked up, and there is no such name.
    for (server, code, text) in [(&here, 0, "here"), (&there, 1, "")] {
        let output = run(&["-q", "-O", "-", "--resolve", &first, &url(server)]);
        assert_eq!(
            (output.status.code(), said(&output).as_str()),
            (Some(code), text)
        );
    }
    // Each port has its own, and the second address of one is tried if the first fails.
    let second = known(&there, "127.0.0.1");
    let wrong = known(&here, "127.0.0.2");
    let args = [
        "--resolve",
        &wrong,
        "--resolve",
        &first,
        "--resolve",
        &second,
    ];
    let output = run(&[&args[..], &["--json", &url(&here), &url(&there)]].concat());
    let text = said(&output);
    assert_eq!(text.matches("\"result\":\"fetched\"").count(), 2, "{text}");
    assert!(here.heads().iter().all(|head| head.contains("a.invalid")));
}

#[test]
fn a_url_that_is_there_often_is_fetched_once_without_a_folder_too() {
    let server = Server::start(|asked| answer("200 OK", &[], &asked.path));
    let folder = tempfile::tempdir().unwrap();
    let list = folder.path().join("list");
    let two = [server.url("/x"), server.url("/y#part"), server.url("/y")];
    fs::write(&list, (two.join("\n") + "\n").repeat(500)).unwrap();
    let list = list.to_str().unwrap();
    let output = run(&["--json", "-i", list]);
    assert!(output.status.success());
    let count = |what: &str| said(&output).matches(what).count();
    assert_eq!(count("\"result\":\"fetched\""), 2);
    assert_eq!(count("\"result\":\"repeated\""), 1498);
    assert_eq!(server.heads().len(), 2);

    // What changes something is done as often as it is asked for.
    let url = server.url("/z");
    let output = run(&["-X", "POST", "--json", &url, &url]);
    assert!(output.status.success());
    assert_eq!(server.heads().len(), 4);
}

#[test]
fn a_body_goes_along_only_with_its_method() {
    // As curl 7.88 does it with -L (RFC 9110, section 15.4).
    for (status, goes_along) in [
        ("301 Moved Permanently", false),
        ("302 Found", false),
        ("303 See Other", false),
        ("307 Temporary Redirect", true),
        ("308 Permanent Redirect", true),
    ] {
        let server = Server::start(move |asked: &Asked| match asked.path.as_str() {
            "/first" => answer(status, &["Location: /second"], ""),
            _ => answer("200 OK", &[], "ok"),
        });
        let output = run(&["-d", "a=1", &server.url("/first")]);
        assert!(output.status.success(), "{}", said(&output));
        let second = &server.heads()[1];
        let method = if goes_along { "POST " } else { "GET " };
        assert!(second.starts_with(method), "{status}: {second}");
        for header in ["content-length", "content-type"] {
            assert_eq!(second.contains(header), goes_along, "{status}: {second}");
        }
    }
}
