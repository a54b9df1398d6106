//! Ctrl-C, once and again.

#![cfg(unix)]

use super::*;

fn signal(child: &std::process::Child) {
    let id = child.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-INT", &id])
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
