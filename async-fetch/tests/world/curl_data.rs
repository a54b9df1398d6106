//! The replies of curl's own tests, sent raw to curl and to async-fetch: the same verdict, status
//! and bytes, but for the differences that README.md lists, each with its reason.
//!
//! The data is not ours and not in this repository. `curl-data.sh` brings it; CURL_TEST_DATA may
//! name the `tests/data` of another version.
//!
//! Each test is given an address of its own (127.N.N.N, which is all this machine), so that no
//! cookie, connection or delay of one is another's.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::Value;

use crate::curl_cases::{self, Case};
use crate::support::{async_fetch, folder, program, skip};

/// Requests of async-fetch at once, and processes of curl.
const AT_ONCE: &str = "16";
const CURLS: usize = 8;

/// The share of the cases that must be the same, in hundredths.
const SAME: usize = 97;

#[test]
fn replies_of_curls_own_tests_get_curls_verdict() {
    let name = "curl's test data";
    let Some(data) = data() else {
        return skip(name, "curl's test data (tests/world/curl-data.sh)");
    };
    if program("curl").is_none() {
        return skip(name, "curl");
    }
    let (cases, left_out) = curl_cases::read(&data);
    assert!(
        cases.len() > 300,
        "only {} cases in {}",
        cases.len(),
        data.display()
    );
    let cases = Arc::new(cases);
    let port = serve(Arc::clone(&cases));
    let scratch = tempfile::tempdir().unwrap();
    let theirs = curl(&cases, port, scratch.path());
    let ours = ours(&cases, port, scratch.path());

    let listed = listed();
    let mut same = 0;
    let mut wrong = Vec::new();
    for case in cases.iter() {
        let (curl, own) = (&theirs[&case.number], &ours[&case.number]);
        let agrees = curl.agrees(own);
        same += usize::from(agrees);
        if agrees == listed.contains_key(&case.number) {
            let what = if agrees {
                "is listed, and is the same"
            } else {
                "differs"
            };
            let Case { number, name, .. } = case;
            wrong.push(format!(
                "{number} {what}: {name}\n    curl {curl:?}\n    ours {own:?}"
            ));
        }
    }
    eprintln!(
        "curl's test data: {same} of {} the same; {left_out} left out, as README.md says",
        cases.len()
    );
    assert!(
        wrong.is_empty(),
        "{} not as README.md has it:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    assert!(
        same * 100 >= cases.len() * SAME,
        "{same} of {}",
        cases.len()
    );
}

fn data() -> Option<PathBuf> {
    let usual = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/world/curl/tests/data");
    let asked = std::env::var_os("CURL_TEST_DATA").map(PathBuf::from);
    Some(asked.unwrap_or(usual)).filter(|folder| folder.is_dir())
}

/// What came of a URL.
#[derive(Debug, PartialEq)]
enum Verdict {
    /// An answer, whole: its status, how long its body is, and the body if it was saved.
    Answer(u64, u64, Option<Vec<u8>>),
    /// No answer, or not a whole one: the reason.
    Failed(String),
}

impl Verdict {
    fn agrees(&self, other: &Verdict) -> bool {
        match (self, other) {
            (Verdict::Failed(_), Verdict::Failed(_)) => true,
            (Verdict::Answer(status, length, body), Verdict::Answer(own, own_length, own_body)) => {
                status == own
                    && length == own_length
                    && (body.is_none() || own_body.is_none() || body == own_body)
            }
            _ => false,
        }
    }
}

/// The numbers in README.md's table of differences.
fn listed() -> BTreeMap<u32, String> {
    let text = fs::read_to_string(folder().join("README.md")).unwrap();
    let rows = text.lines().filter_map(|line| line.strip_prefix("| "));
    rows.filter_map(|row| {
        let (numbers, rest) = row.split_once(" | ")?;
        Some((numbers.trim().to_owned(), rest.to_owned()))
    })
    .flat_map(|(numbers, rest)| {
        let numbers: Vec<u32> = numbers
            .split(", ")
            .filter_map(|it| it.parse().ok())
            .collect();
        numbers
            .into_iter()
            .map(move |number| (number, rest.clone()))
    })
    .collect()
}

fn address(number: u32) -> Ipv4Addr {
    let [_, high, middle, low] = number.to_be_bytes();
    Ipv4Addr::new(127, high + 1, middle, low)
}

fn url(case: &Case, port: u16) -> String {
    format!("http://{}:{port}/{}", address(case.number), case.number)
}

/// Serves the replies; every connection gets one.
fn serve(cases: Arc<Vec<Case>>) -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let cases = Arc::clone(&cases);
            std::thread::spawn(move || answer(stream, &cases, port));
        }
    });
    port
}

