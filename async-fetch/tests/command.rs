//! The command, from outside.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use async_fetch::{Checksum, FOLDER};
use common::cli::interrupt::with_usual_signals;
use demo_site::{NAMES, Site, content};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

fn site() -> Site {
    Site::builder().pages(20).start().unwrap()
}

fn command() -> Command {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("async-fetch"));
    with_usual_signals(&mut command);
    command.stdin(Stdio::null()).args(["--proxy", "none"]);
    command
}

fn run(args: &[&str]) -> Output {
    command().args(args).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn lines(output: &Output) -> Vec<Value> {
    text(&output.stdout)
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// Runs it with something on its standard input.
fn piped(args: &[&str], input: &[u8]) -> Output {
    let mut command = command();
    command
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    thread::scope(|scope| {
        scope.spawn(move || {
            // It may leave before it has read all.
            let _ = stdin.write_all(input);
        });
        child.wait_with_output().unwrap()
    })
}

fn until(mut condition: impl FnMut() -> bool) {
    while !condition() {
        thread::sleep(Duration::from_millis(5));
    }
}

fn signal(child: &Child, signal: Signal) {
    kill_process(Pid::from_child(child), signal).unwrap();
}

/// What lies in a folder, but for that of the parts.
fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name != FOLDER)
        .collect();
    names.sort();
    names
}

#[test]
fn the_models_agree() {
    use async_fetch::models::{Failure, async_capped, async_tasks, serial, threads};
    use std::sync::Mutex;
    type Model<'a> = &'a dyn Fn(&[String]) -> Result<(), Failure>;
    let site = site();
    let urls: Vec<String> = site.pages().collect();
    let pages = Mutex::new(Vec::new());
    let done = |number: usize, body: Vec<u8>| -> Result<(), Failure> {
        pages.lock().unwrap().push((number, body));
        Ok(())
    };
    let models: [Model<'_>; 4] = [
        &|urls| serial::run(urls, 1, done),
        &|urls| threads::run(urls, 4, done),
        &|urls| async_tasks::run(urls, 4, done),
        &|urls| async_capped::run(urls, 4, done),
    ];
    for (model, most) in models.iter().zip([1, 4, 20, 4]) {
        site.reset();
        model(&urls).unwrap();
        let mut pages = std::mem::take(&mut *pages.lock().unwrap());
        pages.sort();
        let expected: Vec<_> = (0..20)
            .map(|page| (page, site.html_of(page).into_bytes()))
            .collect();
        assert_eq!(pages, expected);
        assert!(site.counts().most_at_once <= most);
    }
    for model in models {
        assert!(model(&[site.url("/"), site.url("/status/404")]).is_err());
    }
}

#[test]
fn each_url_has_a_line_and_failures_are_named() {
    let site = site();
    let (good, bad) = (site.url("/page/3"), site.url("/status/404"));
    let output = run(&[&good, &bad, "nonsense"]);
    assert_eq!(output.status.code(), Some(1));
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(out.lines().count(), 3, "{out}");
    let words: Vec<&str> = out
        .lines()
        .find(|line| line.ends_with("/page/3"))
        .unwrap()
        .split(' ')
        .collect();
    assert_eq!((words[0], words.last()), ("200", Some(&good.as_str())));
    assert!(
        err.contains(&format!("failed: {bad}: 404 Not Found")),
        "{err}"
    );
    assert!(err.contains("failed: nonsense: not a URL"), "{err}");
    assert!(err.contains("1 fetched, 2 failed"), "{err}");
}

#[test]
fn json_has_a_line_for_each_url_and_nothing_else() {
    let site = site();
    let list: String = site.pages().map(|url| url + "\n").collect();
    let output = piped(&["-", "--json"], format!("# pages\n\n{list}").as_bytes());
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let lines = lines(&output);
    assert_eq!(lines.len(), 20);
    for line in &lines {
        assert_eq!(line["status"], 200);
        assert_eq!(line["bytes"], 4096);
        assert_eq!(line["attempts"], 1);
        assert!(line["seconds"].as_f64().unwrap() > 0.0);
        assert!(line["error"].is_null());
    }
    let output = run(&["--json", &site.raw_url("/cut/length"), "--retries", "0"]);
    assert_eq!(output.status.code(), Some(1));
    let line = &self::lines(&output)[0];
    assert_eq!(
        (&line["status"], &line["kind"]),
        (&Value::Null, &"cut".into())
    );
    assert!(
        line["error"]
            .as_str()
            .unwrap()
            .contains("500 bytes of 1000")
    );
    let output = run(&["--json", "--summary", &site.url("/")]);
    assert_eq!(self::lines(&output)[0]["fetched"], 1);
}

