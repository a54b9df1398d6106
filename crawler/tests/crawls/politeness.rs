//! How often a site is asked, and what robots.txt forbids, by both fetchers.

use super::*;

#[test]
fn a_host_is_never_asked_for_more_at_once_than_allowed() {
    for model in FETCHERS {
        let latency = Latency::Fixed(Duration::from_millis(10));
        let site = Site::builder()
            .pages(60)
            .links(10)
            .latency(latency)
            .start()
            .unwrap();
        for per_host in [1, 3] {
            site.reset();
            let mut settings = settings(&site, "/");
            settings.politeness.per_host = per_host;
            crawl_as(model, settings);
            assert_eq!(site.counts().most_at_once, per_host as u64);
        }
    }
}

/// That starts are so far apart then, a fake clock shows where they are kept apart: in the gate of
/// `async-fetch`.
#[test]
fn the_delay_between_requests_is_the_longer_one_of_what_is_asked_for_here_and_by_robots_txt() {
    let asked = "User-agent: *\nCrawl-delay: 0.002\n";
    let other = "User-agent: somebody-else\nCrawl-delay: 5\n";
    let millis = Duration::from_millis;
    for (robots, own, expected) in [
        (asked, millis(0), millis(2)),
        (asked, millis(3), millis(3)),
        (other, millis(1), millis(1)),
        ("", millis(0), millis(0)),
    ] {
        let site = Site::builder().pages(8).links(4).robots(robots).start();
        let site = site.unwrap();
        let mut settings = settings(&site, "/");
        settings.politeness.delay = own;
        let seed = settings.seeds[0].clone();
        let crawl = Crawl::new(settings, File::temporary().unwrap(), None, Box::new(|_| ()));
        let crawl = crawl.unwrap();
        async_rayon::run(&crawl, NonZeroUsize::MIN).unwrap();
        assert_eq!(
            crawl.fetcher().host_delay(&seed),
            expected,
            "{robots} {own:?}"
        );
        // The rules come before the first page.
        assert_eq!(site.counts().log[0].path, "/robots.txt");
        assert_eq!(crawl.finish().unwrap().pages, 8);
    }
}

#[test]
fn of_a_robots_txt_of_any_length_the_first_500_kib_are_obeyed() {
    let filler = "# nothing\n".repeat(60_000);
    let rules = format!("User-agent: *\nDisallow: /page/1\n{filler}Disallow: /\n");
    assert!(rules.len() > 500 * 1024);
    let site = Site::builder()
        .pages(30)
        .links(29)
        .robots(rules)
        .start()
        .unwrap();
    let (sum, _) = crawl(settings(&site, "/"));
    assert_eq!((sum.pages, sum.skipped["robots"]), (30 - 11, 11));
}

#[test]
fn robots_txt_is_obeyed_and_what_stands_in_its_place_means_what_the_rfc_says() {
    for model in FETCHERS {
        for (status, text, pages) in [
            (200, "User-agent: *\nDisallow: /page/1\n", None),
            (200, "User-agent: *\nDisallow: /\n", Some(0)),
            (404, "", Some(30)),
            (403, "", Some(30)),
        ] {
            let site = Site::builder()
                .pages(30)
                .links(29)
                .robots_with_status(status, text);
            let site = site.start().unwrap();
            let (sum, _) = crawl_as(model, settings(&site, "/"));
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
}

#[test]
fn a_robots_txt_that_can_not_be_had_forbids_everything_and_is_no_success() {
    for model in FETCHERS {
        let failing = Site::builder()
            .pages(3)
            .robots_with_status(503, "")
            .start()
            .unwrap();
        let (sum, pages) = crawl_as(model, settings(&failing, "/"));
        assert_eq!((sum.pages, sum.failed, sum.found), (1, 1, 1));
        assert!(
            pages[0]
                .error
                .as_ref()
                .unwrap()
                .contains("robots.txt can't be read, so all pages are forbidden: 503")
        );
        assert_eq!(failing.counts().requests, 1);
        // Port 9 is discard's, which nobody runs.
        let mut nobody = Settings::new(vec!["http://127.0.0.1:9/".parse().unwrap()]);
        nobody.politeness.retries = 0;
        let (sum, pages) = crawl_as(model, nobody);
        assert_eq!((sum.pages, sum.failed), (1, 1));
        assert!(
            pages[0]
                .error
                .as_ref()
                .unwrap()
                .contains("connection refused")
        );
    }
}

#[test]
fn who_has_too_much_to_do_is_asked_again() {
    for model in FETCHERS {
        let site = Site::builder().start().unwrap();
        let mut settings = settings(&site, "/busy?status=503&times=1");
        settings.obeys_robots = false;
        settings.politeness.retries = 1;
        let (sum, pages) = crawl_as(model, settings);
        assert_eq!(
            (sum.pages, sum.http_errors, pages[0].status),
            (1, 0, Some(200))
        );
        assert_eq!(site.counts().requests, 2);
    }
}

#[test]
fn nofollow_is_obeyed_in_links_and_headers_unless_told_otherwise() {
    let site = Site::builder().pages(3).links(0).start().unwrap();
    let (_, pages) = crawl(settings(&site, "/html/nofollow"));
    assert!(paths(&pages).contains("/page/2") && !paths(&pages).contains("/page/1"));
    assert_eq!(crawl(settings(&site, "/html/nofollow-header")).0.pages, 1);
    let mut settings = settings(&site, "/html/nofollow");
    settings.obeys_nofollow = false;
    assert!(paths(&crawl(settings).1).contains("/page/1"));
}
