//! HTTP/2 without TLS, whose server goes away (RFC 9113, section 6.8) or refuses a stream.
//!
//! The `h2` crate reads the requests. What it would never send is written to the socket by hand.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{self, Poll, ready};
use std::time::Duration;

use axum::http::{Response, StatusCode};
use bytes::Bytes;
use h2::Reason;
use h2::server::SendResponse;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use super::Context;
use super::request::number_in;
use crate::server;

/// GOAWAY without an error, whose last stream is 0: none was worked on, and each may be sent again.
const NONE_DONE: [u8; 17] = [0, 0, 8, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];

/// How long a client may take to close after that.
const PATIENCE: Duration = Duration::from_secs(2);

/// Serves one connection, whose first bytes are `before`.
pub(super) async fn serve(stream: TcpStream, before: Vec<u8>, context: &Context) -> io::Result<()> {
    let stream = Arc::new(stream);
    let io = Io {
        before,
        stream: Arc::clone(&stream),
    };
    let mut connection = h2::server::handshake(io).await.map_err(io::Error::other)?;
    while let Some(request) = connection.accept().await {
        let (request, mut respond) = request.map_err(io::Error::other)?;
        let uri = request.uri();
        let target = uri.path_and_query().map_or("/", |it| it.as_str());
        let host = uri.authority().map_or("", |it| it.as_str());
        let headers = server::texts(request.headers());
        let line = [request.method().as_str(), target, "HTTP/2.0"];
        let _request = context.came(host, line, headers);
        let times = number_in(target, "times").unwrap_or(1);
        let again = context.shared.visits_before(target) >= times;
        match uri.path() {
            "/goaway/before" if !again => return go_away(&stream).await,
            "/goaway/refused" if !again => respond.send_reset(Reason::REFUSED_STREAM),
            "/goaway/calm" if !again => connection.abrupt_shutdown(Reason::ENHANCE_YOUR_CALM),
            "/goaway/after" => {
                send(&mut respond, StatusCode::OK, "ok\n")?;
                connection.graceful_shutdown();
            }
            "/goaway/before" | "/goaway/refused" | "/goaway/calm" | "/landing" => {
                send(&mut respond, StatusCode::OK, "ok\n")?;
            }
            _ => send(
                &mut respond,
                StatusCode::NOT_FOUND,
                "404: no such breakage\n",
            )?,
        }
    }
    Ok(())
}

fn send(
    respond: &mut SendResponse<Bytes>,
    status: StatusCode,
    text: &'static str,
) -> io::Result<()> {
    let mut response = Response::new(());
    *response.status_mut() = status;
    let body = respond.send_response(response, false);
    let sent = body.and_then(|mut body| body.send_data(Bytes::from_static(text.as_bytes()), true));
    sent.map_err(io::Error::other)
}

/// Says that nothing was done, and waits for the client to close: a close with unread input would
/// be a reset, and cost the client these bytes.
async fn go_away(stream: &TcpStream) -> io::Result<()> {
    let mut left = &NONE_DONE[..];
    while !left.is_empty() {
        stream.writable().await?;
        match stream.try_write(left) {
            Ok(count) => left = &left[count..],
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
    let until_closed = async {
        let mut rest = [0; 1024];
        loop {
            stream.readable().await?;
            match stream.try_read(&mut rest) {
                Ok(0) => return Ok(()),
                Err(error) if error.kind() != io::ErrorKind::WouldBlock => return Err(error),
                _ => {}
            }
        }
    };
    tokio::time::timeout(PATIENCE, until_closed)
        .await
        .unwrap_or(Ok(()))
}

/// A socket that the `h2` crate and the code beside it share, behind what was read already.
struct Io {
    before: Vec<u8>,
    stream: Arc<TcpStream>,
}

impl AsyncRead for Io {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut task::Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if !self.before.is_empty() {
            let count = self.before.len().min(buffer.remaining());
            buffer.put_slice(&self.before[..count]);
            self.before.drain(..count);
            return Poll::Ready(Ok(()));
        }
        loop {
            ready!(self.stream.poll_read_ready(cx))?;
            match self.stream.try_read(buffer.initialize_unfilled()) {
                Ok(count) => {
                    buffer.advance(count);
                    return Poll::Ready(Ok(()));
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }
}

impl AsyncWrite for Io {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut task::Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        loop {
            ready!(self.stream.poll_write_ready(cx))?;
            match self.stream.try_write(bytes) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                done => return Poll::Ready(done),
            }
        }
    }

    fn poll_flush(self: Pin<&mut Self>, _cx: &mut task::Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _cx: &mut task::Context<'_>) -> Poll<io::Result<()>> {
        // It is closed when its last owner goes.
        Poll::Ready(Ok(()))
    }
}
