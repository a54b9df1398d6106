//! The record beside a part: its URL, and its version.

use http::{HeaderMap, HeaderValue, header};
use url::Url;

use super::extents::Extents;
use crate::checksum::Checksum;

/// The first line: a record in another format is ignored.
const VERSION: &str = "async-fetch part 3";

/// Distinguishes versions of a body (RFC 9110, section 8.8.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Validator {
    /// The strong `ETag`. If there is one, it decides.
    tag: Option<String>,
    /// The `Last-Modified`. It decides if there is no tag. Beside a tag it must be equal too, if it is
    /// sent: a server that remembers tags sends a new file under an old tag (tornado).
    modified: Option<String>,
}

impl Validator {
    /// The validator of an answer: a strong tag, or a date of modification that is at least a second old (RFC
    /// 9110, section 8.8.2.2).
    pub(crate) fn of(headers: &HeaderMap) -> Option<Validator> {
        let date = |name| text(headers, name).and_then(|text| httpdate::parse_http_date(text).ok());
        let modified = text(headers, header::LAST_MODIFIED).map(str::to_owned);
        if let Some(tag) = text(headers, header::ETAG) {
            let strong = tag.len() >= 2 && tag.starts_with('"') && tag.ends_with('"');
            return strong.then(|| Validator {
                tag: Some(tag.to_owned()),
                modified,
            });
        }
        let age = date(header::DATE)?
            .duration_since(date(header::LAST_MODIFIED)?)
            .ok()?;
        (age.as_secs() >= 1).then_some(Validator {
            tag: None,
            modified,
        })
    }

    /// Whether an answer has the same version. False if it lacks the header that decides.
    pub(crate) fn is_of(&self, headers: &HeaderMap) -> bool {
        let sent = match self.tag {
            Some(_) => header::ETAG,
            None => header::LAST_MODIFIED,
        };
        headers.contains_key(sent) && !self.is_of_another(headers)
    }

    /// Whether an answer has another version.
    pub(crate) fn is_of_another(&self, headers: &HeaderMap) -> bool {
        let differs = |known: &Option<String>, name: http::HeaderName| {
            let sent = headers.contains_key(&name);
            sent && known.is_some() && text(headers, name) != known.as_deref()
        };
        differs(&self.tag, header::ETAG) || differs(&self.modified, header::LAST_MODIFIED)
    }

    /// The part that can be compared with another server's answer: tags differ between servers.
    pub(crate) fn elsewhere(&self) -> Option<Validator> {
        Some(Validator {
            tag: None,
            modified: Some(self.modified.clone()?),
        })
    }

    /// The value of `If-Range`.
    pub(crate) fn condition(&self) -> Option<HeaderValue> {
        HeaderValue::try_from(self.tag.as_ref().or(self.modified.as_ref())?).ok()
    }
}

fn text(headers: &HeaderMap, name: http::HeaderName) -> Option<&str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?.to_str().ok()?.trim();
    // If there are two, one is wrong.
    values.next().is_none().then_some(value)
}

/// The record of a part: a hash of the URL (the URL itself may hold secrets), the version, the length of the
/// whole if it is known, and which bytes exist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Origin {
    pub(super) url: u64,
    pub(super) validator: Validator,
    pub(super) total: Option<u64>,
    /// `None` if the bytes came in order, so that there is no gap.
    pub(super) there: Option<Extents>,
}

/// The hash of a URL.
pub(super) fn number_of(url: &Url) -> u64 {
    Checksum::of(url.as_str()).prefix()
}

impl Origin {
    pub(super) fn to_text(&self) -> String {
        let line = |name: &str, value: Option<&str>| {
            value.map_or_else(String::new, |value| format!("{name} {value}\n"))
        };
        let total = self.total.map(|total| total.to_string());
        let mut there = String::new();
        if let Some(extents) = &self.there {
            // Also if no byte exists: the length of the file means nothing then.
            there += "there 0-0\n";
            for range in extents.iter() {
                there += &format!("there {}-{}\n", range.start, range.end);
            }
        }
        format!(
            "{VERSION}\nurl {:016x}\n{}{}{}{there}end\n",
            self.url,
            line("tag", self.validator.tag.as_deref()),
            line("modified", self.validator.modified.as_deref()),
            line("total", total.as_deref()),
        )
    }

