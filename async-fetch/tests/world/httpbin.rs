//! httpbin's endpoints, fetched by curl and by async-fetch: the same status and the same body.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::support::{async_fetch, program, python_has, skip, start};

/// Paths, and the options that both are given.
const PATHS: &[(&str, &[&str])] = &[
    ("/get", &[]),
    ("/html", &[]),
    ("/image/png", &[]),
    ("/encoding/utf8", &[]),
    // Redirects.
    ("/redirect/3", &[]),
    ("/relative-redirect/3", &[]),
    ("/absolute-redirect/3", &[]),
    ("/redirect/11", &[]),
    ("/redirect-to?url=/get", &[]),
    ("/redirect-to?url=/get&status_code=307", &[]),
    // Codings.
    ("/gzip", &["--compressed"]),
    ("/deflate", &["--compressed"]),
    ("/gzip", &[]),
    // Auth, by headers of the user's own.
    ("/bearer", &["-H", "Authorization: Bearer abc"]),
    (
        "/basic-auth/ann/secret",
        &["-H", "Authorization: Basic YW5uOnNlY3JldA=="],
    ),
    ("/basic-auth/ann/secret", &[]),
    ("/hidden-basic-auth/ann/secret", &[]),
    ("/digest-auth/auth/ann/secret", &[]),
    // Cookies.
    ("/cookies", &["-H", "Cookie: a=b"]),
    ("/cookies/delete?a=", &[]),
    // Ranges, tags and caches.
    ("/range/26000", &[]),
    ("/etag/abc", &[]),
    ("/etag/abc", &["-H", "If-None-Match: abc"]),
    ("/cache", &[]),
    ("/cache/10", &[]),
    ("/response-headers?Content-Type=text/plain&X-A=1&X-A=2", &[]),
    // Slow ones, and bodies without a length.
    ("/drip?numbytes=20&duration=0.2&delay=0", &[]),
    ("/drip?numbytes=5&duration=0.1&code=500", &[]),
    ("/delay/1", &[]),
    ("/stream/20", &[]),
    ("/stream-bytes/10000?seed=1&chunk_size=100", &[]),
    ("/bytes/10000?seed=1", &[]),
    // Statuses.
    ("/status/200", &[]),
    ("/status/204", &[]),
    ("/status/205", &[]),
    ("/status/300", &[]),
    ("/status/301", &[]),
    ("/status/304", &[]),
    ("/status/400", &[]),
    ("/status/401", &[]),
    ("/status/404", &[]),
    ("/status/406", &[]),
    ("/status/407", &[]),
    ("/status/418", &[]),
    ("/status/429", &[]),
    ("/status/500", &[]),
    ("/status/503", &[]),
];

/// What is the client's own in what httpbin tells back.
const AGENT: &[&str] = &["-H", "User-Agent: world", "-H", "Accept: */*"];

#[test]
fn endpoints_give_what_they_give_curl() {
    let name = "httpbin's endpoints";
    if !python_has("httpbin, gunicorn") {
        return skip(name, "Python's httpbin or gunicorn");
    }
    if program("curl").is_none() {
        return skip(name, "curl");
    }
    let (_server, port) = start("httpbin", |port| {
        let mut command = Command::new("python3");
        command.args(["-m", "gunicorn", "--threads", "8", "--log-level", "warning"]);
        command.args(["--bind", &format!("127.0.0.1:{port}"), "httpbin:app"]);
        command
    });
    let scratch = tempfile::tempdir().unwrap();
    // One after the other: its random bytes are made of one state for all requests.
    let wrong: Vec<String> = PATHS
        .iter()
        .enumerate()
        .filter_map(|(number, (path, options))| {
            let folder = scratch.path().join(number.to_string());
            fs::create_dir(&folder).unwrap();
            let url = format!("http://127.0.0.1:{port}{path}");
            let (theirs, own) = (curl(&url, options, &folder), ours(&url, options, &folder));
            (theirs != own)
                .then(|| format!("{path} {options:?}\n  curl {theirs:?}\n  ours {own:?}"))
        })
        .collect();
    assert!(
        wrong.is_empty(),
        "{} of {}:\n{}",
        wrong.len(),
        PATHS.len(),
        wrong.join("\n")
    );
}

/// The status, if there is an answer; the length of the body, unless it tells which codings were
/// asked for; and the body of a success that was saved as it came.
#[derive(Debug, PartialEq)]
struct Told {
    status: Option<u64>,
    length: u64,
    body: Option<String>,
}

fn curl(url: &str, options: &[&str], folder: &Path) -> Told {
    let file = folder.join("curl");
    let output = Command::new("curl")
        .args([
            "-q",
            "-s",
            "--noproxy",
            "*",
            "-L",
            "--max-redirs",
            "10",
            "--max-time",
            "20",
        ])
        .args(["-w", "%{http_code}"])
        .args(AGENT)
        .args(options)
        .arg("-o")
        .arg(&file)
        .arg(url)
        .output()
        .unwrap();
    let status = String::from_utf8(output.stdout).unwrap().parse().ok();
    let body = fs::read(&file).unwrap_or_default();
    let saved =
        status.is_some_and(|it| (200..300).contains(&it)) && !options.contains(&"--compressed");
    Told {
        status: status.filter(|_| output.status.success()),
        length: match output.status.success() && !options.contains(&"--compressed") {
            true => body.len() as u64,
            false => 0,
        },
        body: saved.then(|| text(&body)),
    }
}

fn ours(url: &str, options: &[&str], folder: &Path) -> Told {
    let mut command = async_fetch();
    command.args(["-q", "--json", "--retries", "0", "--timeout", "20s"]);
    command.args(AGENT).args(options);
    if !options.contains(&"--compressed") {
        command.arg("-o").arg(folder.join("ours"));
    }
    let output = command.arg(url).output().unwrap();
    let line: Value = match serde_json::from_slice(&output.stdout) {
        Ok(line) => line,
        Err(_) => panic!("{url}: {output:?}"),
    };
    let body = line["file"].as_str().map(|file| fs::read(file).unwrap());
    Told {
        status: line["status"].as_u64().filter(|_| line["kind"].is_null()),
        length: match options.contains(&"--compressed") {
            true => 0,
            false => line["bytes"].as_u64().unwrap(),
        },
        body: body.map(|body| text(&body)),
    }
}

/// A body as text. What is JSON, line by line, is written anew: httpbin tells headers in the order
/// in which they came.
fn text(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    let values: Result<Vec<Value>, _> = text.lines().map(serde_json::from_str).collect();
    match values {
        Ok(values) => values.iter().map(|value| format!("{value}\n")).collect(),
        Err(_) => text.into_owned(),
    }
}
