//! `reactor fetch`.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::process::{Command, Stdio};
use std::thread;

use assert_cmd::cargo::cargo_bin;
use rustix::process::{Pid, Signal, kill_process};

use super::support::{reactor, serve};

#[test]
fn fetch_follows_redirects_and_joins_chunks_into_a_file() {
    let url = serve(&[
        "HTTP/1.1 302 Found\r\nLocation: there?a=b\r\nContent-Length: 3\r\n\r\nold",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n",
    ]);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("page");
    let file = file.to_str().unwrap();
    reactor(&["fetch", &url, "-o", file]).assert().success();
    assert_eq!(std::fs::read_to_string(file).unwrap(), "hello!");
}

#[test]
fn a_fetch_that_fails_says_why_and_leaves_no_file() {
    let cut = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf";
    let around = "HTTP/1.1 301 Moved\r\nLocation: /again\r\n\r\n";
    for (answers, expected) in [
        (&[cut][..], "the answer is cut off"),
        (&["220 mail.example ESMTP\r\n"], "that is not HTTP/1"),
        (&[around, around, around], "over 2 redirects"),
    ] {
        let url = serve(answers.to_vec().leak());
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("page");
        let args = [
            "fetch",
            &url,
            "--redirects",
            "2",
            "-o",
            file.to_str().unwrap(),
        ];
        let output = reactor(&args).assert().code(1);
        let text = String::from_utf8_lossy(&output.get_output().stderr).into_owned();
        assert!(
            text.contains(expected) && text.contains("http://127.0.0.1"),
            "{text}"
        );
        assert!(!file.exists());
    }
}

#[test]
fn a_fetch_goes_to_the_file_as_it_comes_and_ctrl_c_leaves_none() {
    const HALF: usize = 5_000_000;
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let fetch = Command::new(cargo_bin!("reactor"))
        .args(["fetch", &url, "-o"])
        .arg(folder.path().join("page"))
        .spawn()
        .unwrap();
    let (mut stream, _) = listener.accept().unwrap();
    let header = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", 2 * HALF);
    stream.write_all(header.as_bytes()).unwrap();
    stream.write_all(&[b'x'; HALF]).unwrap();
    // The first half is there, under another name.
    let written = || {
        let files = std::fs::read_dir(folder.path()).unwrap();
        let files = files.map(|file| file.unwrap());
        files
            .map(|file| {
                assert_ne!(file.file_name(), "page");
                file.metadata().unwrap().len()
            })
            .sum::<u64>()
    };
    while written() < HALF as u64 {
        thread::yield_now();
    }
    kill_process(Pid::from_child(&fetch), Signal::INT).unwrap();
    assert_eq!(fetch.wait_with_output().unwrap().status.code(), Some(130));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_reader_that_leaves_ends_it_quietly() {
    let body: &'static str = "x".repeat(3_000_000).leak();
    let answer = format!("HTTP/1.0 200 OK\r\n\r\n{body}").leak();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let serving = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        // Closing with unread bytes would be a reset.
        let _ = stream.read(&mut [0; 1024]).unwrap();
        // The client may have closed before the end.
        let _ = stream.write_all(answer.as_bytes());
    });
    let mut fetch = Command::new(cargo_bin!("reactor"))
        .args(["fetch", &url])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut first = [0; 10];
    fetch.stdout.take().unwrap().read_exact(&mut first).unwrap();
    let output = fetch.wait_with_output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    serving.join().unwrap();
}

/// A server that records the request and answers with the first part of `answer`. Then it waits
/// until the client closes.
fn answer_once(answer: impl Into<String>) -> (String, thread::JoinHandle<String>) {
    let answer = answer.into();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/page", listener.local_addr().unwrap());
    let asked = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = String::new();
        let mut lines = BufReader::new(stream.try_clone().unwrap());
        while !request.ends_with("\r\n\r\n") {
            lines.read_line(&mut request).unwrap();
        }
        stream.write_all(answer.as_bytes()).unwrap();
        // Until the client has closed, in whatever way.
        let _ = lines.read(&mut [0]);
        request
    });
    (url, asked)
}

/// RFC 9110, 9.3.2: an answer to HEAD has no body, whatever length its header gives.
#[test]
fn head_shows_the_header_and_fields_are_sent() {
    let (url, asked) =
        answer_once("HTTP/1.1 200 OK\r\nContent-Length: 5000\r\nX-Mine: a\u{9b}31mb\r\n\r\n");
    let fields = ["-H", "X-One: 1", "-H", "user-agent:  me ", "-I"];
    let output = reactor(&["fetch", &url]).args(fields).assert().success();
    let shown = String::from_utf8_lossy(&output.get_output().stdout).into_owned();
    assert!(
        shown.starts_with("HTTP/1.1 200 OK\nContent-Length: 5000\n"),
        "{shown}"
    );
    assert!(
        shown.contains("31mb") && !shown.contains('\u{9b}'),
        "a header must not control the terminal: {shown:?}"
    );
    let asked = asked.join().unwrap();
    assert!(asked.starts_with("HEAD /page HTTP/1.1\r\n"), "{asked}");
    assert!(
        asked.contains("\r\nX-One: 1\r\n") && asked.contains("\r\nuser-agent: me\r\n"),
        "{asked}"
    );
    assert_eq!(
        asked.to_lowercase().matches("user-agent").count(),
        1,
        "{asked}"
    );
}

