//! A file that is replaced in the moment between a server's look at it and its opening: bytes of the new
//! one come under the header of the old one.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[allow(dead_code, reason = "each test file uses a part of it")]
mod raw;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_fetch::{Checksum, Fetcher, Keep, Limits, Outcome, Request, Retries};
use demo_site::content;
use raw::{Asked, Server, answer};

const SIZE: usize = 400_000;

/// What comes of the first answer, its header included, before there is any other.
const FIRST: usize = 50_000;

/// What an answer says of the old file and of the new one, and whether `If-Range` is understood.
struct Headers {
    old: [&'static str; 2],
    new: [&'static str; 2],
    knows_if_range: bool,
}

const EARLY: &str = "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT";
const LATE: &str = "Last-Modified: Mon, 07 Nov 1994 08:49:37 GMT";
const NOW: &str = "Date: Tue, 08 Nov 1994 08:49:37 GMT";

const KINDS: [Headers; 3] = [
    Headers {
        old: ["ETag: \"a\"", EARLY],
        new: ["ETag: \"b\"", LATE],
        knows_if_range: true,
    },
    // A date alone, as apache without tags.
    Headers {
        old: [NOW, EARLY],
        new: [NOW, LATE],
        knows_if_range: true,
    },
    // A tag that is remembered, as tornado's.
    Headers {
        old: ["ETag: \"a\"", EARLY],
        new: ["ETag: \"a\"", LATE],
        knows_if_range: false,
    },
];

fn file(version: u64) -> Vec<u8> {
    content::part(version, 0..SIZE as u64)
}

/// The 206 that a request asks for.
fn part(asked: &Asked, whole: &[u8], headers: &[&str]) -> Vec<u8> {
    let (from, to) = asked.range(whole.len());
    let line = format!("Content-Range: bytes {from}-{}/{}", to - 1, whole.len());
    let headers = [&[line.as_str()], headers].concat();
    answer("206 Partial Content", &headers, &whole[from..to])
}

fn all(whole: &[u8], headers: &[&str]) -> Vec<u8> {
    let headers = [&["Accept-Ranges: bytes"], headers].concat();
    answer("200 OK", &headers, whole)
}

fn is_last_byte(asked: &Asked) -> bool {
    asked.header("range") == Some(&format!("bytes={}-", SIZE - 1))
}

/// With two segments each half of the file is one range, so it is known what is asked for and when.
async fn fetch(server: &Server, segments: usize, checksum: Option<Checksum>) -> (Outcome, Vec<u8>) {
    let limits = Limits {
        segment: SIZE as u64 / 2,
        ..Limits::default()
    };
    let retries = Retries {
        base: Duration::from_millis(1),
        ..Retries::default()
    };
    let fetcher = Fetcher::builder().limits(limits).retries(retries);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    let mut request = Request::get(server.url("/file"))
        .unwrap()
        .segments(segments)
        .keep(Keep::File(path.clone()));
    if let Some(checksum) = checksum {
        request = request.checksum(checksum);
    }
    let outcome = fetcher.build().unwrap().fetch(request).await;
    (outcome, std::fs::read(path).unwrap_or_default())
}

/// A server whose file is replaced while it answers the first range. The rest of the first answer comes
/// once that range was answered, or not at all if it `cuts`.
fn replacing(kind: Headers, cuts: bool) -> Server {
    let ranges = AtomicUsize::new(0);
    let answered = std::sync::Barrier::new(2);
    Server::streaming(move |asked: &Asked, stream: &mut std::net::TcpStream| {
        use std::io::Write;
        let (old, new) = (file(1), file(2));
        let mut send = |bytes: &[u8]| drop(stream.write_all(bytes));
        if asked.before == 0 {
            let answer = all(&old, &kind.old);
            let (now, later) = answer.split_at(FIRST);
            send(now);
            if !cuts {
                answered.wait();
                send(later);
            }
            return;
        }
        let asks_for_range = asked.header("range").is_some();
        let same = asked
            .header("if-range")
            .is_none_or(|it| kind.new.iter().any(|line| line.ends_with(it)));
        if asks_for_range && ranges.fetch_add(1, Ordering::SeqCst) == 0 {
            send(&part(asked, &new, &kind.old));
            if !cuts {
                answered.wait();
            }
        } else if asks_for_range && (same || !kind.knows_if_range) {
            send(&part(asked, &new, &kind.new));
        } else {
            send(&all(&new, &kind.new));
        }
    })
}

#[tokio::test]
async fn a_range_of_a_new_file_under_an_old_header_is_not_kept() {
    for kind in KINDS {
        let server = replacing(kind, false);
        let (outcome, saved) = fetch(&server, 2, None).await;
        assert!(outcome.is_success(), "{:?}", outcome.result);
        assert!(saved == file(2), "it is no version");
    }
}

#[tokio::test]
async fn nor_is_the_rest_of_a_file_that_was_cut() {
    for kind in KINDS {
        let server = replacing(kind, true);
        let (outcome, saved) = fetch(&server, 1, None).await;
        assert!(outcome.is_success(), "{:?}", outcome.result);
        assert!(saved == file(2), "it is no version");
    }
}

/// A server of a file that does not change; `look` answers a request for the last byte.
fn calm(look: impl Fn(&Asked) -> Vec<u8> + Send + Sync + 'static) -> Server {
    Server::start(move |asked| {
        let headers = &KINDS[0].old;
        match asked.header("range") {
            None => all(&file(1), headers),
            _ if is_last_byte(asked) => look(asked),
            _ => part(asked, &file(1), headers),
        }
    })
}

#[tokio::test]
async fn one_more_request_is_made_and_none_where_a_checksum_decides() {
    let server = calm(|asked| part(asked, &file(1), &KINDS[0].old));
    for (checksum, looks) in [(None, 1), (Some(Checksum::of(file(1))), 0)] {
        let before = server.heads().len();
        let (outcome, saved) = fetch(&server, 2, checksum).await;
        assert!(saved == file(1), "{:?}", outcome.result);
        assert_eq!(outcome.result.unwrap().status, 200);
        let heads = &server.heads()[before..];
        let last = |head: &&String| is_last_byte(&Asked::of(head));
        assert_eq!(heads.iter().filter(last).count(), looks, "{heads:?}");
        assert_eq!(outcome.attempts, 1);
    }
    // The whole file of the same version proves as much as its last byte.
    let server = calm(|_| all(&file(1), &KINDS[0].old));
    let (outcome, saved) = fetch(&server, 2, None).await;
    assert!(saved == file(1), "{:?}", outcome.result);
    let whole = |head: &&String| Asked::of(head).header("range").is_none();
    assert_eq!(server.heads().iter().filter(whole).count(), 1);
    // That of another version is the file then.
    let server = calm(|_| all(&file(2), &KINDS[0].new));
    let (outcome, saved) = fetch(&server, 2, None).await;
    assert!(saved == file(2), "{:?}", outcome.result);
}

#[tokio::test]
async fn a_file_that_changes_at_each_look_is_fetched_in_one_range_in_the_end() {
    let server = calm(|asked| part(asked, &file(1), &KINDS[0].new));
    let (outcome, saved) = fetch(&server, 2, None).await;
    assert!(saved == file(1), "{:?}", outcome.result);
    let whole = |head: &&String| Asked::of(head).header("range").is_none();
    assert_eq!(server.heads().iter().filter(whole).count(), 4);
}

#[tokio::test]
async fn a_file_that_is_gone_at_the_last_look_is_no_success() {
    let server = calm(|_| answer("404 Not Found", &[], "gone"));
    let (outcome, saved) = fetch(&server, 2, None).await;
    assert_eq!(outcome.result.unwrap().status, 404);
    assert!(saved.is_empty());
}
