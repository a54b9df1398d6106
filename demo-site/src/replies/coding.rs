//! Compressed bodies, honest ones and others.

use std::io::{self, Write};

use axum::Router;
use axum::extract::Path;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};

use super::Shared;

/// The most that a bomb may swell to: making it takes a second for each GiB.
const BIGGEST_BOMB: u64 = 1 << 30;

pub(super) fn router() -> Router<Shared> {
    Router::new()
        .route(
            "/gzip",
            any(|| async { gzip_of_text().map(|body| coded("gzip", body)).into_answer() }),
        )
        .route("/gzip/bomb/{bytes}", any(bomb))
        .route("/gzip/twice", any(|| async { twice().into_answer() }))
        .route("/gzip/cut", any(|| async { cut().into_answer() }))
        .route("/gzip/trailing", any(|| async { trailing().into_answer() }))
        .route("/gzip/not", any(|| async { coded("gzip", TEXT.into()) }))
        .route("/deflate/zlib", any(|| async { zlib().into_answer() }))
        .route("/deflate/raw", any(|| async { deflate().into_answer() }))
        .route(
            "/coding/unknown",
            any(|| async { coded("middle-out", TEXT.into()) }),
        )
}

/// What every honest one of them says.
const TEXT: &str = "many hands make light work\n";

/// A failure to compress into memory, which can't be, is the server's own.
trait IntoAnswer {
    fn into_answer(self) -> Response;
}

impl IntoAnswer for io::Result<Response> {
    fn into_answer(self) -> Response {
        self.unwrap_or_else(|_| axum::http::StatusCode::INTERNAL_SERVER_ERROR.into_response())
    }
}

fn coded(name: &'static str, body: Vec<u8>) -> Response {
    let headers = [
        (header::CONTENT_ENCODING, HeaderValue::from_static(name)),
        (
            header::CONTENT_TYPE,
            HeaderValue::from_static("text/plain; charset=utf-8"),
        ),
    ];
    (headers, body).into_response()
}

fn gzip(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes)?;
    encoder.finish()
}

fn gzip_of_text() -> io::Result<Vec<u8>> {
    gzip(TEXT.as_bytes())
}

/// Zeros: a thousand times as many as are sent.
async fn bomb(Path(bytes): Path<u64>) -> Response {
    let body = tokio::task::spawn_blocking(move || -> io::Result<Vec<u8>> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        let zeros = [0; 64 * 1024];
        let mut left = bytes.min(BIGGEST_BOMB);
        while left > 0 {
            let piece = left.min(zeros.len() as u64);
            encoder.write_all(&zeros[..piece as usize])?;
            left -= piece;
        }
        encoder.finish()
    });
    let body = body
        .await
        .unwrap_or_else(|error| Err(io::Error::other(error)));
    body.map(|body| coded("gzip", body)).into_answer()
}

fn twice() -> io::Result<Response> {
    Ok(coded("gzip, gzip", gzip(&gzip_of_text()?)?))
}

/// Without its end.
fn cut() -> io::Result<Response> {
    let mut body = gzip(&crate::content::part(1, 0..10_000))?;
    body.truncate(body.len() / 2);
    Ok(coded("gzip", body))
}

/// With something after it.
fn trailing() -> io::Result<Response> {
    let mut body = gzip_of_text()?;
    body.extend(b"and more");
    Ok(coded("gzip", body))
}

/// What the name means (RFC 9110, section 8.4.1.2).
fn zlib() -> io::Result<Response> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(TEXT.as_bytes())?;
    Ok(coded("deflate", encoder.finish()?))
}

/// What some servers take it to mean.
fn deflate() -> io::Result<Response> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(TEXT.as_bytes())?;
    Ok(coded("deflate", encoder.finish()?))
}
