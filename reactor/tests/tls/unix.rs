//! TLS over Unix sockets works as over TCP.

use std::cell::RefCell;
use std::path::Path;
use std::rc::Rc;

use event_loop::net::UnixStream;
use reactor::{
    Deferred, LineHandler, LineReceiver, Protocol, Reactor, Reason, Resolver, Transport, echo::Echo,
};

use super::foreign::{files, serve, text, there};
use super::support::Authority;

/// Sends one question, and closes when it is answered.
struct Ask {
    heard: Rc<RefCell<Vec<String>>>,
    over: Option<Resolver<()>>,
}

impl LineHandler for Ask {
    fn connection_made(&mut self, transport: &Transport) {
        transport.write(b"hello\n");
    }

    fn line_received(&mut self, transport: &Transport, line: &[u8]) {
        self.heard
            .borrow_mut()
            .push(String::from_utf8_lossy(line).into_owned());
        transport.close();
    }

    fn connection_lost(&mut self, reason: &Reason) {
        self.heard.borrow_mut().push(reason.to_string());
        if let Some(over) = self.over.take() {
            over.callback(()).unwrap();
        }
    }
}

fn ask(heard: &Rc<RefCell<Vec<String>>>) -> (LineReceiver<Ask>, Deferred<()>) {
    let (deferred, over) = Deferred::new();
    let heard = Rc::clone(heard);
    (
        LineReceiver::new(Ask {
            heard,
            over: Some(over),
        }),
        deferred,
    )
}

#[test]
fn both_ends_speak_over_a_unix_socket() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("socket");
    let authority = Authority::new();
    let (server, client) = (authority.server_with(|_| ()), authority.client());
    let reactor = Reactor::new().unwrap();
    let port = reactor.listen_unix_tls(&path, &server, || Echo).unwrap();
    let heard = Rc::default();
    let (protocol, over) = ask(&heard);
    let connecting = reactor.connect_unix_tls(&path, "localhost", &client, protocol);
    assert!(reactor.run_until(connecting).unwrap().is_open());
    reactor.run_until(over).unwrap();
    assert_eq!(heard.take(), ["hello", "closed"]);
    // The certificate must be for this name here, too.
    let refused = reactor.connect_unix_tls(&path, "example.org", &client, Echo);
    let error = reactor.run_until(refused).unwrap_err().to_string();
    assert!(
        error.contains("the certificate is not for example.org"),
        "{error}"
    );
    // The client does not trust this server, so it sends no data.
    let (protocol, over) = ask(&heard);
    let plain = reactor.connect_unix(&path, protocol);
    reactor.run_until(plain).unwrap();
    reactor.run_until(over).unwrap();
    assert!(heard.take().iter().all(|line| line != "hello"));
    port.close();
    assert!(!path.exists());
}

/// A client waits for a server whose backlog is full. The handshake comes after that.
#[test]
fn a_full_backlog_is_waited_for_with_tls_as_well() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("socket");
    let full = event_loop::listen_unix(&path, 0).unwrap();
    let more = std::iter::repeat_with(|| UnixStream::connect(&path));
    let waiting: Vec<_> = more.map_while(Result::ok).collect();
    let authority = Authority::new();
    let (server, client) = (authority.server_with(|_| ()), authority.client());
    let reactor = Reactor::new().unwrap();
    let heard = Rc::default();
    let (protocol, over) = ask(&heard);
    let connecting = reactor.connect_unix_tls(&path, "localhost", &client, protocol);
    // The server is started again, with room.
    let serving = path.clone();
    reactor.call_later(std::time::Duration::from_millis(20), move |reactor| {
        drop((full, waiting));
        reactor.listen_unix_tls(&serving, &server, || Echo).unwrap();
    });
    assert!(reactor.run_until(connecting).is_ok());
    reactor.run_until(over).unwrap();
    assert_eq!(heard.take(), ["hello", "closed"]);
}

/// CPython's ssl module over a Unix socket: `unwrap` fails unless close_notify comes.
const CLIENT: &str = r#"
import socket, ssl, sys
context = ssl.create_default_context(cafile=sys.argv[2])
raw = socket.socket(socket.AF_UNIX)
raw.settimeout(20)
raw.connect(sys.argv[1])
s = context.wrap_socket(raw, server_hostname="localhost", suppress_ragged_eofs=False)
sent = bytes(range(256)) * 400
s.sendall(sent)
got = b""
while len(got) < len(sent): got += s.recv(65536)
s.unwrap()
print(got == sent)
"#;

#[test]
fn cpython_is_served_over_a_unix_socket() {
    if !there("python3", "--version") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    let [ca, ..] = files(&authority, folder.path());
    let path = folder.path().join("socket");
    let reactor = Reactor::new().unwrap();
    let server = authority.server_with(|_| ());
    reactor.listen_unix_tls(&path, &server, || Echo).unwrap();
    let mut python = std::process::Command::new("python3");
    let socket: &Path = &path;
    python.args(["-c", CLIENT]).arg(socket).arg(&ca);
    assert_eq!(text(&serve(&reactor, python)), "True\n");
}

/// A protocol that is never called.
struct Nobody;

impl Protocol for Nobody {
    fn data_received(&mut self, _: &Transport, _: &[u8]) {}
}

#[test]
fn a_socket_that_is_not_there_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("socket");
    let client = Authority::new().client();
    let reactor = Reactor::new().unwrap();
    let connecting = reactor.connect_unix_tls(&path, "localhost", &client, Nobody);
    assert!(reactor.run_until(connecting).is_err());
    let bad_name = reactor.connect_unix_tls(&path, "not a name", &client, Nobody);
    let error = reactor.run_until(bad_name).unwrap_err().to_string();
    assert!(error.contains("not a name"), "{error}");
}
