//! The command as people use it, and what it survives.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use common::cli::interrupt::with_usual_signals;
use demo_site::{Latency, Site};
use support::Tiny;

fn crawler() -> Command {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("crawler"));
    with_usual_signals(&mut command);
    command
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
    const PAGES: usize = 600;
    // So that a transaction, which takes what comes for a tenth of a second, is of some five pages,
    // and the whole takes longer than a busy machine may keep this test waiting.
    let latency = Latency::Fixed(Duration::from_millis(40));
    let site = Site::builder()
        .pages(PAGES)
        .links(6)
        .latency(latency)
        .start()
        .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let db = folder.path().join("crawl.db");
    let warc = folder.path().join("crawl.warc.gz");
    let start = |words: &[&str]| {
        let mut command = crawler();
        command
            // However busy the machine is, no page is given up.
            .args([&site.url("/"), "--json", "-q", "--timeout=1h", "--db"])
            .arg(&db)
            .arg("--warc")
            .arg(&warc)
            .args(words);
        command.stdout(Stdio::piped()).stderr(Stdio::null());
        command.spawn().unwrap()
    };
    let mut told = Vec::new();
    for kill in 0..20 {
        let mut child = start(if kill == 0 {
            &["-j2"]
        } else {
            &["-j2", "--resume"]
        });
        // At a random line of what it tells: in the midst of a transaction or at its end.
        let line = 1 + RandomState::new().hash_one(kill) as usize % 15;
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        told.extend(lines.take(line).map(Result::unwrap));
        assert_eq!(
            child.try_wait().unwrap(),
            None,
            "it came to its end: {kill}"
        );
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let mut child = start(&["-j16", "--per-host=16", "--resume"]);
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    told.extend(lines.map(Result::unwrap));
    assert!(child.wait().unwrap().success());
    // What was told when it was killed may have been lost on its way here, but came never twice.
    assert_eq!(told.iter().collect::<HashSet<_>>().len(), told.len());

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
    if let Some(records) = read_by_warcio(&warc) {
        let of_type = |kind: &str| records.iter().filter(|it| it.kind == kind).count();
        assert_eq!((of_type("response"), of_type("request")), (PAGES, PAGES));
        for page in 0..PAGES {
            let url = site.url(&if page == 0 {
                "/".to_owned()
            } else {
                format!("/page/{page}")
            });
            let record = records
                .iter()
                .find(|it| it.kind == "response" && it.url == url)
                .unwrap();
            assert_eq!(
                (record.status, record.body.as_str()),
                (200, site.html_of(page).as_str())
            );
        }
    }
}

/// A record as somebody else's reader has it.
#[derive(serde::Deserialize)]
struct Record {
    kind: String,
    url: String,
    status: u16,
    body: String,
}

/// What Python's warcio reads; nothing, and a word, where it is not installed.
fn read_by_warcio(path: &Path) -> Option<Vec<Record>> {
    const SCRIPT: &str = "
import json, sys
from warcio.archiveiterator import ArchiveIterator
with open(sys.argv[1], 'rb') as stream:
    for record in ArchiveIterator(stream, check_digests=True):
        kind = record.rec_type
        status = record.http_headers.get_statuscode() if kind == 'response' else '0'
        body = record.content_stream().read().decode('utf-8', 'replace')
        url = record.rec_headers.get_header('WARC-Target-URI') or ''
        print(json.dumps({'kind': kind, 'url': url, 'status': int(status), 'body': body}))
";
    let has = Command::new("python3")
        .args(["-c", "import warcio"])
        .output();
    if !has.is_ok_and(|has| has.status.success()) {
        eprintln!("not read by warcio, which is not installed: pip install warcio");
        return None;
    }
    let read = Command::new("python3")
        .args(["-c", SCRIPT])
        .arg(path)
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&read.stderr);
    assert!(read.status.success(), "{errors}");
    let text = String::from_utf8(read.stdout).unwrap();
    Some(
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect(),
    )
}

