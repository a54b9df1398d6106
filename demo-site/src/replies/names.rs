//! Files with names that attack the disk of a client.

use axum::Router;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use axum::routing::any;

use super::Shared;

pub(super) fn router() -> Router<Shared> {
    Router::new()
        .route("/attack/", any(|| async { "an empty name\n" }))
        .route("/attack/{*name}", any(serve))
}

/// Last parts of paths that are dangerous or difficult as file names. Each is used after `/attack/`.
pub const NAMES: [&str; 18] = [
    "..%2f..%2fetc%2fpasswd",
    "%2e%2e%2f%2e%2e%2fetc%2fpasswd",
    "..%5c..%5cwindows%5cwin.ini",
    "%2fetc%2fpasswd",
    "C%3a%5cboot.ini",
    "%2e%2e",
    "%2e",
    "~",
    "-rf",
    ".bashrc",
    "a%00b.txt",
    "a%0ab.txt",
    "CON",
    "nul.txt",
    "dots...",
    "space%20",
    "%e2%80%aegpj.exe",
    "%ff%fe",
];

/// Any name, with a `Content-Disposition` that names `/etc/passwd`.
async fn serve() -> Response {
    let proposal = HeaderValue::from_static("attachment; filename=\"../../../etc/passwd\"");
    ([(header::CONTENT_DISPOSITION, proposal)], "harmless\n").into_response()
}
