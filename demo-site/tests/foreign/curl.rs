//! curl's findings.

use std::process::Output;

use demo_site::{Site, content};

use crate::support::{curl, text};

const TEXT: &str = "many hands make light work\n";

fn site() -> Site {
    Site::builder().pages(3).start().unwrap()
}

fn told(output: &Output) -> (Option<i32>, String) {
    (output.status.code(), text(&output.stdout))
}

/// Runs curl for each path; tells of those that come out otherwise: exit code and output.
fn all(test: &str, url: impl Fn(&str) -> String, cases: &[(&str, &[&str], i32, &str)]) {
    let Some(curl) = curl(test) else { return };
    let wrong: Vec<String> = cases
        .iter()
        .filter_map(|(path, options, code, output)| {
            let url = url(path);
            let found = told(&curl(&[options, &[url.as_str()][..]].concat()));
            let expected = (Some(*code), (*output).to_owned());
            (found != expected).then(|| format!("{path} {options:?}: {found:?}, not {expected:?}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn codings() {
    let site = site();
    all(
        "codings",
        |path| site.url(path),
        &[
            ("/gzip", &["--compressed"], 0, TEXT),
            ("/gzip/twice", &["--compressed"], 0, TEXT),
            ("/deflate/zlib", &["--compressed"], 0, TEXT),
            ("/deflate/raw", &["--compressed"], 0, TEXT),
            ("/br", &["--compressed"], 0, TEXT),
            ("/zstd", &["--compressed"], 0, TEXT),
            ("/coding/none", &["--compressed"], 0, TEXT),
            ("/coding/identity", &["--compressed"], 0, TEXT),
            ("/coding/list", &["--compressed"], 0, TEXT),
            ("/coding/two-headers", &["--compressed"], 0, TEXT),
            ("/coding/unknown", &["--compressed"], 61, ""),
            (
                "/coding/chain",
                &["--compressed", "-o", "/dev/null"],
                61,
                "",
            ),
        ],
    );
}

#[test]
fn early_answers_and_odd_heads() {
    let site = site();
    let code: &[&str] = &["-w", "%{http_code}"];
    all(
        "early answers and odd heads",
        |path| site.raw_url(path),
        &[
            ("/early/continue", code, 0, "ok\n200"),
            ("/early/hints", code, 0, "ok\n200"),
            ("/early/many", code, 0, "ok\n200"),
            ("/head/folded", code, 0, "ok\n200"),
            ("/head/bare-lf", code, 0, "ok\n200"),
            ("/head/no-reason", code, 0, "ok\n200"),
            ("/transfer/gzip", &[], 0, TEXT),
            ("/transfer/unknown", &[], 61, ""),
            ("/transfer/bare-lf", &[], 0, "ok\n"),
            ("/transfer/trailer", &[], 0, "ok\n"),
            ("/transfer/length", &[], 0, "ok\n"),
            ("/landing", &["--http2-prior-knowledge"], 0, "ok\n"),
            ("/goaway/after", &["--http2-prior-knowledge"], 0, "ok\n"),
        ],
    );
}

#[test]
fn a_folded_header_is_one() {
    let Some(curl) = curl("a folded header") else {
        return;
    };
    let site = site();
    let output = curl(&[
        "-o",
        "/dev/null",
        "-w",
        "%{header_json}",
        &site.raw_url("/head/folded"),
    ]);
    let found = text(&output.stdout);
    assert!(
        found.contains("\"x-folded\":[\"one two\\tthree\"]"),
        "{found}"
    );
}

#[test]
fn passwords_and_tokens() {
    let site = site();
    let right = ["-u", "ann:secret", "-w", "%{http_code}"];
    let with = |more: &[&'static str]| [more, &right].concat();
    let (basic, digest, any) = (
        with(&["--basic"]),
        with(&["--digest"]),
        with(&["--anyauth"]),
    );
    let wrong = [
        "-u",
        "ann:wrong",
        "-o",
        "/dev/null",
        "-w",
        "%{http_code}",
        "--digest",
    ];
    let welcome = "welcome\n200";
    all(
        "passwords and tokens",
        |path| site.url(path),
        &[
            ("/auth/basic", &basic, 0, welcome),
            ("/auth/basic", &any, 0, welcome),
            (
                "/auth/basic",
                &["-o", "/dev/null", "-w", "%{http_code}"],
                0,
                "401",
            ),
            ("/auth/digest", &digest, 0, welcome),
            ("/auth/digest", &any, 0, welcome),
            ("/auth/digest?stale=1", &digest, 0, welcome),
            ("/auth/digest?qop=none", &digest, 0, welcome),
            ("/auth/digest/md5-sess", &digest, 0, welcome),
            ("/auth/digest/sha-256", &digest, 0, welcome),
            ("/auth/digest/sha-256-sess", &digest, 0, welcome),
            ("/auth/digest", &wrong, 0, "401"),
            ("/auth/digest/sha-256", &wrong, 0, "401"),
            (
                "/auth/bearer",
                &["-H", "Authorization: Bearer s3cr3t"],
                0,
                "welcome\n",
            ),
            ("/redirect/userinfo", &["-L"], 0, "welcome\n"),
            ("/auth/redirect", &["-L", "-u", "ann:secret"], 0, "landed\n"),
        ],
    );
    // curl takes no password along to the other port.
    let log = site.counts().log;
    assert!(
        log.iter()
            .filter(|seen| seen.path == "/landing")
            .all(|seen| seen.header("authorization").is_none())
    );
}

#[test]
fn cookies() {
    let site = site();
    let jar: &[&str] = &["-L", "-b", ""];
    all(
        "cookies",
        |path| site.url(path),
        &[
            ("/cookies/set?a=b", jar, 0, "a=b\n"),
            ("/cookies/wall", jar, 0, "welcome\n"),
            ("/cookies/wall", &["-L", "-o", "/dev/null"], 47, ""),
            ("/cookies/trail", jar, 0, "arrived\n"),
            ("/cookies/trail", &["-L", "-f"], 22, ""),
            ("/cookies/refused", jar, 0, ""),
            ("/cookies/show", &["-b", "x=y; z=1"], 0, "x=y\nz=1\n"),
        ],
    );
}

#[test]
fn locations() {
    let site = site();
    all(
        "locations",
        |path| site.url(path),
        &[
            ("/redirect/latin-1", &["-L"], 0, "the file caf%e9.txt\n"),
            ("/redirect/utf-8", &["-L"], 0, "the file caf%c3%a9.txt\n"),
            ("/redirect/space", &["-L"], 0, "the file a%20b.txt\n"),
            ("/redirect/two", &["-L"], 0, "the file a\n"),
            ("/redirect/empty", &["-L"], 0, "look elsewhere\n"),
        ],
    );
}

/// Begins a file and goes on with it, as `curl -C -` does: without If-Range, and trusting.
#[test]
fn parts() {
    let Some(curl) = curl("parts") else { return };
    let (size, cut) = (100_000, 40_000);
    let (old, new) = (content::part(1, 0..size), content::part(2, 0..size));
    let (head, rest) = old.split_at(cut);
    let spliced = [head, &new[cut..]].concat();
    // The kinds, curl's exit code for the second run, and what it has then.
    for (kind, code, expected) in [
        ("right", 0, old.clone()),
        ("unit-case", 0, old.clone()),
        ("no-total", 0, old.clone()),
        ("short", 0, old[..70_000].to_vec()),
        ("long", 0, [head, &head[cut - 100..], rest].concat()),
        ("changed-tag", 0, spliced.clone()),
        ("changed-date", 0, spliced.clone()),
        ("changed-unsaid", 0, spliced),
        (
            "changed-total",
            0,
            [head, &content::part(2, 40_000..size + 100)].concat(),
        ),
        ("early", 33, head.to_vec()),
        ("ignored", 33, head.to_vec()),
        ("changed-whole", 33, head.to_vec()),
    ] {
        let site = site();
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        let args = ["-o", file.to_str().unwrap(), "-C", "-"];
        let url = site.raw_url(&format!("/part/{kind}"));
        let args = [&args[..], &[url.as_str()]].concat();
        assert_eq!(curl(&args).status.code(), Some(18), "{kind}: it breaks off");
        assert_eq!(std::fs::read(&file).unwrap(), head, "{kind}");
        let found = curl(&args).status.code();
        let is_so = std::fs::read(&file).unwrap() == expected;
        assert_eq!((found, is_so), (Some(code), true), "{kind}");
    }
}

#[test]
fn what_tells_of_a_change_is_in_the_head() {
    let Some(curl) = curl("heads of parts") else {
        return;
    };
    let site = site();
    let head = |kind: &str| {
        let url = site.raw_url(&format!("/part/{kind}"));
        text(&curl(&["-r", "40000-", "-D", "-", "-o", "/dev/null", &url]).stdout)
    };
    for (kind, lines) in [
        (
            "right",
            &[
                "HTTP/1.1 206",
                "etag: \"1\"",
                "content-range: bytes 40000-99999/100000",
            ][..],
        ),
        (
            "changed-tag",
            &["HTTP/1.1 206", "etag: \"2\"", "bytes 40000-99999/100000"],
        ),
        (
            "changed-date",
            &[
                "last-modified: Mon, 07 Nov 1994",
                "bytes 40000-99999/100000",
            ],
        ),
        (
            "changed-total",
            &["etag: \"2\"", "bytes 40000-100099/100100"],
        ),
        (
            "short",
            &["bytes 40000-69999/100000", "content-length: 30000"],
        ),
        (
            "early",
            &["bytes 39000-99999/100000", "content-length: 61000"],
        ),
        ("unit", &["content-range: items 40000-99999/100000"]),
        ("garbled", &["content-range: bytes x-y/z"]),
        (
            "refused",
            &["HTTP/1.1 416", "content-range: bytes */100000"],
        ),
        (
            "multipart",
            &["content-type: multipart/byteranges; boundary=border"],
        ),
    ] {
        let head = head(kind);
        for line in lines {
            assert!(head.contains(line), "{kind}: {line} is not in {head}");
        }
    }
    assert!(!head("changed-unsaid").contains("etag"));
    assert!(!head("no-content-range").contains("content-range"));
    let unasked = site.raw_url("/part/unasked");
    let head = text(&curl(&["-D", "-", "-o", "/dev/null", &unasked]).stdout);
    assert!(
        head.contains("206") && head.contains("bytes 0-39999/100000"),
        "{head}"
    );
}
