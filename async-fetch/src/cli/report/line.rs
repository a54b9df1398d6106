//! The line of a URL.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

use async_fetch::{Answer, HeaderMap, StatusCode, Url, Version, without_userinfo};
use common::timing::human_duration;
use serde::Serialize;

/// The result for a URL.
#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Result {
    Fetched,
    /// An earlier run saved it.
    There,
    /// Another line has it too.
    Repeated,
    Failed,
}

/// A line, as it is in JSON.
#[derive(Serialize)]
pub(super) struct Line<'a> {
    pub(super) result: Result,
    /// The number of the line, or of the place on the command line.
    pub(super) line: u64,
    /// The text of the input, without a password.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) input: Option<&'a str>,
    pub(super) url: &'a str,
    #[serde(serialize_with = "status")]
    pub(super) status: Option<StatusCode>,
    pub(super) bytes: u64,
    pub(super) seconds: f64,
    /// From the start of the last attempt to the header.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) first_byte: Option<f64>,
    pub(super) attempts: u32,
    pub(super) error: Option<&'a str>,
    /// The kind of error, for programs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) kind: Option<&'a str>,
    /// The targets of the redirects. The answer is from the last one.
    #[serde(skip_serializing_if = "<[Url]>::is_empty")]
    pub(super) redirects: &'a [Url],
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "path")]
    pub(super) file: Option<&'a Path>,
    /// Bytes that an earlier run had fetched.
    #[serde(skip_serializing_if = "is_zero")]
    pub(super) resumed_from: u64,
    #[serde(flatten, serialize_with = "answer")]
    pub(super) answer: Option<&'a Answer>,
}

/// The fields of an answer.
#[derive(Serialize)]
struct Told {
    version: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    sha256: Option<String>,
    headers: BTreeMap<String, Vec<String>>,
}

fn answer<S: serde::Serializer>(
    answer: &Option<&Answer>,
    serializer: S,
) -> std::result::Result<S::Ok, S::Error> {
    let told = answer.map(|answer| Told {
        version: version(answer.version),
        sha256: answer
            .checksum
            .map(|sum| sum.to_string().split_off("sha256:".len())),
        headers: headers(&answer.headers),
    });
    told.serialize(serializer)
}

fn status<S: serde::Serializer>(
    status: &Option<StatusCode>,
    serializer: S,
) -> std::result::Result<S::Ok, S::Error> {
    status.map(|status| status.as_u16()).serialize(serializer)
}

fn path<S: serde::Serializer>(
    path: &Option<&Path>,
    serializer: S,
) -> std::result::Result<S::Ok, S::Error> {
    path.map(|path| path.display().to_string())
        .serialize(serializer)
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

fn version(version: Version) -> &'static str {
    match version {
        Version::HTTP_09 => "0.9",
        Version::HTTP_10 => "1.0",
        Version::HTTP_2 => "2",
        Version::HTTP_3 => "3",
        _ => "1.1",
    }
}

/// Headers by name, without secrets.
fn headers(headers: &HeaderMap) -> BTreeMap<String, Vec<String>> {
    let mut told = BTreeMap::<String, Vec<String>>::new();
    for (name, value) in headers {
        let text = String::from_utf8_lossy(value.as_bytes());
        let text = match name.as_str() {
            "set-cookie" => without_value(&text),
            "location" | "content-location" => without_userinfo(&text),
            _ => text.into_owned(),
        };
        told.entry(name.to_string()).or_default().push(text);
    }
    told
}

/// A cookie's value is a secret: only its name and its attributes are shown.
fn without_value(cookie: &str) -> String {
    let (pair, attributes) = cookie.split_at(cookie.find(';').unwrap_or(cookie.len()));
    match pair.split_once('=') {
        Some((name, _)) => format!("{name}=***{attributes}"),
        None => format!("***{attributes}"),
    }
}

impl<'a> Line<'a> {
    pub(super) fn new(result: Result, line: u64, input: Option<&'a str>, url: &'a str) -> Line<'a> {
        Line {
            result,
            line,
            input: input.filter(|input| *input != url),
            url,
            status: None,
            bytes: 0,
            seconds: 0.0,
            first_byte: None,
            attempts: 0,
            error: None,
            kind: None,
            redirects: &[],
            file: None,
            resumed_from: 0,
            answer: None,
        }
    }

    /// Writes a line for people and for `awk`, and the answer's headers below if they are wanted.
    pub(super) fn human(&self, out: &mut impl Write, with_headers: bool) -> io::Result<()> {
        let time = human_duration(Duration::from_secs_f64(self.seconds));
        match (self.status, self.result) {
            (_, Result::There) => out.write_all(b"had")?,
            (_, Result::Repeated) => out.write_all(b"dup")?,
            (Some(status), _) => write!(out, "{}", status.as_u16())?,
            (None, _) => out.write_all(b"---")?,
        }
        let Line {
            bytes,
            attempts,
            url,
            ..
        } = self;
        write!(out, " {bytes:>10} {time:>8} {attempts} {url}")?;
        if let Some(last) = self.redirects.last() {
            write!(out, " -> {last}")?;
        }
        let told_by_status = self.status.is_some() && self.kind.is_none();
        if let Some(error) = self.error.filter(|_| !told_by_status) {
            write!(out, ": {}", escaped(error))?;
        }
        out.write_all(b"\n")?;
        match self.answer {
            Some(answer) if with_headers => head(out, answer),
            _ => Ok(()),
        }
    }
}

/// Writes the header of an answer.
fn head(out: &mut impl Write, answer: &Answer) -> io::Result<()> {
    writeln!(out, "HTTP/{} {}", version(answer.version), answer.status)?;
    for (name, value) in &answer.headers {
        let text = String::from_utf8_lossy(value.as_bytes());
        writeln!(out, "{name}: {}", escaped(&text))?;
    }
    out.write_all(b"\n")
}

/// A text with its control characters escaped.
fn escaped(text: &str) -> String {
    text.chars()
        .fold(String::with_capacity(text.len()), |mut escaped, letter| {
            match letter.is_control() {
                true => escaped.extend(letter.escape_default()),
                false => escaped.push(letter),
            }
            escaped
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_told_without_what_logs_in() {
        let map = HeaderMap::from_iter([
            (
                "set-cookie".parse().unwrap(),
                "s=secret; Path=/".parse().unwrap(),
            ),
            (
                "location".parse().unwrap(),
                "http://u:secret@a.example/".parse().unwrap(),
            ),
            ("etag".parse().unwrap(), "\"1\"".parse().unwrap()),
        ]);
        let told = headers(&map);
        assert_eq!(told["set-cookie"], ["s=***; Path=/"]);
        assert_eq!(told["location"], ["http://***@a.example/"]);
        assert_eq!(told["etag"], ["\"1\""]);
    }

    #[test]
    fn what_a_server_says_moves_no_cursor() {
        assert_eq!(
            escaped("a\u{9b}31mb\u{1b}[0m\r\té"),
            "a\\u{9b}31mb\\u{1b}[0m\\r\\té"
        );
    }
}
