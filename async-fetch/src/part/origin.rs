//! What is written down beside a part: where it is from, and which version of it.

use http::{HeaderMap, HeaderValue, header};
use url::Url;

use crate::checksum::Checksum;

/// The first line: a file of another version of this program is not understood, and so not used.
const VERSION: &str = "async-fetch part 2";

/// What tells one version of a body from another (RFC 9110, section 8.8.1): only what is strong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Validator {
    /// A strong `ETag`.
    Tag(String),
    /// A `Last-Modified` that was a second old.
    Modified(String),
}

impl Validator {
    /// What an answer says by which it can be told from a later one: a strong tag, or a date of
    /// modification that is a second old (RFC 9110, section 8.8.2.2).
    pub(crate) fn of(headers: &HeaderMap) -> Option<Validator> {
        let date = |name| text(headers, name).and_then(|text| httpdate::parse_http_date(text).ok());
        if let Some(tag) = text(headers, header::ETAG) {
            let strong = tag.len() >= 2 && tag.starts_with('"') && tag.ends_with('"');
            return strong.then(|| Validator::Tag(tag.to_owned()));
        }
        let age = date(header::DATE)?
            .duration_since(date(header::LAST_MODIFIED)?)
            .ok()?;
        let text = text(headers, header::LAST_MODIFIED)?;
        (age.as_secs() >= 1).then(|| Validator::Modified(text.to_owned()))
    }

    /// Whether an answer is of the same version. Without the same header it is not known, and no.
    pub(crate) fn is_of(&self, headers: &HeaderMap) -> bool {
        match self {
            Validator::Tag(tag) => text(headers, header::ETAG) == Some(tag),
            Validator::Modified(date) => text(headers, header::LAST_MODIFIED) == Some(date),
        }
    }

    /// The value of `If-Range`.
    pub(crate) fn condition(&self) -> Option<HeaderValue> {
        let (Validator::Tag(text) | Validator::Modified(text)) = self;
        HeaderValue::try_from(text).ok()
    }
}

fn text(headers: &HeaderMap, name: http::HeaderName) -> Option<&str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?.to_str().ok()?.trim();
    // Two can't both be right.
    values.next().is_none().then_some(value)
}

/// Where a part is from: a number that stands for the URL, which may hold secrets, the version,
/// and the length of the whole, if that was said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Origin {
    pub(super) url: u64,
    pub(super) validator: Validator,
    pub(super) total: Option<u64>,
}

/// The number that stands for a URL.
pub(super) fn number_of(url: &Url) -> u64 {
    Checksum::of(url.as_str()).prefix()
}

impl Origin {
    pub(super) fn to_text(&self) -> String {
        let (kind, value) = match &self.validator {
            Validator::Tag(tag) => ("tag", tag),
            Validator::Modified(date) => ("modified", date),
        };
        let total = self
            .total
            .map_or_else(String::new, |total| format!("total {total}\n"));
        format!(
            "{VERSION}\nurl {:016x}\n{kind} {value}\n{total}end\n",
            self.url
        )
    }

    /// What was written; `None` if it is not whole, or not understood.
    pub(super) fn from_text(text: &str) -> Option<Origin> {
        let lines = text.strip_prefix(VERSION)?.strip_suffix("\nend\n")?;
        let (mut url, mut validator, mut total) = (None, None, None);
        for line in lines.lines().skip(1) {
            let (name, value) = line.split_once(' ')?;
            match name {
                "url" => url = Some(u64::from_str_radix(value, 16).ok()?),
                "tag" => validator = Some(Validator::Tag(value.to_owned())),
                "modified" => validator = Some(Validator::Modified(value.to_owned())),
                "total" => total = Some(value.parse().ok()?),
                _ => return None,
            }
        }
        Some(Origin {
            url: url?,
            validator: validator?,
            total,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_written_and_read() {
        for (validator, total) in [
            (Validator::Tag("\"x y\"".to_owned()), Some(7)),
            (
                Validator::Modified("Sun, 06 Nov 1994 08:49:37 GMT".to_owned()),
                None,
            ),
        ] {
            let origin = Origin {
                url: 42,
                validator,
                total,
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
        let tag = Some(Validator::Tag("\"x\"".to_owned()));
        assert_eq!(known(&[(header::ETAG, "\"x\"")]), tag);
        assert_eq!(known(&[(header::ETAG, "W/\"x\"")]), None);
        assert_eq!(known(&[(header::ETAG, "\"")]), None);
        assert_eq!(known(&[(header::LAST_MODIFIED, modified)]), None);
        for (date, expected) in [
            ("Sun, 06 Nov 1994 08:49:37 GMT", None),
            (
                "Sun, 06 Nov 1994 08:49:38 GMT",
                Some(Validator::Modified(modified.to_owned())),
            ),
        ] {
            let headers = [(header::LAST_MODIFIED, modified), (header::DATE, date)];
            assert_eq!(known(&headers), expected);
        }
    }
}