#[test]
fn archives_with_what_is_hard_to_archive_are_read_by_others() {
    let site = Site::builder().pages(2).links(1).start().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let warc = folder.path().join("x.warc.gz");
    let seeds = [
        "/",
        "/gzip",
        "/redirect/chain/1",
        "/status/404",
        "/charset/koi8-r",
    ]
    .map(|it| site.url(it));
    let output = crawler()
        .args(&seeds)
        .arg("--warc")
        .arg(&warc)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1), "a 404 is among them");
    if let Some(records) = read_by_warcio(&warc) {
        let answers: Vec<_> = records.iter().filter(|it| it.kind == "response").collect();
        let statuses: HashSet<u16> = answers.iter().map(|it| it.status).collect();
        assert_eq!(statuses, [200, 302, 404].into());
        // Both pages, the end of the chain, and what else was asked for.
        assert_eq!(answers.len(), 7);
        assert!(records[0].kind == "warcinfo");
    }
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
    assert!(out.contains("#nowhere\n  no such part"), "{out}");
    assert!(out.contains("/page/1#bottom\n  no such part"), "{out}");
    assert!(!out.contains("#here") && !out.contains("#top"), "{out}");
    let (code, out, err) = output(&["check", &site.url("/html/broken")]);
    assert_eq!(code, 1);
    assert!(
        out.contains("/status/404\n  404") && out.contains("not a URL"),
        "{out}"
    );
    assert!(
        err.contains("2 targets broken (2 links lead there), 1 redirected"),
        "{err}"
    );
    let (code, out, _) = output(&["check", &site.url("/")]);
    assert_eq!((code, out.as_str()), (0, ""));
}

#[test]
fn links_that_lead_out_are_asked_by_head_then_get_and_not_followed() {
    let other = Site::builder().pages(3).links(2).start().unwrap();
    for (target, methods, code) in [
        (other.url("/"), &["HEAD"][..], 0),
        (other.url("/status/404"), &["HEAD", "GET"][..], 1),
    ] {
        other.reset();
        let site = Tiny::html(&[("/", &format!("<a href='{target}'>x</a>"))]);
        let (found, out, err) = output(&["check", &site.url("/"), "--allow-private"]);
        assert_eq!(found, code, "{out}{err}");
        let asked: Vec<_> = other
            .counts()
            .log
            .into_iter()
            .map(|seen| seen.method)
            .collect();
        assert_eq!(asked, methods);
        other.reset();
        let arguments = ["check", &site.url("/"), "--allow-private"];
        for more in [
            &["--internal-only"][..],
            &["--skip", &target],
            &["--exclude", "127"],
        ] {
            let (code, _, err) = output(&[&arguments, more].concat());
            assert_eq!(code, 0, "{err}");
        }
        assert_eq!(other.counts().requests, 0);
    }
}

#[test]
fn a_site_that_moved_to_another_host_is_crawled_there() {
    let other = Site::builder().pages(3).links(2).start().unwrap();
    let moved = format!("location: {}\r\n", other.url("/"));
    let site = Tiny::with(&[("/", &moved, "301 Moved Permanently", "")]);
    let (code, out, err) = output(&[&site.url("/"), "--allow-private"]);
    assert_eq!((code, out.lines().count()), (0, 4), "{err}");
    assert!(err.contains("belongs to the crawl"), "{err}");
}

#[test]
fn without_a_scheme_https_is_tried_and_then_http() {
    let site = Site::builder().pages(3).links(2).start().unwrap();
    let url = site.url("/");
    let (code, out, err) = output(&[url.strip_prefix("http://").unwrap(), "--retries", "0"]);
    assert_eq!((code, out.lines().count()), (0, 4), "{out}{err}");
    assert!(err.contains(&format!("so {url} is crawled")), "{err}");
}

