//! Files that are fetched in several ranges at once.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[allow(dead_code, reason = "each test file uses a part of it")]
mod raw;

use std::io::Write;
use std::net::TcpStream;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use async_fetch::{Checksum, FOLDER, Fetcher, Keep, Limits, Outcome, Request, Retries, StatusCode};
use demo_site::content;
use raw::{Asked, Server, answer};

const SIZE: u64 = 400_000;
const LEAST: u64 = 10_000;
const DATE: &str = "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT";

/// How long a test waits for what must happen.
const PATIENCE: Duration = Duration::from_secs(60);

fn fetcher() -> Fetcher {
    let retries = Retries {
        base: Duration::from_millis(1),
        ..Retries::default()
    };
    let limits = Limits {
        segment: LEAST,
        ..Limits::default()
    };
    let builder = Fetcher::builder().limits(limits).retries(retries);
    builder.build().unwrap()
}

fn file(version: u64) -> Vec<u8> {
    content::part(version, 0..SIZE)
}

fn request(url: &str, path: &Path) -> Request {
    let request = Request::get(url).unwrap().segments(4);
    request.keep(Keep::File(path.to_owned()))
}

/// The 206 that a request asks for.
fn part(asked: &Asked, whole: &[u8], headers: &[&str]) -> Vec<u8> {
    let (from, to) = asked.range(whole.len());
    let line = format!("Content-Range: bytes {from}-{}/{}", to - 1, whole.len());
    let headers = [&[line.as_str()], headers].concat();
    answer("206 Partial Content", &headers, &whole[from..to])
}

/// The head of an answer with all of it.
fn head(headers: &str) -> String {
    format!(
        "HTTP/1.1 200 OK\r\nAccept-Ranges: bytes\r\nContent-Length: {SIZE}\r\n{headers}\r\n\r\n"
    )
}

/// Counts, and lets others wait for a number.
#[derive(Default)]
struct Count(Mutex<u32>, Condvar);

impl Count {
    fn add(&self) {
        *self.0.lock().unwrap() += 1;
        self.1.notify_all();
    }

    fn wait_for(&self, number: u32) {
        let count = self.0.lock().unwrap();
        let reached = self
            .1
            .wait_timeout_while(count, PATIENCE, |it| *it < number);
        assert!(!reached.unwrap().1.timed_out(), "{number} did not come");
    }
}

fn is_whole(outcome: &Outcome, path: &Path, version: u64) {
    assert!(outcome.is_success(), "{:?}", outcome.result);
    assert!(std::fs::read(path).unwrap() == file(version));
    let folder = path.parent().unwrap().join(FOLDER);
    assert_eq!(std::fs::read_dir(folder).unwrap().count(), 0);
    assert_eq!(outcome.result.as_ref().unwrap().length, SIZE);
}

#[tokio::test]
async fn several_ranges_are_on_their_way_at_once() {
    let ranges = Arc::new(Count::default());
    let count = Arc::clone(&ranges);
    let server = Server::streaming(move |asked: &Asked, stream: &mut TcpStream| {
        let whole = file(1);
        if asked.header("range").is_none() {
            let _ = stream.write_all(head("ETag: \"a\"").as_bytes());
            // No more, until three others ask.
            count.wait_for(3);
            let _ = stream.write_all(&whole);
            return;
        }
        count.add();
        count.wait_for(3);
        assert_eq!(asked.header("if-range"), Some("\"a\""));
        let _ = stream.write_all(&part(asked, &whole, &["ETag: \"a\""]));
    });
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    let request = request(&server.url("/file"), &path).checksum(Checksum::of(file(1)));
    let outcome = fetcher().fetch(request).await;
    is_whole(&outcome, &path, 1);
    assert_eq!(outcome.attempts, 1);
    // Nothing is fetched twice.
    let mut asked: Vec<(usize, usize)> = server
        .heads()
        .iter()
        .filter(|head| head.to_ascii_lowercase().contains("range: bytes="))
        .map(|head| Asked::of(head).range(SIZE as usize))
        .collect();
    asked.sort_unstable();
    assert!(asked.len() >= 3, "{asked:?}");
    assert!(
        asked.windows(2).all(|two| two[0].1 <= two[1].0),
        "{asked:?}"
    );
    let shortest = asked.iter().map(|(from, to)| to - from).min().unwrap();
    assert!(shortest as u64 >= LEAST, "{asked:?}");
}

