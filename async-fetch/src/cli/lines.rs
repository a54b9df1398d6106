//! Reads lists of URLs, also those made on Windows or by a spreadsheet, with comments and checksums.

use std::borrow::Cow;
use std::fmt::Write;

use async_fetch::{Checksum, Error, Url, without_userinfo};

/// The content of a line.
#[derive(Debug, PartialEq)]
pub(super) struct Wanted {
    pub(super) url: Url,
    /// Each is tried if the one before it fails.
    pub(super) mirrors: Vec<Url>,
    pub(super) checksum: Option<Checksum>,
    /// The text of the input, without a password, if it differs from the URL.
    pub(super) given: Option<String>,
}

/// An error in a line.
#[derive(Debug)]
pub(super) struct Wrong {
    /// The word that is wrong, without a password.
    pub(super) given: String,
    pub(super) error: Error,
}

/// Reads a line; `None` if it is empty or a comment.
///
/// Spaces or tabs separate words. The first URL is the one to fetch, further ones are mirrors. A checksum
/// may stand before or behind them, also in the form of `sha256sum` (`DIGITS  URL`, `DIGITS *URL`). A word
/// that begins with # begins a comment.
pub(super) fn read(line: &[u8]) -> Option<Result<Wanted, Wrong>> {
    // Most lines are one URL.
    if let Ok(word) = std::str::from_utf8(line)
        && line.iter().all(u8::is_ascii_graphic)
        && !line.is_empty()
        && !line.starts_with(b"#")
    {
        return Some(url(word));
    }
    let words = line
        .split(u8::is_ascii_whitespace)
        .filter(|word| !word.is_empty());
    let words: Vec<Cow<'_, str>> = words
        .take_while(|word| !word.starts_with(b"#"))
        .map(text)
        .collect();
    (!words.is_empty()).then(|| wanted(&words))
}

/// Reads one URL.
pub(super) fn url(text: &str) -> Result<Wanted, Wrong> {
    wanted(&[Cow::Borrowed(text)])
}

