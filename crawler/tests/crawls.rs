//! Crawls of a site that counts what it is asked: politeness, limits and traps by number.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::{Arc, Mutex};

use crawler::crawl::Summary;
use crawler::report::{Format, Report};
use crawler::scope::Reach;
use crawler::select::Pick;
use crawler::store::{File, Told};
use crawler::{Crawl, Settings, async_rayon, async_tasks, serial, threads};
use demo_site::Site;

type Model = fn(&Crawl, NonZeroUsize) -> Result<(), crawler::crawl::Error>;

const MODELS: [Model; 4] = [
    serial::run,
    threads::run,
    async_tasks::run,
    async_rayon::run,
];

fn settings(site: &Site, path: &str) -> Settings {
    let mut settings = Settings::new(vec![site.url(path).parse().unwrap()]);
    // Retries have their own tests where they live.
    settings.manners.retries = 0;
    settings
}

fn crawl_into(settings: Settings, file: File, model: Model) -> (Summary, Vec<Told>) {
    let told = Arc::new(Mutex::new(Vec::new()));
    let teller = {
        let told = Arc::clone(&told);
        Box::new(move |page: &Told| told.lock().unwrap().push(page.clone()))
    };
    let crawl = Crawl::new(settings, file, None, teller).unwrap();
    model(&crawl, NonZeroUsize::new(8).unwrap()).unwrap();
    let sum = crawl.finish().unwrap();
    let told = std::mem::take(&mut *told.lock().unwrap());
    (sum, told)
}

fn crawl(settings: Settings) -> (Summary, Vec<Told>) {
    crawl_into(settings, File::temporary().unwrap(), async_rayon::run)
}

/// Paths of the pages that answered.
fn paths(told: &[Told]) -> BTreeSet<String> {
    let url = |page: &Told| url::Url::parse(&page.url).unwrap();
    told.iter()
        .map(|page| url(page).path().to_owned())
        .collect()
}

#[test]
fn every_model_fetches_the_whole_site_and_each_page_once() {
    let site = Site::builder().pages(120).links(4).start().unwrap();
    for model in MODELS {
        site.reset();
        let (sum, told) = crawl_into(settings(&site, "/"), File::temporary().unwrap(), model);
        assert_eq!((sum.pages, told.len()), (120, 120));
        let counts = site.counts();
        // The pages, and robots.txt.
        assert_eq!(counts.requests, 121);
        assert_eq!(counts.of("/robots.txt"), 1);
        assert!(
            site.pages()
                .all(|url| told.iter().any(|page| page.url == url))
        );
        assert!(counts.most_at_once <= 4);
    }
}

#[test]
fn a_host_is_never_asked_for_more_at_once_than_allowed() {
    let latency = demo_site::Latency::Fixed(std::time::Duration::from_millis(5));
    let site = Site::builder()
        .pages(60)
        .links(10)
        .latency(latency)
        .start()
        .unwrap();
    for per_host in [1, 3] {
        site.reset();
        let mut settings = settings(&site, "/");
        settings.manners.per_host = per_host;
        crawl(settings);
        assert_eq!(site.counts().most_at_once, per_host as u64);
    }
}

#[test]
fn the_delay_lies_between_the_starts_be_it_asked_for_here_or_by_robots_txt() {
    let robots = "User-agent: *\nCrawl-delay: 0.03\n";
    let delay = std::time::Duration::from_millis(30);
    for (robots, own) in [(robots, std::time::Duration::ZERO), ("", delay)] {
        let site = Site::builder()
            .pages(8)
            .links(4)
            .robots(robots)
            .start()
            .unwrap();
        let mut settings = settings(&site, "/");
        settings.manners.delay = own;
        crawl(settings);
        let log = site.counts().log;
        assert_eq!(log.len(), 9);
        // As the server saw them: the first of two may have been late on its way, never the second
        // early; so all together they take as long as all delays.
        let pages: Vec<_> = log
            .iter()
            .filter(|seen| seen.path != "/robots.txt")
            .collect();
        let all = pages[7].at.duration_since(pages[0].at);
        assert!(all >= delay * 6, "{all:?}");
    }
}

