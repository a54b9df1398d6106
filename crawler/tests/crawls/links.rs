//! What links come to.

use super::*;

#[test]
fn redirected_and_dead_ends_are_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("crawl.db");
    let site = Site::builder().pages(3).links(1).start().unwrap();
    let file = File::create(&path).unwrap();
    crawl_into(settings(&site, "/html/broken"), file, serial::run);
    let broken = report(&path, Format::Check(CheckFormat::Text));
    assert!(
        broken.contains("broken http://[::1\n  not a URL"),
        "{broken}"
    );
    assert!(broken.contains("/status/404\n  404"), "{broken}");
    assert!(broken.contains("redirected"), "{broken}");
}

#[test]
fn parts_of_pages_that_lead_out_are_looked_for_whenever_they_are_heard_of() {
    let other = Tiny::html(&[
        ("/a", "<p id=here>"),
        ("/b", "<p id=here>"),
        ("/c", "<p id=here>"),
    ]);
    let to = |path: &str| other.url(path);
    let site = Tiny::html(&[
        (
            "/",
            &format!(
                "<a href='{}'>x</a><a href='{}'>x</a><a href='{}'>x</a><a href=/2>x</a>",
                to("/a"),
                to("/b#here"),
                to("/c")
            ),
        ),
        // Of /c it is heard too late: its header was asked for already.
        (
            "/2",
            &format!(
                "<a href='{}'>x</a><a href='{}'>x</a>",
                to("/c#nowhere"),
                to("/c#here")
            ),
        ),
    ]);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("crawl.db");
    let mut settings = Settings::new(vec![site.url("/").parse().unwrap()]);
    settings.check = true;
    settings.politeness.private = true;
    let (sum, pages) = crawl_into(settings, File::create(&path).unwrap(), serial::run);
    assert_eq!(other.log(), ["HEAD /a", "GET /b", "HEAD /c", "GET /c"]);
    assert_eq!((sum.pages, sum.checked, pages.len()), (2, 3, 5));
    let broken = report(&path, Format::Check(CheckFormat::Text));
    assert!(broken.contains("/c#nowhere\n  no such part\n"), "{broken}");
    assert_eq!(broken.matches("broken").count(), 1, "{broken}");
}

/// The page `/frag/` of the trials: which of its fragments a browser finds.
#[test]
fn fragments_are_looked_for_as_browsers_do() {
    let target = "<p id='\u{e9}'><p id='a b'><p id='raw%2Fpct'><p id=sec>hello<a name=name1></a>\
        <map name=mapname></map><p id='a+b'><p id='amp&amp;x'><script>'<p id=inscript>'</script>\
        <svg><g id=svgid /></svg><input name=inputname>";
    let right = [
        "%C3%A9",
        "\u{e9}",
        "a%20b",
        "raw%2Fpct",
        "Top",
        "",
        "sec:~:text=hello",
        ":~:text=x",
        "name1",
        "a+b",
        "amp&amp;x",
        "svgid",
        "!/route",
        "/route",
    ];
    let wrong = [
        "mapname",
        "missing",
        "SEC",
        "inscript",
        "inputname",
        "missing:~:text=x",
    ];
    let all = right.iter().chain(&wrong);
    let links = |path: &str| {
        let links = all.clone().map(|part| format!("<a href='{path}#{part}'>"));
        links.collect::<String>()
    };
    let moved = "location: /p\r\n";
    let site = Tiny::with(&[
        ("/", "", "200 OK", &links("/p")),
        ("/2", "", "200 OK", &links("/moved")),
        ("/p", "", "200 OK", target),
        ("/moved", moved, "302 Found", ""),
        ("/own", "location: /p#sec\r\n", "302 Found", ""),
        ("/lost", "location: /p#lost\r\n", "302 Found", ""),
        ("/3", "", "200 OK", "<a href=/own#missing><a href=/lost>"),
        ("/404", "", "404 Not Found", "<p id=err>"),
        ("/4", "", "200 OK", "<a href=/404#err>"),
    ]);
    let folder = tempfile::tempdir().unwrap();
    for (page, link, expected) in [
        ("/", "/p", &wrong[..]),
        ("/2", "/moved", &wrong[..]),
        // What the redirect names counts, and a page that is not there is told once.
        ("/3", "/lost", &["lost"][..]),
        ("/4", "/404", &[""][..]),
    ] {
        let path = folder
            .path()
            .join(format!("{}.db", page.len() + link.len()));
        let mut settings = Settings::new(vec![site.url(page).parse().unwrap()]);
        settings.check = true;
        crawl_into(settings, File::create(&path).unwrap(), serial::run);
        let report = report(&path, Format::Check(CheckFormat::JsonLines));
        let mut found: Vec<String> = Vec::new();
        for line in report.lines() {
            let entry: serde_json::Value = serde_json::from_str(line).unwrap();
            if entry["type"] == "broken" {
                let url = entry["url"].as_str().unwrap();
                found.push(url.rsplit_once('#').map_or("", |(_, part)| part).to_owned());
            }
        }
        let mut expected: Vec<String> = expected.iter().map(|it| (*it).to_owned()).collect();
        if page == "/3" {
            // The link itself names no part.
            expected = vec![String::new()];
        }
        expected.sort();
        found.sort();
        assert_eq!(found, expected, "{page}: {report}");
        std::fs::remove_file(&path).unwrap();
    }
}

/// rustdoc leaves such a page where an item was, and its script takes the fragment along: Rust's own
/// checker of its documentation (src/tools/linkchecker) looks for the part where it leads, as well.
#[test]
fn a_part_of_a_page_that_leads_elsewhere_may_be_there() {
    let site = Tiny::html(&[
        (
            "/",
            "<a href='/old#method.map'><a href='/old#lost'><a href='/older#method.map'><a href='/new#no'>",
        ),
        ("/old", "<meta http-equiv=refresh content='0;URL=/new'>"),
        ("/older", "<meta http-equiv=refresh content='0;URL=/file'>"),
        ("/new", "<p id=method.map>"),
    ]);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("crawl.db");
    let mut settings = Settings::new(vec![site.url("/").parse().unwrap()]);
    settings.check = true;
    crawl_into(settings, File::create(&path).unwrap(), serial::run);
    let report = report(&path, Format::Check(CheckFormat::Csv));
    let broken: Vec<&str> = report
        .lines()
        .skip(1)
        .filter_map(|line| line.split(',').next())
        .collect();
    // What is not there is told once.
    let expected = ["/file", "/new#no", "/old#lost"].map(|path| site.url(path));
    assert_eq!(broken, expected, "{report}");
}
