//! What is tried again, and how often; and where else it is asked for.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[allow(dead_code, reason = "each test file uses a part of it")]
mod raw;
#[allow(dead_code, reason = "each test file uses a part of it")]
mod resumed;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use async_fetch::{Checksum, Error, Fetcher, Keep, Request, Retries};
use raw::{Asked, Server, answer};
use resumed::*;

#[tokio::test]
async fn a_server_that_always_cuts_ends_in_an_error_and_one_that_brings_more_does_not() {
    // It ignores ranges.
    let server = Server::start(|_| cut("ETag: \"a\""));
    let (outcome, file) = saved(&server).await;
    assert!(
        matches!(outcome.result, Err(Error::Cut { .. })),
        "{:?}",
        outcome.result
    );
    assert!(file.is_err());
    // The first has brought more than nothing; then four without progress.
    assert_eq!(server.heads().len(), 5);

    let server = Server::start(|asked: &Asked| {
        let from = asked.from().unwrap_or(0);
        let length = format!("Content-Length: {}", SIZE - from);
        let body = &old()[from..SIZE.min(from + 100)];
        match from {
            0 => answer("200 OK", &["ETag: \"a\"", &length], body),
            _ => part(
                &format!("bytes {from}-{}/{SIZE}", SIZE - 1),
                &["ETag: \"a\"", &length],
                body,
            ),
        }
    });
    let (outcome, file) = saved(&server).await;
    assert!(file.unwrap() == old(), "{:?}", outcome.result);
    assert_eq!(outcome.attempts as usize, SIZE / 100);
}

#[tokio::test]
async fn a_body_that_is_too_slow_is_given_up_and_one_that_only_stops_now_and_then_is_not() {
    // It sends so many bytes, and then nothing more until the client has gone.
    let stopping = |most: usize| {
        Server::streaming(move |asked: &Asked, stream: &mut TcpStream| {
            let from = asked.from().unwrap_or(0);
            let whole = match from {
                0 => {
                    let length = format!("Content-Length: {SIZE}");
                    answer("200 OK", &["ETag: \"a\"", &length], old())
                }
                _ => {
                    let range = format!("bytes {from}-{}/{SIZE}", SIZE - 1);
                    part(&range, &["ETag: \"a\""], &old()[from..])
                }
            };
            let head = whole.len() - (SIZE - from);
            let end = whole.len().min(head + most);
            let _ = stream.write_all(&whole[..end]);
            if end < whole.len() {
                let _ = stream.read(&mut [0]);
            }
        })
    };
    // Bytes a second, at least; what comes at once; attempts. Ten bytes in a tenth of a second or more are
    // too slow, and 500 are not, for seconds.
    for (least, most, attempts) in [(1 << 20, 10, 4), (100, 100, 20)] {
        let server = stopping(most);
        let limits = async_fetch::Limits {
            lowest_speed: Some((least, Duration::from_millis(100))),
            ..async_fetch::Limits::default()
        };
        let retries = Retries {
            base: Duration::from_millis(1),
            ..Retries::default()
        };
        let fetcher = Fetcher::builder().retries(retries).limits(limits);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let request = Request::get(server.url("/file")).unwrap();
        let request = request.keep(Keep::File(path.clone()));
        let outcome = fetcher.build().unwrap().fetch(request).await;
        assert_eq!(outcome.attempts, attempts, "{:?}", outcome.result);
        match outcome.result {
            Err(error) => assert_eq!((error.kind(), path.exists()), ("too-slow", false)),
            Ok(_) => assert!(std::fs::read(path).unwrap() == old()),
        }
    }
}

#[tokio::test]
async fn a_mirror_is_asked_if_the_first_fails() {
    let bad = Server::start(|_| answer("404 Not Found", &[], "no"));
    let good = Server::start(|_| answer("200 OK", &[], old()));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    let request = Request::get(bad.url("/file"))
        .unwrap()
        .header("authorization".parse().unwrap(), "secret".parse().unwrap())
        .mirrors(vec![
            "http://127.0.0.1:1/".parse().unwrap(),
            good.url("/file").parse().unwrap(),
        ])
        .keep(Keep::File(path.clone()));
    let outcome = fetcher().fetch(request).await;
    assert!(outcome.is_success(), "{:?}", outcome.result);
    assert!(std::fs::read(path).unwrap() == old());
    assert!(bad.heads()[0].contains("secret"));
    assert!(!good.heads()[0].contains("secret"));
}

#[tokio::test]
async fn a_mirror_is_asked_if_the_checksum_is_wrong() {
    let bad = Server::start(|_| answer("200 OK", &["ETag: \"a\""], new()));
    let good = Server::start(|_| answer("200 OK", &["ETag: \"a\""], old()));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    let request = Request::get(bad.url("/file"))
        .unwrap()
        .mirrors(vec![good.url("/file").parse().unwrap()])
        .checksum(Checksum::of(old()))
        .keep(Keep::File(path.clone()));
    let outcome = fetcher().fetch(request).await;
    assert!(outcome.is_success(), "{:?}", outcome.result);
    assert!(std::fs::read(path).unwrap() == old());
}
