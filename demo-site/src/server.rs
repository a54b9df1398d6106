//! Two listeners and their connections: one served by axum, one by hand; both counted.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header;
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::serve::Listener;
use bytes::Bytes;
use http_body::{Frame, SizeHint};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};

use crate::counters::{ConnectionGuard, Counters, RequestGuard, Seen};
use crate::replies::{self, Shared, raw};

/// After a failure to accept, which is most often one of descriptors.
const PAUSE: Duration = Duration::from_millis(50);

/// Serves both ports, for ever.
pub(crate) async fn serve(
    listener: std::net::TcpListener,
    raw_listener: std::net::TcpListener,
    shared: Shared,
    counters: Counters,
) -> io::Result<()> {
    let raw_listener = TcpListener::from_std(raw_listener)?;
    let counted = Counted {
        listener: TcpListener::from_std(listener)?,
        counters: counters.clone(),
    };
    let app = replies::router(shared.clone())
        .layer(middleware::from_fn_with_state(counters.clone(), count));
    tokio::select! {
        done = async { axum::serve(counted, app).await } => done,
        () = serve_raw(raw_listener, shared, counters) => Ok(()),
    }
}

async fn serve_raw(listener: TcpListener, shared: Shared, counters: Counters) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                let (shared, counters) = (shared.clone(), counters.clone());
                tokio::spawn(async move {
                    // The client left: that is its right.
                    let _ = raw::serve(stream, shared, counters).await;
                });
            }
            Err(_) => tokio::time::sleep(PAUSE).await,
        }
    }
}

/// Counts a request until its answer has gone.
async fn count(State(counters): State<Counters>, request: Request, next: Next) -> Response {
    let headers = request.headers();
    let text = |value: &header::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    // HTTP/2 has the host in the address.
    let host = match request.uri().authority() {
        Some(authority) => authority.to_string(),
        None => headers.get(header::HOST).map(text).unwrap_or_default(),
    };
    let path = request
        .uri()
        .path_and_query()
        .map_or("/", |path| path.as_str());
    let all = headers
        .iter()
        .map(|(name, value)| (name.to_string(), text(value)));
    let guard = counters.request(seen(&host, request.method().as_str(), path, all));
    let response = next.run(request).await;
    response.map(|inner| {
        Body::new(Guarded {
            inner,
            _guard: guard,
        })
    })
}

/// A request as the counters remember it.
pub(crate) fn seen(
    host: &str,
    method: &str,
    path: &str,
    headers: impl Iterator<Item = (String, String)>,
) -> Seen {
    Seen {
        at: Instant::now(),
        host: host.to_owned(),
        method: method.to_owned(),
        path: path.to_owned(),
        headers: headers.collect(),
    }
}

/// A body whose request counts as being worked on until it has been sent, or given up.
struct Guarded {
    inner: Body,
    _guard: RequestGuard,
}

impl http_body::Body for Guarded {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.inner).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// A listener whose connections are counted.
struct Counted {
    listener: TcpListener,
    counters: Counters,
}

impl Listener for Counted {
    type Io = CountedStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (CountedStream, SocketAddr) {
        loop {
            match self.listener.accept().await {
                Ok((stream, address)) => {
                    // Without it, what is written in two parts waits for an acknowledgement.
                    let _ = stream.set_nodelay(true);
                    let guard = self.counters.connection();
                    return (
                        CountedStream {
                            stream,
                            _guard: guard,
                        },
                        address,
                    );
                }
                Err(_) => tokio::time::sleep(PAUSE).await,
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

struct CountedStream {
    stream: TcpStream,
    _guard: ConnectionGuard,
}

impl AsyncRead for CountedStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl AsyncWrite for CountedStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buffer)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffers: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, buffers)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
