//! WARC 1.1: requests and answers in an archive (ISO 28500:2017).
//!
//! Each record is a gzip member of its own, so that a reader can go to one without decompressing those before it.
//! A record has the answer as it came, but without the chunks of the transfer. No compression is requested while
//! an archive is written.

mod record;

use std::collections::HashMap;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, BufWriter, Seek, SeekFrom, Write};
use std::path::Path;
use std::time::SystemTime;

use async_fetch::{HeaderMap, StatusCode, Version};
use flate2::Compression;
use flate2::write::GzEncoder;

use record::{Counted, Head, answer_head, date, digest, name, request_head};

/// The profile of a record whose body equals an earlier one (WARC 1.1, section 6.7.2).
const PROFILE: &str = "http://netpreserve.org/warc/1.1/revisit/identical-payload-digest";

/// A request and its answer.
#[derive(Clone, Copy, Debug)]
pub struct Exchange<'a> {
    /// `GET` or `HEAD`.
    pub method: &'a str,
    /// The URL.
    pub url: &'a str,
    /// The server's address.
    pub address: Option<std::net::IpAddr>,
    /// The time of the request.
    pub at: SystemTime,
    /// The headers of the request, without secrets.
    pub asked: &'a HeaderMap,
    /// The status of the answer.
    pub status: StatusCode,
    /// Its version of HTTP.
    pub version: Version,
    /// Its headers.
    pub headers: &'a HeaderMap,
    /// Its body.
    pub body: &'a [u8],
    /// The body was cut.
    pub cut: bool,
}

/// A WARC file that is being written.
#[derive(Debug)]
pub struct Warc {
    out: BufWriter<File>,
    length: u64,
    /// The name of the `warcinfo` record.
    info: String,
    /// Bodies in it, by digest: the URL and the date of each.
    seen: HashMap<String, (String, String)>,
}

/// Bodies of this run that are remembered, in about 30 MiB. Further ones are written again when they come again.
const SEEN: usize = 100_000;

impl Warc {
    /// Creates a file. It must not exist.
    ///
    /// # Errors
    /// The error of the system; if the file exists.
    pub fn create(path: &Path) -> io::Result<Warc> {
        let mut options = OpenOptions::new();
        Warc::open(options.write(true).create_new(true), path, 0)
    }

    /// Creates a file, or replaces its content.
    ///
    /// # Errors
    /// The error of the system.
    pub fn replace(path: &Path) -> io::Result<Warc> {
        let mut options = OpenOptions::new();
        Warc::open(options.write(true).create(true).truncate(false), path, 0)
    }

    /// Resumes a file after `length` bytes. The bytes after them are cut off: half a record, or records of pages
    /// that will be fetched again.
    ///
    /// # Errors
    /// The error of the system; if the file is shorter.
    pub fn resume(path: &Path, length: u64) -> io::Result<Warc> {
        let mut options = OpenOptions::new();
        let options = options.write(true).create(true).truncate(false);
        Warc::open(options, path, length)
    }

