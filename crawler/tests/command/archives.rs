//! Archives, as others read them.

use super::*;

/// A record as warcio reads it.
#[derive(serde::Deserialize)]
pub(super) struct Record {
    pub(super) kind: String,
    pub(super) url: String,
    pub(super) status: u16,
    pub(super) body: String,
    /// Where the body is, that a `revisit` has not.
    refers_to: Option<String>,
}

/// What Python's warcio reads; nothing, and a word, where it is not installed.
pub(super) fn read_by_warcio(path: &Path) -> Option<Vec<Record>> {
    const SCRIPT: &str = "
import json, sys
from warcio.archiveiterator import ArchiveIterator
with open(sys.argv[1], 'rb') as stream:
    for record in ArchiveIterator(stream, check_digests=True):
        kind = record.rec_type
        status = record.http_headers.get_statuscode() if kind in ('response', 'revisit') else '0'
        body = record.content_stream().read().decode('utf-8', 'replace')
        url = record.rec_headers.get_header('WARC-Target-URI') or ''
        refers_to = record.rec_headers.get_header('WARC-Refers-To-Target-URI')
        print(json.dumps({'kind': kind, 'url': url, 'status': int(status), 'body': body, 'refers_to': refers_to}))
";
    let has = Command::new("python3")
        .args(["-c", "import warcio"])
        .output();
    if !has.is_ok_and(|has| has.status.success()) {
        eprintln!("not read by warcio, which is not installed: pip install warcio");
        return None;
    }
    let read = Command::new("python3")
        .args(["-c", SCRIPT])
        .arg(path)
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&read.stderr);
    assert!(read.status.success(), "{errors}");
    let text = String::from_utf8(read.stdout).unwrap();
    Some(
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect(),
    )
}

#[test]
fn archives_with_what_is_hard_to_archive_are_read_by_others() {
    let site = Site::builder().pages(2).links(1).start().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let warc = folder.path().join("x.warc.gz");
    let seeds = [
        "/",
        "/gzip",
        "/redirect/chain/1",
        "/status/404",
        "/charset/koi8-r",
    ]
    .map(|it| site.url(it));
    let output = crawler()
        .args(&seeds)
        .arg("--warc")
        .arg(&warc)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1), "a 404 is among them");
    if let Some(records) = read_by_warcio(&warc) {
        let is_answer = |it: &&Record| it.kind == "response" && !it.url.ends_with("/robots.txt");
        let answers: Vec<_> = records.iter().filter(is_answer).collect();
        let statuses: HashSet<u16> = answers.iter().map(|it| it.status).collect();
        assert_eq!(statuses, [200, 302, 404].into());
        // Both pages, the end of the chain, and what else was asked for.
        assert_eq!(answers.len(), 7);
        assert!(records[0].kind == "warcinfo");
    }
}

#[test]
fn robots_txt_sitemaps_and_bodies_that_come_again_are_in_an_archive() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let site = Tiny::html(&[
        ("/", "<a href=/one>x</a><a href=/two>y</a>"),
        ("/one", "the same"),
        ("/two", "the same"),
        ("/robots.txt", "User-agent: *\nSitemap: /map.xml\n"),
        ("/map.xml", "<urlset><url><loc>/one</loc></url></urlset>"),
    ]);
    let (seed, db, warc) = (site.url("/"), path("x.db"), path("x.warc.gz"));
    let start = [&seed, "--sitemaps", "--db", &db];
    let all = [&start[..], &["--warc", &warc, "--max-pages", "1"]].concat();
    assert_eq!(output(&all).0, 0);
    // It would have holes.
    let (code, _, err) = output(&[&start[..], &["--resume"]].concat());
    assert_eq!(code, 1);
    assert!(err.contains("holes"), "{err}");
    let (code, _, err) = output(&[&start[..], &["--resume", "--warc", &warc]].concat());
    assert_eq!(code, 0, "{err}");
    let Some(records) = read_by_warcio(Path::new(&warc)) else {
        return;
    };
    let of = |name: &str| {
        let url = site.url(name);
        let found = records
            .iter()
            .filter(|it| it.url == url && it.kind != "request");
        found.collect::<Vec<_>>()
    };
    for name in ["/", "/robots.txt", "/map.xml"] {
        assert!(
            of(name)
                .iter()
                .all(|it| it.kind == "response" && it.status == 200)
        );
    }
    // Asked for in both runs.
    assert_eq!(
        (of("/").len(), of("/robots.txt").len(), of("/map.xml").len()),
        (1, 2, 1)
    );
    let pages = [of("/one"), of("/two")].concat();
    let kinds: Vec<&str> = pages.iter().map(|it| it.kind.as_str()).collect();
    assert_eq!(kinds.len(), 2);
    // The order of the two is not known, nor whether a run ended between them.
    if let Some(revisit) = pages.iter().find(|it| it.kind == "revisit") {
        let other = pages.iter().find(|it| it.kind == "response").unwrap();
        assert_eq!(revisit.refers_to.as_deref(), Some(other.url.as_str()));
        assert_eq!(
            (revisit.body.as_str(), other.body.as_str()),
            ("", "the same")
        );
    }
}

