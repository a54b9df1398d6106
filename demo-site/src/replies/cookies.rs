//! Cookies (RFC 6265): pages that need a cookie, and cookies that must be refused.

use axum::Router;
use axum::extract::Query;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::any;

use super::{Shared, redirects};

/// The cookies of `/cookies/refused`: each must be refused, for a different reason, and must not be sent to
/// `/cookies/show`.
const REFUSED: [&str; 5] = [
    "other-site=1; Domain=example.com",
    "top-level=1; Domain=com",
    "other-path=1; Path=/elsewhere",
    "expired=1; Expires=Sun, 06 Nov 1994 08:49:37 GMT",
    "no-age=1; Max-Age=0",
];

/// Cookies of `/cookies/many`: more than a browser keeps for one site.
const MANY: usize = 1000;

pub(super) fn router() -> Router<Shared> {
    Router::new()
        .route("/cookies/show", any(show))
        .route("/cookies/set", any(set))
        .route("/cookies/wall", any(wall))
        .route("/cookies/trail", any(trail))
        .route("/cookies/refused", any(refused))
        .route("/cookies/many", any(many))
}

/// Whether the client sent a cookie of this name and value.
fn has(headers: &HeaderMap, name: &str, value: &str) -> bool {
    let mut all = headers.get_all(header::COOKIE).iter();
    all.any(|line| {
        let text = line.to_str().unwrap_or("");
        let mut pairs = text
            .split(';')
            .filter_map(|pair| pair.trim().split_once('='));
        pairs.any(|pair| pair == (name, value))
    })
}

fn redirect(place: &str, cookies: impl IntoIterator<Item = String>) -> Response {
    let mut response = redirects::to(place, 302);
    for cookie in cookies {
        if let Ok(value) = HeaderValue::from_str(&cookie) {
            response.headers_mut().append(header::SET_COOKIE, value);
        }
    }
    response
}

/// The cookies of the request, one on each line.
async fn show(headers: HeaderMap) -> String {
    let lines = headers.get_all(header::COOKIE).iter();
    let texts = lines.filter_map(|line| line.to_str().ok());
    let cookies = texts.flat_map(|text| text.split(';'));
    cookies
        .map(|cookie| format!("{}\n", cookie.trim()))
        .collect()
}

/// Sets the cookies of the query, and redirects to `/cookies/show`.
async fn set(Query(query): Query<Vec<(String, String)>>) -> Response {
    let cookies = query
        .iter()
        .map(|(name, value)| format!("{name}={value}; Path=/"));
    redirect("/cookies/show", cookies)
}

/// Redirects to itself, with a cookie, until the cookie comes: without a jar that is a loop.
async fn wall(headers: HeaderMap) -> Response {
    match has(&headers, "passed", "1") {
        true => "welcome\n".into_response(),
        false => redirect(
            "/cookies/wall",
            ["passed=1; Path=/; HttpOnly; SameSite=Lax".to_owned()],
        ),
    }
}

/// Three steps, each of which needs the cookie of the one before.
async fn trail(Query(query): Query<Vec<(String, String)>>, headers: HeaderMap) -> Response {
    let step = query.iter().find(|(name, _)| name == "step");
    let step = step
        .and_then(|(_, step)| step.parse().ok())
        .unwrap_or(0_u32);
    if step > 0 && !has(&headers, "step", &step.to_string()) {
        return (
            StatusCode::FORBIDDEN,
            "403: the cookie of the last step is missing\n",
        )
            .into_response();
    }
    match step {
        3.. => "arrived\n".into_response(),
        _ => {
            let next = step + 1;
            redirect(
                &format!("/cookies/trail?step={next}"),
                [format!("step={next}")],
            )
        }
    }
}

/// Sets cookies that must be refused, and redirects to `/cookies/show`, which should get none.
async fn refused() -> Response {
    redirect("/cookies/show", REFUSED.map(str::to_owned))
}

async fn many() -> Response {
    let cookies = (0..MANY).map(|number| format!("c{number}={number}; Path=/"));
    redirect("/cookies/show", cookies)
}
