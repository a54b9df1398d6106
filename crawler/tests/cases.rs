//! Cases that others have published: see `world/README.md`.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use crawler::html::{Syntax, Wanted};
use crawler::normalise::{self, Rules as Normal, Unfit};
use crawler::robots::{Found, Rules, place};
use serde::de::DeserializeOwned;
use url::{Position, Url};

fn cases<T: DeserializeOwned>(text: &str) -> Vec<T> {
    let lines = text.lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// A text, the crawler's name, a URL, and whether it is allowed.
type Robots = (String, String, String, bool);

/// Cases that ours answers in another way: the crawler's name and the URL of each.
fn differences(cases: &[Robots]) -> Vec<(&str, &str)> {
    let differs = |(text, name, url, allowed): &&Robots| {
        // Without a name: a name that is in no group.
        let name = if name.is_empty() || name == "*" {
            "anybody"
        } else {
            name
        };
        let base = Url::parse("http://example.org/").unwrap();
        let url = base.join(url).unwrap();
        let rules = Rules::new(Found::Text(text.as_bytes()), name, &place(&url));
        rules.allow(&url) != *allowed
    };
    let differ = cases.iter().filter(differs);
    differ
        .map(|(_, name, url, _)| (name.as_str(), url.as_str()))
        .collect()
}

#[test]
fn robots_txt_means_what_googles_parser_reads() {
    let cases: Vec<Robots> = cases(include_str!("world/robots-google.jsonl"));
    assert_eq!(cases.len(), 142);
    // `world/README.md` explains them.
    let expected = [
        ("FooBot", "http://foo.bar/foo/bar/\u{30c4}"),
        ("FooBot", "http://foo.bar/foo/bar/\u{30c4}"),
        ("FooBot", "http://foo.bar/foo/bar/baz"),
        ("foobot", "http://foo.com/allowed-slash/"),
    ];
    assert_eq!(differences(&cases), expected);
}

#[test]
fn robots_txt_means_what_protego_reads() {
    let cases: Vec<Robots> = cases(include_str!("world/robots-protego.jsonl"));
    assert_eq!(cases.len(), 309);
    // `world/README.md` explains them.
    let expected = [
        ("foo*bot", "http://foo.bar/myprofile"),
        ("foobot", "http://foo.bar/myprofile"),
        ("agent", "/foo"),
        ("agent", "/foobar"),
        ("agent", "/content/2"),
        ("footbot", "http://foo.com/allowed-slash/"),
        ("FooBot", "http://foo.bar/x%24/abcdef"),
        ("FooBot", "http://foo.bar/xabcx%24/abcdef"),
        ("FooBot", "http://foo.bar/x/abc$"),
        ("FooBot", "http://foo.bar/x/abc%24"),
        ("Unic\u{f6}deB\u{f6}t", "https://site.local/admin/"),
        (
            "Unic\u{f6}deB\u{f6}t",
            "https://site.local/some/randome/page.html",
        ),
        ("j\u{e4}vla-foobot", "/foo/bar.html"),
        (
            "Mozilla/5.0 (compatible; \u{41b}\u{44c}\u{432}\u{456}\u{432}-bot/1.1)",
            "/totalitarianism/foo.htm",
        ),
    ];
    assert_eq!(differences(&cases), expected);
}

#[test]
fn the_values_of_attributes_are_read_as_the_html_standard_says() {
    let cases: Vec<(String, Vec<String>)> = cases(include_str!("world/attributes-html5lib.jsonl"));
    assert_eq!(cases.len(), 2145);
    let base = Url::parse("http://example.org/").unwrap();
    let rules = Normal {
        keep_tracking: true,
        ..Normal::default()
    };
    let wanted = Wanted {
        rules,
        ..Wanted::default()
    };
    for (html, values) in cases {
        let page = crawler::html::read(
            html.as_bytes(),
            &base,
            encoding_rs::UTF_8,
            Syntax::Html,
            wanted,
            "x",
        );
        let found: Vec<&str> = page.links.iter().map(|link| link.url.as_str()).collect();
        let target = |value: &String| normalise::link(&base, value, None, rules).unwrap().url;
        let expected: Vec<Url> = values.iter().map(target).collect();
        let expected: Vec<&str> = expected.iter().map(Url::as_str).collect();
        assert_eq!(found, expected, "{html}");
    }
}

#[test]
fn links_lead_where_the_url_standard_says() {
    let cases: Vec<(String, String, Option<String>)> = cases(include_str!("world/urls-wpt.jsonl"));
    assert_eq!(cases.len(), 435);
    let rules = Normal {
        keep_tracking: true,
        ..Normal::default()
    };
    let mut differ = Vec::new();
    for (input, base, expected) in cases {
        let found = normalise::link(&base.parse().unwrap(), &input, None, rules);
        let found = match found {
            Ok(target) => Some(target.url.to_string()),
            Err(Unfit::NotAUrl) => None,
            Err(Unfit::Scheme | Unfit::UnknownScheme) => {
                // It is a URL, and of no scheme that is fetched.
                let url = Url::parse(expected.as_deref().unwrap_or("x"));
                assert!(
                    url.is_ok_and(|url| !url.scheme().starts_with("http")),
                    "{input}"
                );
                continue;
            }
        };
        let expected = expected.map(|href| {
            // Ours has one form of percent-encoding, and neither user nor fragment: the rest is equal.
            let mut url = Url::parse(&href).unwrap();
            assert_eq!(url.as_str(), href);
            url.set_fragment(None);
            let _ = (url.set_username(""), url.set_password(None));
            assert_eq!(
                &url[..Position::BeforePath],
                &Url::parse(&href).unwrap().origin().ascii_serialization()[..]
            );
            normalise::page(url, rules).unwrap().to_string()
        });
        if found != expected {
            differ.push((input, found, expected));
        }
    }
    assert_eq!(differ.len(), 0, "{differ:#?}");
}