/// What the server got is what the archive has, but for secrets.
#[test]
fn requests_are_archived_as_they_were_sent() {
    let folder = tempfile::tempdir().unwrap();
    for model in ["threads", "rayon"] {
        let site = Tiny::html(&[("/", "x")]);
        let warc = folder.path().join(model).display().to_string();
        let flags = [
            "-H",
            "X-Mine: 1",
            "-H",
            "Accept: text/html",
            "-H",
            "X-Token: 7",
            "--user-agent",
            "mine/1",
        ];
        let words = [
            &site.url("/"),
            "--warc",
            &warc,
            "--ignore-robots",
            "--model",
            model,
        ];
        let second = || jiff::Timestamp::now().strftime("%FT%TZ").to_string();
        let before = second();
        let (code, _, err) = output(&[&words[..], &flags].concat());
        assert_eq!(code, 0, "{err}");
        let after = second();
        let archive = std::fs::read(&warc).unwrap();
        let mut text = String::new();
        flate2::read::MultiGzDecoder::new(&archive[..])
            .read_to_string(&mut text)
            .unwrap();
        let dates = text
            .lines()
            .filter_map(|line| line.strip_prefix("WARC-Date: "));
        for date in dates {
            assert!(
                *before <= *date && *date <= *after,
                "{before} {date} {after}"
            );
        }
        let (_, request) = text.split_once("\r\n\r\nGET ").unwrap();
        let (request, _) = request.split_once("\r\n\r\n").unwrap();
        let lines = |text: &str| -> HashSet<String> {
            text.lines().skip(1).map(str::to_lowercase).collect()
        };
        let mut sent: HashSet<String> = site.heads()[0].lines().map(str::to_owned).collect();
        assert!(sent.remove("x-token: 7"), "{sent:?}");
        assert_eq!(lines(request), sent, "{model}");
    }
}

#[test]
fn an_archive_is_not_begun_in_the_midst_of_a_crawl() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let site = Tiny::html(&[("/", "x")]);
    let (seed, db, warc) = (site.url("/"), path("x.db"), path("x.warc.gz"));
    assert_eq!(output(&[&seed, "--db", &db]).0, 0);
    let (code, _, err) = output(&[&seed, "--db", &db, "--resume", "--warc", &warc]);
    assert_eq!(code, 1);
    assert!(err.contains("it writes no archive"), "{err}");
    // An existing file is replaced only on request.
    std::fs::write(&warc, "mine").unwrap();
    let (code, _, err) = output(&[&seed, "--warc", &warc]);
    assert_eq!(code, 1);
    assert!(err.contains("the file exists"), "{err}");
    assert_eq!(std::fs::read_to_string(&warc).unwrap(), "mine");
    let db = path("y.db");
    assert_eq!(
        output(&[&seed, "--warc", &warc, "--db", &db, "--overwrite"]).0,
        0
    );
    assert!(std::fs::read(&warc).unwrap().starts_with(&[0x1f, 0x8b]));
}
