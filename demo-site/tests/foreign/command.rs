//! The command, from outside.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, ChildStdout, Command, Stdio};

use common::cli::interrupt::with_usual_signals;
use rustix::process::{Pid, Signal, kill_process};

use crate::support::{curl, text};

/// A site that is served by the command, and ended with its test.
struct Served {
    child: Child,
    /// The lines that it says first.
    lines: Vec<String>,
    /// Open, so that the command can write to it.
    _stdout: BufReader<ChildStdout>,
}

impl Served {
    fn start(args: &[&str]) -> Served {
        let mut command = Command::new(assert_cmd::cargo::cargo_bin!("demo-site"));
        let mut child = with_usual_signals(&mut command)
            .args(args)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut lines = Vec::new();
        for _ in 0..3 {
            let mut line = String::new();
            stdout.read_line(&mut line).unwrap();
            lines.push(line);
        }
        Served {
            child,
            lines,
            _stdout: stdout,
        }
    }

    fn url(&self, line: usize, path: &str) -> String {
        let first = self.lines[line].split_whitespace().next().unwrap();
        let origin: Vec<&str> = first.splitn(4, '/').take(3).collect();
        format!("{}{path}", origin.join("/"))
    }

    /// The most memory that it ever had, in kilobytes.
    fn most_memory(&self) -> u64 {
        let path = format!("/proc/{}/status", self.child.id());
        let status = std::fs::read_to_string(path).unwrap();
        let line = status
            .lines()
            .find(|line| line.starts_with("VmHWM"))
            .unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }

    fn interrupt(&mut self) -> (Option<i32>, String) {
        kill_process(Pid::from_child(&self.child), Signal::INT).unwrap();
        let code = self.child.wait().unwrap().code();
        let mut said = String::new();
        self.child
            .stderr
            .take()
            .unwrap()
            .read_to_string(&mut said)
            .unwrap();
        (code, said)
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads this many bytes of an answer, and leaves.
fn some_of(url: &str, bytes: usize) -> Vec<u8> {
    let rest = url.strip_prefix("http://").unwrap();
    let (host, path) = rest.split_once('/').unwrap();
    let mut stream = TcpStream::connect(host).unwrap();
    write!(stream, "GET /{path} HTTP/1.1\r\nHost: {host}\r\n\r\n").unwrap();
    let mut some = vec![0; bytes];
    stream.read_exact(&mut some).unwrap();
    some
}

#[test]
fn what_is_bigger_than_the_memory_is_made_as_it_is_sent() {
    let Some(curl) = curl("big answers") else {
        return;
    };
    let mut served = Served::start(&["--page-size", "20GiB", "--pages", "1e15"]);
    let size = 20_u64 << 30;
    for (line, path) in [
        (0, "/".to_owned()),
        (0, "/sitemap.xml".to_owned()),
        (0, format!("/bytes/{}", u64::MAX)),
        (2, format!("/cut/again?size={size}&most={size}")),
        (2, format!("/part/right?size={size}&cut={size}")),
    ] {
        let some = some_of(&served.url(line, &path), 3_000_000);
        assert!(some.starts_with(b"HTTP/1.1 200 OK\r\n"), "{path}");
    }
    let head = text(&curl(&["-I", &served.url(0, "/")]).stdout);
    assert!(head.contains("content-length: 21474836480"), "{head}");
    let last = (u64::MAX - 9).to_string();
    let url = served.url(0, &format!("/bytes/{}", u64::MAX));
    let part = curl(&["-r", &format!("{last}-"), &url]);
    assert_eq!(part.stdout.len(), 9, "the last bytes of 2^64 - 1");
    let most = served.most_memory();
    assert!(most < 100_000, "{most} kB");
    assert_eq!(served.interrupt().0, Some(130));
}

#[test]
fn nonsense_in_a_query_ends_nothing() {
    let Some(curl) = curl("nonsense") else { return };
    let mut served = Served::start(&[]);
    for path in [
        "/busy?after=18446744073709551615&form=date",
        "/calendar/-2147483648/-2147483648",
        "/calendar/2147483647/2147483647",
        "/limited?rate=nan&burst=-1",
        "/limited?rate=1e-300&burst=1e300&nodelay=1",
        "/redirect/to?url=%0d%0aSet-Cookie:%20a=b",
        "/slow/1?every=18446744073709551615",
        "/session?id=18446744073709551615",
    ] {
        let output = curl(&[
            "-w",
            "%{http_code}",
            "-o",
            "/dev/null",
            &served.url(0, path),
        ]);
        assert!(output.status.success(), "{path}: {output:?}");
    }
    let (code, said) = served.interrupt();
    assert_eq!(code, Some(130));
    assert!(!said.contains("panicked"), "{said}");
}

#[test]
fn each_request_is_logged_in_the_combined_form() {
    let Some(curl) = curl("the log") else { return };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    let mut served = Served::start(&["--log", path.to_str().unwrap()]);
    let args = ["-A", "an \"agent\"", "-e", "http://a/", "-o", "/dev/null"];
    curl(&[&args[..], &[&served.url(0, "/bytes/10")]].concat());
    curl(&["-o", "/dev/null", &served.url(2, "/cut/length")]);
    served.interrupt();
    let log = std::fs::read_to_string(&path).unwrap();
    let lines: Vec<&str> = log.lines().collect();
    assert_eq!(lines.len(), 2, "{log}");
    let (start, end) = lines[0].split_once("] ").unwrap();
    assert!(start.starts_with("127.0.0.1 - - ["), "{start}");
    assert_eq!(
        end,
        "\"GET /bytes/10 HTTP/1.1\" 200 10 \"http://a/\" \"an \\\"agent\\\"\""
    );
    assert!(
        lines[1].contains("] \"GET /cut/length HTTP/1.1\" - - \"-\" \"curl/"),
        "{log}"
    );

    let mut served = Served::start(&["--log"]);
    curl(&["-o", "/dev/null", &served.url(0, "/landing")]);
    let (_, said) = served.interrupt();
    assert!(said.contains("\"GET /landing HTTP/1.1\" 200 7"), "{said}");
}

#[test]
fn wrong_arguments_are_named() {
    for (args, word) in [
        (&["--links", "1e6"][..], "at most 100000"),
        (&["--page-size", "big"], "big"),
        (&["--error-rate", "2"], "2"),
        (&["--log", "/nowhere/log"], "/nowhere/log"),
    ] {
        let output = Command::new(assert_cmd::cargo::cargo_bin!("demo-site"))
            .args(args)
            .output()
            .unwrap();
        let said = text(&output.stderr);
        assert!(
            !output.status.success() && said.contains(word),
            "{args:?}: {said}"
        );
    }
}