#[test]
fn standard_input_is_read_if_it_is_asked_for_and_else_a_word_is_said() {
    let site = site();
    let list = site.url("/");
    for args in [&["-"][..], &["-i", "-"]] {
        let output = piped(args, list.as_bytes());
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        assert!(text(&output.stdout).starts_with("200"));
    }
    let output = piped(&["--summary"], list.as_bytes());
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("- for standard input"));

    // With any flag that is for fetching it would not be the demonstration.
    let mut child = Command::new(assert_cmd::cargo::cargo_bin!("async-fetch"))
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stderr.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(line.contains("standard input is not read"), "{line}");
    assert_eq!(site.counts().requests, 2);
}

#[test]
fn wrong_usage_is_told_in_a_line() {
    let sum = Checksum::of("").to_string();
    for (args, expected) in [
        (
            vec!["--checksum", "md5:1", "http://a.example/"],
            "md5:1: not a checksum",
        ),
        (
            vec!["--checksum", sum.as_str(), "http://a/", "http://b/"],
            "is for one URL",
        ),
        (vec!["-o", "out"], "no URL"),
        (
            vec!["-H", "nonsense", "http://a/"],
            "nonsense: not a header",
        ),
        (
            vec!["--per-host", "0", "http://a/"],
            "0: at least 1 is needed",
        ),
        (vec!["--rate", "-1", "http://a/"], "-1"),
        (vec!["--timeout", "soon", "http://a/"], "soon"),
    ] {
        let output = run(&args);
        let error = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{args:?}: {error}");
        assert!(error.contains(expected), "{args:?}: {error}");
    }
    let output = run(&["-i", "no/such/file"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("no/such/file"));
}

#[test]
fn too_few_descriptors_are_told_with_what_to_do() {
    let program = assert_cmd::cargo::cargo_bin!("async-fetch");
    let output = Command::new("sh")
        .args([
            "-c",
            "ulimit -n 100; exec \"$0\" -j 500 http://127.0.0.1:1/",
        ])
        .arg(program)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let error = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{error}");
    assert!(
        error.contains("allows 100") && error.contains("--jobs 36"),
        "{error}"
    );
}

#[test]
fn per_host_limits_hold_and_can_be_raised() {
    let site = Site::builder()
        .pages(40)
        .latency(demo_site::Latency::Fixed(Duration::from_millis(30)))
        .start()
        .unwrap();
    let list: String = site.pages().map(|url| url + "\n").collect();
    for (args, most) in [
        (vec!["-"], 6),
        (vec!["-", "--per-host", "20"], 20),
        (vec!["-", "--per-host", "20", "-j", "3"], 3),
    ] {
        site.reset();
        assert!(piped(&args, list.as_bytes()).status.success());
        assert_eq!(site.counts().most_at_once, most, "{args:?}");
    }
}

#[test]
fn headers_and_the_method_are_sent() {
    let site = site();
    assert!(
        run(&["-H", "X-Mine: yes", "--head", &site.url("/")])
            .status
            .success()
    );
    let seen = &site.counts().log[0];
    assert_eq!(
        (seen.method.as_str(), seen.header("x-mine")),
        ("HEAD", Some("yes"))
    );
    assert!(run(&["--http2", &site.url("/")]).status.success());
    let proxied = Command::new(assert_cmd::cargo::cargo_bin!("async-fetch"))
        .args(["--proxy", &site.url(""), "http://a.example/landing"])
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(proxied.status.success(), "{}", text(&proxied.stdout));
    assert_eq!(site.counts().hosts["a.example"].requests, 1);
}

/// What goes between an https client and the site: it undoes TLS, with a certificate of its own that
/// nobody signed. (`openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes
/// -days 36500 -subj "/CN=async-fetch test" -addext subjectAltName=IP:127.0.0.1
/// -addext basicConstraints=critical,CA:FALSE -keyout key.pem -out certificate.pem`)
#[cfg(feature = "tls")]
fn https_in_front_of(site: &Site) -> String {
    use std::sync::Arc;

    use rustls::pki_types::pem::PemObject;
    use rustls::pki_types::{CertificateDer, PrivateKeyDer};
    let certificate = CertificateDer::from_pem_slice(include_bytes!("tls/certificate.pem"));
    let key = PrivateKeyDer::from_pem_slice(include_bytes!("tls/key.pem"));
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.unwrap()], key.unwrap());
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

/// A proxy that speaks SOCKS5 (RFC 1928) as far as it is needed here: it tells what it was asked
/// for, a name or an address, and leads everybody to the site.
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

