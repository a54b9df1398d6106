//! https and proxies, from outside.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[allow(dead_code, reason = "each test file uses a part of it")]
mod run;

use demo_site::Site;
use run::*;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;

/// What goes between an https client and the site: it undoes TLS, with a certificate of its own that
/// nobody signed. (`openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes
/// -days 36500 -subj "/CN=async-fetch test" -addext subjectAltName=IP:127.0.0.1
/// -addext basicConstraints=critical,CA:FALSE -keyout key.pem -out certificate.pem`)
#[cfg(feature = "tls")]
fn https_in_front_of(site: &Site) -> String {
    tls_in_front_of(site, false)
}

/// The same; perhaps its clients must have that certificate, too.
#[cfg(feature = "tls")]
fn tls_in_front_of(site: &Site, asks_for_certificate: bool) -> String {
    use std::sync::Arc;

    use rustls::pki_types::pem::PemObject;
    use rustls::pki_types::{CertificateDer, PrivateKeyDer};
    use rustls::server::WebPkiClientVerifier;
    let certificate = CertificateDer::from_pem_slice(include_bytes!("tls/certificate.pem"));
    let certificate = certificate.unwrap();
    let key = PrivateKeyDer::from_pem_slice(include_bytes!("tls/key.pem"));
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .unwrap();
    let config = match asks_for_certificate {
        false => config.with_no_client_auth(),
        true => {
            let mut roots = rustls::RootCertStore::empty();
            roots.add(certificate.clone()).unwrap();
            let verifier =
                WebPkiClientVerifier::builder_with_provider(roots.into(), provider).build();
            config.with_client_cert_verifier(verifier.unwrap())
        }
    };
    let config = config.with_single_cert(vec![certificate], key.unwrap());
    let config = Arc::new(config.unwrap());
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (address, behind) = (listener.local_addr().unwrap(), site.address());
    thread::spawn(move || {
        for client in listener.incoming() {
            let session = rustls::ServerConnection::new(Arc::clone(&config)).unwrap();
            let mut client = rustls::StreamOwned::new(session, client.unwrap());
            // A client that does not trust the certificate says so, and is gone.
            let Some(request) = read_head(&mut client) else {
                continue;
            };
            let mut server = TcpStream::connect(behind).unwrap();
            let request = request.replacen("\r\n", "\r\nconnection: close\r\n", 1);
            server.write_all(request.as_bytes()).unwrap();
            std::io::copy(&mut server, &mut client).unwrap();
            client.conn.send_close_notify();
            client.flush().unwrap();
        }
    });
    format!("https://{address}")
}

/// A request's lines up to the empty one; `None` if they do not come.
fn read_head(stream: &mut impl Read) -> Option<String> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).ok()?;
        head.push(byte[0]);
    }
    String::from_utf8(head).ok()
}

#[cfg(feature = "tls")]
#[test]
fn https_wants_a_certificate_that_somebody_answers_for() {
    let site = site();
    let url = https_in_front_of(&site) + "/page/3";
    let output = run(&["--json", &url]);
    let line = &lines(&output)[0];
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        (&line["kind"], &line["attempts"]),
        (&"tls".into(), &1.into()),
        "{line}"
    );
    assert_eq!(site.counts().requests, 0);
    let output = run(&["--insecure", &url]);
    assert!(output.status.success(), "{}", text(&output.stdout));
    let certificate = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/tls/certificate.pem");
    let output = command()
        .env("SSL_CERT_FILE", certificate)
        .arg(&url)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", text(&output.stdout));
    assert_eq!(site.counts().of("/page/3"), 2);
}

#[cfg(feature = "tls")]
#[test]
fn no_secret_goes_on_in_clear_after_https() {
    let site = site();
    let folder = tempfile::tempdir().unwrap();
    let netrc = folder.path().join("netrc");
    std::fs::write(&netrc, "machine 127.0.0.1 login me password secret").unwrap();
    let secure = https_in_front_of(&site);
    let (from, to) = ("/redirect/to?url=", site.url("/page/4"));
    for given in [
        &["-H", "Authorization: Bearer secret"][..],
        &["-H", "Cookie: s=secret"],
        &["-H", "X-Api-Key: secret"],
        &["-b", "s=secret"],
        &["-u", "me:secret"],
        &["--netrc-file", netrc.to_str().unwrap()],
    ] {
        site.reset();
        let url = format!("{secure}{from}{to}");
        let output = command().args(["-k", &url]).args(given).output().unwrap();
        assert!(output.status.success(), "{}", text(&output.stdout));
        let log = site.counts().log;
        let logs_in = |number: usize| {
            let names = ["authorization", "cookie", "x-api-key"];
            names.iter().any(|name| log[number].header(name).is_some())
        };
        assert_eq!(
            (log.len(), logs_in(0), logs_in(1)),
            (2, true, false),
            "{given:?}"
        );
    }
}

