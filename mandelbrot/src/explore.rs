//! A page for moving and zooming in the set: served on this machine only, drawn tile by tile.
//!
//! tokio serves, and rayon computes. A request awaits its tile, so no thread of tokio iterates.
//! When the page asks for a new view, the tiles of the view before are stale: waiting ones are not
//! started, and running ones end within some milliseconds.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZeroUsize;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Query, Request, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HOST};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use tokio::net::TcpListener;

mod tiles;
mod views;

use tiles::{Refused, TileQuery, Tiles};

/// The whole page in one file, so that nothing is fetched from elsewhere.
const PAGE: &str = include_str!("explore/page.html");

/// The page's rights: run its own script, and send requests to this server.
const POLICY: &str = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; \
                      img-src data:; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'";

/// A server that listens but does not answer yet.
#[derive(Debug)]
pub struct Explorer {
    listener: TcpListener,
    address: SocketAddr,
    tiles: Arc<Tiles>,
}

impl Explorer {
    /// Listens on 127.0.0.1. For port 0 the system chooses a free port.
    ///
    /// # Errors
    /// If the port is taken, or the system refuses threads.
    pub async fn bind(port: u16, workers: NonZeroUsize) -> io::Result<Explorer> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        Ok(Explorer {
            address: listener.local_addr()?,
            listener,
            tiles: Arc::new(Tiles::new(workers)?),
        })
    }

    /// The address that it listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers requests until `end` is ready. Then it stops all tiles.
    ///
    /// # Errors
    /// An error of the listener.
    pub async fn serve(self, end: impl Future<Output = ()> + Send + 'static) -> io::Result<()> {
        let tiles = Arc::clone(&self.tiles);
        let app = Router::new()
            .route("/", get(page))
            .route("/tile", get(tile))
            .with_state(Arc::clone(&self.tiles))
            .layer(middleware::from_fn_with_state(self.address, only_from_here));
        let end = async move {
            end.await;
            tiles.stop();
        };
        axum::serve(self.listener, app)
            .with_graceful_shutdown(end)
            .await
    }
}

/// Refuses requests with another host name. A foreign page may make its own name resolve to
/// 127.0.0.1, and the browser would then treat this server as part of that page.
async fn only_from_here(
    State(address): State<SocketAddr>,
    request: Request,
    next: Next,
) -> Response {
    let host = request.headers().get(HOST).map(HeaderValue::as_bytes);
    let names = [address.to_string(), format!("localhost:{}", address.port())];
    if !names.iter().any(|name| host == Some(name.as_bytes())) {
        return (
            StatusCode::FORBIDDEN,
            "this explorer answers to 127.0.0.1 only",
        )
            .into_response();
    }
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

async fn page() -> Html<&'static str> {
    Html(PAGE)
}

/// Returns the colours of a tile, three bytes per pixel. The headers contain the worker and the
/// time.
async fn tile(State(tiles): State<Arc<Tiles>>, Query(query): Query<TileQuery>) -> Response {
    match tiles.draw(query).await {
        Ok(drawn) => {
            let mut headers = HeaderMap::new();
            let number = |number: u64| HeaderValue::from(number);
            headers.insert("x-worker", number(drawn.worker as u64));
            headers.insert("x-micros", number(drawn.time.as_micros() as u64));
            headers.insert("x-kernel", HeaderValue::from_static(drawn.kernel));
            headers.insert(
                CONTENT_TYPE,
                HeaderValue::from_static("application/octet-stream"),
            );
            (headers, drawn.rgb).into_response()
        }
        Err(Refused::Bad(reason)) => (StatusCode::BAD_REQUEST, reason).into_response(),
        Err(Refused::Stale) => (StatusCode::GONE, "another view is asked for").into_response(),
        Err(Refused::Busy) => {
            (StatusCode::SERVICE_UNAVAILABLE, "too many tiles at once").into_response()
        }
    }
}

#[cfg(test)]
mod tests;