#[test]
fn robots_txt_is_obeyed_and_what_stands_in_its_place_means_what_the_rfc_says() {
    for (status, text, pages) in [
        (200, "User-agent: *\nDisallow: /page/1\n", None),
        (200, "User-agent: *\nDisallow: /\n", Some(0)),
        (404, "", Some(30)),
        (403, "", Some(30)),
        (500, "", Some(0)),
    ] {
        let site = Site::builder()
            .pages(30)
            .links(29)
            .robots_with_status(status, text);
        let site = site.start().unwrap();
        let (sum, _) = crawl(settings(&site, "/"));
        let counts = site.counts();
        assert_eq!(counts.of("/robots.txt"), 1, "{status}");
        match pages {
            Some(pages) => assert_eq!(sum.pages, pages, "{status} {text}"),
            None => {
                // 1 and 10 to 19 are forbidden.
                assert_eq!(sum.pages, 30 - 11);
                assert_eq!(sum.skipped["robots"], 11);
                assert!(
                    counts
                        .log
                        .iter()
                        .all(|seen| !seen.path.starts_with("/page/1"))
                );
            }
        }
    }
}

#[test]
fn depth_is_exact_at_its_border() {
    let site = Site::builder().pages(150).links(3).start().unwrap();
    for depth in 0..4 {
        let mut settings = settings(&site, "/");
        settings.depth = Some(depth);
        let (sum, told) = crawl(settings);
        let expected = (0..150)
            .filter(|page| site.depth_of(*page) <= depth as usize)
            .count();
        assert_eq!(sum.pages, expected as u64, "{depth}");
        for page in told {
            let number = page
                .url
                .rsplit_once("/page/")
                .map_or(0, |(_, it)| it.parse().unwrap());
            assert_eq!(page.depth as usize, site.depth_of(number));
        }
    }
}

#[test]
fn a_limit_of_pages_is_exact_with_any_number_in_flight() {
    let site = Site::builder().pages(100).links(10).start().unwrap();
    for most in [1, 17, 99, 100, 101] {
        site.reset();
        let mut settings = settings(&site, "/");
        settings.limits.pages = Some(most);
        let (sum, told) = crawl(settings);
        assert_eq!(sum.pages, most.min(100));
        assert_eq!(told.len() as u64, most.min(100));
        assert_eq!(
            sum.limit,
            (most < 101).then_some("pages").filter(|_| most <= 100)
        );
        assert_eq!(site.counts().requests, most.min(100) + 1);
    }
}

#[test]
fn a_limit_of_bytes_begins_no_page_after_it() {
    let site = Site::builder()
        .pages(50)
        .links(49)
        .page_size(4000)
        .start()
        .unwrap();
    let mut settings = settings(&site, "/");
    settings.limits.bytes = Some(10_000);
    // One after the other, so that none is in flight when the limit is reached.
    let (sum, _) = crawl_into(settings, File::temporary().unwrap(), serial::run);
    assert_eq!(
        (sum.pages, sum.bytes, sum.limit),
        (3, 12_000, Some("bytes"))
    );
}

#[test]
fn a_limit_of_time_that_is_over_begins_nothing() {
    let site = Site::builder().pages(50).start().unwrap();
    let mut settings = settings(&site, "/");
    settings.limits.time = Some(std::time::Duration::ZERO);
    let (sum, _) = crawl(settings);
    assert_eq!((sum.pages, sum.limit), (0, Some("time")));
}

#[test]
fn traps_end() {
    let site = Site::builder().start().unwrap();
    for (path, per_pattern, pages) in [("/calendar/2026/11", 25, 25), ("/session?id=1", 7, 7)] {
        let mut settings = settings(&site, path);
        settings.traps.per_pattern = per_pattern;
        let (sum, _) = crawl(settings);
        assert_eq!(sum.pages, pages, "{path}");
        assert!(sum.skipped["per-pattern"] > 0);
    }
    let (sum, told) = crawl(settings(&site, "/deeper/"));
    assert_eq!((sum.pages, sum.skipped["repeats"]), (4, 1));
    assert!(
        told.iter()
            .all(|page| page.url.matches("deeper").count() <= 4)
    );
    let mut by_length = settings(&site, "/deeper/");
    by_length.traps.repeats = 1000;
    by_length.traps.url_length = 100;
    assert!(crawl(by_length).0.skipped["url-length"] > 0);
    let mut ignoring = settings(&site, "/session?id=1");
    ignoring.rules.ignore_query = true;
    assert_eq!(crawl(ignoring).0.pages, 1);
}

