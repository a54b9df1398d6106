//! Sites that nobody here made, and an independent answer to which of their links are broken: see
//! `world/README.md`.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command};

/// The documentation of Debian packages, by package, first page, and how many links our report and the
/// reference may differ in: each is explained in `world/README.md`.
const PACKAGES: [(&str, &str, usize); 4] = [
    ("git-doc", "/git-doc/git.html", 2),
    ("python3-doc", "/python3-doc/html/index.html", 0),
    ("postgresql-doc-15", "/postgresql-doc-15/html/index.html", 0),
    ("apache2-doc", "/apache2-doc/manual/en/index.html", 1),
];

const DOCS: &str = "/usr/share/doc";

/// An nginx of our own, which is gone when this is dropped.
struct Nginx {
    server: Child,
    base: String,
    _folder: tempfile::TempDir,
}

impl Nginx {
    fn start(program: &Path) -> Nginx {
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().display();
        let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|name| format!("{name}_temp_path {place}/{name}; "))
            .concat();
        let config = format!(
            "daemon off; worker_processes 1; pid {place}/pid; error_log {place}/error.log;
             events {{ worker_connections 256; }}
             http {{ access_log off; {temporary}
               types {{ text/html html htm; text/css css; application/javascript js; image/png png; }}
               server {{ listen 127.0.0.1:{port}; root {DOCS}; keepalive_requests 100000; }} }}"
        );
        let path = folder.path().join("nginx.conf");
        std::fs::write(&path, config).unwrap();
        let server = Command::new(program).arg("-c").arg(&path).spawn().unwrap();
        // It listens soon; a connection tells when.
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            std::thread::yield_now();
        }
        Nginx {
            server,
            base: format!("http://127.0.0.1:{port}"),
            _folder: folder,
        }
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // SIGTERM ends its worker, too.
        let id = self.server.id().to_string();
        let _ = Command::new("kill").arg(id).status();
        let _ = self.server.wait();
    }
}

/// Whether what a test needs is there. In CI it has to be.
fn is_missing(what: &str, is_there: bool) -> bool {
    assert!(
        is_there || std::env::var_os("CI").is_none(),
        "{what} is not installed"
    );
    if !is_there {
        eprintln!("skipped: {what} is not installed");
    }
    !is_there
}

fn lines_of(run: &mut Command) -> Vec<String> {
    let output = run.output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        !text.is_empty(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    text.lines().map(str::to_owned).collect()
}

#[test]
fn the_same_links_of_real_sites_are_broken_as_an_independent_checker_says() {
    let nginx = ["/usr/sbin/nginx", "/usr/bin/nginx"].map(Path::new);
    let nginx = nginx.into_iter().find(|path| path.exists());
    let lxml = Command::new("python3").args(["-c", "import lxml"]).status();
    if is_missing("nginx", nginx.is_some())
        || is_missing(
            "python3 with lxml",
            lxml.is_ok_and(|status| status.success()),
        )
    {
        return;
    }
    let nginx = Nginx::start(nginx.unwrap());
    let reference = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/world/reference.py");
    for (package, start, differences) in PACKAGES {
        if is_missing(package, Path::new(&format!("{DOCS}{start}")).exists()) {
            continue;
        }
        let ours = lines_of(
            Command::new(env!("CARGO_BIN_EXE_crawler"))
                .args([
                    "check",
                    &format!("{}{start}", nginx.base),
                    "--internal-only",
                ])
                .args([
                    "--ignore-robots",
                    "--per-host",
                    "16",
                    "--quiet",
                    "--format",
                    "jsonl",
                ]),
        );
        let mut found = BTreeSet::new();
        for line in ours {
            let entry: serde_json::Value = serde_json::from_str(&line).unwrap();
            if entry["type"] != "broken" {
                continue;
            }
            let url = entry["url"].as_str().unwrap();
            let (page, fragment) = url.split_once('#').unwrap_or((url, ""));
            let fragment = percent_encoding::percent_decode_str(fragment).decode_utf8_lossy();
            // Each is a line.
            let fragment = fragment.replace('\n', "%0A");
            let url = match fragment.is_empty() {
                true => page.to_owned(),
                false => format!("{page}#{fragment}"),
            };
            for place in entry["places"].as_array().unwrap() {
                found.insert(format!("{}\t{url}", place["page"].as_str().unwrap()));
            }
        }
        let expected: BTreeSet<String> =
            lines_of(
                Command::new("python3")
                    .arg(&reference)
                    .args([DOCS, start, &nginx.base]),
            )
            .into_iter()
            .collect();
        let differ: Vec<_> = found.symmetric_difference(&expected).collect();
        assert!(found.len() + differ.len() >= expected.len());
        assert_eq!(differ.len(), differences, "{package}: {differ:#?}");
    }
}