#[test]
fn files_stay_in_their_folder_whatever_they_are_called() {
    let site = site();
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let urls: String = NAMES
        .iter()
        .map(|name| site.url(&format!("/attack/{name}")) + "\n")
        .collect();
    let output = piped(&["-", "-o", out.to_str().unwrap()], urls.as_bytes());
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stdout));
    assert_eq!(names(folder.path()), ["out"]);
    // What `%2e%2e` and the like make of a path is for the URL's own rules; each has its file.
    assert_eq!(names(&out).len(), NAMES.len());
    for name in names(&out) {
        assert_eq!(fs::read(out.join(name)).unwrap().last(), Some(&b'\n'));
    }
}

#[test]
fn what_is_there_is_not_fetched_again_unless_it_is_wrong() {
    let site = site();
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().to_str().unwrap();
    let url = site.url("/bytes/5000");
    let sum = Checksum::of(content::part(1, 0..5000)).to_string();
    let requests = || site.counts().requests;
    assert!(run(&[&url, "-o", out, "--checksum", &sum]).status.success());
    assert_eq!(
        (requests(), names(folder.path())),
        (1, vec!["5000".to_owned()])
    );
    let output = run(&[&url, "-o", out]);
    assert!(
        text(&output.stdout).starts_with("had"),
        "{}",
        text(&output.stdout)
    );
    assert_eq!(requests(), 1);
    fs::write(folder.path().join("5000"), "broken").unwrap();
    assert!(run(&[&url, "-o", out, "--checksum", &sum]).status.success());
    assert_eq!(requests(), 2);
    assert!(run(&[&url, "-o", out, "--overwrite"]).status.success());
    assert_eq!(requests(), 3);
    let wrong = Checksum::of("else").to_string();
    let output = run(&[&url, "-o", out, "--overwrite", "--checksum", &wrong]);
    assert_eq!(output.status.code(), Some(1));
    // What was there stays.
    assert_eq!(
        fs::read(folder.path().join("5000")).unwrap(),
        content::part(1, 0..5000)
    );
}

#[test]
fn what_is_there_is_not_taken_for_that_of_another_url() {
    let site = site();
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().to_str().unwrap();
    // Two files of one name, which are told apart by their size.
    let (one, other) = (site.url("/bytes/5000"), site.url("/files/5000"));
    assert!(run(&[&one, "-o", out]).status.success());
    for (status, requests) in [("200", 2), ("had", 2)] {
        let output = run(&[&other, "-o", out]);
        assert!(
            text(&output.stdout).starts_with(status),
            "{}",
            text(&output.stdout)
        );
        assert_eq!(site.counts().requests, requests);
    }
    let names = names(folder.path());
    assert!(
        names.len() == 2 && names[1].starts_with("5000-"),
        "{names:?}"
    );
    assert_eq!(
        fs::read(folder.path().join("5000")).unwrap(),
        content::part(1, 0..5000)
    );
}

#[test]
fn a_disk_that_is_full_costs_what_was_not_written_and_no_more() {
    let site = site();
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().to_str().unwrap();
    let url = site.url("/bytes/2000000");
    // The system writes up to the limit and fails in the middle of a buffer, as on a full disk; the
    // signal that goes with it would kill.
    let output = Command::new("sh")
        .args(["-c", "trap '' XFSZ; ulimit -f 1001; exec \"$0\" \"$@\""])
        .arg(assert_cmd::cargo::cargo_bin!("async-fetch"))
        .args(["--proxy", "none", &url, "-o", out])
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("2000000.part"));
    assert!(names(folder.path()).is_empty());
    let part = fs::read(folder.path().join(FOLDER).join("2000000.part")).unwrap();
    assert!(part.len() >= 256 * 1024, "{}", part.len());
    assert!(part == content::part(1, 0..part.len() as u64));

    let sum = Checksum::of(content::part(1, 0..2_000_000)).to_string();
    let output = run(&[&url, "-o", out, "--checksum", &sum, "--json"]);
    assert_eq!(lines(&output)[0]["resumed_from"], part.len());
    assert!(output.status.success(), "{}", text(&output.stdout));
}

#[test]
fn fail_fast_stops_at_the_first_failure() {
    let site = site();
    let mut urls = vec![site.url("/status/404")];
    urls.extend(std::iter::repeat_n(site.url("/never"), 50));
    let output = piped(&["-", "--fail-fast", "-j", "4"], urls.join("\n").as_bytes());
    assert_eq!(output.status.code(), Some(1));
    assert!(site.counts().requests <= 6);
}

