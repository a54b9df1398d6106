//! Where a crawl ends.

use super::*;

#[test]
fn depth_is_exact_at_its_border() {
    let site = Site::builder().pages(150).links(3).start().unwrap();
    for depth in 0..4 {
        let mut settings = settings(&site, "/");
        settings.depth = Some(depth);
        let (sum, pages) = crawl(settings);
        let expected = (0..150)
            .filter(|page| site.depth_of(*page) <= depth as usize)
            .count();
        assert_eq!(sum.pages, expected as u64, "{depth}");
        for page in pages {
            let number = page
                .url
                .rsplit_once("/page/")
                .map_or(0, |(_, it)| it.parse().unwrap());
            assert_eq!(page.depth as usize, site.depth_of(number));
        }
    }
}

/// As lychee, muffet --one-page-only, and linkchecker -r 1 have it.
#[test]
fn a_check_with_a_depth_asks_for_what_the_last_pages_link_to() {
    let site = Tiny::html(&[
        ("/", "<a href=/one>"),
        (
            "/one",
            "<a href=/two><a href=/gone><a href='/two#here'><a href='/two#no'><a href=/secret>",
        ),
        ("/two", "<p id=here><a href=/also-gone>"),
        ("/robots.txt", "User-agent: *\nDisallow: /secret"),
    ]);
    let folder = tempfile::tempdir().unwrap();
    for (name, model) in [("a", FETCHERS[0]), ("b", FETCHERS[1])] {
        let path = folder.path().join(name);
        let mut settings = Settings::new(vec![site.url("/").parse().unwrap()]);
        settings.depth = Some(1);
        settings.check = true;
        settings.internal_only = true;
        let before = site.log().len();
        let (sum, _) = crawl_into(settings, File::create(&path).unwrap(), model);
        let mut asked = site.log().split_off(before);
        asked.sort();
        // A HEAD that is refused is asked for by GET.
        let expected = [
            "GET /",
            "GET /gone",
            "GET /one",
            "GET /robots.txt",
            "GET /two",
            "HEAD /gone",
        ];
        assert_eq!(asked, expected);
        assert_eq!((sum.pages, sum.checked), (2, 2));
        let broken = report(&path, Format::Check(CheckFormat::Csv));
        assert_eq!(broken.lines().count(), 3, "{broken}");
        assert!(broken.contains("/gone,404"), "{broken}");
        assert!(broken.contains("/two#no,no such part"), "{broken}");
    }
}

#[test]
fn depth_is_exact_when_redirects_and_canonical_links_lead_to_it_and_after_a_resume() {
    // 0 -> 1 -> 2 -> 3, where 1 is moved and 2 is another name of /two.
    let site = Tiny::html(&[
        ("/", "<a href=/one>"),
        ("/one", "<a href=/other><a href=/two-b>"),
        ("/two-b", "<link rel=canonical href=/two>"),
        ("/other", "<a href=/x>"),
        ("/two", "<a href=/three>"),
        ("/three", "<a href=/four>"),
    ]);
    let mut settings = Settings::new(vec![site.url("/").parse().unwrap()]);
    settings.depth = Some(3);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("crawl.db");
    for most in 1.. {
        settings.limits.pages = Some(most);
        let file = match most {
            1 => File::create(&path),
            _ => File::resume(&path),
        };
        let (sum, _) = crawl_into(settings.clone(), file.unwrap(), serial::run);
        if sum.limit.is_none() {
            break;
        }
    }
    let connection = rusqlite::Connection::open(&path).unwrap();
    let sql = "SELECT url, urls.depth FROM urls JOIN pages USING (id)";
    let mut rows = connection.prepare(sql).unwrap();
    let found: BTreeMap<String, u32> = rows
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    let expected = [
        ("/", 0),
        ("/one", 1),
        ("/other", 2),
        ("/two-b", 2),
        ("/two", 2),
        ("/x", 3),
        ("/three", 3),
    ];
    assert_eq!(
        found,
        expected.map(|(path, depth)| (site.url(path), depth)).into()
    );
    let asked: Vec<String> = site
        .log()
        .into_iter()
        .filter(|it| !it.contains("robots"))
        .collect();
    assert_eq!(
        asked.iter().collect::<HashSet<_>>().len(),
        asked.len(),
        "{asked:?}"
    );
}

#[test]
fn a_limit_of_pages_is_exact_with_any_number_in_flight() {
    for model in FETCHERS {
        let site = Site::builder().pages(100).links(10).start().unwrap();
        for most in [1, 17, 99, 100, 101] {
            site.reset();
            let mut settings = settings(&site, "/");
            settings.limits.pages = Some(most);
            let (sum, pages) = crawl_as(model, settings);
            assert_eq!(sum.pages, most.min(100));
            assert_eq!(pages.len() as u64, most.min(100));
            // The last page leaves nothing for the limit to leave out.
            assert_eq!(sum.limit, (most < 100).then_some(Limit::Pages));
            assert_eq!(site.counts().requests, most.min(100) + 1);
        }
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
        (3, 12_000, Some(Limit::Bytes))
    );
}

#[test]
fn a_limit_of_time_that_is_over_begins_nothing() {
    let site = Site::builder().pages(50).start().unwrap();
    let mut settings = settings(&site, "/");
    settings.limits.time = Some(Duration::ZERO);
    let (sum, _) = crawl(settings);
    assert_eq!((sum.pages, sum.limit), (0, Some(Limit::Time)));
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
    let (sum, pages) = crawl(settings(&site, "/deeper/"));
    assert_eq!((sum.pages, sum.skipped["repeats"]), (4, 1));
    assert!(
        pages
            .iter()
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
fn redirects_take_no_place_among_limited_pages() {
    let site = Site::builder().pages(30).start().unwrap();
    let mut settings = settings(&site, "/redirect/to?url=/");
    settings.limits.pages = Some(5);
    let (sum, _) = crawl(settings);
    assert_eq!((sum.pages, sum.aliases), (5, 1));
}

#[test]
fn of_a_long_page_the_beginning_is_read_and_that_is_told() {
    for model in FETCHERS {
        let page = "<a href=/2></a><a href=/3></a>";
        for (limit, cut, pages) in [(page.len(), 0, 3), (page.len() - 5, 1, 2)] {
            let site = Tiny::html(&[("/", page), ("/2", "x"), ("/3", "x")]);
            let mut settings = Settings::new(vec![site.url("/").parse().unwrap()]);
            settings.politeness.body = limit as u64;
            let (sum, _) = crawl_as(model, settings);
            assert_eq!((sum.cut, sum.pages, sum.failed), (cut, pages, 0));
        }
        // What has no links is a file: how long it is breaks nothing.
        let site = Site::builder().start().unwrap();
        let mut settings = settings(&site, "/bytes/3000");
        settings.politeness.body = 1;
        let (sum, _) = crawl_as(model, settings);
        assert_eq!((sum.cut, sum.failed), (0, 0));
    }
}