/// The formats are read by programs that are not ours.
#[cfg(unix)]
#[test]
fn reports_for_programs_are_what_those_read() {
    let site = Tiny::html(&[(
        "/",
        "<a href='/gone?a=1&amp;b=<2>'>x</a>\n<a href=/gone2>y</a> <a href=/gone2#part>",
    )]);
    let check = |format: &str| {
        let (code, out, err) = output(&["check", &site.url("/"), "--format", format, "-q"]);
        assert_eq!(code, 1, "{err}");
        out
    };
    let document: serde_json::Value = serde_json::from_str(&check("json")).unwrap();
    let broken = document["broken"].as_array().unwrap();
    assert_eq!(broken.len(), 2, "{document}");
    assert_eq!(broken[0]["url"], site.url("/gone2"));
    assert_eq!(broken[0]["status"], 404);
    assert_eq!(broken[0]["count"], 2);
    assert_eq!(broken[0]["places"][0]["line"], 2);
    assert_eq!(document["summary"]["broken"], 2);
    assert_eq!(document["summary"]["broken_links"], 3);
    let lines = check("jsonl");
    for line in lines.lines() {
        let entry: serde_json::Value = serde_json::from_str(line).unwrap();
        assert!(entry["type"].is_string());
    }
    let program = "import sys, csv, xml.etree.ElementTree as tree
kind, text = sys.argv[1:]
if kind == 'csv':
    rows = list(csv.DictReader(text.splitlines()))
    assert sorted(row['line'] for row in rows) == ['1', '2', '2'], rows
    assert {row['error'] for row in rows} == {'404 Not Found'}, rows
else:
    suite = tree.fromstring(text)[0]
    assert suite.get('failures') == '2' and suite.get('tests') == '3', suite.attrib
    assert len(suite.findall('testcase')) == 3
    assert len(suite.findall('testcase/failure')) == 2
";
    for kind in ["csv", "junit"] {
        let mut python = Command::new("python3");
        let run = python.args(["-c", program, kind, &check(kind)]).output();
        match run {
            Ok(run) => assert!(
                run.status.success(),
                "{}",
                String::from_utf8_lossy(&run.stderr)
            ),
            Err(_) => eprintln!("python3 is not installed: {kind} was not read by another program"),
        }
    }
    let annotations = check("github");
    assert_eq!(annotations.lines().count(), 3);
    assert!(
        annotations
            .lines()
            .all(|line| line.starts_with("::error title=Broken link::http"))
    );
    assert_eq!(check("markdown").lines().count(), 4);
}

