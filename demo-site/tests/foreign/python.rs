//! What Python's packages read.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use demo_site::Site;

use crate::support::{curl, skip, text};

/// Runs a script of this folder; `None` if Python or a module of it is missing.
fn python(test: &str, modules: &str, script: &str, args: &[&str], input: &[u8]) -> Option<String> {
    let found = Command::new("python3")
        .args(["-c", &format!("import {modules}")])
        .stderr(Stdio::null())
        .status();
    if !found.is_ok_and(|status| status.success()) {
        skip(test, &format!("Python's {modules}"));
        return None;
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/foreign");
    let mut child = Command::new("python3")
        .arg(folder.join(script))
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{script}: {output:?}");
    Some(text(&output.stdout))
}

#[test]
fn frames_of_http2() {
    let site = Site::builder().pages(1).start().unwrap();
    let port = site.raw_address().port().to_string();
    for (path, first, second) in [
        // The codes are those of RFC 9113, section 7.
        ("/goaway/before", "goaway 0 0\n", "status 200\n"),
        ("/goaway/refused", "reset 7\n", "status 200\n"),
        ("/goaway/calm", "goaway 11 1\n", "status 200\n"),
        ("/nothing", "status 404\n", "status 404\n"),
    ] {
        for expected in [first, second] {
            let args = [port.as_str(), path];
            let Some(found) = python("frames of HTTP/2", "h2", "http2.py", &args, b"") else {
                return;
            };
            assert_eq!(found, expected, "{path}");
        }
    }
    let found = python(
        "frames of HTTP/2",
        "h2",
        "http2.py",
        &[&port, "/goaway/after"],
        b"",
    );
    let found = found.unwrap();
    // The highest number there is: more will be said later (section 6.8).
    assert_eq!(found, "goaway 0 2147483647\nstatus 200\n");
}

#[test]
fn the_page_of_counters() {
    let name = "the page of counters";
    let Some(curl) = curl(name) else { return };
    let site = Site::builder().pages(3).start().unwrap();
    curl(&[&site.url("/"), &site.url("/page/1")]);
    curl(&["-H", "Host: a\"b\\c", &site.url("/page/2")]);
    let page = curl(&[&site.url("/counters")]).stdout;
    let Some(found) = python(name, "prometheus_client", "counters.py", &[], &page) else {
        return;
    };
    let host = site.address();
    for line in [
        "demo_site_requests_total counter 4".to_owned(),
        "demo_site_connections_total counter 3".to_owned(),
        "demo_site_requests_at_once gauge 1".to_owned(),
        format!("demo_site_host_requests_total counter {host} 3"),
        "demo_site_host_requests_total counter a\"b\\c 1".to_owned(),
    ] {
        assert!(
            found.lines().any(|known| known == line),
            "{line} is not in\n{found}"
        );
    }
}