fn answer(mut stream: TcpStream, cases: &[Case], port: u16) -> Option<()> {
    // On a busy machine a request may come seconds after its connection.
    stream
        .set_read_timeout(Some(Duration::from_secs(60)))
        .ok()?;
    let mut head = Vec::new();
    let mut piece = [0; 4096];
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        match stream.read(&mut piece).ok()? {
            0 => return None,
            count => head.extend_from_slice(&piece[..count]),
        }
    }
    let std::net::IpAddr::V4(host) = stream.local_addr().ok()?.ip() else {
        return None;
    };
    let case = cases.iter().find(|case| address(case.number) == host)?;
    let head = String::from_utf8_lossy(&head);
    let path = head.split(' ').nth(1)?.split('?').next()?;
    let digits: String = path
        .rsplit('/')
        .next()?
        .chars()
        .take_while(char::is_ascii_digit)
        .collect();
    let asked = digits.parse().unwrap_or(case.number);
    stream.write_all(&case.reply(asked, host, port)).ok()?;
    stream.shutdown(Shutdown::Write).ok()?;
    while stream.read(&mut piece).ok()? > 0 {}
    Some(())
}

/// curl's verdicts: a process for each, as its parallel mode ends at some errors.
fn curl(cases: &[Case], port: u16, scratch: &Path) -> BTreeMap<u32, Verdict> {
    let folder = scratch.join("curl");
    fs::create_dir(&folder).unwrap();
    let next = AtomicUsize::new(0);
    let work = || {
        let mut verdicts = Vec::new();
        while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
            verdicts.push((case.number, curl_one(case, port, &folder)));
        }
        verdicts
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..CURLS).map(|_| scope.spawn(work)).collect();
        let all = workers
            .into_iter()
            .flat_map(|worker| worker.join().unwrap());
        all.collect()
    })
}

fn curl_one(case: &Case, port: u16, folder: &Path) -> Verdict {
    let file = folder.join(case.number.to_string());
    let mut command = Command::new("curl");
    command.args([
        "-q",
        "--silent",
        "--noproxy",
        "*",
        "--location",
        "--max-redirs",
        "10",
    ]);
    command
        .args([
            "--max-time",
            "10",
            "--write-out",
            "%{http_code}",
            "--output",
        ])
        .arg(&file);
    if case.compressed {
        command.arg("--compressed");
    }
    let output = command.arg(url(case, port)).output().unwrap();
    match output.status.code() {
        Some(0) => {
            let status = String::from_utf8(output.stdout).unwrap().parse().unwrap();
            // It writes no empty files.
            let body = fs::read(&file).unwrap_or_default();
            Verdict::Answer(status, body.len() as u64, Some(body))
        }
        code => Verdict::Failed(format!("exit {code:?}")),
    }
}

/// Our verdicts, from a run without and one with compression.
fn ours(cases: &[Case], port: u16, scratch: &Path) -> BTreeMap<u32, Verdict> {
    let mut verdicts = BTreeMap::new();
    for compressed in [false, true] {
        let chosen: Vec<&Case> = cases
            .iter()
            .filter(|it| it.compressed == compressed)
            .collect();
        let list: String = chosen.iter().map(|case| url(case, port) + "\n").collect();
        let input = scratch.join(format!("list-{compressed}"));
        fs::write(&input, list).unwrap();
        let mut command = async_fetch();
        command.args(["--quiet", "--json", "--retries", "0", "--timeout", "10s"]);
        command.args(["--jobs", AT_ONCE, "--input"]).arg(&input);
        command.arg("-o").arg(scratch.join("ours"));
        if compressed {
            command.arg("--compressed");
        }
        let output = command.stderr(Stdio::inherit()).output().unwrap();
        for line in String::from_utf8_lossy(&output.stdout).lines() {
            let line: Value = serde_json::from_str(line).unwrap();
            let number = line["url"].as_str().unwrap().rsplit('/').next().unwrap();
            verdicts.insert(number.parse().unwrap(), verdict(&line));
        }
    }
    assert_eq!(verdicts.len(), cases.len(), "async-fetch told of each");
    verdicts
}

fn verdict(line: &Value) -> Verdict {
    match (line["status"].as_u64(), line["kind"].as_str()) {
        (Some(status), None) => {
            let body = line["file"].as_str().map(|file| fs::read(file).unwrap());
            Verdict::Answer(status, line["bytes"].as_u64().unwrap(), body)
        }
        _ => Verdict::Failed(line["error"].to_string()),
    }
}
