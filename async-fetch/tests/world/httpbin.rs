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
    ("/brotli", &["--compressed"]),
    // Auth, by curl's own names for it and by headers of the user's own.
    ("/basic-auth/ann/secret", &["-u", "ann:secret"]),
    ("/basic-auth/ann/secret", &["-u", "ann:wrong"]),
    ("/hidden-basic-auth/ann/secret", &["-u", "ann:secret"]),
    (
        "/digest-auth/auth/ann/secret",
        &["-u", "ann:secret", "--digest"],
    ),
    (
        "/digest-auth/auth/ann/secret",
        &["-u", "ann:wrong", "--digest"],
    ),
    (
        "/digest-auth/auth/ann/secret/SHA-256",
        &["-u", "ann:secret", "--digest"],
    ),
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
    ("/cookies", &["-b", "a=b; c=d"]),
    ("/cookies/set?a=b&c=d", &[]),
    ("/cookies/set/name/value", &[]),
    ("/cookies/delete?a=", &["-b", "a=b; c=d"]),
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

/// What came of a URL.
#[derive(Debug, PartialEq)]
enum Told {
    /// A success, and its body.
    Body(u64, String),
    /// Another status, and how long its body is.
    Refused(u64, u64),
    Failed,
}

fn curl(url: &str, options: &[&str], folder: &Path) -> Told {
    let file = folder.join("curl");
    // With cookies, which async-fetch always has.
    let usual = [
        "-q",
        "-s",
        "-L",
        "-b",
        "",
        "--max-redirs",
        "10",
        "--max-time",
        "20",
    ];
    let output = Command::new("curl")
        .args(usual)
        .args(["--noproxy", "*", "-w", "%{http_code}", "-o"])
        .arg(&file)
        .args(AGENT)
        .args(options)
        .arg(url)
        .output()
        .unwrap();
    let status = String::from_utf8(output.stdout).unwrap().parse().unwrap();
    // It writes no empty files.
    let body = fs::read(&file).unwrap_or_default();
    match status {
        _ if !output.status.success() => Told::Failed,
        200..300 => Told::Body(status, text(&body)),
        _ => Told::Refused(status, body.len() as u64),
    }
}

fn ours(url: &str, options: &[&str], folder: &Path) -> Told {
    let mut command = async_fetch();
    command.args(["-q", "--json", "--retries", "0", "--timeout", "20s", "-o"]);
    command.arg(folder.join("ours")).args(AGENT).args(options);
    let output = command.arg(url).output().unwrap();
    let line: Value = match serde_json::from_slice(&output.stdout) {
        Ok(line) => line,
        Err(_) => panic!("{url}: {output:?}"),
    };
    match (line["status"].as_u64(), line["file"].as_str()) {
        (Some(status), Some(file)) => Told::Body(status, text(&fs::read(file).unwrap())),
        (Some(status), None) if line["kind"].is_null() => {
            Told::Refused(status, line["bytes"].as_u64().unwrap())
        }
        _ => Told::Failed,
    }
}

/// A body as text. JSON is written again in one order: httpbin lists headers in the order in which they
/// came. The accepted codings are left out, because each client has its own.
fn text(body: &[u8]) -> String {
    let anew = |text: &str| -> Option<String> {
        let mut value: Value = serde_json::from_str(text).ok()?;
        if let Some(headers) = value.get_mut("headers").and_then(Value::as_object_mut) {
            headers.remove("Accept-Encoding");
        }
        Some(value.to_string())
    };
    let text = String::from_utf8_lossy(body).into_owned();
    let lines = || text.lines().map(anew).collect::<Option<Vec<String>>>();
    anew(&text)
        .or_else(|| Some(lines()?.join("\n")))
        .unwrap_or(text.clone())
}
