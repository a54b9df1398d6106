//! Redirects: chains, loops, away, and nowhere.

use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::any;

use super::Shared;

pub(super) fn router() -> Router<Shared> {
    Router::new()
        .route("/redirect/chain/{hops}", any(chain))
        .route("/redirect/loop/{side}", any(round))
        .route(
            "/redirect/self",
            any(|| async { to("/redirect/self", 302) }),
        )
        .route("/redirect/away", any(away))
        .route("/redirect/to", any(anywhere))
        // What clients ask for then is told by the file that they get.
        .route(
            "/redirect/latin-1",
            any(|| async { to_all(&[b"/files/caf\xe9.txt"], 302) }),
        )
        .route(
            "/redirect/utf-8",
            any(|| async { to_all(&["/files/café.txt".as_bytes()], 302) }),
        )
        .route(
            "/redirect/space",
            any(|| async { to("/files/a b.txt", 302) }),
        )
        .route(
            "/redirect/two",
            any(|| async { to_all(&[b"/files/a", b"/files/b"], 302) }),
        )
        .route("/redirect/empty", any(|| async { to("", 302) }))
        .route("/redirect/userinfo", any(userinfo))
        .route("/redirect/nowhere", any(|| async { StatusCode::FOUND }))
        .route(
            "/redirect/garbage",
            any(|| async { to("http://[::1", 302) }),
        )
        .route(
            "/redirect/file",
            any(|| async { to("file:///etc/passwd", 302) }),
        )
        .route(
            "/redirect/private",
            // Where the computers of a cloud keep their secrets.
            any(|| async { to("http://169.254.169.254/latest/meta-data/", 302) }),
        )
}

/// A redirect to a place; one that no header can hold is left out.
pub(super) fn to(place: &str, status: u16) -> Response {
    to_all(&[place.as_bytes()], status)
}

fn to_all(places: &[&[u8]], status: u16) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::FOUND);
    let mut response = (status, "look elsewhere\n").into_response();
    for place in places {
        if let Ok(value) = HeaderValue::from_bytes(place) {
            response.headers_mut().append(header::LOCATION, value);
        }
    }
    response
}

/// `status`: 301, 302 (the default), 303, 307 or 308.
fn status(query: &[(String, String)]) -> u16 {
    let status = query.iter().find(|(name, _)| name == "status");
    status
        .and_then(|(_, value)| value.parse().ok())
        .unwrap_or(302)
}

async fn chain(Path(hops): Path<u32>, Query(query): Query<Vec<(String, String)>>) -> Response {
    let status = status(&query);
    match hops {
        0 => "landed\n".into_response(),
        _ => to(
            &format!("/redirect/chain/{}?status={status}", hops - 1),
            status,
        ),
    }
}

async fn round(Path(side): Path<String>) -> Response {
    match side.as_str() {
        "a" => to("/redirect/loop/b", 302),
        _ => to("/redirect/loop/a", 302),
    }
}

async fn away(State(shared): State<Shared>) -> Response {
    to(&format!("{}/landing", shared.raw_origin()), 302)
}

/// To itself with a password in the URL.
async fn userinfo(State(shared): State<Shared>) -> Response {
    let host = shared.origin().trim_start_matches("http://");
    to(&format!("http://ann:secret@{host}/auth/basic"), 302)
}

async fn anywhere(Query(query): Query<Vec<(String, String)>>) -> Response {
    match query.iter().find(|(name, _)| name == "url") {
        Some((_, place)) => to(place, status(&query)),
        None => (StatusCode::BAD_REQUEST, "to where? ?url=…\n").into_response(),
    }
}
