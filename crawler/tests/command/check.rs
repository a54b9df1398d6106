//! Checking links.

use super::*;

#[test]
fn check_tells_broken_links_and_fragments_and_ends_with_1() {
    let site = Site::builder().pages(3).links(1).start().unwrap();
    let (code, out, _) = output(&["check", &site.url("/html/fragments")]);
    assert_eq!(code, 1);
    assert!(out.contains("#nowhere\n  no such part"), "{out}");
    assert!(out.contains("/page/1#bottom\n  no such part"), "{out}");
    assert!(!out.contains("#here") && !out.contains("#top"), "{out}");
    let (code, out, err) = output(&["check", &site.url("/html/broken")]);
    assert_eq!(code, 1);
    assert!(
        out.contains("/status/404\n  404") && out.contains("not a URL"),
        "{out}"
    );
    assert!(
        err.contains("2 targets broken (2 links lead there), 1 redirected"),
        "{err}"
    );
    let (code, out, _) = output(&["check", &site.url("/")]);
    assert_eq!((code, out.as_str()), (0, ""));
}

#[test]
fn links_that_lead_out_are_asked_by_head_then_get_and_not_followed() {
    let other = Site::builder().pages(3).links(2).start().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let list = folder.path().join("list").display().to_string();
    std::fs::write(
        &list,
        "# others\n\n  ^http://127.0.0.1:[0-9]+/(status/404)?$\n",
    )
    .unwrap();
    for (target, methods, code) in [
        (other.url("/"), &["HEAD"][..], 0),
        (other.url("/status/404"), &["HEAD", "GET"][..], 1),
    ] {
        other.reset();
        let site = Tiny::html(&[("/", &format!("<a href='{target}'>x</a>"))]);
        let (found, out, err) = output(&["check", &site.url("/"), "--allow-private"]);
        assert_eq!(found, code, "{out}{err}");
        let asked: Vec<_> = other
            .counts()
            .log
            .into_iter()
            .map(|seen| seen.method)
            .collect();
        assert_eq!(asked, methods);
        other.reset();
        let arguments = ["check", &site.url("/"), "--allow-private"];
        for more in [
            &["--internal-only"][..],
            &["--skip", &target],
            &["--skip-file", &list],
            &["--exclude", "127"],
        ] {
            let (code, _, err) = output(&[&arguments, more].concat());
            assert_eq!(code, 0, "{err}");
        }
        assert_eq!(other.counts().requests, 0);
    }
}

/// What a limit of size or count cuts may be a broken link; what a guard against endless sites leaves out
/// is only told.
#[test]
fn what_a_limit_cuts_is_told_and_ends_with_1() {
    let links = |count: usize| -> String { (0..count).map(|n| format!("<a href={n}>")).collect() };
    let map: String = (0..=50_000)
        .map(|n| format!("<url><loc>/{n}</loc></url>"))
        .collect();
    let map = format!("<urlset>{map}</urlset>");
    let named: String = (0..1001).map(|n| format!("Sitemap: /map{n}\n")).collect();
    let dates: String = (0..20).map(|n| format!("<a href='/day?{n}'>")).collect();
    for (page, more, flags, code, text) in [
        (
            links(20_001),
            None,
            &[][..],
            1,
            "20001 links: the first 20000 are followed",
        ),
        (links(20_000), None, &[], 0, "20000 by excluded"),
        (
            "<p id=x>".repeat(1_000_001),
            None,
            &[],
            1,
            "1000001 names of parts: the first 1000000 are known",
        ),
        (
            "x".repeat(2000),
            None,
            &["--max-body=1999"],
            1,
            "longer than 1999 bytes",
        ),
        (
            String::new(),
            Some(("/sitemap.xml", &map)),
            &["--sitemaps"],
            1,
            "more than 50000 entries",
        ),
        (
            String::new(),
            Some(("/robots.txt", &named)),
            &["--sitemaps"],
            1,
            "names more sitemaps than the 1000",
        ),
        (
            dates,
            None,
            &["--max-per-pattern=5", "--accept=404"],
            0,
            "15 by per-pattern",
        ),
    ] {
        let mut pages = vec![("/", page.as_str())];
        pages.extend(more.map(|(path, text)| (path, text.as_str())));
        let site = Tiny::html(&pages);
        // Of the links only the dates are requested.
        let words = ["check", &site.url("/"), "--skip", "/[0-9]+$|/map"];
        let (found, out, err) = output(&[&words[..], flags].concat());
        assert_eq!(found, code, "{text}: {out}{err}");
        assert!((out + &err).contains(text), "{text}: {err}");
    }
}

