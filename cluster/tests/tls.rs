//! An encrypted connection, to a server whose certificate is checked.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "cluster/support/server.rs"]
mod server;

use std::path::Path;
use std::process::Command;

use cluster::{Broker, RedisPool};
use server::Server;

/// A certificate for 127.0.0.1 that signs itself.
fn certificate(folder: &Path, name: &str) {
    let file = |kind: &str| folder.join(format!("{name}.{kind}")).display().to_string();
    let output = Command::new("openssl")
        .args([
            "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
        ])
        .args([
            "-subj",
            "/CN=test",
            "-addext",
            "subjectAltName=IP:127.0.0.1",
            // A server's, not an authority's: rustls tells them apart.
            "-addext",
            "basicConstraints=critical,CA:FALSE",
        ])
        .args(["-keyout", &file("key"), "-out", &file("crt")])
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn the_connection_is_encrypted_and_the_certificate_checked() {
    if Command::new("openssl").arg("version").output().is_err() {
        assert!(std::env::var_os("CI").is_none(), "openssl is missing");
        println!("openssl is not installed: skipped");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    certificate(folder.path(), "server");
    certificate(folder.path(), "other");
    let file = |name: &str| folder.path().join(name);
    let (key, crt) = (file("server.key"), file("server.crt"));
    let args = [
        "--tls-port",
        server::FREE_PORT,
        "--tls-key-file",
        key.to_str().unwrap(),
        "--tls-cert-file",
        crt.to_str().unwrap(),
        "--tls-auth-clients",
        "no",
    ];
    let Some(server) = Server::start_with(&args, &[]) else {
        return;
    };
    let url = format!("rediss://127.0.0.1:{}", server.arg("--tls-port"));
    let connect = |broker: Broker| RedisPool::builder().prefix("test").connect(&broker);
    let trusted = Broker::with_authority(&url, &file("server.crt")).unwrap();
    connect(trusted).unwrap();
    let other = Broker::with_authority(&url, &file("other.crt")).unwrap();
    connect(other).unwrap_err();
    connect(Broker::at(&url).unwrap()).unwrap_err();
    let missing = Broker::with_authority(&url, &file("none.crt")).unwrap_err();
    assert!(missing.to_string().contains("none.crt"), "{missing}");
}
