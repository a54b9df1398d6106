//! A limit of requests a second, as nginx's `limit_req`: requests beyond its burst are refused.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{Query, State};
use axum::http::{HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::any;

use super::Shared;

/// Names with a limit of their own. Beyond them every request is refused.
const MOST: usize = 10_000;

/// Requests a second, and how many may wait, unless the query says otherwise.
const RATE: f64 = 10.0;
const BURST: f64 = 5.0;

/// The buckets by their places.
#[derive(Debug, Default)]
pub(super) struct Limits(Mutex<HashMap<String, Bucket>>);

/// A leaky bucket: it leaks at the rate, and refuses requests that do not fit.
#[derive(Debug)]
struct Bucket {
    filled: f64,
    at: Instant,
}

impl Limits {
    /// How long the request has to wait for its turn; `None` if it is refused.
    fn take(&self, place: &str, rate: f64, burst: f64, now: Instant) -> Option<Duration> {
        let mut buckets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= MOST && !buckets.contains_key(place) {
            return None;
        }
        let filled = match buckets.get(place) {
            None => 0.0,
            Some(bucket) => {
                let leaked = rate * now.saturating_duration_since(bucket.at).as_secs_f64();
                (bucket.filled - leaked + 1.0).max(0.0)
            }
        };
        if filled > burst {
            return None;
        }
        buckets.insert(place.to_owned(), Bucket { filled, at: now });
        Some(Duration::try_from_secs_f64(filled / rate).unwrap_or(Duration::MAX))
    }

    pub(super) fn forget(&self) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
    }
}

pub(super) fn router() -> Router<Shared> {
    Router::new().route("/limited", any(limited))
}

/// `rate`: requests a second; `burst`: how many may wait; `nodelay=1`: they do not wait; `status`:
/// of those beyond; `after`: their `Retry-After`; `name`: places with a limit of their own.
async fn limited(
    State(shared): State<Shared>,
    uri: Uri,
    Query(query): Query<Vec<(String, String)>>,
) -> Response {
    let asked = |name: &str| {
        let pair = query.iter().find(|(known, _)| known == name);
        pair.map(|(_, value)| value.as_str())
    };
    let number = |name: &str, usual: f64| {
        let number = asked(name).and_then(|it| it.parse().ok());
        number
            .filter(|it: &f64| it.is_finite() && *it >= 0.0)
            .unwrap_or(usual)
    };
    let (rate, burst) = (number("rate", RATE).max(1e-6), number("burst", BURST));
    let place = asked("name").unwrap_or(uri.path());
    if let Some(wait) = shared.limits().take(place, rate, burst, Instant::now()) {
        if asked("nodelay").is_none() {
            tokio::time::sleep(wait).await;
        }
        return "let through\n".into_response();
    }
    let status = asked("status")
        .and_then(|it| it.parse().ok())
        .unwrap_or(503);
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
    let mut response = (status, "too many requests\n").into_response();
    if let Some(value) = asked("after").and_then(|it| HeaderValue::from_str(it).ok()) {
        response.headers_mut().insert(header::RETRY_AFTER, value);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By the documentation of nginx's module: "excessive requests are delayed until their number
    /// exceeds the maximum burst size in which case the request is terminated".
    #[test]
    fn a_burst_waits_for_its_turns_and_the_rest_is_refused() {
        let limits = Limits::default();
        let start = Instant::now();
        let waits: Vec<_> = (0..8).map(|_| limits.take("/", 10.0, 5.0, start)).collect();
        let expected = [0, 100, 200, 300, 400, 500].map(|ms| Some(Duration::from_millis(ms)));
        assert_eq!(waits[..6], expected);
        assert_eq!(waits[6..], [None, None]);
        let later = start + Duration::from_millis(100);
        assert_eq!(
            limits.take("/", 10.0, 5.0, later),
            Some(Duration::from_millis(500))
        );
        assert_eq!(limits.take("/", 10.0, 5.0, later), None);
    }
}