fn wanted(words: &[Cow<'_, str>]) -> Result<Wanted, Wrong> {
    let (mut first, mut mirrors, mut checksum) = (None, Vec::new(), None);
    let told = |word: &str| without_userinfo(word).escape_debug().to_string();
    let wrong = |word: &str, error| Wrong {
        given: told(word),
        error,
    };
    for word in words {
        let word: &str = word;
        let digits = word.strip_prefix("sha256:").unwrap_or(word);
        if (word.len() > digits.len() || is_sum(digits)) && (words.len() > 1 || is_sum(digits)) {
            let sum: Checksum = word.parse().map_err(|error: async_fetch::NoChecksum| {
                wrong(word, Error::Setup(error.to_string()))
            })?;
            if checksum.replace(sum).is_some_and(|before| before != sum) {
                return Err(wrong(word, Error::Setup("a second checksum".to_owned())));
            }
            continue;
        }
        // `sha256sum -b` puts a `*` before the name.
        let word = match checksum.is_some() {
            true => word.strip_prefix('*').unwrap_or(word),
            false => word,
        };
        if first.is_some() && !word.contains("://") {
            let reason = "neither a checksum nor another URL (a space in a URL is %20)";
            return Err(wrong(word, Error::Setup(reason.to_owned())));
        }
        let url: Url = word
            .parse()
            .map_err(|error| wrong(word, Error::Url(error)))?;
        match first {
            Some(_) => mirrors.push(url),
            None => {
                let same = word == url.as_str() && !word.contains('@');
                first = Some((url, (!same).then(|| told(word))));
            }
        }
    }
    match first {
        None => Err(wrong(
            &words.join(" "),
            Error::Setup("a checksum without a URL".to_owned()),
        )),
        Some((url, given)) => Ok(Wanted {
            url,
            mirrors,
            checksum,
            given,
        }),
    }
}

fn is_sum(word: &str) -> bool {
    word.len() == 64 && word.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// A word as text. Bytes that are not UTF-8 become %XX.
fn text(word: &[u8]) -> Cow<'_, str> {
    if let Ok(text) = std::str::from_utf8(word) {
        return Cow::Borrowed(text);
    }
    let mut text = String::with_capacity(word.len() + 8);
    for byte in word {
        match byte.is_ascii() {
            true => text.push(char::from(*byte)),
            // Writing into a text does not fail.
            false => drop(write!(text, "%{byte:02X}")),
        }
    }
    Cow::Owned(text)
}

/// Decodes UTF-16, if the text begins with its byte-order mark; any other text stays as it is.
#[derive(Default)]
pub(super) struct Text {
    kind: Kind,
    /// Bytes that are half of a unit or of a pair.
    rest: Vec<u8>,
}

#[derive(Clone, Copy, Default, PartialEq)]
enum Kind {
    #[default]
    Unknown,
    Bytes,
    LittleEndian,
    BigEndian,
}

impl Text {
    /// Decodes further bytes, and appends them to `text`.
    pub(super) fn push(&mut self, bytes: &[u8], text: &mut Vec<u8>) {
        self.rest.extend_from_slice(bytes);
        if self.kind == Kind::Unknown {
            let (kind, mark) = match self.rest.as_slice() {
                [0xff, 0xfe, ..] => (Kind::LittleEndian, 2),
                [0xfe, 0xff, ..] => (Kind::BigEndian, 2),
                [0xef, 0xbb, 0xbf, ..] => (Kind::Bytes, 3),
                [] | [0xff | 0xfe | 0xef] | [0xef, 0xbb] => return,
                _ => (Kind::Bytes, 0),
            };
            self.kind = kind;
            self.rest.drain(..mark);
        }
        match self.kind {
            Kind::LittleEndian => self.units(u16::from_le_bytes, text),
            Kind::BigEndian => self.units(u16::from_be_bytes, text),
            _ => text.append(&mut self.rest),
        }
    }

    fn units(&mut self, read: fn([u8; 2]) -> u16, text: &mut Vec<u8>) {
        let mut units: Vec<u16> = self
            .rest
            .chunks_exact(2)
            .map(|it| read([it[0], it[1]]))
            .collect();
        // The first unit of a surrogate pair waits for the second.
        if units
            .last()
            .is_some_and(|unit| (0xd800..0xdc00).contains(unit))
        {
            units.pop();
        }
        self.rest.drain(..2 * units.len());
        text.extend_from_slice(String::from_utf16_lossy(&units).as_bytes());
    }

    /// Appends the rest at the end.
    pub(super) fn finish(&mut self, text: &mut Vec<u8>) {
        text.append(&mut self.rest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SUM: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    fn wanted_of(line: &[u8]) -> Wanted {
        read(line).unwrap().unwrap()
    }

    #[test]
    fn checksums_mirrors_and_remarks_are_told_apart() {
        let url = "http://a.example/x";
        for line in [
            format!("{url} sha256:{SUM}"),
            format!("{url}\t{SUM}"),
            format!("{SUM}  {url}"),
            format!("{SUM} *{url}"),
            format!("  {url} {}  # a remark\r", SUM.to_uppercase()),
        ] {
            let wanted = wanted_of(line.as_bytes());
            assert_eq!(wanted.url.as_str(), url, "{line}");
            assert_eq!(wanted.checksum, Some(Checksum::of("abc")), "{line}");
        }
        let mirrors = wanted_of(b"http://a.example/x\thttp://b.example/x # both\n");
        assert_eq!((mirrors.mirrors.len(), mirrors.checksum), (1, None));
        assert_eq!(
            wanted_of(b"http://a.example/#part").url.fragment(),
            Some("part")
        );
        for nothing in ["", " \t\r", "# http://a.example/", "  #"] {
            assert!(read(nothing.as_bytes()).is_none(), "{nothing:?}");
        }
    }

    #[test]
    fn what_is_wrong_is_named_without_its_password() {
        for (line, given, reason) in [
            ("nonsense", "nonsense", "not a URL"),
            ("http://a.example/x y.txt", "y.txt", "neither a checksum"),
            ("http://me:secret@ x", "http://***@", "not a URL"),
            ("http://me:secret@a:b/", "http://***@a:b/", "not a URL"),
            ("http://a.example/ sha256:12", "sha256:12", "not a checksum"),
            (SUM, SUM, "without a URL"),
        ] {
            let wrong = read(line.as_bytes()).unwrap().unwrap_err();
            assert_eq!(wrong.given, given);
            assert!(
                wrong.error.to_string().contains(reason),
                "{line}: {}",
                wrong.error
            );
        }
        assert_eq!(
            wanted_of(b"http://me:secret@a.example/").given.as_deref(),
            Some("http://***@a.example/")
        );
    }

    #[test]
    fn bytes_that_are_no_text_are_asked_for_as_they_are() {
        let wanted = wanted_of(b"http://a.example/caf\xe9.txt?\xfc");
        assert_eq!(wanted.url.as_str(), "http://a.example/caf%E9.txt?%FC");
        let wanted = wanted_of("http://a.example/café".as_bytes());
        assert_eq!(wanted.url.as_str(), "http://a.example/caf%C3%A9");
    }

    #[test]
    fn marks_at_the_beginning_are_understood() {
        let text = "http://a.example/é\u{1f600}\n";
        let units: Vec<u16> = text.encode_utf16().collect();
        let little: Vec<u8> = units.iter().flat_map(|it| it.to_le_bytes()).collect();
        let big: Vec<u8> = units.iter().flat_map(|it| it.to_be_bytes()).collect();
        for bytes in [
            [&[0xff, 0xfe][..], &little].concat(),
            [&[0xfe, 0xff][..], &big].concat(),
            [&[0xef, 0xbb, 0xbf][..], text.as_bytes()].concat(),
            text.as_bytes().to_vec(),
        ] {
            for size in [1, 3, 1000] {
                let (mut reader, mut read) = (Text::default(), Vec::new());
                bytes
                    .chunks(size)
                    .for_each(|piece| reader.push(piece, &mut read));
                reader.finish(&mut read);
                assert_eq!(String::from_utf8(read).unwrap(), text);
            }
        }
    }
}