#[test]
fn a_redirect_is_no_page_of_its_own_and_each_hop_is_fetched_once() {
    let site = Site::builder().start().unwrap();
    let (sum, told) = crawl(settings(&site, "/redirect/chain/3"));
    assert_eq!((sum.pages, sum.aliases), (1, 3));
    assert_eq!(
        told.last().unwrap().url,
        site.url("/redirect/chain/0?status=302")
    );
    let (sum, _) = crawl(settings(&site, "/redirect/chain/11"));
    assert_eq!((sum.pages, sum.skipped["too-many-redirects"]), (0, 1));
    let (sum, _) = crawl(settings(&site, "/redirect/loop/a"));
    assert_eq!((sum.pages, sum.aliases), (0, 2));
    for path in ["/redirect/file", "/redirect/nowhere", "/redirect/garbage"] {
        let (_, told) = crawl(settings(&site, path));
        assert_eq!(told.len(), 1, "{path}");
    }
}

#[test]
fn redirects_take_no_place_among_limited_pages() {
    let site = Site::builder().pages(30).start().unwrap();
    let mut settings = settings(&site, "/redirect/to?url=/");
    settings.limits.pages = Some(5);
    let (sum, _) = crawl(settings);
    assert_eq!((sum.pages, sum.aliases), (5, 1));
}

#[test]
fn private_addresses_that_a_page_names_are_refused() {
    let site = Site::builder().start().unwrap();
    let mut settings = settings(&site, "/redirect/private");
    settings.reach = Reach::Any;
    // Else its robots.txt could not be had, and that forbids it before anybody asks.
    settings.obeys_robots = false;
    let (sum, told) = crawl(settings);
    assert_eq!(sum.failed, 1);
    let refused = told
        .iter()
        .find(|page| page.url.contains("169.254"))
        .unwrap();
    assert!(refused.error.as_ref().unwrap().contains("not allowed"));
}

#[test]
fn a_canonical_page_counts_in_place_of_its_other_addresses() {
    let site = Site::builder().pages(2).links(0).start().unwrap();
    let (sum, told) = crawl(settings(&site, "/html/canonical"));
    let alias = told
        .iter()
        .find(|page| page.url.ends_with("canonical"))
        .unwrap();
    assert_eq!(alias.target, Some(site.url("/page/1")));
    assert_eq!((sum.pages, sum.aliases), (1, 1));
}

#[test]
fn nofollow_is_obeyed_in_links_and_headers_unless_told_otherwise() {
    let site = Site::builder().pages(3).links(0).start().unwrap();
    let (_, told) = crawl(settings(&site, "/html/nofollow"));
    assert!(paths(&told).contains("/page/2") && !paths(&told).contains("/page/1"));
    assert_eq!(crawl(settings(&site, "/html/nofollow-header")).0.pages, 1);
    let mut settings = settings(&site, "/html/nofollow");
    settings.obeys_nofollow = false;
    assert!(paths(&crawl(settings).1).contains("/page/1"));
}

#[test]
fn links_of_all_kinds_are_found_and_only_those() {
    let site = Site::builder().pages(6).links(0).start().unwrap();
    let (_, told) = crawl(settings(&site, "/html/links"));
    let expected = [
        "/html/links",
        "/files/style.css",
        "/files/script.js",
        "/page/1",
        "/page/2",
        "/files/a.png",
        "/files/b.png",
        "/page/4",
        "/page/5",
    ];
    assert_eq!(paths(&told), expected.map(str::to_owned).into());
    let (_, told) = crawl(settings(&site, "/html/base"));
    assert!(paths(&told).contains("/page/1"));
}

#[test]
fn a_sitemap_leads_to_pages_that_no_link_leads_to() {
    let site = Site::builder().pages(20).links(0).start().unwrap();
    let mut settings = settings(&site, "/");
    settings.sitemaps = true;
    let (sum, _) = crawl(settings);
    assert_eq!(sum.pages, 20);
    assert_eq!(site.counts().of("/sitemap.xml"), 1);
}

#[test]
fn every_breakage_has_its_own_word_and_ends() {
    let site = Site::builder().start().unwrap();
    for (url, word) in [
        (site.url("/status/404"), "404"),
        (site.url("/status/500"), "500"),
        (site.url("/gzip/bomb/100000000"), "longer than"),
        (site.url("/gzip/not"), "gzip"),
        (site.url("/gzip/cut"), ""),
        (site.url("/endless"), "longer than"),
        (site.raw_url("/cut/length"), "cut short"),
        (site.raw_url("/cut/silence"), "closed"),
        (site.raw_url("/head/garbage"), "not HTTP"),
        (site.raw_url("/head/huge"), ""),
        (site.raw_url("/length/two"), ""),
    ] {
        let mut settings = Settings::new(vec![url.parse().unwrap()]);
        settings.manners.retries = 0;
        settings.manners.body = 1 << 20;
        settings.obeys_robots = false;
        let (sum, told) = crawl(settings);
        let error = told[0].error.clone().unwrap_or_default();
        assert!(error.contains(word), "{url}: {error}");
        assert_eq!(sum.failed + sum.refused, 1, "{url}: {told:?}");
    }
    for path in ["/html/nested", "/html/not", "/gzip", "/deflate/raw"] {
        let (sum, _) = crawl(settings(&site, path));
        assert_eq!(sum.failed, 0, "{path}");
    }
}