#[tokio::test]
async fn odd_ranges_are_never_spliced() {
    let site = demo_site::Site::builder().start().unwrap();
    // (the kind, the version that must come, if one must)
    for (kind, version) in [
        ("right", Some(1)),
        ("short", Some(1)),
        ("unit-case", Some(1)),
        ("ignored", Some(1)),
        ("no-total", Some(1)),
        ("early", Some(1)),
        ("unit", Some(1)),
        ("no-content-range", Some(1)),
        ("garbled", Some(1)),
        ("long", None),
        ("multipart", Some(1)),
        ("refused", Some(1)),
        ("changed-tag", Some(2)),
        ("changed-unsaid", Some(2)),
        ("changed-whole", Some(2)),
        ("changed-total", None),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let url = site.raw_url(&format!("/part/{kind}?size={SIZE}&cut=150000"));
        let outcome = fetcher().fetch(request(&url, &path)).await;
        match version {
            Some(version) => is_whole(&outcome, &path, version),
            // It may be an error, or the new file; never a mixture.
            None if outcome.is_success() => {
                let now = std::fs::read(&path).unwrap();
                let new = content::part(2, 0..SIZE + 100);
                assert!(now == new || now == file(1), "{kind}");
            }
            None => assert!(!path.exists(), "{kind}"),
        }
    }
}

#[tokio::test]
async fn a_range_that_fails_is_fetched_by_another() {
    // The first helper is refused, and the second's answer breaks off.
    let server = Server::start(|asked| {
        let whole = file(1);
        match (asked.header("range"), asked.before) {
            (None, _) => answer("200 OK", &["ETag: \"a\"", "Accept-Ranges: bytes"], &whole),
            (_, 1) => answer("404 Not Found", &[], ""),
            (_, 2) => {
                let mut cut = part(asked, &whole, &["ETag: \"a\""]);
                cut.truncate(cut.len() / 2);
                cut
            }
            _ => part(asked, &whole, &["ETag: \"a\""]),
        }
    });
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    let outcome = fetcher().fetch(request(&server.url("/file"), &path)).await;
    is_whole(&outcome, &path, 1);
}

