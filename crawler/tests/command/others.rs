//! What users of other crawlers and checkers have reported: how each ends here.

use super::*;

/// What `check` says of a site, but for where that is.
fn broken(site: &Tiny, words: &[&str]) -> (i32, Vec<String>, String) {
    let (code, out, err) = output(&[&["check", &site.url("/"), "--retries=0"][..], words].concat());
    let lines = out.lines().filter_map(|line| line.strip_prefix("broken "));
    let urls = lines.map(|url| url.replace(&site.url(""), "")).collect();
    (code, urls, format!("{out}{err}"))
}

/// linkinator 883: behind a redirect that adds a slash nothing was checked. linkinator 529: links there
/// were relative to the address before the redirect.
#[test]
fn behind_a_redirect_that_adds_a_slash_links_are_found_and_are_relative_to_it() {
    let site = Tiny::with(&[
        ("/", "", "200 OK", "<a href=child>x</a>"),
        (
            "/child",
            "location: /child/\r\n",
            "301 Moved Permanently",
            "",
        ),
        ("/child/", "", "200 OK", "<a href=grandchild>x</a>"),
        ("/child/grandchild", "", "200 OK", "<a href=/gone>x</a>"),
    ]);
    let (code, urls, text) = broken(&site, &[]);
    assert_eq!((code, urls), (1, vec!["/gone".to_owned()]), "{text}");
}

/// linkinator 511: a comma at the end of a candidate was taken for a part of its URL.
#[test]
fn a_comma_ends_a_candidate_of_a_srcset() {
    let site = Tiny::html(&[
        ("/", "<img srcset='/a.png, /b.png 2x' src='/a.png'>"),
        ("/a.png", ""),
        ("/b.png", ""),
    ]);
    let (code, urls, text) = broken(&site, &[]);
    assert_eq!((code, urls.len()), (0, 0), "{text}");
}

/// linkchecker 513 and 179: of two parts of a page the second got the answer of the first. A report of
/// muffet's users (nhsbsa-digital-playbook 73): a name with a slash, percent-encoded in the link. lychee
/// 2179: names with dots and dashes.
#[test]
fn each_part_of_a_page_is_looked_for() {
    let site = Tiny::html(&[
        (
            "/",
            "<a href='/p#broken'>x</a><a href='/p#working'>y</a><a href='/p#merge%2Fpull-requests'>z</a>\
             <a href='/p#Documentation/git-rev-parse.txt---verify'>v</a>",
        ),
        (
            "/p",
            "<span id=working></span><h2 id='merge/pull-requests'>x</h2><p id='Documentation/git-rev-parse.txt---verify'>",
        ),
    ]);
    let (code, urls, text) = broken(&site, &[]);
    assert_eq!((code, urls), (1, vec!["/p#broken".to_owned()]), "{text}");
}

/// lychee 726: a redirect to what is not there passed for a success. lychee 1411 and scrapy 2774: a
/// redirect that wants a cookie goes round in a circle.
#[test]
fn redirects_to_nowhere_and_in_circles_are_broken_and_say_so() {
    let site = Tiny::with(&[
        ("/", "", "200 OK", "<a href=/old>x</a><a href=/wall>y</a>"),
        ("/old", "location: /gone\r\n", "301 Moved Permanently", ""),
        (
            "/wall",
            "location: /wall\r\nset-cookie: seen=1\r\n",
            "301 Moved Permanently",
            "",
        ),
    ]);
    let (code, urls, text) = broken(&site, &[]);
    assert_eq!(
        (code, urls),
        (1, vec!["/old".to_owned(), "/wall".to_owned()]),
        "{text}"
    );
    assert!(text.contains("/gone: 404 Not Found"), "{text}");
    assert!(
        text.contains("redirect loop (it may want a cookie)"),
        "{text}"
    );
}

/// scrapy, pull request 78: a redirect says that its body is gzip, and it is not.
#[test]
fn a_redirect_whose_body_is_not_what_it_says_is_a_redirect() {
    for model in ["threads", "rayon"] {
        let site = Tiny::with(&[
            ("/", "", "200 OK", "<a href=/old>x</a>"),
            (
                "/old",
                "location: /new\r\ncontent-encoding: gzip\r\n",
                "302 Found",
                "moved",
            ),
            ("/new", "", "200 OK", "x"),
        ]);
        let (code, _, text) = broken(&site, &["--model", model]);
        assert_eq!(code, 0, "{model}: {text}");
        assert!(
            site.log().contains(&"GET /new".to_owned()),
            "{model}: {text}"
        );
    }
}

