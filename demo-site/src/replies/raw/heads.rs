//! Heads that are odd or broken, answers before the answer (1xx), and transfer codings.

use std::io;

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::{missing, send_content, send_head};

/// Provisional answers that come before the answer of `/early/many`.
const MANY: usize = 50;

const CONTINUE: &str = "HTTP/1.1 100 Continue\r\n\r\n";
const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nok\n";

/// "many hands make light work\n", by gzip 1.12.
const GZIP: [u8; 47] = [
    0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x03, 0xcb, 0x4d, 0xcc, 0xab, 0x54, 0xc8,
    0x48, 0xcc, 0x4b, 0x29, 0x56, 0xc8, 0x4d, 0xcc, 0x4e, 0x55, 0xc8, 0xc9, 0x4c, 0xcf, 0x28, 0x51,
    0x28, 0xcf, 0x2f, 0xca, 0xe6, 0x02, 0x00, 0xcd, 0xb1, 0x45, 0x28, 0x1b, 0x00, 0x00, 0x00,
];

pub(super) async fn answer(stream: &mut TcpStream, path: &str) -> io::Result<()> {
    let text: &str = match path {
        "/head/garbage" => return send_content(stream, 1, 0..500).await,
        "/head/huge" => {
            let line = "x".repeat(1 << 20);
            return send_head(stream, "200 OK", &format!("x-long: {line}\r\n")).await;
        }
        "/head/many" => {
            let lines: String = (0..10_000).map(|it| format!("x-{it}: y\r\n")).collect();
            return send_head(stream, "200 OK", &lines).await;
        }
        "/head/endless" => {
            return endlessly(stream, "HTTP/1.1 200 OK\r\n", "x-more: more\r\n").await;
        }
        "/head/status" => "HTTP/1.1 9 what\r\n\r\n",
        "/head/chunk" => "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nxyz\r\n",
        // What is odd, and understood by browsers and by curl.
        "/head/folded" => {
            "HTTP/1.1 200 OK\r\nx-folded: one\r\n two\r\n\tthree\r\ncontent-length: 3\r\n\r\nok\n"
        }
        "/head/bare-lf" => "HTTP/1.1 200 OK\ncontent-length: 3\n\nok\n",
        "/head/no-reason" => "HTTP/1.1 200\r\ncontent-length: 3\r\n\r\nok\n",
        "/head/space" => "HTTP/1.1 200 OK\r\ncontent-length : 3\r\n\r\nok\n",
        // Answers before the answer.
        "/early/continue" => return send_all(stream, &[CONTINUE, OK]).await,
        "/early/hints" => {
            let hints = "HTTP/1.1 103 Early Hints\r\nlink: </files/style.css>; rel=preload\r\n\r\n";
            return send_all(stream, &[hints, OK]).await;
        }
        "/early/many" => return send_all(stream, &[&CONTINUE.repeat(MANY), OK]).await,
        "/early/endless" => return endlessly(stream, "", CONTINUE).await,
        "/early/switching" => {
            "HTTP/1.1 101 Switching Protocols\r\nupgrade: middle-out\r\n\
             connection: upgrade\r\n\r\nnobody asked for this\n"
        }
        // Transfer codings, and chunks.
        "/transfer/gzip" => {
            send_head(stream, "200 OK", "transfer-encoding: gzip, chunked\r\n").await?;
            let size = format!("{:x}\r\n", GZIP.len());
            return stream
                .write_all(&[size.as_bytes(), &GZIP, b"\r\n0\r\n\r\n"].concat())
                .await;
        }
        "/transfer/unknown" => "HTTP/1.1 200 OK\r\ntransfer-encoding: middle-out\r\n\r\nok\n",
        "/transfer/order" => {
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked, gzip\r\n\r\n3\r\nok\n\r\n0\r\n\r\n"
        }
        "/transfer/length" => {
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ncontent-length: 1\r\n\r\n\
             3\r\nok\n\r\n0\r\n\r\n"
        }
        "/transfer/bare-lf" => {
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\nok\n\n0\n\n"
        }
        "/transfer/trailer" => {
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ntrailer: x-sum\r\n\r\n\
             3;x=y\r\nok\n\r\n0\r\nx-sum: 42\r\n\r\n"
        }
        _ => return missing(stream).await,
    };
    stream.write_all(text.as_bytes()).await
}

async fn send_all(stream: &mut TcpStream, texts: &[&str]) -> io::Result<()> {
    stream.write_all(texts.concat().as_bytes()).await
}

/// Repeats a text until the client leaves.
async fn endlessly(stream: &mut TcpStream, first: &str, text: &str) -> io::Result<()> {
    stream.write_all(first.as_bytes()).await?;
    let texts = text.repeat(64);
    loop {
        stream.write_all(texts.as_bytes()).await?;
    }
}
