//! Other protocol crates on this room's sockets: hyper and rustls, through the traits of
//! futures-io. curl and CPython are at the other end, and give the expected values.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::pin::Pin;
use std::process::{Command, Output, Stdio};
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::thread;

use bytes::Bytes;
use futures_rustls::TlsAcceptor;
use futures_util::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, BufReader};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::rt::ReadBufCursor;
use hyper::service::service_fn;
use hyper::{Request, Response};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use scheduler::executor::{Executor, spawn};
use scheduler::io::{TcpListener, TcpStream, UdpSocket, UnixStream};

/// Whether a program is installed. In CI it must be.
fn there(program: &str, version: &str) -> bool {
    let found = Command::new(program).arg(version).output().is_ok();
    assert!(
        found || std::env::var_os("CI").is_none(),
        "{program} is missing in CI"
    );
    if !found {
        eprintln!("skipped: {program} is not installed");
    }
    found
}

/// Runs a program, and waits for it as a task.
async fn output(mut command: Command) -> Output {
    let (done, ended) = futures_channel::oneshot::channel();
    thread::spawn(move || done.send(command.output().unwrap()));
    ended.await.unwrap()
}

/// hyper's own traits, for a type with those of futures-io.
struct Io<S>(S);

impl<S: AsyncRead + Unpin> hyper::rt::Read for Io<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        mut buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let mut bytes = [0; 4096];
        let room = buffer.remaining().min(bytes.len());
        let read = Pin::new(&mut self.0).poll_read(context, &mut bytes[..room]);
        buffer.put_slice(&bytes[..ready!(read)?]);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> hyper::rt::Write for Io<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_close(context)
    }
}

/// A key and a certificate for this machine, made by OpenSSL.
fn key_and_certificate(folder: &Path) -> ServerConfig {
    let (key, certificate) = (folder.join("key.pem"), folder.join("cert.pem"));
    let made = Command::new("openssl")
        .args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
        ])
        .args(["-nodes", "-days", "2", "-subj", "/CN=localhost"])
        .args(["-addext", "subjectAltName=IP:127.0.0.1", "-keyout"])
        .arg(&key)
        .arg("-out")
        .arg(&certificate)
        .output()
        .unwrap();
    assert!(
        made.status.success(),
        "{}",
        String::from_utf8_lossy(&made.stderr)
    );
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![CertificateDer::from_pem_file(certificate).unwrap()],
            PrivateKeyDer::from_pem_file(key).unwrap(),
        )
        .unwrap()
}

async fn echo(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let path = request.uri().path().to_owned();
    let body = request.into_body().collect().await.unwrap().to_bytes();
    let answer = match body.is_empty() {
        true => Bytes::from(path),
        false => body,
    };
    Ok(Response::new(Full::new(answer)))
}

async fn serve(listener: TcpListener, tls: TlsAcceptor) {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let tls = tls.clone();
        drop(spawn(async move {
            let stream = tls.accept(stream).await.unwrap();
            let connection = hyper::server::conn::http1::Builder::new()
                .serve_connection(Io(stream), service_fn(echo));
            // curl closes when it has the whole answer.
            drop(connection.await);
        }));
    }
}

#[test]
fn curl_is_served_by_hyper_over_rustls() {
    if !(there("curl", "--version") && there("openssl", "version")) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let config = key_and_certificate(folder.path());
    // More than the sockets' buffers hold.
    let body: Vec<u8> = (0..3_000_000_u32)
        .map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8)
        .collect();
    std::fs::write(folder.path().join("body"), &body).unwrap();
    Executor::new().unwrap().block_on(async {
        let listener = TcpListener::bind(([127, 0, 0, 1], 0).into()).unwrap();
        let base = format!("https://{}", listener.local_addr().unwrap());
        let serving = spawn(serve(listener, TlsAcceptor::from(Arc::new(config))));
        let curl = |urls: &[&str]| {
            let mut curl = Command::new("curl");
            curl.args(["--silent", "--show-error", "--max-time", "30", "--cacert"]);
            curl.arg(folder.path().join("cert.pem"));
            curl.args(urls.iter().map(|url| format!("{base}{url}")));
            curl
        };
        // Two requests, one connection.
        let paths = output(curl(&["/one", "/two"])).await;
        assert_eq!(
            String::from_utf8_lossy(&paths.stdout),
            "/one/two",
            "{paths:?}"
        );
        let mut post = curl(&["/body"]);
        post.arg("--data-binary")
            .arg(format!("@{}", folder.path().join("body").display()));
        let echoed = output(post).await;
        assert!(
            echoed.stdout == body,
            "{} bytes: {}",
            echoed.stdout.len(),
            { String::from_utf8_lossy(&echoed.stderr) }
        );
        serving.abort();
    });
}

