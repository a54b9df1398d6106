//! Endless sites.

use axum::Router;
use axum::extract::{Path, Query};
use axum::http::Uri;
use axum::response::Html;
use axum::routing::any;

use super::Shared;

pub(super) fn router() -> Router<Shared> {
    Router::new()
        .route("/calendar/{year}/{month}", any(calendar))
        .route("/deeper/", any(deeper))
        .route("/deeper/{*way}", any(deeper))
        .route("/session", any(session))
}

/// Each month has links to the next one and to the one before.
async fn calendar(Path((year, month)): Path<(i32, i32)>) -> Html<String> {
    let shifted = |by: i32| {
        let months = year.saturating_mul(12).saturating_add(month);
        let month = months.saturating_add(by - 1);
        format!(
            "/calendar/{}/{}",
            month.div_euclid(12),
            month.rem_euclid(12) + 1
        )
    };
    Html(format!(
        "<!doctype html><title>{year}-{month}</title>\n\
         <a href=\"{}\">before</a> <a href=\"{}\">next</a>\n",
        shifted(-1),
        shifted(1),
    ))
}

/// A relative link on a server that answers every path: the path grows.
async fn deeper(uri: Uri) -> Html<String> {
    let path = uri.path();
    Html(format!(
        "<!doctype html><title>{path}</title>\n<a href=\"deeper/\">deeper</a>\n"
    ))
}

/// The same page under a new number each time.
async fn session(Query(query): Query<Vec<(String, u64)>>) -> Html<String> {
    let id = query
        .iter()
        .find(|(name, _)| name == "id")
        .map_or(0, |(_, id)| *id);
    let next = id.wrapping_add(1);
    Html(format!(
        "<!doctype html><title>the same page</title>\n<a href=\"/session?id={next}\">again</a>\n"
    ))
}
