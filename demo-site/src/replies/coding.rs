//! Compressed bodies, right and wrong ones.

use std::io::{self, Write};

use axum::Router;
use axum::extract::Path;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};

use super::Shared;

/// The largest decompressed bomb: making it takes a second for each GiB.
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
        .route("/br", any(|| async { coded("br", BROTLI.into()) }))
        .route("/zstd", any(|| async { coded("zstd", ZSTD.into()) }))
        .route("/coding/none", any(|| async { coded("none", TEXT.into()) }))
        .route(
            "/coding/identity",
            any(|| async { coded("identity", TEXT.into()) }),
        )
        .route("/coding/list", any(|| async { list().into_answer() }))
        .route(
            "/coding/two-headers",
            any(|| async { two_headers().into_answer() }),
        )
        .route("/coding/chain", any(|| async { chain().into_answer() }))
        .route(
            "/coding/unknown",
            any(|| async { coded("middle-out", TEXT.into()) }),
        )
}

/// The text of all right ones.
const TEXT: &str = "many hands make light work\n";

/// The same, by brotli 1.0.9.
const BROTLI: [u8; 32] = [
    0x21, 0x68, 0x00, 0x04, 0x6d, 0x61, 0x6e, 0x79, 0x20, 0x68, 0x61, 0x6e, 0x64, 0x73, 0x20, 0x6d,
    0x61, 0x6b, 0x65, 0x20, 0x6c, 0x69, 0x67, 0x68, 0x74, 0x20, 0x77, 0x6f, 0x72, 0x6b, 0x0a, 0x03,
];

/// The same, by zstd 1.5.4.
const ZSTD: [u8; 40] = [
    0x28, 0xb5, 0x2f, 0xfd, 0x24, 0x1b, 0xd9, 0x00, 0x00, 0x6d, 0x61, 0x6e, 0x79, 0x20, 0x68, 0x61,
    0x6e, 0x64, 0x73, 0x20, 0x6d, 0x61, 0x6b, 0x65, 0x20, 0x6c, 0x69, 0x67, 0x68, 0x74, 0x20, 0x77,
    0x6f, 0x72, 0x6b, 0x0a, 0x1c, 0xbe, 0x8f, 0xdb,
];

/// The most codings in `/coding/chain`.
const CHAIN: usize = 12;

/// Compression into memory can't fail. If it did, it would be an error of the server.
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

fn list() -> io::Result<Response> {
    Ok(coded("identity, gzip", gzip_of_text()?))
}

/// Compressed twice, with two headers.
fn two_headers() -> io::Result<Response> {
    let mut response = coded("gzip", gzip(&gzip_of_text()?)?);
    let gzip = HeaderValue::from_static("gzip");
    response
        .headers_mut()
        .append(header::CONTENT_ENCODING, gzip);
    Ok(response)
}

fn chain() -> io::Result<Response> {
    let mut body = TEXT.as_bytes().to_vec();
    for _ in 0..CHAIN {
        body = gzip(&body)?;
    }
    let mut response = coded("gzip", body);
    let names = ["gzip"; CHAIN].join(", ");
    if let Ok(value) = HeaderValue::from_str(&names) {
        response
            .headers_mut()
            .insert(header::CONTENT_ENCODING, value);
    }
    Ok(response)
}

/// Compressed, without its end.
fn cut() -> io::Result<Response> {
    let mut body = gzip(&crate::content::part(1, 0..10_000))?;
    body.truncate(body.len() / 2);
    Ok(coded("gzip", body))
}

/// Compressed, with other bytes after it.
fn trailing() -> io::Result<Response> {
    let mut body = gzip_of_text()?;
    body.extend(b"and more");
    Ok(coded("gzip", body))
}

/// `deflate` as the standard says: with the zlib wrapper (RFC 9110, section 8.4.1.2).
fn zlib() -> io::Result<Response> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(TEXT.as_bytes())?;
    Ok(coded("deflate", encoder.finish()?))
}

/// `deflate` of some servers: without the wrapper.
fn deflate() -> io::Result<Response> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(TEXT.as_bytes())?;
    Ok(coded("deflate", encoder.finish()?))
}
