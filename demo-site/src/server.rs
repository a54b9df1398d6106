//! The listeners and their connections: http and https are served by axum, one by hand; all are
//! counted.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, header};
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::serve::Listener;
use bytes::Bytes;
use http_body::{Frame, SizeHint};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};

use crate::counters::{ConnectionGuard, Counters, RequestGuard, Seen};
use crate::log::Log;
use crate::replies::{self, Shared, raw};

/// After a failure to accept, which is most often one of descriptors.
const PAUSE: Duration = Duration::from_millis(50);

/// The listeners of a site.
pub(crate) struct Listeners {
    pub(crate) http: std::net::TcpListener,
    pub(crate) raw: std::net::TcpListener,
    #[cfg(feature = "tls")]
    pub(crate) https: Option<(std::net::TcpListener, tokio_rustls::TlsAcceptor)>,
}

/// Serves all ports, for ever.
pub(crate) async fn serve(
    listeners: Listeners,
    shared: Shared,
    counters: Counters,
    log: Option<Log>,
) -> io::Result<()> {
    let raw = TcpListener::from_std(listeners.raw)?;
    let counted = |listener| -> io::Result<Counted> {
        Ok(Counted {
            listener: TcpListener::from_std(listener)?,
            counters: counters.clone(),
        })
    };
    let http = counted(listeners.http)?;
    let state = (counters.clone(), log.clone());
    let app = replies::router(shared.clone()).layer(middleware::from_fn_with_state(state, count));
    #[cfg(feature = "tls")]
    if let Some((listener, acceptor)) = listeners.https {
        let listener = crate::tls::TlsListener::new(counted(listener)?, acceptor)?;
        let app = app.clone();
        tokio::spawn(async { axum::serve(listener, app).await });
    }
    tokio::select! {
        done = async { axum::serve(http, app).await } => done,
        () = serve_raw(raw, shared, counters, log) => Ok(()),
    }
}

async fn serve_raw(listener: TcpListener, shared: Shared, counters: Counters, log: Option<Log>) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                let context = raw::Context {
                    shared: shared.clone(),
                    counters: counters.clone(),
                    log: log.clone(),
                };
                tokio::spawn(async move {
                    // The client may close the connection.
                    let _ = raw::serve(stream, context).await;
                });
            }
            Err(_) => tokio::time::sleep(PAUSE).await,
        }
    }
}

/// Counts a request until its answer has gone, and logs it.
async fn count(
    State((counters, log)): State<(Counters, Option<Log>)>,
    request: Request,
    next: Next,
) -> Response {
    let headers = request.headers();
    // HTTP/2 has the host in the address.
    let host = match request.uri().authority() {
        Some(authority) => authority.to_string(),
        None => headers
            .get(header::HOST)
            .map(|it| String::from_utf8_lossy(it.as_bytes()).into_owned())
            .unwrap_or_default(),
    };
    let path = request
        .uri()
        .path_and_query()
        .map_or("/", |path| path.as_str());
    let line = [
        request.method().as_str(),
        path,
        &format!("{:?}", request.version()),
    ];
    let seen = seen(&host, line, texts(headers));
    let logged = log.map(|log| (log, seen.clone()));
    let guard = counters.request(seen);
    let response = next.run(request).await;
    if let Some((log, seen)) = logged {
        let length = response.headers().get(header::CONTENT_LENGTH);
        let length = length.and_then(|it| it.to_str().ok()?.parse().ok());
        let bytes = length.or(http_body::Body::size_hint(response.body()).exact());
        log.write(&seen, Some(response.status().as_u16()), bytes);
    }
    response.map(|inner| {
        Body::new(Guarded {
            inner,
            _guard: guard,
        })
    })
}

/// Headers as text.
pub(crate) fn texts(headers: &HeaderMap) -> impl Iterator<Item = (String, String)> {
    headers.iter().map(|(name, value)| {
        let value = String::from_utf8_lossy(value.as_bytes());
        (name.to_string(), value.into_owned())
    })
}

/// A request for the counters, from its first line: method, target and version.
pub(crate) fn seen(
    host: &str,
    [method, path, version]: [&str; 3],
    headers: impl Iterator<Item = (String, String)>,
) -> Seen {
    Seen {
        at: Instant::now(),
        host: host.to_owned(),
        method: method.to_owned(),
        path: path.to_owned(),
        version: version.to_owned(),
        headers: headers.collect(),
    }
}

/// A body. Its request is active until the body has been sent or dropped.
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
