//! What is sent along, and to whom.

use super::*;

/// Headers that are secrets.
const SECRETS: [&str; 3] = ["authorization: basic ", "x-api-key: k", "cookie: s=1"];

#[test]
fn secrets_are_sent_to_the_servers_of_the_urls_given_and_to_no_other() {
    for model in ["serial", "threads", "processes", "async", "rayon"] {
        let other = Tiny::html(&[("/", "x"), ("/moved", "y")]);
        let location = format!("location: {}\r\n", other.url("/moved"));
        let page = format!(
            "<a href=/page>x</a><a href=/out>y</a><a href='{}'>z</a>",
            other.url("/")
        );
        let site = Tiny::with(&[
            ("/", "", "200 OK", &page),
            ("/page", "", "200 OK", "x"),
            ("/out", &location, "302 Found", ""),
        ]);
        let (code, _, err) = output(&[
            "check",
            &site.url("/"),
            "--allow-private",
            "--model",
            model,
            "-u",
            "Aladdin:open sesame",
            "-H",
            "X-Api-Key: k",
            "-H",
            "Accept-Language: eo",
            "-b",
            "s=1",
        ]);
        assert_eq!(code, 0, "{model}: {err}");
        let (own, others) = (site.heads(), other.heads());
        assert_eq!(
            (own.len(), others.len()),
            (4, 2),
            "{model}: {:?}",
            other.log()
        );
        for head in &own {
            assert!(
                SECRETS.iter().all(|it| head.contains(it)),
                "{model}: {head}"
            );
            // RFC 7617, section 2, in small letters.
            assert!(head.contains("qwxhzgrpbjpvcgvuihnlc2ftzq=="), "{head}");
        }
        for head in &others {
            assert!(
                !SECRETS.iter().any(|it| head.contains(it)),
                "{model}: {head}"
            );
            assert!(head.contains("accept-language: eo"), "{model}: {head}");
        }
    }
}

#[test]
fn a_password_in_a_url_is_sent_and_never_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let site = Tiny::html(&[("/", "<a href=/page>x</a>"), ("/page", "y")]);
    let seed = site.url("/").replace("http://", "http://me:geheim@");
    let (db, warc) = (path("x.db"), path("x.warc.gz"));
    for words in [
        vec![seed.as_str(), "--db", &db, "--warc", &warc],
        vec!["check", &seed],
        vec![&seed, "--model", "all", "--json"],
        vec!["http://me:geheim@[::1"],
    ] {
        let (_, out, err) = output(&words);
        assert!(
            !out.contains("geheim") && !err.contains("geheim"),
            "{out}{err}"
        );
    }
    // `printf me:geheim | base64`, in small letters.
    let sent = |head: &String| head.contains("authorization: basic bwu6z2vozwlt");
    let heads = site.heads();
    assert!(!heads.is_empty() && heads.iter().all(sent), "{heads:?}");
    let mut kept = Vec::new();
    let packed = std::fs::File::open(&warc).unwrap();
    flate2::read::MultiGzDecoder::new(packed)
        .read_to_end(&mut kept)
        .unwrap();
    for file in std::fs::read_dir(folder.path()).unwrap() {
        kept.extend(std::fs::read(file.unwrap().path()).unwrap());
    }
    let kept = String::from_utf8_lossy(&kept);
    assert!(!kept.contains("geheim") && !kept.contains("bWU6Z2VoZWlt"));
}

#[test]
fn cookies_are_kept_for_the_run_on_request() {
    for model in ["threads", "rayon"] {
        for (words, expected) in [(&["--cookies"][..], true), (&[], false)] {
            let site = Tiny::with(&[
                ("/", "set-cookie: a=1\r\n", "200 OK", "<a href=/page>x</a>"),
                ("/page", "", "200 OK", "y"),
            ]);
            let seed = site.url("/");
            let (code, _, err) = output(&[&[&seed, "--model", model][..], words].concat());
            assert_eq!(code, 0, "{err}");
            let heads = site.heads();
            assert_eq!(
                heads[2].contains("cookie: a=1"),
                expected,
                "{model}: {heads:?}"
            );
        }
    }
}
