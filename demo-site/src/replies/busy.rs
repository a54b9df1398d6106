//! Overloaded servers.

use std::time::{Duration, SystemTime};

use axum::Router;
use axum::extract::{Query, State};
use axum::http::{HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::any;

use super::Shared;

/// The longest wait in the form of a date.
const LONGEST: Duration = Duration::from_secs(100 * 365 * 24 * 3600);

/// `status`: of the failures; `times`: how many there are before it works; `after`: the seconds of
/// `Retry-After`; `form`: `seconds` or `date`.
#[derive(Debug, Default)]
struct Wanted {
    status: Option<u16>,
    times: Option<u64>,
    after: Option<String>,
    form: Option<String>,
}

impl Wanted {
    fn read(Query(pairs): Query<Vec<(String, String)>>) -> Wanted {
        let mut wanted = Wanted::default();
        for (name, value) in pairs {
            match name.as_str() {
                "status" => wanted.status = value.parse().ok(),
                "times" => wanted.times = value.parse().ok(),
                "after" => wanted.after = Some(value),
                "form" => wanted.form = Some(value),
                _ => {}
            }
        }
        wanted
    }
}

pub(super) fn router() -> Router<Shared> {
    Router::new().route("/busy", any(busy))
}

async fn busy(
    State(shared): State<Shared>,
    uri: Uri,
    query: Query<Vec<(String, String)>>,
) -> Response {
    let wanted = Wanted::read(query);
    let visit = shared.visits_before(&uri.to_string());
    if visit >= wanted.times.unwrap_or(u64::MAX) {
        return format!("worked after {visit} failures\n").into_response();
    }
    let code = wanted.status.unwrap_or(503);
    let status = StatusCode::from_u16(code).unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
    let mut response = (status, "busy\n").into_response();
    let Some(after) = wanted.after else {
        return response;
    };
    let value = match (wanted.form.as_deref(), after.parse()) {
        (Some("date"), Ok(seconds)) => {
            // The form of a date ends with the year 9999.
            let seconds = Duration::from_secs(seconds).min(LONGEST);
            httpdate::fmt_http_date(SystemTime::now() + seconds)
        }
        // An invalid value is sent as it is: real servers do that too.
        _ => after,
    };
    if let Ok(value) = HeaderValue::from_str(&value) {
        response.headers_mut().insert(header::RETRY_AFTER, value);
    }
    response
}