#[test]
fn hyper_asks_cpythons_server() {
    if !there("python3", "--version") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let body: String = (0..100_000).map(|n| format!("line {n}\n")).collect();
    std::fs::write(folder.path().join("lines"), &body).unwrap();
    let script = "import http.server, functools, sys\n\
        handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=sys.argv[1])\n\
        server = http.server.HTTPServer(('127.0.0.1', 0), handler)\n\
        print(server.server_port, flush=True)\n\
        server.handle_request()\n";
    let mut python = Command::new("python3")
        .args(["-c", script])
        .arg(folder.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut port = String::new();
    io::BufRead::read_line(
        &mut io::BufReader::new(python.stdout.take().unwrap()),
        &mut port,
    )
    .unwrap();
    let address: SocketAddr = ([127, 0, 0, 1], port.trim().parse().unwrap()).into();
    let fetched = Executor::new().unwrap().block_on(async {
        let stream = TcpStream::connect(address).await.unwrap();
        let (mut sender, connection) = hyper::client::conn::http1::handshake(Io(stream))
            .await
            .unwrap();
        let connection = spawn(connection);
        let request = Request::get("/lines").header("host", address.to_string());
        let request = request.body(Full::<Bytes>::default()).unwrap();
        let response = sender.send_request(request).await.unwrap();
        assert_eq!(response.status(), 200);
        let body = response.into_body().collect().await.unwrap().to_bytes();
        drop(sender);
        drop(connection.await);
        body
    });
    assert!(fetched == body.as_bytes());
    python.wait().unwrap();
}

/// Checks the data that comes, in datagrams and over a Unix socket, with zlib's CRC-32.
const CHECKS: &str = r#"
import socket, sys, zlib
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
udp.bind(("127.0.0.1", 0))
listener = socket.socket(socket.AF_UNIX)
listener.bind(sys.argv[1])
listener.listen()
print(udp.getsockname()[1], flush=True)
for _ in range(2):
    data, peer = udp.recvfrom(65536)
    udp.sendto(b"%08x of %d" % (zlib.crc32(data), len(data)), peer)
stream, _ = listener.accept()
data = b""
while part := stream.recv(65536): data += part
stream.sendall(b"%08x of %d" % (zlib.crc32(data), len(data)))
"#;

/// The check value of CRC-32 is that of "123456789": cbf43926.
#[test]
fn cpython_answers_datagrams_and_unix_sockets() {
    if !there("python3", "--version") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("socket");
    let mut python = Command::new("python3")
        .args(["-c", CHECKS])
        .arg(&path)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut port = String::new();
    let mut out = io::BufReader::new(python.stdout.take().unwrap());
    io::BufRead::read_line(&mut out, &mut port).unwrap();
    let address: SocketAddr = ([127, 0, 0, 1], port.trim().parse().unwrap()).into();
    Executor::new().unwrap().block_on(async {
        let socket = UdpSocket::bind(([127, 0, 0, 1], 0).into()).unwrap();
        let mut buffer = [0; 100];
        let expected = b"cbf43926 of 9";
        socket.send_to(b"123456789", address).await.unwrap();
        let (length, from) = socket.recv_from(&mut buffer).await.unwrap();
        assert_eq!((&buffer[..length], from), (&expected[..], address));
        socket.connect(address).unwrap();
        socket.send(b"123456789").await.unwrap();
        let length = socket.recv(&mut buffer).await.unwrap();
        assert_eq!(&buffer[..length], expected);

        let stream = UnixStream::connect(&path).await.unwrap();
        for byte in b"123456789" {
            stream.write_all(&[*byte]).await.unwrap();
        }
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        let mut answer = String::new();
        (&stream).read_to_string(&mut answer).await.unwrap();
        assert_eq!(answer.as_bytes(), expected);
    });
    assert!(python.wait().unwrap().success());
}

#[test]
fn the_traits_of_futures_io_read_while_another_task_writes() {
    Executor::new().unwrap().block_on(async {
        let (near, far) = UnixStream::pair().unwrap();
        let near = Rc::new(near);
        let writing = spawn({
            let near = Rc::clone(&near);
            async move {
                for n in 0..10_000 {
                    near.write_all(format!("line {n}\n").as_bytes())
                        .await
                        .unwrap();
                }
                near.shutdown(std::net::Shutdown::Write).unwrap();
            }
        });
        let (reader, mut writer) = far.split();
        let lines = BufReader::new(reader).lines();
        let counted = futures_util::StreamExt::fold(lines, 0, |count, line| async move {
            assert_eq!(line.unwrap(), format!("line {count}"));
            count + 1
        });
        assert_eq!(counted.await, 10_000);
        futures_util::AsyncWriteExt::close(&mut writer)
            .await
            .unwrap();
        assert_eq!(near.read(&mut [0]).await.unwrap(), 0);
        writing.await.unwrap();
    });
}