/// linkchecker 434: pages that are named in many ways were lost, or fetched again for each.
#[test]
fn many_spellings_name_the_same_page() {
    let page = "<a href='./p'>x</a><a href='/./p#'>y</a><a href='http:/p'>z</a><a href='%70'>v</a><a href='\\p?'>w</a>";
    let site = Tiny::html(&[("/p", "x"), ("/", page)]);
    let (code, _, text) = broken(&site, &[]);
    assert_eq!(code, 0, "{text}");
    let asked = site.log().iter().filter(|it| *it == "GET /p").count();
    assert_eq!(asked, 1, "{text}");
}

/// scrapy 6292 and 2373: a robots.txt that is not UTF-8 was not obeyed, or ended the crawl. A site's
/// whole robots.txt may be one page of HTML, too.
#[test]
fn an_odd_robots_txt_is_read_as_far_as_it_is_one() {
    let text = "# r\u{e9}gles\nUser-agent: *\nDisallow: /secret\n";
    for robots in [
        text,
        "\u{feff}User-agent: *\r\rDisallow: /secret",
        "User-agent: *\nDisallow:/secret #x",
    ] {
        let site = Tiny::html(&[
            ("/", "<a href=/secret>x</a><a href=/open>y</a>"),
            ("/open", "x"),
            ("/secret", "x"),
            ("/robots.txt", robots),
        ]);
        let (code, urls, text) = broken(&site, &[]);
        assert_eq!((code, urls.len()), (0, 0), "{text}");
        assert!(
            !site.log().iter().any(|it| it.ends_with("/secret")),
            "{robots:?}"
        );
    }
    let site = Tiny::html(&[
        ("/", "<a href=/open>y</a>"),
        ("/open", "x"),
        (
            "/robots.txt",
            "<!doctype html><title>Welcome</title><p>User-agent of the month",
        ),
    ]);
    assert_eq!(broken(&site, &[]).0, 0);
    assert!(site.log().contains(&"GET /open".to_owned()));
}

/// Redirects in a row, an unknown scheme and a slow page, each as the report shows it.
#[test]
fn long_chains_unknown_schemes_and_slow_pages_are_reported() {
    let locations: Vec<String> = (1..=12).map(|n| format!("location: /{n}\r\n")).collect();
    let paths = [
        "/0", "/1", "/2", "/3", "/4", "/5", "/6", "/7", "/8", "/9", "/10", "/11",
    ];
    let chain = paths.iter().zip(&locations);
    let mut pages: Vec<_> = chain
        .map(|(path, location)| (*path, location.as_str(), "302 Found", ""))
        .collect();
    pages.push(("/12", "", "200 OK", "x"));
    pages.push(("/a", "location: /b\r\n", "302 Found", ""));
    pages.push(("/b", "location: /12\r\n", "302 Found", ""));
    // From /a there are two redirects, and from /0 twelve.
    pages.push((
        "/",
        "",
        "200 OK",
        "<a href=/0>x</a><a href=/a>y</a><a href='htpp://a/'>z</a>",
    ));
    let site = Tiny::with(&pages);
    let (code, urls, text) = broken(&site, &["--slow", "0ms"]);
    assert_eq!(
        (code, urls),
        (1, vec!["htpp://a/".to_owned(), "/0".to_owned()]),
        "{text}"
    );
    assert!(text.contains("more than 10 redirects"), "{text}");
    assert!(text.contains("htpp://a/\n  unknown scheme\n"), "{text}");
    let end = format!("redirected {}\n  to {}\n", site.url("/a"), site.url("/12"));
    assert!(text.contains(&end), "{text}");
    assert!(
        text.contains(&format!("slow {}\n", site.url("/12"))),
        "{text}"
    );
}

/// Links that no page shows: in a header `Link`, and in a header `Refresh`.
#[test]
fn links_in_headers_are_checked() {
    let head = "refresh: 5; url=/moved\r\nlink: </next>; rel=next, </cdn>; rel=preconnect\r\n";
    let site = Tiny::with(&[("/", head, "200 OK", "x"), ("/moved", "", "200 OK", "x")]);
    let (code, urls, text) = broken(&site, &[]);
    assert_eq!((code, urls), (1, vec!["/next".to_owned()]), "{text}");
    assert!(site.log().contains(&"GET /moved".to_owned()), "{text}");
}
