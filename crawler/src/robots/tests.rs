//! The rules of robots.txt.

use super::*;

fn allowed(text: &str, path: &str) -> bool {
    let url = Url::parse("http://example.org/")
        .unwrap()
        .join(path)
        .unwrap();
    Rules::new(Found::Text(text.as_bytes()), NAME, &place(&url)).allow(&url)
}

#[test]
fn the_product_token_decides_and_versions_do_not() {
    let url = Url::parse("http://example.org/secret").unwrap();
    let text = "User-agent: mybot/2.0 # ours\nDisallow: /secret\n";
    let allowed = |name| Rules::new(Found::Text(text.as_bytes()), name, &place(&url)).allow(&url);
    assert!(!allowed(product("MyBot/1.0 (+x)")));
    assert!(allowed(product("mybots/1.0")));
    assert!(allowed(NAME));
}

/// The examples of RFC 9309, section 2.2.3.
#[test]
fn escaped_signs_are_characters() {
    let rule = |path: &str| format!("User-agent: *\nDisallow: {path}\n");
    assert!(!allowed(
        &rule("/path/file-with-a-%2A.html"),
        "/path/file-with-a-*.html"
    ));
    assert!(!allowed(
        &rule("/path/file-with-a-%2A.html"),
        "/path/file-with-a-%2a.html"
    ));
    assert!(allowed(
        &rule("/path/file-with-a-%2A.html"),
        "/path/file-with-a-x.html"
    ));
    assert!(!allowed(&rule("/path/foo-%24"), "/path/foo-$"));
    assert!(allowed(&rule("/path/foo-%24"), "/path/foo-"));
    assert!(!allowed(
        &rule("/foo/bar?baz=https://foo.bar"),
        "/foo/bar?baz=https://foo.bar"
    ));
    assert!(!allowed(&rule("/foo/bar/\u{30c4}"), "/foo/bar/%E3%83%84"));
    assert!(!allowed(&rule("/foo/bar/%62%61%7A"), "/foo/bar/baz"));
}

#[test]
fn sitemaps_may_be_relative() {
    let place = place(&Url::parse("http://example.org/a").unwrap());
    let text =
        b"\xef\xbb\xbfSitemap: /maps/a.xml\nsitemap:http://b.example/s # x\nSitemap: /maps/a.xml";
    let rules = Rules::new(Found::Text(text), NAME, &place);
    let urls: Vec<&str> = rules.sitemaps().iter().map(Url::as_str).collect();
    assert_eq!(
        urls,
        ["http://example.org/maps/a.xml", "http://b.example/s"]
    );
    let many: String = (0..1001).map(|n| format!("Sitemap: /{n}\n")).collect();
    let rules = Rules::new(Found::Text(many.as_bytes()), NAME, &place);
    assert_eq!((rules.sitemaps().len(), rules.sitemaps_cut()), (1000, 1));
}

#[test]
fn a_tag_for_another_crawler_is_not_for_this_one() {
    for (value, forbids) in [
        ("nofollow", true),
        ("noindex, NoFollow", true),
        ("none", true),
        ("noindex", false),
        ("googlebot: nofollow", false),
        ("googlebot: noindex, nofollow", false),
        ("many-hands-crawler: nofollow", true),
        (
            "unavailable_after: 25 Jun 2026 15:00:00 PST, nofollow",
            true,
        ),
        ("noindex, max-snippet: 20", false),
    ] {
        assert_eq!(tag_forbids_following(value, NAME), forbids, "{value}");
    }
}

#[test]
fn the_examples_of_the_rfc() {
    // Section 5.1 and 5.2 of RFC 9309.
    let simple = "User-Agent: *\nDisallow: *.gif$\nDisallow: /example/\nAllow: /publications/\n\n\
                  User-Agent: foobot\nDisallow:/\nAllow:/example/page.html\n";
    assert!(allowed(simple, "/publications/a"));
    assert!(!allowed(simple, "/example/page.html"));
    assert!(!allowed(simple, "/picture.gif"));
    assert!(allowed(simple, "/picture.gifs"));
    let longest = "User-Agent: *\nAllow: /example/page/\nDisallow: /example/page/disallowed.gif\n";
    assert!(allowed(longest, "/example/page/a"));
    assert!(!allowed(longest, "/example/page/disallowed.gif"));
}

#[test]
fn its_own_group_wins_over_that_of_all_and_equal_rules_allow() {
    let text = format!("User-agent: *\nDisallow: /\n\nUser-agent: {NAME}\nDisallow: /x\n");
    assert!(allowed(&text, "/a"));
    assert!(!allowed(&text, "/x"));
    assert!(allowed("User-agent: *\nDisallow: /a\nAllow: /a\n", "/a"));
    assert!(allowed("\u{feff}User-agent: other\nDisallow: /\n", "/a"));
    assert!(!allowed("user-agent:*\r\ndisallow:/%7ea", "/~a"));
    assert!(allowed("User-agent: *\nDisallow: /", "/robots.txt"));
}

#[test]
fn what_is_found_instead_of_a_text_decides_too() {
    let url = Url::parse("http://example.org/a").unwrap();
    for (found, allowed) in [
        (Found::Status(404), true),
        (Found::Status(401), true),
        (Found::Status(429), true),
        (Found::Status(500), false),
        (Found::Status(599), false),
        (Found::TooManyRedirects, true),
        (Found::Nothing("it is away"), false),
        (Found::Text(b""), true),
        (Found::Text(b"<html>\xff\x00not a robots.txt"), true),
    ] {
        let rules = Rules::new(found, NAME, &place(&url));
        assert_eq!(rules.allow(&url), allowed, "{found:?}");
        assert_eq!(rules.trouble().is_none(), allowed, "{found:?}");
    }
}

#[test]
fn a_delay_is_kept_to_up_to_a_limit() {
    let url = Url::parse("http://example.org/").unwrap();
    let delay = |text: &str| Rules::new(Found::Text(text.as_bytes()), NAME, &url).delay();
    assert_eq!(
        delay("User-agent: *\nCrawl-delay: 1.5"),
        Some(Duration::from_millis(1500))
    );
    assert_eq!(
        delay("User-agent: *\nCrawl-delay: 86400"),
        Some(LONGEST_DELAY)
    );
    assert_eq!(delay("User-agent: *\nCrawl-delay: soon"), None);
}

#[test]
fn of_a_long_one_the_whole_lines_of_the_first_500_kib_count() {
    let rules = "User-agent: *\nDisallow: /private\n";
    let last = "Disallow: /last\n";
    let filler = "#".repeat(BYTES as usize - rules.len() - last.len() - 1);
    let whole = format!("{rules}{filler}\n{last}");
    assert_eq!(whole.len() as u64, BYTES);
    assert!(!allowed(&whole, "/last") && !allowed(&whole, "/private"));
    let longer = format!("{rules}#{filler}\n{last}Disallow: /beyond\n");
    assert!(!allowed(&longer, "/private"));
    assert!(allowed(&longer, "/last/1") && allowed(&longer, "/beyond"));
    assert!(allowed(&"x".repeat(BYTES as usize + 1), "/"));
}

#[test]
fn it_lies_at_the_root_of_the_host() {
    let url = Url::parse("http://example.org:8080/a/b?c#d").unwrap();
    assert_eq!(place(&url).as_str(), "http://example.org:8080/robots.txt");
}