/// The formats are read by programs that are not ours.
#[cfg(unix)]
#[test]
fn reports_for_programs_are_what_those_read() {
    let site = Tiny::html(&[(
        "/",
        "<a href='/gone?a=1&amp;b=<2>'>x</a>\n<a href=/gone2>y</a> <a href=/gone2#part>",
    )]);
    let check = |format: &str| {
        let (code, out, err) = output(&["check", &site.url("/"), "--format", format, "-q"]);
        assert_eq!(code, 1, "{err}");
        out
    };
    let document: serde_json::Value = serde_json::from_str(&check("json")).unwrap();
    let broken = document["broken"].as_array().unwrap();
    assert_eq!(broken.len(), 2, "{document}");
    assert_eq!(broken[0]["url"], site.url("/gone2"));
    assert_eq!(broken[0]["status"], 404);
    assert_eq!(broken[0]["count"], 2);
    assert_eq!(broken[0]["places"][0]["line"], 2);
    assert_eq!(document["summary"]["broken"], 2);
    assert_eq!(document["summary"]["broken_links"], 3);
    let lines = check("jsonl");
    for line in lines.lines() {
        let entry: serde_json::Value = serde_json::from_str(line).unwrap();
        assert!(entry["type"].is_string());
    }
    let program = "import sys, csv, xml.etree.ElementTree as tree
kind, text = sys.argv[1:]
if kind == 'csv':
    rows = list(csv.DictReader(text.splitlines()))
    assert sorted(row['line'] for row in rows) == ['1', '2', '2'], rows
    assert {row['error'] for row in rows} == {'404 Not Found'}, rows
else:
    suite = tree.fromstring(text)[0]
    assert suite.get('failures') == '2' and suite.get('tests') == '3', suite.attrib
    assert len(suite.findall('testcase')) == 3
    assert len(suite.findall('testcase/failure')) == 2
";
    for kind in ["csv", "junit"] {
        let mut python = Command::new("python3");
        let run = python.args(["-c", program, kind, &check(kind)]).output();
        match run {
            Ok(run) => assert!(
                run.status.success(),
                "{}",
                String::from_utf8_lossy(&run.stderr)
            ),
            Err(_) => eprintln!("python3 is not installed: {kind} was not read by another program"),
        }
    }
    let annotations = check("github");
    assert_eq!(annotations.lines().count(), 3);
    assert!(
        annotations
            .lines()
            .all(|line| line.starts_with("::error title=Broken link::http"))
    );
    assert_eq!(check("markdown").lines().count(), 4);
}

#[test]
fn links_that_were_right_not_long_ago_are_not_asked_for_again() {
    let other = Tiny::with(&[
        ("/", "", "200 OK", "<p id=part>x"),
        ("/moved", "location: /\r\n", "301 Moved Permanently", ""),
    ]);
    let page = ["/", "/moved", "/gone"].map(|it| format!("<a href='{}'>x</a>", other.url(it)));
    let site = Tiny::html(&[("/", &page.concat())]);
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path().join("cache").display().to_string();
    let seed = site.url("/");
    let check = |words: &[&str]| {
        let start = ["check", &seed, "--allow-private", "--cache", &cache];
        let (code, out, err) = output(&[&start, words].concat());
        (code, out.matches("broken ").count(), err)
    };
    let (code, broken, err) = check(&[]);
    assert_eq!((code, broken), (1, 1), "{err}");
    let first = other.log().len();
    let (code, broken, err) = check(&[]);
    assert_eq!((code, broken), (1, 1), "{err}");
    assert!(err.contains("2 outside links were not requested"), "{err}");
    // What was broken may have been mended.
    assert_eq!(other.log()[first..], ["HEAD /gone", "GET /gone"]);
    let before = other.log().len();
    check(&["--max-age", "0"]);
    assert!(other.log().len() >= before + 4, "{:?}", other.log());
    std::fs::write(&cache, "# My notes").unwrap();
    let (code, _, err) = check(&[]);
    assert_eq!(code, 1);
    assert!(err.contains("no cache of this program"), "{err}");
    assert_eq!(std::fs::read_to_string(&cache).unwrap(), "# My notes");
}

#[test]
fn fragments_are_told_as_they_are_written_and_what_is_broken_is_counted() {
    let site = Tiny::html(&[(
        "/",
        "<a href='#caf\u{e9} 1'>x</a><a href='#caf%C3%A9'>y</a><a href='/gone'>z</a><a href='#da\u{df}'>w</a><p id=da\u{df}>",
    )]);
    let (code, out, err) = output(&["check", &site.url("/")]);
    assert_eq!(code, 1);
    let told: Vec<String> = out
        .lines()
        .filter_map(|line| line.strip_prefix("broken "))
        .map(|url| url.replace(&site.url(""), ""))
        .collect();
    assert_eq!(told, ["/#caf%C3%A9", "/#caf\u{e9} 1", "/gone"]);
    assert!(
        err.contains("by kind: 2 no such part, 1 404 Not Found"),
        "{err}"
    );
    assert!(err.contains("by host: 3 127.0.0.1"), "{err}");
}

/// `crawler check … | head -1`: there is no message about the reader that left, and the exit code is that of
/// the links.
#[test]
fn a_reader_that_leaves_changes_no_verdict() {
    let broken = Tiny::html(&[("/", "<a href=/gone>")]);
    let right = Tiny::html(&[("/", "<a href=/>")]);
    let folder = tempfile::tempdir().unwrap();
    let db = folder.path().join("crawl.db");
    let db = db.to_str().unwrap();
    let (broken, right) = (broken.url("/"), right.url("/"));
    for (words, code) in [
        (&["check", &broken, "--quiet", "--db", db][..], 1),
        (&["check", &right, "--quiet"], 0),
        (&["report", db, "--format", "csv"], 0),
    ] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = crawler();
        let output = command.args(words).stdout(writer).output().unwrap();
        let err = String::from_utf8(output.stderr).unwrap();
        assert_eq!(
            (output.status.code(), err.as_str()),
            (Some(code), ""),
            "{words:?}"
        );
    }
}