    /// Locks the file before anything in it changes: another crawl may be writing to it.
    fn open(options: &OpenOptions, path: &Path, length: u64) -> io::Result<Warc> {
        let mut file = options.open(path)?;
        file.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => io::Error::other("another crawl is writing to it"),
            TryLockError::Error(error) => error,
        })?;
        let there = file.metadata()?.len();
        if there < length {
            let text = format!("it has {there} bytes, and had {length}: is it the same file?");
            return Err(io::Error::new(io::ErrorKind::InvalidData, text));
        }
        file.set_len(length)?;
        file.seek(SeekFrom::Start(length))?;
        let mut warc = Warc {
            out: BufWriter::with_capacity(256 * 1024, file),
            length,
            info: name(),
            seen: HashMap::new(),
        };
        // The records of each run have an information record of their own.
        warc.info()?;
        Ok(warc)
    }

    /// Writes the `warcinfo` record: the program that writes the file.
    fn info(&mut self) -> io::Result<()> {
        let software = concat!("crawler/", env!("CARGO_PKG_VERSION"));
        let body = format!("software: {software}\r\nformat: WARC File Format 1.1\r\n");
        let head = Head {
            kind: "warcinfo",
            content_type: "application/warc-fields",
            at: SystemTime::now(),
            url: None,
            more: String::new(),
        };
        let name = self.info.clone();
        self.record(&head, &name, &[body.as_bytes()])
    }

    /// Writes a request and its answer. If the body is in the archive already, the answer is a `revisit`: its
    /// header, and a reference to the body.
    ///
    /// # Errors
    /// The error of the system.
    pub fn write(&mut self, exchange: &Exchange<'_>) -> io::Result<()> {
        let (answer, request) = (name(), name());
        let payload = digest(&[exchange.body]);
        let mut more = format!(
            "WARC-Concurrent-To: {request}\r\nWARC-Warcinfo-ID: {}\r\nWARC-Payload-Digest: {payload}\r\n",
            self.info,
        );
        if let Some(address) = exchange.address {
            more.push_str(&format!("WARC-IP-Address: {address}\r\n"));
        }
        if exchange.cut {
            more.push_str("WARC-Truncated: length\r\n");
        }
        let is_whole = !exchange.body.is_empty() && !exchange.cut;
        let earlier = self.seen.get(&payload).filter(|_| is_whole);
        if let Some((url, date)) = earlier {
            more.push_str(&format!(
                "WARC-Profile: {PROFILE}\r\nWARC-Refers-To-Target-URI: {url}\r\nWARC-Refers-To-Date: {date}\r\n"
            ));
        }
        let kind = if earlier.is_some() {
            "revisit"
        } else {
            "response"
        };
        let body = if earlier.is_some() {
            b""
        } else {
            exchange.body
        };
        let head = answer_head(exchange);
        self.record(
            &Head {
                kind,
                content_type: "application/http;msgtype=response",
                at: exchange.at,
                url: Some(exchange.url),
                more,
            },
            &answer,
            &[&head, body],
        )?;
        if is_whole && kind == "response" && self.seen.len() < SEEN {
            let place = (exchange.url.to_owned(), date(exchange.at));
            self.seen.insert(payload, place);
        }
        let head = request_head(exchange);
        self.record(
            &Head {
                kind: "request",
                content_type: "application/http;msgtype=request",
                at: exchange.at,
                url: Some(exchange.url),
                more: format!(
                    "WARC-Concurrent-To: {answer}\r\nWARC-Warcinfo-ID: {}\r\n",
                    self.info
                ),
            },
            &request,
            &[&head],
        )
    }

    fn record(&mut self, head: &Head<'_>, name: &str, parts: &[&[u8]]) -> io::Result<()> {
        let length: usize = parts.iter().map(|part| part.len()).sum();
        let mut text = format!(
            "WARC/1.1\r\nWARC-Type: {}\r\nWARC-Record-ID: {name}\r\nWARC-Date: {}\r\n",
            head.kind,
            date(head.at),
        );
        if let Some(url) = head.url {
            text.push_str(&format!("WARC-Target-URI: {url}\r\n"));
        }
        text.push_str(&head.more);
        text.push_str(&format!("WARC-Block-Digest: {}\r\n", digest(parts)));
        text.push_str(&format!(
            "Content-Type: {}\r\nContent-Length: {length}\r\n\r\n",
            head.content_type
        ));
        let counted = Counted {
            out: &mut self.out,
            length: &mut self.length,
        };
        let mut gzip = GzEncoder::new(counted, Compression::fast());
        gzip.write_all(text.as_bytes())?;
        for part in parts {
            gzip.write_all(part)?;
        }
        gzip.write_all(b"\r\n\r\n")?;
        gzip.finish()?;
        Ok(())
    }

    /// Writes all buffered bytes. Returns the length of the file.
    ///
    /// # Errors
    /// The error of the system.
    pub fn flush(&mut self) -> io::Result<u64> {
        self.out.flush()?;
        Ok(self.length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::bufread::GzDecoder;
    use std::io::{BufRead, BufReader, Read};
    use std::sync::LazyLock;
    use std::time::Duration;

    static NOTHING: LazyLock<HeaderMap> = LazyLock::new(HeaderMap::new);

    fn exchange<'a>(headers: &'a HeaderMap, body: &'a [u8]) -> Exchange<'a> {
        Exchange {
            method: "GET",
            url: "http://example.org/a?b",
            address: Some([93, 184, 215, 14].into()),
            at: SystemTime::UNIX_EPOCH + Duration::from_secs(1_763_814_645),
            asked: &NOTHING,
            status: StatusCode::OK,
            version: Version::HTTP_11,
            headers,
            body,
            cut: false,
        }
    }

    /// The records, each unpacked on its own.
    fn records(path: &Path) -> Vec<String> {
        let mut file = BufReader::new(File::open(path).unwrap());
        let mut records = Vec::new();
        while !file.fill_buf().unwrap().is_empty() {
            let mut record = Vec::new();
            GzDecoder::new(&mut file).read_to_end(&mut record).unwrap();
            records.push(String::from_utf8(record).unwrap());
        }
        records
    }

    #[test]
    fn each_record_is_a_member_with_an_honest_length() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.warc.gz");
        let mut headers = HeaderMap::new();
        headers.insert("content-type", "text/html".parse().unwrap());
        headers.insert("transfer-encoding", "chunked".parse().unwrap());
        let mut warc = Warc::create(&path).unwrap();
        warc.write(&exchange(&headers, b"<p>hello")).unwrap();
        let length = warc.flush().unwrap();
        assert_eq!(length, path.metadata().unwrap().len());
        let records = records(&path);
        assert_eq!(records.len(), 3);
        for record in &records {
            assert!(record.starts_with("WARC/1.1\r\n"));
            let (head, body) = record.split_once("\r\n\r\n").unwrap();
            let line = head
                .lines()
                .find(|it| it.starts_with("Content-Length: "))
                .unwrap();
            let length: usize = line["Content-Length: ".len()..].parse().unwrap();
            assert_eq!(body.len(), length + 4);
            assert!(body.ends_with("\r\n\r\n"));
            let block = digest(&[&body.as_bytes()[..length]]);
            assert!(head.contains(&format!("WARC-Block-Digest: {block}\r\n")));
        }
        let answer = &records[1];
        assert!(answer.contains("WARC-Date: 2025-11-22T12:30:45Z\r\n"));
        assert!(
            answer.contains("\r\n\r\nHTTP/1.1 200 OK\r\ncontent-type: text/html\r\n\r\n<p>hello")
        );
        // `printf '<p>hello' | sha256sum | cut -d' ' -f1 | xxd -r -p | base32`
        assert!(answer.contains("WARC-Payload-Digest: sha256:FQ245OMNO5L2ORCJA6O3TBMNXJFPD2D4IGJSUZ2UOHZ5V2QBRBXQ====\r\n"), "{answer}");
        assert!(records[2].contains("GET /a?b HTTP/1.1\r\nhost: example.org\r\n"));
    }

    #[test]
    fn the_same_body_is_written_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.warc.gz");
        let headers = HeaderMap::new();
        let mut warc = Warc::create(&path).unwrap();
        let one = exchange(&headers, b"same");
        let other = Exchange {
            url: "http://example.org/other",
            ..one
        };
        for exchange in [one, other, exchange(&headers, b""), exchange(&headers, b"")] {
            warc.write(&exchange).unwrap();
        }
        warc.flush().unwrap();
        let records = records(&path);
        let kind = |record: &String| {
            let line = record.lines().find_map(|it| it.strip_prefix("WARC-Type: "));
            line.unwrap().to_owned()
        };
        let kinds: Vec<String> = records.iter().map(kind).collect();
        let expected = ["warcinfo", "response", "request", "revisit", "request"];
        assert_eq!(kinds[..5], expected);
        assert!(!kinds[5..].contains(&"revisit".to_owned()));
        let revisit = &records[3];
        for line in [
            "WARC-Target-URI: http://example.org/other\r\n",
            "WARC-Refers-To-Target-URI: http://example.org/a?b\r\n",
            "WARC-Refers-To-Date: 2025-11-22T12:30:45Z\r\n",
        ] {
            assert!(revisit.contains(line), "{revisit}");
        }
        assert!(!revisit.contains("same"), "{revisit}");
    }

    #[test]
    fn half_a_record_is_cut_off_when_it_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.warc.gz");
        let headers = HeaderMap::new();
        let mut warc = Warc::create(&path).unwrap();
        warc.write(&exchange(&headers, b"one")).unwrap();
        let length = warc.flush().unwrap();
        warc.write(&exchange(&headers, b"lost")).unwrap();
        warc.flush().unwrap();
        drop(warc);
        let mut warc = Warc::resume(&path, length).unwrap();
        warc.write(&exchange(&headers, b"two")).unwrap();
        warc.flush().unwrap();
        let records = records(&path);
        assert_eq!(records.len(), 6);
        assert!(records[1].contains("one") && records[4].contains("two"));
        assert!(Warc::resume(&path, 1 << 40).is_err());
    }

    /// Whichever way the second one opens the file: nothing of the first is lost.
    #[test]
    fn two_never_write_to_one_archive() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.warc.gz");
        let headers = HeaderMap::new();
        let mut warc = Warc::create(&path).unwrap();
        for second in [Warc::replace(&path), Warc::resume(&path, 0)] {
            let error = second.unwrap_err().to_string();
            assert_eq!(error, "another crawl is writing to it");
        }
        warc.write(&exchange(&headers, b"one")).unwrap();
        warc.flush().unwrap();
        assert_eq!(records(&path).len(), 3);
        drop(warc);
        Warc::replace(&path).unwrap().flush().unwrap();
        assert_eq!(records(&path).len(), 1);
    }
}
