//! Lists, names and folders, by the command.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[allow(dead_code, reason = "each test file uses a part of it")]
mod raw;

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use raw::{Asked, Server, answer};
use serde_json::Value;

fn run(args: &[&str]) -> Output {
    Command::new(assert_cmd::cargo::cargo_bin!("async-fetch"))
        .args(["--proxy", "none"])
        .args(args)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn lines(output: &Output) -> Vec<Value> {
    let lines = text(&output.stdout);
    lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn echo() -> Server {
    Server::start(|asked: &Asked| answer("200 OK", &["ETag: \"1\""], &asked.path))
}

#[test]
fn a_list_from_elsewhere_is_read_and_its_errors_have_a_line_and_a_reason() {
    let server = echo();
    let folder = tempfile::tempdir().unwrap();
    let list = folder.path().join("list");
    let (a, b) = (server.url("/a"), server.url("/b"));
    let text_of = format!("# urls\r{a}\t# one\r\rnonsense\r{b} more\r{b}\r");
    let utf16: Vec<u8> = std::iter::once(0xfeff)
        .chain(text_of.encode_utf16())
        .flat_map(u16::to_le_bytes)
        .collect();
    for bytes in [text_of.as_bytes().to_vec(), utf16] {
        fs::write(&list, bytes).unwrap();
        let output = run(&["--json", "-i", list.to_str().unwrap()]);
        assert_eq!(output.status.code(), Some(1));
        let mut found: Vec<(u64, String)> = lines(&output)
            .iter()
            .map(|line| {
                (
                    line["line"].as_u64().unwrap(),
                    line["result"].as_str().unwrap().to_owned(),
                )
            })
            .collect();
        found.sort();
        let expected = [(2, "fetched"), (4, "failed"), (5, "failed"), (6, "fetched")];
        assert_eq!(
            found,
            expected.map(|(line, result)| (line, result.to_owned()))
        );
        let error = text(&output.stderr);
        assert!(
            error.contains("failed: line 4: nonsense: not a URL"),
            "{error}"
        );
        assert!(error.contains("line 5: more: neither"), "{error}");
    }
    fs::write(&list, b"http://127.0.0.1:PORT/caf\xe9").unwrap();
    let bytes = fs::read(&list).unwrap();
    let port = server.port().to_string();
    let at = bytes.windows(4).position(|it| it == b"PORT").unwrap();
    fs::write(
        &list,
        [&bytes[..at], port.as_bytes(), &bytes[at + 4..]].concat(),
    )
    .unwrap();
    assert!(run(&["-i", list.to_str().unwrap()]).status.success());
    assert!(server.heads().last().unwrap().contains("/caf%E9 "));
    let output = run(&["-i", folder.path().to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(
        text(&output.stderr).lines().count(),
        1,
        "{}",
        text(&output.stderr)
    );
    assert!(text(&output.stderr).contains("is a folder"));
}

#[test]
fn a_url_that_is_there_often_is_fetched_once() {
    let server = echo();
    let folder = tempfile::tempdir().unwrap();
    let list = folder.path().join("list");
    let out = folder.path().join("out");
    fs::write(&list, (server.url("/x") + "\n").repeat(3000)).unwrap();
    let args = [
        "--json",
        "-o",
        out.to_str().unwrap(),
        "-i",
        list.to_str().unwrap(),
    ];
    let output = run(&args);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let results: Vec<String> = lines(&output)
        .iter()
        .map(|it| it["result"].to_string())
        .collect();
    let count = |result: &str| results.iter().filter(|it| it.contains(result)).count();
    assert_eq!((count("fetched"), count("repeated")), (1, 2999));
    assert_eq!(
        (server.heads().len(), names(&out)),
        (1, vec!["x".to_owned()])
    );
    let output = run(&args);
    assert!(text(&output.stdout).contains("\"result\":\"there\""));
    assert_eq!(server.heads().len(), 1);
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name != async_fetch::FOLDER)
        .collect();
    names.sort();
    names
}

#[test]
fn what_another_program_left_is_neither_replaced_nor_taken_for_whole() {
    let whole = "many hands make light work";
    let server = Server::start(move |asked: &Asked| match asked.from() {
        Some(from) if from >= whole.len() => answer(
            "416 Range Not Satisfiable",
            &[&format!("Content-Range: bytes */{}", whole.len())],
            "",
        ),
        Some(from) => {
            let range = format!(
                "Content-Range: bytes {from}-{}/{}",
                whole.len() - 1,
                whole.len()
            );
            answer(
                "206 Partial Content",
                &[&range, "ETag: \"1\""],
                &whole[from..],
            )
        }
        None => answer("200 OK", &["ETag: \"1\""], whole),
    });
    let folder = tempfile::tempdir().unwrap();
    let (out, path) = (folder.path().to_str().unwrap(), folder.path().join("file"));
    fs::write(&path, &whole[..9]).unwrap();
    let url = server.url("/file");
    let output = run(&["--json", "-o", out, &url]);
    assert_eq!(
        (output.status.code(), &lines(&output)[0]["kind"]),
        (Some(1), &"exists".into())
    );
    assert_eq!(fs::read(&path).unwrap(), &whole.as_bytes()[..9]);
    assert!(server.heads().is_empty());
    let output = run(&["--json", "-c", "-o", out, &url]);
    assert_eq!(
        lines(&output)[0]["resumed_from"],
        9,
        "{}",
        text(&output.stdout)
    );
    assert_eq!(fs::read_to_string(&path).unwrap(), whole);
    // From now on it is known.
    let output = run(&["-o", out, &url]);
    assert!(text(&output.stdout).starts_with("had"));
    // Until another program changes it.
    fs::write(&path, &whole[..5]).unwrap();
    assert_eq!(run(&["-o", out, &url]).status.code(), Some(1));
    assert!(run(&["-c", "-o", out, &url]).status.success());
    assert_eq!(fs::read_to_string(&path).unwrap(), whole);
    fs::write(&path, &whole[..5]).unwrap();
    assert!(run(&["--overwrite", "-o", out, &url]).status.success());
    // A complete one is not fetched again.
    let other = folder.path().join("other");
    fs::write(&other, whole).unwrap();
    let before = server.heads().len();
    let output = run(&["--json", "-c", "-o", out, &server.url("/other")]);
    assert!(output.status.success(), "{}", text(&output.stdout));
    assert_eq!(server.heads().len() - before, 1);
    assert_eq!(fs::read_to_string(&other).unwrap(), whole);
    assert_eq!(fs::read_to_string(&path).unwrap(), whole);
}

#[test]
fn one_body_goes_to_a_file_or_to_standard_output() {
    let server = echo();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out.txt");
    let output = run(&["-O", path.to_str().unwrap(), &server.url("/one")]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert_eq!(fs::read_to_string(&path).unwrap(), "/one");
    assert_eq!(names(folder.path()), ["out.txt"]);
    assert!(!folder.path().join(async_fetch::FOLDER).exists());
    let output = run(&["-q", "-O", "-", &server.url("/two")]);
    assert_eq!(
        (text(&output.stdout), text(&output.stderr)),
        ("/two".to_owned(), String::new())
    );
    assert_eq!(
        run(&["-O", "-", &server.url("/a"), &server.url("/b")])
            .status
            .code(),
        Some(2)
    );
    assert_eq!(
        run(&["-O", "-", "--json", &server.url("/a")]).status.code(),
        Some(2)
    );
}

#[test]
fn patterns_folders_names_and_times_are_as_in_curl_and_wget() {
    let modified = "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT";
    let server = Server::start(
        move |asked: &Asked| match asked.header("if-modified-since") {
            Some("Sun, 06 Nov 1994 08:49:37 GMT") => {
                answer("304 Not Modified", &["Content-Length: 0"], "")
            }
            _ => answer(
                "200 OK",
                &[
                    modified,
                    "Content-Disposition: attachment; filename=\"../given.txt\"",
                ],
                &asked.path,
            ),
        },
    );
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().to_str().unwrap();
    let output = run(&["-x", "-o", out, &server.url("/dir/[08-10].txt")]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let host = folder.path().join(format!("127.0.0.1_{}", server.port()));
    assert_eq!(names(&host.join("dir")), ["08.txt", "09.txt", "10.txt"]);

    let out = folder.path().join("named");
    let out_text = out.to_str().unwrap();
    for start in ["200", "had"] {
        let output = run(&["--content-disposition", "-o", out_text, &server.url("/x")]);
        assert!(
            text(&output.stdout).starts_with(start),
            "{}",
            text(&output.stdout)
        );
        assert_eq!(names(&out), ["given.txt"]);
    }

    let out = folder.path().join("dated");
    let out_text = out.to_str().unwrap();
    for (start, requests) in [("200", 1), ("had", 2)] {
        let before = server.heads().len();
        let output = run(&["-N", "-o", out_text, &server.url("/y")]);
        assert!(
            text(&output.stdout).starts_with(start),
            "{}",
            text(&output.stdout)
        );
        assert_eq!(server.heads().len() - before, 1, "{requests}");
    }
    let time = fs::metadata(out.join("y")).unwrap().modified().unwrap();
    assert_eq!(
        httpdate::fmt_http_date(time),
        "Sun, 06 Nov 1994 08:49:37 GMT"
    );
}

#[test]
fn what_is_sent_and_what_is_told_can_be_chosen() {
    let server = Server::start(|asked: &Asked| match asked.path.as_str() {
        "/404" if asked.before == 0 => answer("404 Not Found", &[], "not yet"),
        "/moved" => answer("301 Moved", &["Location: /end"], ""),
        _ => answer("200 OK", &["X-Mine: a\u{9b}31m"], "body"),
    });
    let output = run(&["-d", "a=1&b=2", &server.url("/post")]);
    assert!(output.status.success());
    let head = server.heads().pop().unwrap();
    assert!(
        head.starts_with("POST ") && head.contains("application/x-www-form-urlencoded"),
        "{head}"
    );
    assert!(head.contains("content-length: 7"), "{head}");
    assert!(run(&["-X", "PROPFIND", &server.url("/")]).status.success());
    assert!(server.heads().pop().unwrap().starts_with("PROPFIND / "));
    assert!(
        run(&[
            "--resolve",
            &format!("a.invalid:{}:127.0.0.1", server.port()),
            &format!("http://a.invalid:{}/", server.port())
        ])
        .status
        .success()
    );

    let output = run(&["-I", &server.url("/")]);
    let told = text(&output.stdout);
    assert!(
        told.contains("HTTP/1.1 200 OK\n") && told.contains("x-mine: a\\u{9b}31m\n"),
        "{told}"
    );
    let output = run(&[
        "--json",
        "--retry-on",
        "404",
        "--backoff",
        "1ms",
        &server.url("/404"),
    ]);
    let line = &lines(&output)[0];
    assert_eq!(
        (&line["attempts"], &line["status"]),
        (&2.into(), &200.into())
    );

    // A mirror, and a URL that was given in another form.
    let folder = tempfile::tempdir().unwrap();
    let list = folder.path().join("list");
    let given = server.url("/x/../y").replace("http", "HTTP");
    fs::write(&list, format!("http://127.0.0.1:9/z {given}\n{given}\n")).unwrap();
    let output = run(&["--json", "-i", list.to_str().unwrap()]);
    let mut lines_of_list = lines(&output);
    lines_of_list.sort_by_key(|line| line["line"].as_u64());
    assert_eq!(lines_of_list[0]["status"], 200, "{}", text(&output.stdout));
    assert_eq!(lines_of_list[1]["input"], given);

    let url = server.url("/moved");
    let line = &lines(&run(&["--json", &url]))[0];
    assert_eq!(line["redirects"][0], server.url("/end"));
    assert_eq!(
        (&line["version"], &line["result"]),
        (&"1.1".into(), &"fetched".into())
    );
    // sha256sum of `body`.
    assert_eq!(
        line["sha256"],
        "230d8358dc8e8890b4c58deeb62912ee2f20357ae92a5cc861b98e68fe31acb5"
    );
    assert!(line["first_byte"].as_f64().unwrap() > 0.0);
    assert_eq!(line["headers"]["content-length"][0], "4");
}
