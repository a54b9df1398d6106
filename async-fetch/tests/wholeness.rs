//! Files that are whole: servers that answer a range with something else (RFC 9110, section 14).

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[allow(dead_code, reason = "each test file uses a part of it")]
mod raw;
#[allow(dead_code, reason = "each test file uses a part of it")]
mod resumed;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};

use async_fetch::{Checksum, Error, FOLDER, Keep, Request};
use raw::{Asked, Server, answer};
use resumed::*;

#[tokio::test]
async fn a_part_of_another_version_is_not_put_behind_the_first() {
    let modified =
        "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\nDate: Sun, 06 Nov 1994 09:49:37 GMT";
    let later =
        "Last-Modified: Sun, 06 Nov 1994 08:50:37 GMT\r\nDate: Sun, 06 Nov 1994 09:49:37 GMT";
    // (the first answer's validator, that of the part, the length of all that the part names)
    for (first, second, total) in [
        ("ETag: \"a\"", "ETag: \"b\"", SIZE),
        ("ETag: \"a\"", "ETag: W/\"a\"", SIZE),
        ("ETag: \"a\"", "X-None: 1", SIZE),
        ("ETag: \"a\"", "ETag: \"a\"", SIZE + 1),
        (modified, later, SIZE),
        (modified, "X-None: 1", SIZE),
    ] {
        // It does not know If-Range, as aiohttp and tornado don't.
        let server = Server::start(move |asked: &Asked| match (asked.before, asked.from()) {
            (0, _) => cut(first),
            (_, Some(from)) => {
                let end = total.min(SIZE);
                part(
                    &format!("bytes {from}-{}/{total}", end - 1),
                    &[second],
                    &new()[from..end],
                )
            }
            (_, None) => answer("200 OK", &[second], new()),
        });
        let (outcome, file) = saved(&server).await;
        assert!(
            outcome.is_success(),
            "{first} {second}: {:?}",
            outcome.result
        );
        assert!(file.unwrap() == new(), "{first} {second}");
        assert_eq!(server.heads().len(), 3);
    }
}

#[tokio::test]
async fn the_same_version_is_gone_on_with_in_whatever_case_and_length() {
    for (unit, most) in [("bytes", SIZE), ("Bytes", SIZE), ("bytes", 300)] {
        let server = Server::start(move |asked: &Asked| match asked.from() {
            None => cut("ETag: \"a\""),
            Some(from) => {
                let end = SIZE.min(from + most);
                let range = format!("{unit} {from}-{}/{SIZE}", end - 1);
                part(&range, &["ETag: \"a\""], &old()[from..end])
            }
        });
        let (outcome, file) = saved(&server).await;
        assert!(outcome.is_success(), "{:?}", outcome.result);
        assert!(file.unwrap() == old(), "{unit} {most}");
        let heads = server.heads();
        // And one more, for the last byte.
        assert_eq!(heads.len(), 2 + (SIZE - CUT).div_ceil(most));
        assert!(heads[1].to_ascii_lowercase().contains("if-range: \"a\""));
    }
}

#[tokio::test]
async fn what_was_not_asked_for_is_not_saved() {
    let strange: [fn(usize) -> Vec<u8>; 5] = [
        // From elsewhere, in another unit, several at once, without saying which, twice.
        |from| {
            part(
                &format!("bytes {}-{}/{SIZE}", from - 1, SIZE - 1),
                &["ETag: \"a\""],
                &old()[from - 1..],
            )
        },
        |from| {
            part(
                &format!("items {from}-{}/{SIZE}", SIZE - 1),
                &["ETag: \"a\""],
                &old()[from..],
            )
        },
        |_| {
            answer(
                "206 Partial Content",
                &[
                    "ETag: \"a\"",
                    "Content-Type: multipart/byteranges; boundary=X",
                ],
                b"--X\r\n",
            )
        },
        |from| answer("206 Partial Content", &["ETag: \"a\""], &old()[from..]),
        |from| {
            part(
                &format!("bytes {from}-{}/{SIZE}", SIZE - 1),
                &["Content-Range: bytes 0-1/2", "ETag: \"a\""],
                &old()[from..],
            )
        },
    ];
    for (number, strange) in strange.into_iter().enumerate() {
        let server = Server::start(move |asked: &Asked| match (asked.before, asked.from()) {
            (0, _) => cut("ETag: \"a\""),
            (_, Some(from)) => strange(from),
            (_, None) => answer("200 OK", &["ETag: \"a\""], old()),
        });
        let (outcome, file) = saved(&server).await;
        assert!(outcome.is_success() && file.unwrap() == old(), "{number}");
    }
    // A part that was not asked for is refused, unless it is the whole file.
    let server = Server::start(|_| part("bytes 0-999/2000", &[], &old()[..1000]));
    let (outcome, file) = saved(&server).await;
    assert!(matches!(outcome.result, Err(Error::Range(_))) && file.is_err());
    let server = Server::start(|_| part("bytes 0-1999/2000", &[], &old()));
    let (outcome, file) = saved(&server).await;
    assert!(outcome.is_success() && file.unwrap() == old());
}

#[tokio::test]
async fn a_part_that_is_longer_or_shorter_than_it_says_is_no_success() {
    // Chunked, so that only the range tells.
    let chunked = |body: &[u8], range: &str| {
        let chunk = [
            format!("{:x}\r\n", body.len()).as_bytes(),
            body,
            b"\r\n0\r\n\r\n",
        ]
        .concat();
        part(
            range,
            &["ETag: \"a\"", "Transfer-Encoding: chunked"],
            &chunk,
        )
    };
    for (more, kind) in [(true, "range"), (false, "cut")] {
        let server = Server::start(move |asked: &Asked| match asked.from() {
            None => cut("ETag: \"a\""),
            Some(from) => {
                let range = format!("bytes {from}-{}/{SIZE}", SIZE - 1);
                match more {
                    true => chunked(&[&old()[from..], b"x"].concat(), &range),
                    false => chunked(&[], &range),
                }
            }
        });
        let (outcome, file) = saved(&server).await;
        let error = outcome.result.unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        assert!(file.is_err());
    }
}

