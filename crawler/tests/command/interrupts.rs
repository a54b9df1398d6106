//! Ctrl-C, once and again.

#![cfg(unix)]

use super::*;

fn signal(child: &std::process::Child) {
    send("-INT", child);
}

fn send(signal: &str, child: &std::process::Child) {
    let id = child.id().to_string();
    assert!(
        Command::new("kill")
            .args([signal, &id])
            .status()
            .unwrap()
            .success()
    );
}

#[test]
fn once_sums_up_and_the_rest_can_be_gone_on_with() {
    let latency = Latency::Fixed(Duration::from_millis(50));
    let site = Site::builder()
        .pages(400)
        .links(9)
        .latency(latency)
        .start()
        .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let db = folder.path().join("crawl.db");
    let mut command = crawler();
    command.arg(site.url("/")).arg("--db").arg(&db);
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let first = lines.next().unwrap().unwrap();
    signal(&child);
    let rest: Vec<String> = lines.map(Result::unwrap).collect();
    let output = child.wait_with_output().unwrap();
    let err = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(130), "{err}");
    assert!(err.contains("--resume"), "{err}");
    let again = crawler()
        .arg(site.url("/"))
        .arg("--db")
        .arg(&db)
        .args(["--resume", "--per-host=16"])
        .output();
    let again = again.unwrap();
    assert!(again.status.success());
    let more = String::from_utf8(again.stdout).unwrap();
    let all = [first]
        .into_iter()
        .chain(rest)
        .chain(more.lines().map(str::to_owned));
    let urls: Vec<String> = all
        .map(|line| line.split_whitespace().last().unwrap().to_owned())
        .collect();
    assert_eq!(urls.len(), 400);
    assert_eq!(
        urls.into_iter().collect::<HashSet<_>>(),
        site.pages().collect()
    );
}

/// Whether the pipe takes more bytes without anybody reading.
fn writable(pipe: &std::io::PipeWriter) -> bool {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};

    let mut pipes = [PollFd::new(pipe, PollFlags::OUT)];
    poll(&mut pipes, Some(&Timespec::default())).unwrap() > 0
}

#[test]
fn again_leaves_at_once_even_if_nobody_reads_the_lines() {
    // The lines of all pages are more than a pipe holds.
    let site = Site::builder().pages(3000).links(20).start().unwrap();
    let (out, pipe) = std::io::pipe().unwrap();
    let mut child = crawler()
        .args([&site.url("/"), "--json", "--per-host=16", "--timeout=1h"])
        .stdout(pipe.try_clone().unwrap())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // Once the pipe is full the program can't write its last lines: one signal can't end it.
    while writable(&pipe) {
        std::thread::sleep(Duration::from_millis(10));
    }
    let status = loop {
        // Two that come together count as one.
        signal(&child);
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
    };
    assert_eq!(status.code(), Some(130));
    drop(out);
}

/// A state with 100,000 broken targets, by SQL: to crawl as many takes too long.
fn large_state(path: &Path) {
    let site = Tiny::html(&[("/", "<a href=/gone>")]);
    let db = path.to_str().unwrap();
    assert_eq!(
        output(&["check", &site.url("/"), "--db", db, "--quiet"]).0,
        1
    );
    let connection = rusqlite::Connection::open(path).unwrap();
    let copies = "
        CREATE TEMP TABLE n AS WITH RECURSIVE n(i) AS (SELECT 10 UNION ALL SELECT i + 1 FROM n WHERE i < 100000)
            SELECT i FROM n;
        CREATE TEMP TABLE one AS SELECT * FROM pages WHERE broken;
        INSERT INTO urls SELECT i, 'http://a/' || i, 1, 0, 0, NULL FROM n;
        UPDATE one SET id = NULL;
        INSERT INTO pages SELECT i, outcome, broken, passing, status, type, parts, cut, bytes, seconds, attempts,
            links, title, target, target_fragment, error, selected FROM n, one;
        INSERT INTO links SELECT 1, i, 0, i, 1, NULL FROM n;";
    connection.execute_batch(copies).unwrap();
}

#[test]
fn a_report_of_many_links_is_ended_by_either_signal() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("crawl.db");
    large_state(&path);
    for name in ["-INT", "-TERM"] {
        let mut child = crawler()
            .arg("report")
            .arg(&path)
            .args(["--format", "broken"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // It has begun to write, and can't go on, because the test does not read.
        let mut out = child.stdout.take().unwrap();
        out.read_exact(&mut [0]).unwrap();
        send(name, &child);
        let mut rest = String::new();
        out.read_to_string(&mut rest).unwrap();
        let told = rest.matches("404 Not Found").count();
        let output = child.wait_with_output().unwrap();
        let err = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(130), "{name}: {err}");
        assert!(told < 99_992, "{name}: {told} are told");
    }
}