#[cfg(feature = "tls")]
#[test]
fn a_server_that_asks_for_a_certificate_gets_it() {
    let site = site();
    let url = tls_in_front_of(&site, true) + "/page/3";
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/tls");
    let (certificate, key) = (
        format!("{folder}/certificate.pem"),
        format!("{folder}/key.pem"),
    );
    let output = run(&["--json", "--cacert", &certificate, &url]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(site.counts().requests, 0);
    // In one file, or in two.
    let place = tempfile::tempdir().unwrap();
    let both = place.path().join("both.pem");
    let read = |path: &str| std::fs::read_to_string(path).unwrap();
    std::fs::write(&both, read(&certificate) + &read(&key)).unwrap();
    let both = both.to_str().unwrap();
    for args in [
        &["--cert", &certificate, "--key", &key][..],
        &["--cert", both],
    ] {
        let output = command()
            .args(["--cacert", &certificate, &url])
            .args(args)
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", text(&output.stdout));
    }
    assert_eq!(site.counts().of("/page/3"), 2);
    let output = run(&["--cert", "no/such/file", &url]);
    assert_eq!(text(&output.stderr).matches("no/such/file").count(), 1);
}

/// A proxy that speaks SOCKS5 (RFC 1928) as far as it is needed here: it reports what it was asked
/// for, a name or an address, and connects every client to the site.
fn socks_in_front_of(site: &Site) -> (String, mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (address, behind) = (listener.local_addr().unwrap(), site.address());
    let (asked, heard) = mpsc::channel();
    thread::spawn(move || {
        for client in listener.incoming() {
            let mut client = client.unwrap();
            let mut read = |count: usize| {
                let mut bytes = vec![0; count];
                client.read_exact(&mut bytes).unwrap();
                bytes
            };
            let methods = read(2)[1];
            read(methods.into());
            client.write_all(&[5, 0]).unwrap();
            let mut read = |count: usize| {
                let mut bytes = vec![0; count];
                client.read_exact(&mut bytes).unwrap();
                bytes
            };
            let target = match read(4)[3] {
                1 => Ipv4Addr::from(<[u8; 4]>::try_from(read(4)).unwrap()).to_string(),
                3 => {
                    let length = read(1)[0];
                    text(&read(length.into()))
                }
                other => panic!("address type {other}"),
            };
            read(2);
            client.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0]).unwrap();
            asked.send(target).unwrap();
            let mut server = TcpStream::connect(behind).unwrap();
            let head = read_head(&mut client).unwrap();
            let head = head.replacen("\r\n", "\r\nconnection: close\r\n", 1);
            server.write_all(head.as_bytes()).unwrap();
            std::io::copy(&mut server, &mut client).unwrap();
        }
    });
    (address.to_string(), heard)
}

#[test]
fn socks_proxies_get_addresses_or_names() {
    let site = site();
    let (proxy, heard) = socks_in_front_of(&site);
    for (scheme, url, asked) in [
        ("socks5", "http://127.0.0.1:9/page/1", "127.0.0.1"),
        ("socks5", "http://localhost:9/page/1", "127.0.0.1"),
        ("socks5h", "http://a.example/page/1", "a.example"),
    ] {
        let output = Command::new(assert_cmd::cargo::cargo_bin!("async-fetch"))
            .args(["--proxy", &format!("{scheme}://{proxy}"), url])
            .stdin(Stdio::null())
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", text(&output.stdout));
        assert_eq!(heard.recv().unwrap(), asked);
    }
    assert_eq!(site.counts().requests, 3);
}

#[cfg(feature = "tls")]
#[test]
fn without_certificates_http_works_and_https_says_what_is_missing() {
    let site = site();
    let secure = https_in_front_of(&site) + "/page/3";
    let nowhere = |url: &str| {
        command()
            .env("SSL_CERT_FILE", "/no/such/file")
            .env("SSL_CERT_DIR", "/no/such/folder")
            .args(["--json", url])
            .output()
            .unwrap()
    };
    assert!(nowhere(&site.url("/page/3")).status.success());
    let output = nowhere(&secure);
    let error = lines(&output)[0]["error"].as_str().unwrap().to_owned();
    assert!(
        error.contains("ca-certificates") && error.contains("--cacert"),
        "{error}"
    );
    let certificate = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/tls/certificate.pem");
    assert!(run(&["--cacert", certificate, &secure]).status.success());
    let output = run(&["--cacert", "no/such/file", &secure]);
    assert_eq!(text(&output.stderr).matches("no/such/file").count(), 1);
    assert_eq!(text(&output.stderr).matches("No such file").count(), 1);
}