/// A part in a folder, as a run that was killed leaves it.
fn killed(folder: &Path, url: &str, body: &[u8]) -> PathBuf {
    let parts = folder.join(FOLDER);
    std::fs::create_dir_all(&parts).unwrap();
    std::fs::write(parts.join("file.part"), body).unwrap();
    let number = Checksum::of(url).prefix();
    let text = format!("async-fetch part 3\nurl {number:016x}\ntag \"a\"\ntotal {SIZE}\nend\n");
    std::fs::write(parts.join("file.from"), text).unwrap();
    folder.join("file")
}

#[tokio::test]
async fn a_part_that_is_complete_is_not_fetched_again() {
    const PART: &str = "206 Partial Content";
    // It is asked for its last byte: the answer to that says which version there is.
    for (status, range, tag, again) in [
        (PART, "bytes 1999-1999/2000", "ETag: \"a\"", false),
        (PART, "bytes 1999-1999/2000", "ETag: \"b\"", true),
        (PART, "bytes 1999-1999/2000", "X-None: 1", true),
        (PART, "bytes 1999-1999/2001", "ETag: \"a\"", true),
        (
            "416 Range Not Satisfiable",
            "bytes */1000",
            "X-None: 1",
            true,
        ),
        // The file has lost its last byte.
        (
            "416 Range Not Satisfiable",
            "bytes */1999",
            "X-None: 1",
            true,
        ),
    ] {
        let server = Server::start(move |asked: &Asked| match asked.from() {
            Some(from) => {
                assert_eq!(from, SIZE - 1);
                let range = format!("Content-Range: {range}");
                let body: &[u8] = if status == PART { &old()[from..] } else { b"" };
                answer(status, &[&range, tag], body)
            }
            None => answer("200 OK", &["ETag: \"b\""], new()),
        });
        let folder = tempfile::tempdir().unwrap();
        let path = killed(folder.path(), &server.url("/file"), &old());
        let request = Request::get(server.url("/file")).unwrap();
        let outcome = fetcher()
            .fetch(request.keep(Keep::File(path.clone())))
            .await;
        assert!(outcome.is_success(), "{:?}", outcome.result);
        let expected = if again { new() } else { old() };
        assert!(std::fs::read(path).unwrap() == expected, "{range} {tag}");
        assert_eq!(server.heads().len(), 1 + usize::from(again));
    }
}

#[tokio::test]
async fn a_part_of_unknown_length_is_whole_if_the_server_has_no_more_of_that_version() {
    for (tag, again) in [("ETag: \"a\"", false), ("ETag: \"b\"", true)] {
        let server = Server::start(move |asked: &Asked| match (asked.before, asked.from()) {
            (0, _) => {
                let body = [b"7d0\r\n".as_slice(), &old(), b"\r\n"].concat();
                answer(
                    "200 OK",
                    &["ETag: \"a\"", "Transfer-Encoding: chunked"],
                    body,
                )
            }
            (_, Some(from)) => {
                assert_eq!(from, SIZE);
                let range = format!("Content-Range: bytes */{SIZE}");
                answer("416 Range Not Satisfiable", &[&range, tag], "")
            }
            (_, None) => answer("200 OK", &["ETag: \"b\""], new()),
        });
        let (outcome, file) = saved(&server).await;
        let expected = if again { new() } else { old() };
        assert!(file.unwrap() == expected, "{tag}: {:?}", outcome.result);
        assert_eq!(server.heads().len(), 2 + usize::from(again));
    }
}

#[tokio::test]
async fn an_old_tag_on_a_new_file_is_noticed_by_its_date() {
    // As tornado answers, which remembers a file's tag as long as it runs.
    const BEFORE: &str = "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT";
    const AFTER: &str = "Last-Modified: Mon, 07 Nov 1994 08:49:37 GMT";
    let server = Server::start(|asked| match (asked.before, asked.from()) {
        (0, _) => {
            let length = format!("Content-Length: {SIZE}");
            answer("200 OK", &["ETag: \"a\"", BEFORE, &length], &old()[..CUT])
        }
        (_, Some(from)) => part(
            &format!("bytes {from}-{}/{SIZE}", SIZE - 1),
            &["ETag: \"a\"", AFTER],
            &new()[from..],
        ),
        _ => answer("200 OK", &["ETag: \"a\"", AFTER], new()),
    });
    let (outcome, file) = saved(&server).await;
    assert!(file.unwrap() == new(), "{:?}", outcome.result);
}

#[tokio::test]
async fn identity_is_no_coding_and_the_length_holds() {
    // The connection stays open behind the body, as curl's verdict does not wait for its end.
    let server = Server::streaming(|asked: &Asked, stream: &mut TcpStream| {
        let sent = if asked.path == "/cut" { 3 } else { 5 };
        let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\nContent-Length: 5\r\n\r\n";
        let _ = stream.write_all(head.as_bytes());
        let _ = stream.write_all(&b"hello"[..sent]);
        if sent == 5 {
            let _ = stream.read(&mut [0]);
        }
    });
    let fetch = async |path: &str| {
        fetcher()
            .fetch(Request::get(server.url(path)).unwrap())
            .await
    };
    assert_eq!(fetch("/whole").await.result.unwrap().bytes(), b"hello");
    let cut = fetch("/cut").await.result;
    assert!(
        matches!(cut, Err(Error::Cut { received: 3, .. })),
        "{cut:?}"
    );
}
