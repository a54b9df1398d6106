//! Pages that are difficult for parsers and crawlers.

use axum::Router;
use axum::http::{HeaderValue, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::any;

use super::Shared;

/// Nested elements in the nesting bomb.
const NESTED: usize = 100_000;

pub(super) fn router() -> Router<Shared> {
    Router::new()
        .route(
            "/html/nested",
            any(|| async { Html("<div>".repeat(NESTED)) }),
        )
        .route("/html/base", any(|| async { Html(BASE) }))
        .route("/html/nofollow", any(|| async { Html(NOFOLLOW) }))
        .route("/html/nofollow-header", any(nofollow_header))
        .route("/html/canonical", any(|| async { Html(CANONICAL) }))
        .route("/html/fragments", any(|| async { Html(FRAGMENTS) }))
        .route("/html/links", any(|| async { Html(LINKS) }))
        .route("/html/broken", any(|| async { Html(BROKEN) }))
        .route("/html/not", any(not_html))
}

const BASE: &str = "<!doctype html><base href=\"/page/\"><title>base</title>\
    <a href=\"1\">page 1</a>\n";

const NOFOLLOW: &str = "<!doctype html><title>nofollow</title>\
    <a rel=\"nofollow\" href=\"/page/1\">not this</a> <a href=\"/page/2\">this</a>\n";

const CANONICAL: &str = "<!doctype html><title>canonical</title>\
    <link rel=\"canonical\" href=\"/page/1\"><p>page 1, under another name</p>\n";

const FRAGMENTS: &str = "<!doctype html><title>fragments</title><h1 id=\"here\">here</h1>\
    <a href=\"#here\">good</a> <a href=\"#nowhere\">bad</a> <a href=\"#\">top</a>\
    <a href=\"/page/1#top\">good</a> <a href=\"/page/1#bottom\">bad</a>\n";

const LINKS: &str = "<!doctype html><title>links</title>\
    <link rel=\"stylesheet\" href=\"/files/style.css\"><script src=\"/files/script.js\"></script>\
    <map><area href=\"/page/1\"></map><iframe src=\"/page/2\"></iframe>\
    <img src=\"/files/a.png\" srcset=\"/files/a.png 1x, /files/b.png 2x\">\
    <form action=\"/page/3\"></form><a href=\"mailto:ann@example.org\">mail</a>\
    <a href=\"javascript:void(0)\">script</a><a href=\"data:text/plain,x\">data</a>\
    <!-- <a href=\"/in-a-comment\">no</a> -->\
    <script>'<a href=\"/in-a-script\">no</a>'</script>\
    <a href=\" /page/\n4 \">spaces</a><a href=\"/page/5?a=1&amp;b=2\">entity</a>\n";

const BROKEN: &str = "<!doctype html><title>broken</title>\
    <a href=\"/status/404\">gone</a> <a href=\"/redirect/chain/1\">moved</a>\
    <a href=\"http://[::1\">not a URL</a> <a href=\"/page/1\">fine</a>\n";

async fn nofollow_header() -> Response {
    let robots = [("x-robots-tag", "nofollow")];
    (
        robots,
        Html("<!doctype html><a href=\"/page/1\">not this</a>\n"),
    )
        .into_response()
}

/// Bytes with the content type of HTML that are not HTML.
async fn not_html() -> Response {
    let kind = [(header::CONTENT_TYPE, HeaderValue::from_static("text/html"))];
    (kind, crate::content::part(1, 0..4096)).into_response()
}
