//! Ranges of a body (RFC 9110, section 14): whether the answer is the requested part.

use http::{HeaderMap, header};

use crate::part::Left;

/// The value of `Content-Range`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ContentRange {
    pub(super) first: u64,
    pub(super) last: u64,
    /// The length of the whole, if it is known.
    pub(super) total: Option<u64>,
}

impl ContentRange {
    /// Reads the header: `bytes 5-9/10`, the unit in any case. `None` if there are two of them.
    pub(super) fn of(headers: &HeaderMap) -> Option<ContentRange> {
        let (span, total) = fields(headers)?;
        let (first, last) = span.split_once('-')?;
        let range = ContentRange {
            first: number(first)?,
            last: number(last)?,
            total: match total {
                "*" => None,
                total => Some(number(total)?),
            },
        };
        let fits = range.total.is_none_or(|total| range.last < total);
        (range.first <= range.last && fits).then_some(range)
    }

    /// Bytes of the part.
    pub(super) fn length(&self) -> u64 {
        (self.last - self.first).saturating_add(1)
    }

    /// Whether the part is the whole.
    pub(super) fn is_whole(&self) -> bool {
        self.first == 0 && self.total.is_some_and(|total| self.last + 1 == total)
    }
}

/// The length of the whole in a 416: `bytes */10`.
pub(super) fn total_of_unsatisfied(headers: &HeaderMap) -> Option<u64> {
    match fields(headers)? {
        ("*", total) => number(total),
        _ => None,
    }
}

fn fields(headers: &HeaderMap) -> Option<(&str, &str)> {
    let mut values = headers.get_all(header::CONTENT_RANGE).iter();
    let text = values.next()?.to_str().ok()?.trim();
    // If there are two headers, one is wrong.
    if values.next().is_some() {
        return None;
    }
    let (unit, range) = text.split_once(' ')?;
    let (span, total) = range.trim().split_once('/')?;
    unit.eq_ignore_ascii_case("bytes")
        .then_some((span.trim(), total.trim()))
}

fn number(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok())?
}

/// The range of a 206, if it begins exactly where the part ends, and belongs to the same version.
///
/// A server that ignores `If-Range` sends a part of the current version. So the validator of the answer
/// must equal that of the part. An answer without a validator proves nothing.
pub(super) fn goes_on(headers: &HeaderMap, left: &Left) -> Option<ContentRange> {
    let range = ContentRange::of(headers)?;
    let same_total = match (left.total, range.total) {
        (Some(before), Some(now)) => before == now,
        // Without a total the end could not be checked.
        (None, None) => false,
        _ => true,
    };
    let same_version = left
        .validator
        .as_ref()
        .is_none_or(|validator| validator.is_of(headers));
    let within = left.until.is_none_or(|until| range.last < until);
    (range.first == left.length && within && same_total && same_version).then_some(range)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::part::Validator;

    fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| {
                (
                    name.parse::<http::HeaderName>().unwrap(),
                    value.parse().unwrap(),
                )
            })
            .collect()
    }

    #[test]
    fn content_ranges_are_read_as_the_standard_has_them() {
        let read = |text: &str| {
            let range = ContentRange::of(&headers(&[("content-range", text)]))?;
            Some((range.first, range.last, range.total))
        };
        // RFC 9110, section 14.4.
        assert_eq!(read("bytes 42-1233/1234"), Some((42, 1233, Some(1234))));
        assert_eq!(read("bytes 42-1233/*"), Some((42, 1233, None)));
        assert_eq!(read("Bytes 0-0/1"), Some((0, 0, Some(1))));
        for wrong in [
            "bytes */1234",
            "bytes 5-4/10",
            "bytes 0-10/10",
            "items 0-1/2",
            "bytes=0-1/2",
            "bytes 0-1",
            "bytes -1/2",
            "bytes 0-99999999999999999999/*",
            "bytes +0-1/2",
            "",
        ] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
        let unsatisfied = |text: &str| total_of_unsatisfied(&headers(&[("content-range", text)]));
        assert_eq!(unsatisfied("bytes */47022"), Some(47_022));
        assert_eq!(unsatisfied("bytes 0-1/2"), None);
    }

    #[test]
    fn a_part_is_taken_only_if_it_is_the_one_that_was_asked_for() {
        let left = Left {
            length: 5,
            until: None,
            total: Some(10),
            validator: Validator::of(&headers(&[("etag", "\"a\"")])),
        };
        let taken = |range: &str, tag: &str| {
            goes_on(&headers(&[("content-range", range), ("etag", tag)]), &left).is_some()
        };
        assert!(taken("bytes 5-9/10", "\"a\""));
        // A server may send less than it was asked for: the rest is asked for again.
        assert!(taken("bytes 5-7/10", "\"a\""));
        assert!(taken("bytes 5-9/*", "\"a\""));
        assert!(!taken("bytes 5-9/10", "\"b\""));
        assert!(!taken("bytes 5-9/10", "W/\"a\""));
        assert!(!taken("bytes 4-9/10", "\"a\""));
        assert!(!taken("bytes 5-10/11", "\"a\""));
        assert!(goes_on(&headers(&[("content-range", "bytes 5-9/10")]), &left).is_none());
        // Of a range in the middle, no more than was requested.
        let middle = Left {
            until: Some(8),
            ..left.clone()
        };
        let ends = |range| {
            goes_on(
                &headers(&[("content-range", range), ("etag", "\"a\"")]),
                &middle,
            )
        };
        assert!(ends("bytes 5-7/10").is_some() && ends("bytes 5-8/10").is_none());
        let two = [
            ("content-range", "bytes 5-9/10"),
            ("content-range", "bytes 5-9/10"),
            ("etag", "\"a\""),
        ];
        let mut map = headers(&two[1..]);
        map.append("content-range", "bytes 0-9/10".parse().unwrap());
        assert!(goes_on(&map, &left).is_none());
    }
}
