//! Other implementations of TLS over real sockets: CPython's ssl module and `openssl`, both of
//! OpenSSL.

use std::cell::RefCell;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::rc::Rc;
use std::thread;
use std::time::Duration;

use reactor::{LineHandler, LineReceiver, Protocol, Reactor, Reason, Transport, echo::Echo};

use super::support::Authority;

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(30);

/// Whether a program is installed. In CI it must be.
pub fn there(program: &str, version: &str) -> bool {
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

/// Runs the reactor until the program has ended.
pub fn serve(reactor: &Reactor, mut command: Command) -> Output {
    let remote = reactor.remote();
    let running = thread::spawn(move || {
        let output = command.stdin(Stdio::null()).output();
        remote.call_from_thread(|reactor| reactor.stop()).unwrap();
        output.unwrap()
    });
    let guard = reactor.call_later(PATIENCE, |reactor| reactor.stop());
    reactor.run().unwrap();
    assert!(guard.cancel(), "nothing within {PATIENCE:?}");
    running.join().unwrap()
}

pub fn text(output: &Output) -> String {
    let errors = String::from_utf8_lossy(&output.stderr);
    String::from_utf8_lossy(&output.stdout).into_owned() + &errors
}

pub fn files(authority: &Authority, folder: &Path) -> [String; 3] {
    let [certificate, key] = authority.sign("localhost", |_| ());
    let parts = [
        ("ca.pem", &authority.certificate),
        ("cert.pem", &certificate),
        ("key.pem", &key),
    ];
    parts.map(|(name, text)| {
        let path = folder.join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    })
}

/// Sends and reads at once, then closes in good order: `unwrap` fails unless close_notify comes.
const CLIENT: &str = r#"
import socket, ssl, sys, threading
context = ssl.create_default_context(cafile=sys.argv[2])
if sys.argv[3] == "1.2": context.maximum_version = ssl.TLSVersion.TLSv1_2
raw = socket.create_connection(("127.0.0.1", int(sys.argv[1])), 20)
s = context.wrap_socket(raw, server_hostname="localhost", suppress_ragged_eofs=False)
sent = bytes(range(256)) * 8000
threading.Thread(target=s.sendall, args=(sent,), daemon=True).start()
got = b""
while len(got) < len(sent): got += s.recv(65536)
version = s.version()
s.unwrap()
print(version, got == sent)
"#;

#[test]
fn cpython_is_served() {
    if !there("python3", "--version") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    let [ca, ..] = files(&authority, folder.path());
    let reactor = Reactor::new().unwrap();
    let server = authority.server_with(|_| ());
    let port = reactor
        .listen_tls(([127, 0, 0, 1], 0).into(), &server, || Echo)
        .unwrap();
    let number = port.local_addr().unwrap().port().to_string();
    for version in ["1.2", "1.3"] {
        let mut python = Command::new("python3");
        python.args(["-c", CLIENT, &number, &ca, version]);
        let output = serve(&reactor, python);
        assert_eq!(text(&output), format!("TLSv{version} True\n"));
    }
    while port.connections() > 0 {
        reactor.turn(Some(Duration::from_millis(5))).unwrap();
    }
}

/// Reads to the end, which must come with close_notify, and then answers.
const SERVER: &str = r#"
import socket, ssl, sys
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[1], sys.argv[2])
listener = socket.socket()
listener.bind(("127.0.0.1", 0))
listener.listen()
print(listener.getsockname()[1], flush=True)
raw, _ = listener.accept()
raw.settimeout(20)
s = context.wrap_socket(raw, server_side=True, suppress_ragged_eofs=False)
got = b""
while True:
    data = s.recv(65536)
    if not data: break
    got += data
s.sendall(b"%d bytes\n" % len(got))
s.unwrap()
"#;

struct Ask {
    heard: Rc<RefCell<Vec<String>>>,
    reactor: Reactor,
}

impl LineHandler for Ask {
    fn connection_made(&mut self, transport: &Transport) {
        transport.write(&vec![b'x'; 1_000_000]);
        transport.close_write();
    }

    fn line_received(&mut self, _: &Transport, line: &[u8]) {
        let line = String::from_utf8_lossy(line).into_owned();
        self.heard.borrow_mut().push(line);
    }

    fn connection_lost(&mut self, reason: &Reason) {
        self.heard.borrow_mut().push(reason.to_string());
        self.reactor.stop();
    }
}

#[test]
fn cpython_answers_a_client_that_has_ended() {
    use std::io::{BufRead, BufReader};
    if !there("python3", "--version") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    let [_, certificate, key] = files(&authority, folder.path());
    let mut python = Command::new("python3")
        .args(["-c", SERVER, &certificate, &key])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut port = String::new();
    BufReader::new(python.stdout.take().unwrap())
        .read_line(&mut port)
        .unwrap();
    let address = format!("127.0.0.1:{}", port.trim()).parse().unwrap();
    let reactor = Reactor::new().unwrap();
    let heard = Rc::default();
    let ask = Ask {
        heard: Rc::clone(&heard),
        reactor: reactor.clone(),
    };
    let client = authority.client();
    reactor
        .connect_tls(address, "localhost", &client, LineReceiver::new(ask))
        .detach();
    let guard = reactor.call_later(PATIENCE, |reactor| reactor.stop());
    reactor.run().unwrap();
    assert!(guard.cancel(), "nothing within {PATIENCE:?}");
    assert_eq!(
        *heard.borrow(),
        ["1000000 bytes", "closed by the other end"]
    );
    assert!(python.wait().unwrap().success());
}

/// Sends one line, and closes.
struct Greet;

impl Protocol for Greet {
    fn connection_made(&mut self, transport: &Transport) {
        transport.write(b"hello from the reactor\n");
        transport.close();
    }

    fn data_received(&mut self, _: &Transport, _: &[u8]) {}
}

#[test]
fn openssl_verifies_and_reads_to_the_end() {
    if !there("openssl", "version") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    let [ca, ..] = files(&authority, folder.path());
    let reactor = Reactor::new().unwrap();
    let server = authority.server_with(|_| ());
    let port = reactor
        .listen_tls(([127, 0, 0, 1], 0).into(), &server, || Greet)
        .unwrap();
    let address = port.local_addr().unwrap().to_string();
    let mut openssl = Command::new("openssl");
    openssl.args([
        "s_client",
        "-quiet",
        "-verify_return_error",
        "-verify_hostname",
        "localhost",
    ]);
    openssl.args(["-CAfile", &ca, "-connect", &address]);
    let output = serve(&reactor, openssl);
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        "hello from the reactor\n",
        "{}",
        text(&output)
    );
}
