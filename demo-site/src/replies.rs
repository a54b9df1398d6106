//! All replies other than the pages: everything that breaks clients.
//!
//! axum serves replies that HTTP allows ([`router`]). Replies that HTTP does not allow are written to a socket byte
//! by byte: [`raw`], on a port of its own.

mod auth;
mod busy;
mod bytes;
mod charsets;
mod coding;
mod cookies;
mod digest;
mod html;
mod limited;
mod names;
pub(crate) mod raw;
mod redirects;
mod slow;
mod traps;

pub(crate) use charsets::names as charset_names;
pub use names::NAMES;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderValue, StatusCode, Uri, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::any;

use crate::catalogue;
use crate::counters::Counters;
use crate::pages::Pages;
use crate::random;
use crate::site::Settings;

/// Paths whose visits are counted one by one. Beyond them every visit counts as the first.
const MOST_COUNTED: usize = 100_000;

/// The state of the handlers.
#[derive(Clone)]
pub(crate) struct Shared(Arc<Inner>);

struct Inner {
    settings: Settings,
    /// The visits of each path with its query.
    visits: Mutex<HashMap<String, u64>>,
    /// The address of the port for answers that break HTTP.
    raw_origin: String,
    /// The address of the first port.
    origin: String,
    counters: Counters,
    limits: limited::Limits,
    /// The certificate of the authority behind https, in PEM.
    authority: Option<String>,
}

impl Shared {
    pub(crate) fn new(
        settings: Settings,
        [origin, raw_origin]: [String; 2],
        authority: Option<String>,
        counters: Counters,
    ) -> Shared {
        Shared(Arc::new(Inner {
            settings,
            visits: Mutex::default(),
            raw_origin,
            origin,
            counters,
            limits: limited::Limits::default(),
            authority,
        }))
    }

    fn origin(&self) -> &str {
        &self.0.origin
    }

    fn limits(&self) -> &limited::Limits {
        &self.0.limits
    }

    pub(crate) fn authority(&self) -> Option<&str> {
        self.0.authority.as_deref()
    }

    fn pages(&self) -> &Pages {
        &self.0.settings.pages
    }

    fn raw_origin(&self) -> &str {
        &self.0.raw_origin
    }

    /// The number of earlier visits.
    pub(crate) fn visits_before(&self, path: &str) -> u64 {
        let mut visits = self.0.visits.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = visits.get_mut(path) {
            *count += 1;
            return *count - 1;
        }
        if visits.len() < MOST_COUNTED {
            visits.insert(path.to_owned(), 1);
        }
        0
    }

    pub(crate) fn forget_visits(&self) {
        self.0.limits.forget();
        self.0
            .visits
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
    }
}

/// The replies that HTTP allows.
pub(crate) fn router(shared: Shared) -> Router {
    Router::new()
        .route("/", any(front))
        .route("/page/{number}", any(page))
        .route("/help", any(help))
        .route("/landing", any(landing))
        .route("/counters", any(counters))
        .route("/certificate.pem", any(certificate))
        .route("/robots.txt", any(robots))
        .route("/sitemap.xml", any(sitemap))
        .route("/status/{code}", any(status))
        .route("/files/{name}", any(file))
        .merge(auth::router())
        .merge(busy::router())
        .merge(bytes::router())
        .merge(charsets::router())
        .merge(coding::router())
        .merge(cookies::router())
        .merge(html::router())
        .merge(limited::router())
        .merge(names::router())
        .merge(redirects::router())
        .merge(slow::router())
        .merge(traps::router())
        .fallback(missing)
        .with_state(shared)
}

async fn front(State(shared): State<Shared>, uri: Uri) -> Response {
    one_page(&shared, 0, uri.path()).await
}

async fn page(State(shared): State<Shared>, Path(number): Path<usize>, uri: Uri) -> Response {
    match number {
        0 => missing().await.into_response(),
        _ if number >= shared.pages().count => missing().await.into_response(),
        _ => one_page(&shared, number, uri.path()).await,
    }
}

/// A page, after its latency; or a failure, by the error rate.
async fn one_page(shared: &Shared, number: usize, path: &str) -> Response {
    let settings = &shared.0.settings;
    // It depends on the visit, not on the clock or the order, so it is the same on every run.
    let visit = shared.visits_before(path);
    let chance = random::number_of(path) ^ settings.pages.seed ^ visit.rotate_left(40);
    tokio::time::sleep(settings.latency.of(chance)).await;
    if random::fraction(chance.rotate_left(17)) < settings.error_rate {
        let text = "503: by the site's error rate\n";
        return (StatusCode::SERVICE_UNAVAILABLE, text).into_response();
    }
    let length = settings.pages.length_of(number);
    let mut response = Html(in_pieces(settings.pages.pieces(number))).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    response
}

/// A body that is made while it is sent.
fn in_pieces(pieces: impl Iterator<Item = String> + Send + 'static) -> Body {
    let pieces = pieces.map(Ok::<_, std::convert::Infallible>);
    Body::from_stream(futures_util::stream::iter(pieces))
}

async fn help(State(shared): State<Shared>) -> Html<String> {
    Html(catalogue::html(shared.origin(), shared.raw_origin()))
}

async fn landing() -> &'static str {
    "landed\n"
}

async fn robots(State(shared): State<Shared>) -> Response {
    match &shared.0.settings.robots {
        Some((status, text)) => {
            let status = StatusCode::from_u16(*status).unwrap_or(StatusCode::OK);
            let kind = [(header::CONTENT_TYPE, "text/plain; charset=utf-8")];
            (status, kind, text.clone()).into_response()
        }
        None => missing().await.into_response(),
    }
}

async fn sitemap(State(shared): State<Shared>) -> impl IntoResponse {
    let kind = [(header::CONTENT_TYPE, "application/xml")];
    let pages = *shared.pages();
    (kind, in_pieces(pages.sitemap(shared.origin().to_owned())))
}

async fn status(Path(code): Path<u16>) -> Response {
    match StatusCode::from_u16(code) {
        // A 1xx is not a final answer: a client would wait for the next.
        Ok(status) if code >= 200 => (status, format!("{status}\n")).into_response(),
        _ => (StatusCode::BAD_REQUEST, "a status from 200 to 999\n").into_response(),
    }
}

/// Returns the name as it was requested, still encoded.
async fn file(uri: Uri) -> String {
    let name = uri.path().trim_start_matches("/files/");
    format!("the file {name}\n")
}

/// The counters, this request included.
async fn counters(State(shared): State<Shared>) -> impl IntoResponse {
    let kind = [(
        header::CONTENT_TYPE,
        "text/plain; version=0.0.4; charset=utf-8",
    )];
    (kind, shared.0.counters.text())
}

async fn certificate(State(shared): State<Shared>) -> Response {
    let kind = [(header::CONTENT_TYPE, "application/x-pem-file")];
    match shared.authority() {
        Some(pem) => (kind, pem.to_owned()).into_response(),
        None => (StatusCode::NOT_FOUND, "404: this site has no https\n").into_response(),
    }
}

async fn missing() -> (StatusCode, &'static str) {
    (StatusCode::NOT_FOUND, "404: no such page\n")
}