#[test]
fn a_reader_that_leaves_ends_it_quietly() {
    let site = site();
    let url = site.url("/page/1") + "\n";
    let mut child = command()
        .args(["-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let writer = thread::spawn(move || while stdin.write_all(url.as_bytes()).is_ok() {});
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    assert!(line.starts_with("200"));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    assert_eq!(
        (output.status.code(), text(&output.stderr)),
        (Some(0), String::new())
    );
}

/// Starts to save files that come slowly, and waits until some of each has been written.
fn saving(site: &Site, out: &Path) -> (Child, PathBuf) {
    let url = site.url("/bytes/30000000?name=slow");
    // Enough that the disk has some of it, and far from all.
    let mut child = command()
        .args([&url, "-o", out.to_str().unwrap(), "--json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let folder = out.join(FOLDER);
    let part = || {
        let entries = fs::read_dir(&folder).ok()?;
        entries
            .filter_map(|entry| Some(entry.ok()?.path()))
            .find(|path| {
                path.extension().is_some_and(|it| it == "part")
                    && path.metadata().is_ok_and(|it| it.len() > 0)
            })
    };
    let mut found = None;
    until(|| {
        assert!(child.try_wait().unwrap().is_none(), "it ended early");
        found = part();
        found.is_some()
    });
    (child, found.unwrap())
}

#[test]
fn ctrl_c_leaves_a_part_that_the_next_run_goes_on_with() {
    interrupted_and_finished(Signal::INT, Some(130));
}

#[test]
fn a_killed_run_is_finished_by_the_next() {
    interrupted_and_finished(Signal::KILL, None);
}

fn interrupted_and_finished(how: Signal, code: Option<i32>) {
    let site = site();
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    // Some are whole before, so that a rerun has to leave them alone.
    let small: Vec<String> = (1..6)
        .map(|it| site.url(&format!("/bytes/{it}000")))
        .collect();
    let list = small.join("\n");
    let out_text = out.to_str().unwrap();
    assert!(
        piped(&["-", "-o", out_text], list.as_bytes())
            .status
            .success()
    );
    // A body that stops coming after its beginning: the part is there, and stays incomplete.
    let url = site.raw_url("/cut/again?size=90000&most=60000");
    let sum = Checksum::of(content::part(1, 0..90_000)).to_string();
    let mut child = command()
        .args([
            &url,
            "-o",
            out_text,
            "--retries",
            "3",
            "--backoff",
            "1h",
            "--timeout",
            "10h",
        ])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let part = || {
        let entries = fs::read_dir(out.join(FOLDER)).ok()?;
        let mut paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
        paths.find(|path| path.extension().is_some_and(|it| it == "part"))
    };
    until(|| part().is_some_and(|path| path.metadata().is_ok_and(|it| it.len() == 60_000)));
    signal(&child, how);
    assert_eq!(child.wait().unwrap().code(), code);
    assert_eq!(
        fs::read(part().unwrap()).unwrap(),
        content::part(1, 0..60_000)
    );
    assert_eq!(names(&out).len(), 5, "no half file under a final name");

    let before = site.counts().requests;
    let list = format!("{list}\n{url} {sum}\n");
    let output = piped(&["-", "-o", out_text, "--json"], list.as_bytes());
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stdout));
    assert_eq!(site.counts().requests, before + 1);
    let resumed: Vec<Value> = lines(&output)
        .into_iter()
        .filter(|line| line["resumed_from"] == 60_000)
        .collect();
    assert_eq!(resumed.len(), 1);
    for size in 1..6_u64 {
        let body = fs::read(out.join(format!("{size}000"))).unwrap();
        assert_eq!(body, content::part(1, 0..size * 1000));
    }
    assert_eq!(names(&out).len(), 6);
    assert_eq!(names(&out.join(FOLDER)), ["names"], "no part is left");
}

#[test]
fn ctrl_c_in_the_middle_of_a_body_keeps_what_came() {
    let site = site();
    let folder = tempfile::tempdir().unwrap();
    let (mut child, part) = saving(&site, folder.path());
    signal(&child, Signal::INT);
    let mut rest = String::new();
    child
        .stdout
        .take()
        .unwrap()
        .read_to_string(&mut rest)
        .unwrap();
    let code = child.wait().unwrap().code();
    if rest.is_empty() {
        assert_eq!(code, Some(130));
        let kept = fs::read(&part).unwrap();
        assert_eq!(kept, content::part(1, 0..kept.len() as u64));
    } else {
        // It was faster than the signal: then it is whole.
        assert!(!part.exists());
    }
    let args = [
        "-o",
        folder.path().to_str().unwrap(),
        &site.url("/bytes/30000000?name=slow"),
    ];
    assert!(run(&args).status.success());
    let name = names(folder.path()).pop().unwrap();
    assert_eq!(
        Checksum::of(fs::read(folder.path().join(name)).unwrap()),
        Checksum::of(content::part(1, 0..30_000_000))
    );
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