#[test]
fn what_is_selected_stands_in_the_line_of_its_page() {
    let site = Site::builder().pages(1).links(0).start().unwrap();
    let mut settings = settings(&site, "/");
    settings.picks = vec![Pick::read("title=h1").unwrap()];
    let (_, told) = crawl(settings);
    assert_eq!(told[0].selected["title"][0], "Page 0");
    assert_eq!(told[0].title.as_deref(), Some("Page 0"));
}

fn report(path: &Path, format: Format) -> String {
    let mut out = Vec::new();
    Report::open(path).unwrap().write(format, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn a_crawl_is_gone_on_with_where_it_was_and_only_as_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("crawl.db");
    let site = Site::builder().pages(90).links(5).start().unwrap();
    let mut first = settings(&site, "/");
    first.limits.pages = Some(30);
    crawl_into(first, File::create(&path).unwrap(), threads::run);
    assert!(
        File::create(&path)
            .unwrap_err()
            .to_string()
            .contains("--resume")
    );
    let (sum, told) = crawl_into(
        settings(&site, "/"),
        File::resume(&path).unwrap(),
        threads::run,
    );
    assert_eq!((sum.pages, told.len()), (90, 60));
    // Each page once, and robots.txt in each run.
    assert_eq!(site.counts().requests, 92);
    let mut other = settings(&site, "/");
    other.depth = Some(1);
    let refused = Crawl::new(other, File::resume(&path).unwrap(), None, Box::new(|_| ()));
    assert!(
        refused
            .unwrap_err()
            .to_string()
            .contains("depth was null, and is 1 now")
    );
}

#[test]
fn a_queue_longer_than_memory_holds_is_crawled_to_its_end() {
    // More links than are kept at hand, so that the rest is read back from the state.
    let site = Site::builder()
        .pages(9000)
        .links(8999)
        .page_size(0)
        .start()
        .unwrap();
    let mut settings = settings(&site, "/");
    settings.depth = Some(1);
    settings.include = vec!["/$".to_owned(), "/page/[0-9]+$".to_owned()];
    settings.limits.pages = Some(1);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("crawl.db");
    let (sum, _) = crawl_into(
        settings.clone(),
        File::create(&path).unwrap(),
        async_rayon::run,
    );
    assert_eq!((sum.pages, sum.found), (1, 9000));
    let connection = rusqlite::Connection::open(&path).unwrap();
    let queue = "SELECT count(*) FROM queue";
    assert_eq!(
        connection
            .query_row(queue, [], |row| row.get::<_, i64>(0))
            .unwrap(),
        8999
    );
}

#[test]
fn reports_are_what_their_readers_expect() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("crawl.db");
    let site = Site::builder().pages(3).links(1).start().unwrap();
    crawl_into(
        settings(&site, "/html/broken"),
        File::create(&path).unwrap(),
        serial::run,
    );
    let broken = report(&path, Format::Broken);
    assert!(
        broken.contains("broken <a> http://[::1: not a URL"),
        "{broken}"
    );
    assert!(broken.contains("/status/404: 404"), "{broken}");
    assert!(broken.contains("redirected"), "{broken}");
    let lines = report(&path, Format::JsonLines);
    assert!(
        lines
            .lines()
            .all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok())
    );
    assert!(report(&path, Format::Dot).starts_with("digraph"));
    let xml = report(&path, Format::GraphMl);
    let mut reader = quick_xml::Reader::from_str(&xml);
    while !matches!(reader.read_event().unwrap(), quick_xml::events::Event::Eof) {}
    let map = report(&path, Format::Sitemap);
    let map = crawler::sitemap::read(map.as_bytes()).unwrap();
    assert!(map.pages.contains(&site.url("/page/1")));
    assert!(!map.pages.contains(&site.url("/status/404")));
    assert!(report(&path, Format::Csv).lines().count() > 4);
    let connection = rusqlite::Connection::open(&path).unwrap();
    let count: i64 = connection
        .query_row("SELECT count(*) FROM broken", [], |row| row.get(0))
        .unwrap();
    assert_eq!(count, 2);
}