    /// Reads a record; `None` if it is incomplete or in another format.
    pub(super) fn from_text(text: &str) -> Option<Origin> {
        let lines = text.strip_prefix(VERSION)?.strip_suffix("\nend\n")?;
        let (mut url, mut tag, mut modified, mut total) = (None, None, None, None);
        let mut there: Option<Extents> = None;
        for line in lines.lines().skip(1) {
            let (name, value) = line.split_once(' ')?;
            match name {
                "url" => url = Some(u64::from_str_radix(value, 16).ok()?),
                "tag" => tag = Some(value.to_owned()),
                "modified" => modified = Some(value.to_owned()),
                "total" => total = Some(value.parse().ok()?),
                "there" => {
                    let (start, end) = value.split_once('-')?;
                    let range = start.parse().ok()?..end.parse().ok()?;
                    there.get_or_insert_default().insert(range);
                }
                _ => return None,
            }
        }
        let known = tag.is_some() || modified.is_some();
        Some(Origin {
            url: url.filter(|_| known)?,
            validator: Validator { tag, modified },
            total,
            there,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_written_and_read() {
        let date = "Sun, 06 Nov 1994 08:49:37 GMT";
        for (tag, modified, total) in [
            (Some("\"x y\""), None, Some(7)),
            (Some("\"x y\""), Some(date), None),
            (None, Some(date), None),
        ] {
            let origin = Origin {
                url: 42,
                validator: Validator {
                    tag: tag.map(str::to_owned),
                    modified: modified.map(str::to_owned),
                },
                total,
                there: total.map(|total| [0..3, 5..total].into_iter().collect()),
            };
            let text = origin.to_text();
            assert_eq!(Origin::from_text(&text), Some(origin));
            for cut in 0..text.len() {
                assert_eq!(Origin::from_text(&text[..cut]), None, "{cut}");
            }
        }
        assert_eq!(Origin::from_text("http://a.example/\n\"1\"\n"), None);
    }

    #[test]
    fn only_strong_validators_count() {
        let known = |pairs: &[(header::HeaderName, &str)]| {
            let pairs = pairs
                .iter()
                .map(|(name, value)| (name.clone(), value.parse().unwrap()));
            Validator::of(&HeaderMap::from_iter(pairs))
        };
        let modified = "Sun, 06 Nov 1994 08:49:37 GMT";
        let tag = Validator {
            tag: Some("\"x\"".to_owned()),
            modified: None,
        };
        assert_eq!(known(&[(header::ETAG, "\"x\"")]), Some(tag.clone()));
        // Beside a tag a date may be as young as it likes.
        let both = [(header::ETAG, "\"x\""), (header::LAST_MODIFIED, modified)];
        let both = known(&both).unwrap();
        assert_eq!(both.modified.as_deref(), Some(modified));
        let map = |pairs: &[(header::HeaderName, &str)]| -> HeaderMap {
            let pairs = pairs.iter();
            pairs
                .map(|(name, value)| (name.clone(), value.parse().unwrap()))
                .collect()
        };
        let newer = "Sun, 06 Nov 1994 08:49:38 GMT";
        for (tag, date, same) in [
            ("\"x\"", Some(modified), true),
            ("\"x\"", None, true),
            // tornado's answer, with the tag that it remembers.
            ("\"x\"", Some(newer), false),
            ("\"y\"", Some(modified), false),
        ] {
            let mut headers = map(&[(header::ETAG, tag)]);
            if let Some(date) = date {
                headers.insert(header::LAST_MODIFIED, date.parse().unwrap());
            }
            assert_eq!(both.is_of(&headers), same, "{tag} {date:?}");
        }
        assert!(!both.is_of(&map(&[(header::LAST_MODIFIED, modified)])));
        assert!(tag.is_of(&map(&[
            (header::ETAG, "\"x\""),
            (header::LAST_MODIFIED, newer)
        ])));
        assert_eq!(known(&[(header::ETAG, "W/\"x\"")]), None);
        assert_eq!(known(&[(header::ETAG, "\"")]), None);
        assert_eq!(known(&[(header::LAST_MODIFIED, modified)]), None);
        for (date, expected) in [
            ("Sun, 06 Nov 1994 08:49:37 GMT", None),
            (
                "Sun, 06 Nov 1994 08:49:38 GMT",
                Some(Validator {
                    tag: None,
                    modified: Some(modified.to_owned()),
                }),
            ),
        ] {
            let headers = [(header::LAST_MODIFIED, modified), (header::DATE, date)];
            assert_eq!(known(&headers), expected);
        }
    }
}