#[test]
fn every_limit_that_ends_a_fetch_names_its_flag() {
    const HEAD: &str = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n";
    const LONG: &str = "HTTP/1.1 200 OK\r\nX: 0123456789012345678901234567890123456789\r\n\r\n";
    for (answer, flag, value) in [
        (HEAD, "--timeout", "50ms"),
        (HEAD, "--idle", "50ms"),
        (LONG, "--max-header", "40"),
        (HEAD, "--max-size", "99"),
    ] {
        let (url, asked) = answer_once(answer);
        let output = reactor(&["fetch", &url, flag, value]).assert().code(1);
        let text = String::from_utf8_lossy(&output.get_output().stderr).into_owned();
        assert!(text.contains(flag) && text.contains(&url), "{text}");
        assert_eq!(text.lines().count(), 1, "{text}");
        asked.join().unwrap();
    }
}

#[test]
fn a_good_file_stays_when_the_answer_is_an_error() {
    let url = serve(&[
        "HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\ngone",
        "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\ncut",
        "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nnew",
    ]);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("page");
    std::fs::write(&file, "good").unwrap();
    for (code, expected) in [(1, "good"), (1, "good"), (0, "new")] {
        reactor(&["fetch", &url, "-o"])
            .arg(&file)
            .assert()
            .code(code);
        assert_eq!(std::fs::read_to_string(&file).unwrap(), expected);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}

#[test]
fn no_password_is_printed() {
    let (url, asked) = answer_once("HTTP/1.1 302 Found\r\nLocation: http://u:secret@[x\r\n\r\n");
    let with_user = url.replace("http://", "http://ann:secret@");
    for (args, code, expected) in [
        (
            &["http://ann:secret@127.0.0.1:99999/"][..],
            2,
            "http://***@127.0.0.1:99999/: invalid port",
        ),
        (&["ann:secret@[::"], 2, "http://***@[::"),
        (
            &["http://a.example/", "http://ann:secret@b.example/"],
            2,
            "http://***@b.example/",
        ),
        (
            &["-H", "secret", "http://a.example/"],
            2,
            "expected NAME: VALUE",
        ),
        (&["https://ann:secret@a.example/"], 1, "https://a.example/"),
        (&[&with_user], 1, "redirects to an invalid URL"),
    ] {
        let output = reactor(&["fetch"]).args(args).assert().code(code);
        let text = String::from_utf8_lossy(&output.get_output().stderr).into_owned();
        assert!(
            !text.contains("secret") && text.contains(expected),
            "{args:?}: {text}"
        );
    }
    // It was sent, though: RFC 7617.
    assert!(
        asked
            .join()
            .unwrap()
            .contains("\r\nAuthorization: Basic YW5uOnNlY3JldA==\r\n")
    );
}

/// curl's CVE-2018-1000007 and CVE-2022-27776: fields with credentials were sent to the server of a
/// redirect, and to another port of the same host.
#[test]
fn fields_that_tell_who_asks_go_to_no_other_server() {
    let secrets = [
        "-H",
        "Authorization: Bearer secret",
        "-H",
        "cookie: secret=1",
    ];
    let others = ["-H", "X-Mine: 1"];
    let (url, asked) = answer_once("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    let (first, asked_first) = answer_once(format!(
        "HTTP/1.1 302 Found\r\nLocation: {url}\r\nContent-Length: 0\r\n\r\n"
    ));
    reactor(&["fetch", &first])
        .args(secrets)
        .args(others)
        .assert()
        .success();
    let (first, next) = (asked_first.join().unwrap(), asked.join().unwrap());
    assert_eq!(first.matches("secret").count(), 2, "{first}");
    assert!(
        !next.contains("secret") && next.contains("\r\nX-Mine: 1\r\n"),
        "{next}"
    );
    // A redirect to the same server gets them again.
    let url = serve(&[
        "HTTP/1.1 302 Found\r\nLocation: /private\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    ]);
    reactor(&["fetch", &url]).args(secrets).assert().success();
}

/// A real disk of 64 KiB; only root can mount it. The old file stays, and no other file is left.
#[cfg(target_os = "linux")]
#[test]
fn a_disk_that_fills_up_leaves_what_was_there() {
    let disk = tempfile::tempdir().unwrap();
    let mount = Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=64k", "tmpfs"])
        .arg(disk.path())
        .stderr(Stdio::null())
        .status();
    if !mount.is_ok_and(|status| status.success()) {
        assert!(std::env::var_os("CI").is_none(), "cannot mount a disk");
        eprintln!("skipped: a_disk_that_fills_up_leaves_what_was_there: cannot mount a disk");
        return;
    }
    let file = disk.path().join("page");
    std::fs::write(&file, "good").unwrap();
    let body = "x".repeat(200_000);
    let (url, asked) = answer_once(format!(
        "HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n{body}"
    ));
    let output = reactor(&["fetch", &url, "-o", file.to_str().unwrap()]).output();
    // Its entries would keep the disk busy.
    let left = std::fs::read_dir(disk.path()).map(Iterator::count);
    let kept = std::fs::read_to_string(&file);
    let unmounted = Command::new("umount").arg(disk.path()).status();
    assert!(unmounted.unwrap().success());
    let output = output.unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(
        (output.status.code(), kept.unwrap().as_str()),
        (Some(1), "good"),
        "{text}"
    );
    assert!(
        text.contains("No space left") && text.lines().count() == 1,
        "{text}"
    );
    assert_eq!(left.unwrap(), 1);
    asked.join().unwrap();
}

/// Linux's own full disk.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_named_and_is_a_failure() {
    let body: &'static str = "x".repeat(200_000).leak();
    let answer: &'static str = format!("HTTP/1.0 200 OK\r\n\r\n{body}").leak();
    let url = serve(vec![answer].leak());
    let full = std::fs::OpenOptions::new()
        .write(true)
        .open("/dev/full")
        .unwrap();
    let output = Command::new(cargo_bin!("reactor"))
        .args(["fetch", &url])
        .stdout(full)
        .stderr(Stdio::piped())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(
        text.contains("No space left") && text.lines().count() == 1,
        "{text}"
    );
}