#[test]
fn mistakes_are_told_in_a_line_and_end_with_2() {
    for (words, text) in [
        (vec!["ftp://example.org/"], "only http and https"),
        (vec!["nonsense"], "not a URL"),
        (vec!["file:///etc/passwd"], "only http and https"),
        (vec!["http://"], "not a URL"),
        (vec!["--warc", "x.gz"], "which site"),
        (vec!["--depth", "3"], "which site"),
        (vec!["http://127.0.0.1:9/", "--resume"], "--db"),
        (vec!["http://127.0.0.1:9/", "--depth", "deep"], "--depth"),
        (vec!["http://127.0.0.1:9/", "-j0"], "--jobs"),
        (
            vec!["http://127.0.0.1:9/", "--include", "("],
            "not a regular expression",
        ),
        (vec!["report"], "<DB>"),
        (vec!["--bogus"], "--bogus"),
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
}

#[test]
fn a_site_that_is_not_there_is_a_failure_and_not_the_end_of_the_program() {
    // Port 9 is discard's, which nobody runs; and no name ends in .invalid (RFC 2606).
    for (words, text) in [
        (vec!["http://127.0.0.1:9/"], "refused"),
        (vec!["http://127.0.0.1:9/", "--ignore-robots"], "refused"),
        (
            vec!["http://nowhere.invalid/"],
            "no address is known for nowhere.invalid",
        ),
        (
            vec!["check", "http://127.0.0.1:9/"],
            "the command line <seed>",
        ),
    ] {
        let (code, out, err) = output(&words);
        assert_eq!(code, 1, "{words:?}: {err}");
        assert!(out.contains(text), "{words:?}: {out}{err}");
    }
}

#[test]
fn an_empty_site_and_one_that_begins_with_a_redirect_are_sites() {
    let site = Site::builder().pages(1).links(0).start().unwrap();
    let (code, out, err) = output(&[&site.url("/")]);
    assert_eq!((code, out.lines().count()), (0, 1), "{err}");
    let (code, out, err) = output(&[&site.url("/bytes/0"), "--ignore-robots"]);
    assert_eq!((code, out.lines().count()), (0, 1), "{err}");
    let (code, out, err) = output(&[&site.url("/redirect/chain/1"), "--depth", "0"]);
    assert_eq!((code, out.lines().count()), (0, 2), "{err}");
    assert!(
        err.contains("1 pages") && err.contains("1 redirects"),
        "{err}"
    );
}

#[test]
fn a_state_that_is_none_is_told_and_left_as_it_is() {
    let site = Site::builder().pages(5).start().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let garbage = path("garbage.db");
    std::fs::write(&garbage, "this is no database, whoever says so".repeat(100)).unwrap();
    let foreign = path("foreign.db");
    let connection = rusqlite::Connection::open(&foreign).unwrap();
    connection
        .execute_batch("CREATE TABLE mine (x); PRAGMA user_version = 1;")
        .unwrap();
    drop(connection);
    let seed = site.url("/");
    let missing = path("missing.db");
    for (words, text) in [
        (vec![seed.as_str(), "--db", &garbage], "not a database"),
        (vec![&seed, "--db", &garbage, "--resume"], "not a database"),
        (vec!["report", &garbage], "not a database"),
        (vec![&seed, "--db", &foreign], "another program's"),
        (
            vec![&seed, "--db", &garbage, "--overwrite"],
            "not a database",
        ),
        (
            vec![&seed, "--db", &foreign, "--overwrite"],
            "another program's",
        ),
        (vec![&seed, "--db", &foreign, "--resume"], "no crawl in it"),
        (vec!["report", &foreign], "no crawl in it"),
        (vec![&seed, "--db", &missing, "--resume"], "no such file"),
        (vec!["report", &missing], "no such file"),
        (
            vec![&seed, "--db", "/nonexistent/x.db"],
            "/nonexistent/x.db",
        ),
    ] {
        let (code, out, err) = output(&words);
        assert_eq!((code, out.as_str()), (1, ""), "{words:?}: {err}");
        assert!(err.contains(text), "{words:?}: {err}");
    }
    assert_eq!(site.counts().requests, 0);
    let text = std::fs::read_to_string(&garbage).unwrap();
    assert!(text.starts_with("this is no database"));
    let connection = rusqlite::Connection::open(&foreign).unwrap();
    let tables = "SELECT group_concat(name) FROM sqlite_master";
    let tables: String = connection.query_row(tables, [], |row| row.get(0)).unwrap();
    assert_eq!(tables, "mine");

    let good = path("good.db");
    assert_eq!(output(&[&seed, "--db", &good]).0, 0);
    for (words, text) in [
        (vec![seed.as_str(), "--db", &good], "--resume"),
        (
            vec![&site.url("/page/1"), "--db", &good, "--resume"],
            "seeds was",
        ),
        (
            vec![&seed, "--db", &good, "--resume", "--depth", "3"],
            "depth was null, and is 3 now",
        ),
    ] {
        let (code, _, err) = output(&words);
        assert_eq!(code, 1);
        assert!(err.contains(text), "{words:?}: {err}");
    }
    // Going on with one that is done does nothing.
    site.reset();
    let (code, out, err) = output(&[&seed, "--db", &good, "--resume"]);
    assert_eq!(
        (code, out.as_str(), site.counts().requests),
        (0, "", 0),
        "{err}"
    );
    assert!(err.contains("5 pages"), "{err}");
    // What ended before it began can be begun again.
    let early = path("early.db");
    let warc = path("no/such/folder.warc.gz");
    let (code, _, err) = output(&[&seed, "--db", &early, "--warc", &warc]);
    assert_eq!(code, 1);
    assert!(err.contains("folder.warc.gz"), "{err}");
    assert_eq!(output(&[&seed, "--db", &early]).0, 0);
    // Overwritten it has the pages of the new crawl, and no others.
    let (code, out, err) = output(&[&seed, "--db", &good, "--overwrite", "--depth", "0"]);
    assert_eq!((code, out.lines().count()), (0, 1), "{err}");
    let (code, out, err) = output(&["report", &good]);
    assert_eq!((code, out.lines().count()), (0, 1), "{out}{err}");
    assert_eq!(
        output(&[&seed, "--db", &path("new.db"), "--overwrite"]).0,
        0
    );
}

#[test]
fn who_reads_one_line_ends_it_quietly() {
    let latency = Latency::Fixed(Duration::from_millis(20));
    let site = Site::builder()
        .pages(2000)
        .links(9)
        .latency(latency)
        .start()
        .unwrap();
    let mut child = crawler()
        .arg(site.url("/"))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    assert!(line.starts_with("200 "), "{line}");
    // The other end is gone: it notices when it next tells of a page.
    let output = child.wait_with_output().unwrap();
    let err = String::from_utf8(output.stderr).unwrap();
    assert!(
        !err.contains("panicked") && !err.contains("Broken pipe"),
        "{err}"
    );
    assert!(site.counts().requests < 2000);
}

#[cfg(unix)]
mod interrupts {
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
}