/// Fetches until one range is there, and drops everything.
async fn begun(server: &Server, ranges: &Count, path: &Path) {
    let fetcher = fetcher();
    let fetching = fetcher.fetch(request(&server.url("/file"), path));
    tokio::select! {
        outcome = fetching => panic!("it is over: {:?}", outcome.result),
        // Four ranges by three helpers: before one of them asked again, its first was written.
        () = async { while *ranges.0.lock().unwrap() < 4 { tokio::task::yield_now().await } } => {}
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ranges_are_gone_on_with() {
    for changes in [false, true] {
        let (ranges, open) = (Arc::new(Count::default()), Arc::new(Count::default()));
        let (count, gate) = (Arc::clone(&ranges), Arc::clone(&open));
        let server = Server::streaming(move |asked: &Asked, stream: &mut TcpStream| {
            let is_open = *gate.0.lock().unwrap() > 0;
            let (version, tag) = match is_open && changes {
                true => (2, "ETag: \"b\""),
                false => (1, "ETag: \"a\""),
            };
            let whole = file(version);
            let same = asked.header("if-range").is_none_or(|it| tag.contains(it));
            if asked.header("range").is_none() || !same {
                let _ = stream.write_all(head(tag).as_bytes());
                if !is_open {
                    // One byte, and no more before the client has gone.
                    let _ = stream.write_all(&whole[..1]);
                    gate.wait_for(1);
                    return;
                }
                let _ = stream.write_all(&whole);
                return;
            }
            let _ = stream.write_all(&part(asked, &whole, &[tag]));
            count.add();
        });
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        begun(&server, &ranges, &path).await;
        assert!(!path.exists());
        open.add();
        let before = server.heads().len();
        let outcome = fetcher().fetch(request(&server.url("/file"), &path)).await;
        is_whole(&outcome, &path, if changes { 2 } else { 1 });
        let answer = outcome.result.unwrap();
        if changes {
            assert_eq!(answer.resumed_from, 0);
        } else {
            assert_eq!(answer.status, StatusCode::PARTIAL_CONTENT);
            // What the first run fetched is not asked for again.
            assert!(answer.resumed_from > LEAST, "{}", answer.resumed_from);
            let asked = server.heads()[before..]
                .iter()
                .map(|head| Asked::of(head).range(SIZE as usize))
                .map(|(from, to)| to - from)
                .sum::<usize>();
            assert!(asked as u64 <= SIZE, "{asked}");
        }
    }
}

#[tokio::test]
async fn mirrors_help_if_they_have_the_same() {
    // (what the mirror says, its version, whether there is a checksum, whether it is of use)
    for (date, version, checksum, useful) in [
        (DATE, 1, false, true),
        (
            "Last-Modified: Mon, 07 Nov 1994 08:49:37 GMT",
            2,
            false,
            false,
        ),
        ("X-None: 1", 2, false, false),
        (DATE, 1, true, true),
    ] {
        let asked_mirror = Arc::new(Count::default());
        let count = Arc::clone(&asked_mirror);
        let mirror = Server::start(move |asked| {
            count.add();
            // Another server's tag is of its own making.
            part(asked, &file(version), &["ETag: \"other\"", date])
        });
        let count = Arc::clone(&asked_mirror);
        let first = Server::streaming(move |asked: &Asked, stream: &mut TcpStream| {
            let whole = file(1);
            if asked.header("range").is_some() {
                let _ = stream.write_all(&part(asked, &whole, &["ETag: \"a\"", DATE]));
                return;
            }
            let headers = format!("ETag: \"a\"\r\n{DATE}");
            let _ = stream.write_all(head(&headers).as_bytes());
            count.wait_for(1);
            let _ = stream.write_all(&whole);
        });
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let mut request = request(&first.url("/file"), &path)
            .segments(2)
            .mirrors(vec![mirror.url("/file").parse().unwrap()]);
        if checksum {
            request = request.checksum(Checksum::of(file(1)));
        }
        let outcome = fetcher().fetch(request).await;
        is_whole(&outcome, &path, 1);
        let ranges = mirror.heads().len();
        assert!(ranges >= 1);
        if !useful {
            assert_eq!(ranges, 1, "it is not asked again");
        }
        assert!(
            !mirror.heads()[0].contains("\"a\""),
            "a tag is its server's"
        );
    }
}

#[tokio::test]
async fn a_short_file_or_one_that_cannot_be_checked_is_fetched_at_once() {
    for (headers, size) in [
        ("ETag: \"a\"\r\nAccept-Ranges: bytes", 2 * LEAST - 1),
        ("ETag: \"a\"", SIZE),
        ("ETag: W/\"a\"\r\nAccept-Ranges: bytes", SIZE),
        ("Accept-Ranges: bytes", SIZE),
        ("ETag: \"a\"\r\nAccept-Ranges: none", SIZE),
    ] {
        let server =
            Server::start(move |_| answer("200 OK", &[headers], content::part(1, 0..size)));
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let outcome = fetcher().fetch(request(&server.url("/file"), &path)).await;
        assert!(outcome.is_success(), "{:?}", outcome.result);
        assert!(std::fs::read(&path).unwrap() == content::part(1, 0..size));
        assert_eq!(server.heads().len(), 1, "{headers}");
    }
}

#[tokio::test]
async fn a_server_of_one_request_at_a_time_is_no_dead_end() {
    // As nginx's `limit_conn 1`: whoever asks meanwhile is refused, and the host is asked slower.
    let busy = Arc::new(Mutex::new(false));
    let server = Server::streaming(move |asked: &Asked, stream: &mut TcpStream| {
        if std::mem::replace(&mut *busy.lock().unwrap(), true) {
            let _ = stream.write_all(&answer("503 Service Unavailable", &[], ""));
            return;
        }
        let whole = file(1);
        if asked.header("range").is_some() {
            let _ = stream.write_all(&part(asked, &whole, &["ETag: \"a\""]));
        } else {
            let _ = stream.write_all(head("ETag: \"a\"").as_bytes());
            for piece in whole.chunks(20_000) {
                let _ = stream.write_all(piece);
                std::thread::sleep(Duration::from_millis(5));
            }
        }
        *busy.lock().unwrap() = false;
    });
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    let outcome = fetcher().fetch(request(&server.url("/file"), &path)).await;
    is_whole(&outcome, &path, 1);
}
