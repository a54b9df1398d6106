//! The command as people use it, and what it survives.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::HashSet;
use std::io::Read;
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime};

use demo_site::{Latency, Site};

fn crawler() -> Command {
    Command::new(assert_cmd::cargo::cargo_bin!("crawler"))
}

fn output(words: &[&str]) -> (i32, String, String) {
    let output = crawler().args(words).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (
        output.status.code().unwrap(),
        text(output.stdout),
        text(output.stderr),
    )
}

#[test]
fn killed_twenty_times_the_union_is_the_whole_site_and_each_page_once() {
    const PAGES: usize = 400;
    let latency = Latency::Fixed(Duration::from_millis(10));
    let site = Site::builder()
        .pages(PAGES)
        .links(6)
        .latency(latency)
        .start()
        .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let db = folder.path().join("crawl.db");
    let warc = folder.path().join("crawl.warc.gz");
    let seed = site.url("/");
    let start = |resume: bool| {
        let mut command = crawler();
        command
            .args([&seed, "--json", "-q", "-j4", "--db"])
            .arg(&db)
            .arg("--warc")
            .arg(&warc);
        command.args(resume.then_some("--resume"));
        command.stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn().unwrap()
    };
    for kill in 0..20 {
        let before = site.counts().requests;
        let mut child = start(kill > 0 && db.exists());
        // At a moment that depends on what it did, not on the clock; each time another.
        let after = SystemTime::UNIX_EPOCH.elapsed().unwrap().subsec_nanos() % 40;
        while site.counts().requests < before + u64::from(after)
            && child.try_wait().unwrap().is_none()
        {
            std::thread::sleep(Duration::from_millis(1));
        }
        // It may have come to its end.
        let _ = child.kill();
        child.wait().unwrap();
    }
    // The last one may have been killed before it had made its state.
    assert!(start(true).wait().unwrap().success());
    let connection = rusqlite::Connection::open(&db).unwrap();
    let mut rows = connection
        .prepare("SELECT url FROM pages JOIN urls USING (id) WHERE outcome = 'page'")
        .unwrap();
    let found: Vec<String> = rows
        .query_map([], |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    assert_eq!(found.len(), PAGES);
    let expected: HashSet<String> = site.pages().collect();
    assert_eq!(found.into_iter().collect::<HashSet<_>>(), expected);
    let one = |sql| {
        connection
            .query_row(sql, [], |row| row.get::<_, i64>(0))
            .unwrap()
    };
    assert_eq!(
        one("SELECT count(*) FROM (SELECT url FROM urls GROUP BY url HAVING count(*) > 1)"),
        0
    );
    assert_eq!(one("SELECT count(*) FROM queue"), 0);
    // Each page has six links, each kept once: none is lost, and none is there twice.
    assert_eq!(
        one("SELECT count(*) FROM (SELECT DISTINCT source, target FROM links)"),
        one("SELECT count(*) FROM links")
    );
    // The archive has an answer for each, and no more.
    let mut text = Vec::new();
    let packed = std::fs::File::open(&warc).unwrap();
    flate2::read::MultiGzDecoder::new(packed)
        .read_to_end(&mut text)
        .unwrap();
    let text = String::from_utf8_lossy(&text);
    assert_eq!(text.matches("WARC-Type: response\r\n").count(), PAGES);
}

#[test]
fn lines_of_json_have_what_is_promised_and_people_hear_the_rest() {
    let site = Site::builder().pages(5).links(2).start().unwrap();
    let (code, out, err) = output(&[&site.url("/"), "--json"]);
    assert_eq!(code, 0, "{err}");
    let lines: Vec<serde_json::Value> = out
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 5);
    for key in ["url", "status", "depth", "bytes", "links", "error"] {
        assert!(lines.iter().all(|line| line.get(key).is_some()), "{key}");
    }
    assert!(err.contains("5 pages") && err.contains("depth"), "{err}");
}

#[test]
fn check_tells_broken_links_and_fragments_and_ends_with_1() {
    let site = Site::builder().pages(3).links(1).start().unwrap();
    let (code, out, _) = output(&["check", &site.url("/html/fragments")]);
    assert_eq!(code, 1);
    assert!(out.contains("#nowhere: no such part") && out.contains("/page/1#bottom: no such part"));
    assert!(!out.contains("#here") && !out.contains("#top"), "{out}");
    let (code, out, err) = output(&["check", &site.url("/html/broken")]);
    assert_eq!(code, 1);
    assert!(
        out.contains("/status/404: 404") && out.contains("not a URL"),
        "{out}"
    );
    assert!(err.contains("2 links broken, 1 redirected"), "{err}");
    let (code, out, _) = output(&["check", &site.url("/")]);
    assert_eq!((code, out.as_str()), (0, ""));
}

#[test]
fn links_that_lead_out_are_asked_by_head_then_get_and_not_followed() {
    let site = Site::builder().pages(3).start().unwrap();
    let other = Site::builder().pages(3).links(2).start().unwrap();
    let (code, _, err) = output(&[
        "check",
        &site.url(&format!("/redirect/to?url={}", other.url("/"))),
    ]);
    assert_eq!(code, 0, "{err}");
    let log = other.counts().log;
    assert_eq!((log.len(), log[0].method.as_str()), (1, "HEAD"));
    other.reset();
    let gone = other.url("/status/404");
    let (code, out, _) = output(&["check", &site.url(&format!("/redirect/to?url={gone}"))]);
    let methods: Vec<_> = other
        .counts()
        .log
        .into_iter()
        .map(|seen| seen.method)
        .collect();
    assert_eq!(methods, ["HEAD", "GET"]);
    assert_eq!(code, 1);
    assert!(out.contains("the crawl began there"), "{out}");
}

#[test]
fn mistakes_are_told_in_a_line_and_end_with_2() {
    for (words, text) in [
        (vec!["ftp://example.org/"], "only http and https"),
        (vec!["example.org"], "not a URL"),
        (vec!["check"], "which site"),
        (
            vec!["http://127.0.0.1:9/", "--select", "h1["],
            "not a CSS selector",
        ),
        (vec!["http://127.0.0.1:9/", "--per-host", "0"], "--per-host"),
    ] {
        let (code, out, err) = output(&words);
        assert_eq!((code, out.as_str()), (2, ""), "{err}");
        assert!(err.contains(text), "{words:?}: {err}");
    }
    let (code, _, err) = output(&["report", "/nonexistent/crawl.db"]);
    assert_eq!(code, 1);
    assert!(err.contains("/nonexistent/crawl.db"), "{err}");
    let (code, _, err) = output(&["http://127.0.0.1:9/", "--include", "("]);
    assert_eq!(code, 1);
    assert!(err.contains("not a regular expression"), "{err}");
}

#[test]
fn a_site_that_is_not_there_is_a_failure_and_not_the_end_of_the_program() {
    // Port 9 is discard's, which nobody runs. A robots.txt that can't be had forbids all.
    let (code, out, err) = output(&["http://127.0.0.1:9/", "--ignore-robots"]);
    assert_eq!(code, 1);
    assert!(out.contains("refused"), "{out}{err}");
}
