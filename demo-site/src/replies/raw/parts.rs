//! Files whose first answer breaks off, and whose rest is then sent wrongly: what splices files
//! whose client believes every 206 (RFC 9110, sections 13.1.5 and 15.3.7).
//!
//! `?size=` bytes, of which the first answer sends `?cut=`. A request with a Range is answered as
//! the path says. One without gets all of it, after the first: the file as it is then.

use std::io;
use std::ops::Range;

use tokio::net::TcpStream;

use super::request::Request;
use super::{missing, send, send_content, send_head};
use crate::content;
use crate::replies::Shared;
use crate::replies::bytes::range_of;

/// Bytes of a file, and of a first answer, unless the query says otherwise.
const SIZE: u64 = 100_000;
const CUT: u64 = 40_000;

/// Bytes that one answer in memory may have: those with borders between parts.
const MOST_AT_ONCE: u64 = 1 << 20;

/// The two dates between which a file without a tag was changed.
const BEFORE: &str = "last-modified: Sun, 06 Nov 1994 08:49:37 GMT\r\n";
const AFTER: &str = "last-modified: Mon, 07 Nov 1994 08:49:37 GMT\r\n";
const TAG: &str = "etag: \"1\"\r\n";
const NEW_TAG: &str = "etag: \"2\"\r\n";

/// The file at one time.
struct File {
    /// Its content's number.
    version: u64,
    size: u64,
    validator: &'static str,
}

pub(super) async fn answer(
    stream: &mut TcpStream,
    request: &Request<'_>,
    shared: &Shared,
) -> io::Result<()> {
    let size = request.number("size").unwrap_or(SIZE);
    let cut = request.number("cut").unwrap_or(CUT).min(size);
    let kind = request.path().trim_start_matches("/part/");
    let old = File {
        version: 1,
        size,
        validator: if kind.ends_with("-date") { BEFORE } else { TAG },
    };
    if kind == "unasked" {
        return partial(stream, &old, 0..cut).await;
    }
    let Some(new) = changed(kind, &old) else {
        return missing(stream).await;
    };
    match request
        .header("range")
        .and_then(|it| range_of(it, old.size))
    {
        Some(Ok(part)) => rest(stream, kind, part, &old, &new).await,
        _ if shared.visits_before(request.target()) == 0 => whole(stream, &old, cut).await,
        _ => whole(stream, &new, new.size).await,
    }
}

/// What the file has become by the time its rest is asked for; `None` for a kind that is none.
fn changed(kind: &str, old: &File) -> Option<File> {
    let File {
        size, validator, ..
    } = *old;
    let (version, size, validator) = match kind {
        "changed-tag" | "changed-unsaid" | "changed-whole" => (2, size, NEW_TAG),
        "changed-date" => (2, size, AFTER),
        "changed-total" => (2, size.saturating_add(100), NEW_TAG),
        "right" | "short" | "early" | "unit" | "unit-case" | "no-content-range" | "no-total"
        | "garbled" | "long" | "multipart" | "ignored" | "refused" => (1, size, validator),
        _ => return None,
    };
    Some(File {
        version,
        size,
        validator,
    })
}

/// Announces the whole file, and sends its first `sent` bytes.
async fn whole(stream: &mut TcpStream, file: &File, sent: u64) -> io::Result<()> {
    let File {
        size, validator, ..
    } = file;
    let headers = format!("{validator}accept-ranges: bytes\r\ncontent-length: {size}\r\n");
    send_head(stream, "200 OK", &headers).await?;
    send_content(stream, file.version, 0..sent).await
}

/// A 206 of this part, as it should be.
async fn partial(stream: &mut TcpStream, file: &File, part: Range<u64>) -> io::Result<()> {
    let line = range_line(&part, &file.size.to_string());
    said(stream, file, &line, file.validator, part.clone(), part).await
}

fn range_line(part: &Range<u64>, total: &str) -> String {
    let last = part.end.saturating_sub(1);
    format!("content-range: bytes {}-{last}/{total}\r\n", part.start)
}

/// A 206 that says one thing, and sends another part.
async fn said(
    stream: &mut TcpStream,
    file: &File,
    line: &str,
    validator: &str,
    announced: Range<u64>,
    sent: Range<u64>,
) -> io::Result<()> {
    let length = announced.end - announced.start;
    let headers = format!("{validator}{line}content-length: {length}\r\n");
    send_head(stream, "206 Partial Content", &headers).await?;
    send_content(stream, file.version, sent).await
}

async fn rest(
    stream: &mut TcpStream,
    kind: &str,
    part: Range<u64>,
    old: &File,
    new: &File,
) -> io::Result<()> {
    let total = new.size.to_string();
    let line = range_line(&part, &total);
    let tag = new.validator;
    let both = (part.clone(), part.clone());
    match kind {
        "short" => {
            let end = part.start + (part.end - part.start).div_ceil(2);
            partial(stream, new, part.start..end).await
        }
        "early" => partial(stream, new, part.start.saturating_sub(1000)..part.end).await,
        "changed-total" => partial(stream, new, part.start..new.size).await,
        "changed-unsaid" => said(stream, new, &line, "", both.0, both.1).await,
        "unit" => {
            said(
                stream,
                new,
                &line.replace("bytes", "items"),
                tag,
                both.0,
                both.1,
            )
            .await
        }
        "unit-case" => {
            said(
                stream,
                new,
                &line.replace("bytes", "Bytes"),
                tag,
                both.0,
                both.1,
            )
            .await
        }
        "no-content-range" => said(stream, new, "", tag, both.0, both.1).await,
        "no-total" => said(stream, new, &range_line(&part, "*"), tag, both.0, both.1).await,
        "garbled" => {
            let line = "content-range: bytes x-y/z\r\n";
            said(stream, new, line, tag, both.0, both.1).await
        }
        // A hundred bytes from before the part stand in front of it.
        "long" => {
            let sent = part.start.saturating_sub(100)..part.end;
            said(stream, new, &line, tag, sent.clone(), sent).await
        }
        "multipart" if part.end - part.start <= MOST_AT_ONCE => {
            let kind = "content-type: multipart/byteranges; boundary=border\r\n";
            let body = [
                format!("--border\r\n{line}\r\n").as_bytes(),
                &content::part(new.version, part),
                b"\r\n--border--\r\n",
            ]
            .concat();
            send(
                stream,
                "206 Partial Content",
                &format!("{tag}{kind}"),
                &body,
            )
            .await
        }
        "ignored" | "changed-whole" => whole(stream, new, new.size).await,
        "refused" => {
            let line = format!("content-range: bytes */{}\r\n", old.size);
            send(stream, "416 Range Not Satisfiable", &line, b"").await
        }
        // Right in itself, and of another file where it has changed: If-Range was ignored.
        _ => partial(stream, new, part).await,
    }
}
