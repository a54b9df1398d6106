//! Files of any size, with ranges (RFC 9110, sections 13 and 14).

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Query};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use bytes::Bytes;

use super::Shared;
use crate::content;

/// Bytes that are sent at once.
const PIECE: u64 = 64 * 1024;

pub(super) fn router() -> Router<Shared> {
    Router::new().route("/bytes/{size}", any(serve))
}

/// `etag`: `strong` (the default), `weak` or `none`; `version`: other content; `range=no`: ranges
/// are not understood; `name`: anything, to tell files of one size apart.
async fn serve(
    method: Method,
    Path(size): Path<u64>,
    Query(query): Query<Vec<(String, String)>>,
    headers: HeaderMap,
) -> Response {
    let asked = |name: &str| {
        let pair = query.iter().find(|(known, _)| known == name);
        pair.map(|(_, value)| value.as_str())
    };
    let version = asked("version").and_then(|it| it.parse().ok()).unwrap_or(1);
    let tag = match asked("etag") {
        Some("none") => None,
        Some("weak") => Some(format!("W/\"{size}-{version}\"")),
        _ => Some(format!("\"{size}-{version}\"")),
    };
    let text = |name| {
        headers
            .get(name)
            .and_then(|value: &HeaderValue| value.to_str().ok())
    };

    let mut response = Response::new(Body::empty());
    let known = response.headers_mut();
    known.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/octet-stream"),
    );
    if let Some(value) = tag
        .as_deref()
        .and_then(|tag| HeaderValue::from_str(tag).ok())
    {
        known.insert(header::ETAG, value);
    }
    if tag.is_some() && text(header::IF_NONE_MATCH) == tag.as_deref() {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        return response;
    }
    let mut part = 0..size;
    if asked("range") != Some("no") {
        known.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
        // A weak tag never matches here (section 13.1.5).
        let unchanged = text(header::IF_RANGE)
            .is_none_or(|wanted| !wanted.starts_with("W/") && Some(wanted) == tag.as_deref());
        if let Some(wanted) = text(header::RANGE).filter(|_| unchanged) {
            match range_of(wanted, size) {
                Some(Ok(range)) => {
                    let line = format!("bytes {}-{}/{size}", range.start, range.end - 1);
                    insert(known, header::CONTENT_RANGE, &line);
                    *response.status_mut() = StatusCode::PARTIAL_CONTENT;
                    part = range;
                }
                Some(Err(())) => {
                    insert(
                        response.headers_mut(),
                        header::CONTENT_RANGE,
                        &format!("bytes */{size}"),
                    );
                    *response.status_mut() = StatusCode::RANGE_NOT_SATISFIABLE;
                    return response;
                }
                None => {}
            }
        }
    }
    insert(
        response.headers_mut(),
        header::CONTENT_LENGTH,
        &(part.end - part.start).to_string(),
    );
    if method != Method::HEAD {
        let pieces = content::pieces(part, PIECE).map(move |piece| {
            Ok::<_, std::convert::Infallible>(Bytes::from(content::part(version, piece)))
        });
        *response.body_mut() = Body::from_stream(futures_util::stream::iter(pieces));
    }
    response.into_response()
}

fn insert(headers: &mut HeaderMap, name: header::HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

/// The part of a `Range` header: `None` if the header is to be ignored, an error if the range is empty.
pub(super) fn range_of(header: &str, size: u64) -> Option<Result<std::ops::Range<u64>, ()>> {
    let (unit, part) = header.split_once('=')?;
    let (first, last) = part.split_once('-')?;
    if !unit.trim().eq_ignore_ascii_case("bytes") {
        return None;
    }
    let (start, end) = match (first.trim(), last.trim()) {
        ("", last) => (size.saturating_sub(last.parse().ok()?), size),
        (first, "") => (first.parse().ok()?, size),
        (first, last) => {
            let (first, last): (u64, u64) = (first.parse().ok()?, last.parse().ok()?);
            if last < first {
                return None;
            }
            (first, size.min(last.saturating_add(1)))
        }
    };
    Some(if start < end { Ok(start..end) } else { Err(()) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_as_the_rfc_says() {
        assert_eq!(range_of("bytes=0-99", 1000), Some(Ok(0..100)));
        assert_eq!(range_of("bytes=900-", 1000), Some(Ok(900..1000)));
        assert_eq!(range_of("bytes=-10", 1000), Some(Ok(990..1000)));
        assert_eq!(range_of("bytes=0-5000", 1000), Some(Ok(0..1000)));
        assert_eq!(range_of("bytes=1000-", 1000), Some(Err(())));
        assert_eq!(range_of("Bytes=0-9", 1000), Some(Ok(0..10)));
        assert_eq!(
            range_of(&format!("bytes=5-{}", u64::MAX), 1000),
            Some(Ok(5..1000))
        );
        assert_eq!(range_of("bytes=-0", 1000), Some(Err(())));
        // It is invalid, so it is ignored (section 14.2).
        assert_eq!(range_of("bytes=9-5", 1000), None);
        assert_eq!(range_of("lines=0-9", 1000), None);
        assert_eq!(range_of("bytes=0-9,20-29", 1000), None);
    }
}
