//! Answers that are slow, or never end.

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Query};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use bytes::Bytes;
use futures_util::stream;

use super::Shared;
use crate::content;

/// Between two bytes of a slow body, unless `every` (in milliseconds) says otherwise.
const USUAL_PAUSE: u64 = 10;

/// Bytes of an endless body that are sent at once.
const PIECE: u64 = 16 * 1024;

pub(super) fn router() -> Router<Shared> {
    Router::new()
        .route("/slow/{bytes}", any(slow))
        .route("/late/{milliseconds}", any(late))
        .route("/never", any(never))
        .route("/stall", any(stall))
        .route("/endless", any(endless))
}

/// A body that comes a byte at a time.
async fn slow(Path(count): Path<u64>, Query(query): Query<Vec<(String, u64)>>) -> Response {
    let every = query.iter().find(|(name, _)| name == "every");
    let pause = Duration::from_millis(every.map_or(USUAL_PAUSE, |(_, value)| *value));
    let bytes = stream::unfold(0, move |sent| async move {
        if sent == count {
            return None;
        }
        if sent > 0 {
            tokio::time::sleep(pause).await;
        }
        Some((piece(sent, 1), sent + 1))
    });
    Body::from_stream(bytes).into_response()
}

/// A slow header.
async fn late(Path(milliseconds): Path<u64>) -> &'static str {
    tokio::time::sleep(Duration::from_millis(milliseconds)).await;
    "late\n"
}

/// No header at all.
async fn never() {
    std::future::pending::<()>().await;
}

/// The beginning of a body, and nothing after it.
async fn stall() -> Response {
    let bytes = stream::unfold(0, |sent| async move {
        if sent > 0 {
            std::future::pending::<()>().await;
        }
        Some((piece(0, 100), 100))
    });
    Body::from_stream(bytes).into_response()
}

async fn endless() -> Response {
    let bytes = stream::unfold(0, |sent| async move {
        // As fast as it is read. Yielding gives other tasks their turn.
        tokio::task::yield_now().await;
        Some((piece(sent, PIECE), sent + PIECE))
    });
    Body::from_stream(bytes).into_response()
}

fn piece(start: u64, length: u64) -> Result<Bytes, std::convert::Infallible> {
    Ok(content::part(1, start..start + length).into())
}
