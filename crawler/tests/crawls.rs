//! Crawls of a site that counts what it is asked: politeness, limits and traps by number.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::net::IpAddr;
use std::num::NonZeroUsize;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crawler::crawl::{Lookup, Summary};
use crawler::report::{CheckFormat, Format, Report};
use crawler::scope::Reach;
use crawler::select::Pick;
use crawler::store::{File, OnPage, PageSummary};
use crawler::{Crawl, Settings, async_rayon, async_tasks, processes, serial, threads};
use demo_site::{Latency, Site};
use executors::ProcessPool;
use support::Tiny;

type Model = fn(&Crawl, NonZeroUsize) -> Result<(), crawler::crawl::Error>;

const MODELS: [Model; 5] = [
    serial::run,
    threads::run,
    in_processes,
    async_tasks::run,
    async_rayon::run,
];

/// What worker processes run: in a test program there is no `main` to call the hook first of all.
#[test]
fn worker() {
    executors::hook(processes::JOBS);
}

fn pool() -> ProcessPool {
    executors::hook(processes::JOBS);
    let pool = ProcessPool::builder().workers(2);
    let arguments = ["worker", "--exact", "--nocapture"];
    pool.worker_args(arguments).build().unwrap()
}

fn in_processes(crawl: &Crawl, workers: NonZeroUsize) -> Result<(), crawler::crawl::Error> {
    processes::run_on(&pool(), crawl, workers)
}

fn settings(site: &Site, path: &str) -> Settings {
    let mut settings = Settings::new(vec![site.url(path).parse().unwrap()]);
    // Retries have their own tests where they live.
    settings.politeness.retries = 0;
    settings
}

/// A callback, and where it keeps the pages that it is called for.
fn listener() -> (Arc<Mutex<Vec<PageSummary>>>, OnPage) {
    let pages = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&pages);
    (
        pages,
        Box::new(move |page| heard.lock().unwrap().push(page.clone())),
    )
}

fn crawl_into(settings: Settings, file: File, model: Model) -> (Summary, Vec<PageSummary>) {
    let (pages, on_page) = listener();
    let crawl = Crawl::new(settings, file, None, on_page).unwrap();
    model(&crawl, NonZeroUsize::new(8).unwrap()).unwrap();
    let sum = crawl.finish().unwrap();
    let pages = std::mem::take(&mut *pages.lock().unwrap());
    (sum, pages)
}

fn crawl(settings: Settings) -> (Summary, Vec<PageSummary>) {
    crawl_into(settings, File::temporary().unwrap(), async_rayon::run)
}

/// Paths of the pages that answered.
fn paths(pages: &[PageSummary]) -> BTreeSet<String> {
    let url = |page: &PageSummary| url::Url::parse(&page.url).unwrap();
    pages
        .iter()
        .map(|page| url(page).path().to_owned())
        .collect()
}

#[test]
fn every_model_fetches_the_whole_site_and_each_page_once() {
    let site = Site::builder().pages(120).links(4).start().unwrap();
    for model in MODELS {
        site.reset();
        let (sum, pages) = crawl_into(settings(&site, "/"), File::temporary().unwrap(), model);
        assert_eq!((sum.pages, pages.len()), (120, 120));
        let counts = site.counts();
        // The pages, and robots.txt.
        assert_eq!(counts.requests, 121);
        assert_eq!(counts.of("/robots.txt"), 1);
        assert!(
            site.pages()
                .all(|url| pages.iter().any(|page| page.url == url))
        );
        assert!(counts.most_at_once <= 4);
    }
}

#[test]
fn every_model_tells_the_same_of_what_breaks() {
    let site = Site::builder()
        .pages(20)
        .links(3)
        .error_rate(0.3)
        .start()
        .unwrap();
    let seeds = [
        site.url("/"),
        site.url("/gzip/bomb/100000000"),
        site.url("/html/nested"),
        site.url("/redirect/loop/a"),
        site.raw_url("/cut/length"),
        site.raw_url("/head/garbage"),
    ];
    let mut found = Vec::new();
    for model in MODELS {
        site.reset();
        let mut settings = settings(&site, "/");
        settings.seeds = seeds.iter().map(|it| it.parse().unwrap()).collect();
        settings.obeys_robots = false;
        settings.politeness.body = 1 << 20;
        settings.picks = vec![Pick::read("div div").unwrap()];
        // With a limit of depth no page is found deeper than it is, in whatever order they come.
        settings.depth = Some(100);
        let (sum, pages) = crawl_into(settings, File::temporary().unwrap(), model);
        let pages: BTreeMap<_, _> = pages
            .into_iter()
            .map(|page| {
                // What exactly is wrong with it, each client says in its own words.
                let error = page.error.map(|text| match text.split_once(": ") {
                    Some((kind @ "the answer is not HTTP", _)) => kind.to_owned(),
                    _ => text,
                });
                (page.url, (page.status, error, page.links, page.depth))
            })
            .collect();
        let numbers = (sum.pages, sum.failed, sum.http_errors, sum.aliases);
        found.push((numbers, pages));
    }
    let [first, others @ ..] = &found[..] else {
        panic!("there are five")
    };
    // Two that are no HTTP; and some of the pages. Of the bomb the beginning is read.
    assert_eq!((first.0.1, first.0.3), (2, 2));
    assert!(first.0.2 > 0);
    let nested = first.1[&site.url("/html/nested")].1.as_ref().unwrap();
    assert!(nested.contains("within each other"), "{nested}");
    others.iter().for_each(|other| assert_eq!(other, first));
}

#[cfg(unix)]
#[test]
fn readers_that_are_killed_cost_no_page() {
    let site = Site::builder().pages(80).links(4).start().unwrap();
    let pool = Arc::new(pool());
    let pages = Arc::new(Mutex::new(Vec::new()));
    let on_page = {
        let (pages, pool) = (Arc::clone(&pages), Arc::clone(&pool));
        Box::new(move |page: &PageSummary| {
            let mut pages = pages.lock().unwrap();
            if pages.is_empty() {
                let pids = pool.pids().into_iter().map(|pid| pid.to_string());
                Command::new("kill").arg("-9").args(pids).status().unwrap();
            }
            pages.push((page.url.clone(), page.error.clone()));
        })
    };
    let crawl = Crawl::new(
        settings(&site, "/"),
        File::temporary().unwrap(),
        None,
        on_page,
    )
    .unwrap();
    processes::run_on(&pool, &crawl, NonZeroUsize::new(4).unwrap()).unwrap();
    let sum = crawl.finish().unwrap();
    assert_eq!((sum.pages, sum.failed), (80, 0));
    let pages = pages.lock().unwrap();
    assert_eq!(
        pages
            .iter()
            .map(|(url, _)| url)
            .collect::<HashSet<_>>()
            .len(),
        80
    );
    assert!(pages.iter().all(|(_, error)| error.is_none()));
}

#[test]
fn a_host_is_never_asked_for_more_at_once_than_allowed() {
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
        crawl(settings);
        assert_eq!(site.counts().most_at_once, per_host as u64);
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
fn a_robots_txt_that_can_not_be_had_forbids_everything_and_is_no_success() {
    let failing = Site::builder()
        .pages(3)
        .robots_with_status(503, "")
        .start()
        .unwrap();
    let (sum, pages) = crawl(settings(&failing, "/"));
    assert_eq!((sum.pages, sum.failed, sum.found), (1, 1, 1));
    assert!(
        pages[0]
            .error
            .as_ref()
            .unwrap()
            .contains("robots.txt can't be had, so nothing may be: 503")
    );
    assert_eq!(failing.counts().requests, 1);
    // Port 9 is discard's, which nobody runs.
    let mut nobody = Settings::new(vec!["http://127.0.0.1:9/".parse().unwrap()]);
    nobody.politeness.retries = 0;
    let (sum, pages) = crawl(nobody);
    assert_eq!((sum.pages, sum.failed), (1, 1));
    assert!(
        pages[0]
            .error
            .as_ref()
            .unwrap()
            .contains("connection refused")
    );
}

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

#[test]
fn a_limit_of_pages_is_exact_with_any_number_in_flight() {
    let site = Site::builder().pages(100).links(10).start().unwrap();
    for most in [1, 17, 99, 100, 101] {
        site.reset();
        let mut settings = settings(&site, "/");
        settings.limits.pages = Some(most);
        let (sum, pages) = crawl(settings);
        assert_eq!(sum.pages, most.min(100));
        assert_eq!(pages.len() as u64, most.min(100));
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
    settings.limits.time = Some(Duration::ZERO);
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
fn a_redirect_is_no_page_of_its_own_and_each_hop_is_fetched_once() {
    let site = Site::builder().start().unwrap();
    let (sum, pages) = crawl(settings(&site, "/redirect/chain/3"));
    assert_eq!((sum.pages, sum.aliases), (1, 3));
    assert_eq!(
        pages.last().unwrap().url,
        site.url("/redirect/chain/0?status=302")
    );
    let (sum, _) = crawl(settings(&site, "/redirect/chain/10"));
    assert_eq!((sum.pages, sum.aliases), (1, 10));
    let (sum, _) = crawl(settings(&site, "/redirect/chain/11"));
    assert_eq!((sum.pages, sum.skipped["too-many-redirects"]), (0, 1));
    let (sum, _) = crawl(settings(&site, "/redirect/loop/a"));
    assert_eq!((sum.pages, sum.aliases), (0, 2));
    for (path, error) in [
        ("/redirect/file", Some("what is not fetched")),
        ("/redirect/garbage", Some("what is not fetched")),
        ("/redirect/nowhere", None),
    ] {
        let (sum, pages) = crawl(settings(&site, path));
        assert_eq!((pages.len(), sum.found), (1, 1), "{path}");
        let found = pages[0].error.as_deref();
        assert_eq!(found.is_some(), error.is_some(), "{path}: {found:?}");
        assert!(
            found.unwrap_or("").contains(error.unwrap_or("")),
            "{path}: {found:?}"
        );
    }
}

#[test]
fn who_has_too_much_to_do_is_asked_again() {
    let site = Site::builder().start().unwrap();
    let mut settings = settings(&site, "/busy?status=503&times=1");
    settings.obeys_robots = false;
    settings.politeness.retries = 1;
    let (sum, pages) = crawl(settings);
    assert_eq!(
        (sum.pages, sum.http_errors, pages[0].status),
        (1, 0, Some(200))
    );
    assert_eq!(site.counts().requests, 2);
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
    let (sum, pages) = crawl(settings);
    assert_eq!(sum.failed, 1);
    let refused = pages
        .iter()
        .find(|page| page.url.contains("169.254"))
        .unwrap();
    assert!(refused.error.as_ref().unwrap().contains("not allowed"));
}

/// How a name that changes its mind answers: one list a time, the last one for ever.
fn changing(answers: &[&[[u8; 4]]]) -> (Lookup, Arc<Mutex<Vec<String>>>) {
    let mut answers: Vec<Vec<IpAddr>> = answers
        .iter()
        .map(|list| list.iter().map(|it| IpAddr::from(*it)).collect())
        .collect();
    answers.reverse();
    let answers = Mutex::new(answers);
    let asked = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&asked);
    let lookup = move |name: &str| {
        log.lock().unwrap().push(name.to_owned());
        let mut answers = answers.lock().unwrap();
        let answer = match answers.len() {
            1 => answers.last().cloned(),
            _ => answers.pop(),
        };
        Ok(answer.unwrap())
    };
    (Arc::new(lookup), asked)
}

const PUBLIC: [u8; 4] = [93, 184, 215, 14];
const LOOPBACK: [u8; 4] = [127, 0, 0, 1];

fn crawl_with(settings: Settings, lookup: Lookup) -> (Summary, Vec<PageSummary>) {
    let (pages, on_page) = listener();
    let file = File::temporary().unwrap();
    let crawl = Crawl::with_lookup(settings, file, None, on_page, Some(lookup)).unwrap();
    async_rayon::run(&crawl, NonZeroUsize::MIN).unwrap();
    let sum = crawl.finish().unwrap();
    let pages = std::mem::take(&mut *pages.lock().unwrap());
    (sum, pages)
}

#[test]
fn a_name_that_turns_private_after_it_was_looked_at_is_refused() {
    let site = Site::builder().pages(3).start().unwrap();
    let seed = format!("http://changing.example:{}/", site.address().port());
    let mut settings = Settings::new(vec![seed.parse().unwrap()]);
    settings.obeys_robots = false;
    settings.politeness.retries = 0;
    // Public when the seeds are looked at; this machine when it is connected to.
    let (lookup, asked) = changing(&[&[PUBLIC], &[LOOPBACK]]);
    let (sum, pages) = crawl_with(settings.clone(), lookup);
    assert_eq!((sum.pages, sum.failed), (1, 1));
    let error = pages[0].error.as_ref().unwrap();
    assert!(error.contains("127.0.0.1 is not allowed"), "{error}");
    assert_eq!(asked.lock().unwrap().len(), 2);
    assert_eq!(site.counts().connections, 0);
    // One that was private from the start is what was asked for.
    let (lookup, _) = changing(&[&[LOOPBACK]]);
    assert_eq!(crawl_with(settings, lookup).0.failed, 0);
    assert!(site.counts().connections > 0);
}

#[test]
fn a_redirect_to_a_name_of_this_machine_is_refused() {
    let site = Site::builder().pages(3).start().unwrap();
    let inside = format!("http://inside.example:{}/page/1", site.address().port());
    let mut settings = settings(&site, &format!("/redirect/to?url={inside}"));
    settings.reach = Reach::Any;
    settings.obeys_robots = false;
    let (lookup, asked) = changing(&[&[LOOPBACK]]);
    let (sum, pages) = crawl_with(settings, lookup);
    assert_eq!((sum.aliases, sum.failed), (1, 1));
    let refused = pages.iter().find(|page| page.url == inside).unwrap();
    assert!(refused.error.as_ref().unwrap().contains("not allowed"));
    assert_eq!(*asked.lock().unwrap(), ["inside.example"]);
    assert_eq!(site.counts().requests, 1);
}

#[test]
fn a_canonical_page_counts_in_place_of_its_other_addresses() {
    let site = Site::builder().pages(2).links(0).start().unwrap();
    let (sum, pages) = crawl(settings(&site, "/html/canonical"));
    let alias = pages
        .iter()
        .find(|page| page.url.ends_with("canonical"))
        .unwrap();
    assert_eq!(alias.target, Some(site.url("/page/1")));
    assert_eq!((sum.pages, sum.aliases), (1, 1));
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

#[test]
fn links_of_all_kinds_are_found_and_only_those() {
    let site = Site::builder().pages(6).links(0).start().unwrap();
    let (_, pages) = crawl(settings(&site, "/html/links"));
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
    assert_eq!(paths(&pages), expected.map(str::to_owned).into());
    let (_, pages) = crawl(settings(&site, "/html/base"));
    assert!(paths(&pages).contains("/page/1"));
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

/// What becomes of everything that the demo site can do, by the beginning of its path; the first that
/// fits counts. `Page` with a status, or `Failed` with a word of the reason.
const CLASSES: &[(&str, Class)] = &[
    ("/redirect/chain/3", Class::Moved(3)),
    ("/redirect/loop", Class::Moved(2)),
    ("/redirect/self", Class::Moved(1)),
    ("/redirect/away", Class::Moved(1)),
    ("/redirect/to", Class::Moved(1)),
    ("/redirect/private", Class::Moved(1)),
    (
        "/redirect/garbage",
        Class::Failed("a redirect to what is not fetched"),
    ),
    (
        "/redirect/file",
        Class::Failed("a redirect to what is not fetched"),
    ),
    ("/redirect/nowhere", Class::Page(302)),
    ("/redirect/latin-1", Class::Moved(1)),
    ("/redirect/utf-8", Class::Moved(1)),
    ("/redirect/space", Class::Moved(1)),
    ("/redirect/two", Class::Moved(1)),
    ("/redirect/empty", Class::Page(302)),
    ("/redirect/userinfo", Class::Moved(1)),
    ("/auth/redirect", Class::Moved(1)),
    ("/auth", Class::Page(401)),
    ("/cookies/show", Class::Page(200)),
    ("/cookies/trail", Class::Moved(1)),
    // A thousand cookies are a head that is too big.
    ("/cookies/many", Class::Failed("not HTTP")),
    ("/cookies", Class::Moved(1)),
    ("/goaway", Class::Page(426)),
    ("/part/unasked", Class::Failed("another part")),
    ("/part", Class::Failed("cut short")),
    ("/br", Class::Page(200)),
    ("/zstd", Class::Page(200)),
    ("/coding/none", Class::Page(200)),
    ("/coding/list", Class::Page(200)),
    ("/coding/chain", Class::Failed("more than 5 codings")),
    ("/early/endless", Class::Failed("header took longer than")),
    (
        "/early/switching",
        Class::Failed("changes to another protocol"),
    ),
    ("/transfer/gzip", Class::Failed("not asked for")),
    ("/transfer/order", Class::Failed("not asked for")),
    ("/transfer/unknown", Class::Failed("not asked for")),
    ("/transfer/bare-lf", Class::Failed("not HTTP")),
    ("/head/bare-lf", Class::Page(200)),
    ("/head/folded", Class::Page(200)),
    ("/head/space", Class::Page(200)),
    ("/head/no-reason", Class::Page(200)),
    ("/status/404", Class::Page(404)),
    // There is none.
    ("/robots.txt", Class::Page(404)),
    ("/busy?status=429", Class::Page(429)),
    ("/busy", Class::Page(503)),
    ("/never", Class::Failed("header took longer than")),
    (
        "/stall",
        Class::Failed("the next part of the body took longer than"),
    ),
    ("/endless", Class::Page(200)),
    ("/gzip/bomb", Class::Page(200)),
    ("/gzip/cut", Class::Failed("not gzip")),
    ("/gzip/not", Class::Failed("not gzip")),
    ("/gzip/trailing", Class::Failed("not gzip")),
    ("/gzip/twice", Class::Page(200)),
    ("/gzip", Class::Page(200)),
    (
        "/coding/unknown",
        Class::Failed("not middle-out: it is not known here"),
    ),
    (
        "/cut/head",
        Class::Failed("closed before there was an answer"),
    ),
    (
        "/cut/silence",
        Class::Failed("closed before there was an answer"),
    ),
    ("/cut", Class::Failed("cut short")),
    ("/length/short", Class::Page(200)),
    ("/length/none", Class::Page(200)),
    ("/length/huge", Class::Failed("cut short")),
    ("/length", Class::Failed("not HTTP")),
    ("/head", Class::Failed("not HTTP")),
    ("/", Class::Page(200)),
];

#[derive(Clone, Copy, Debug, PartialEq)]
enum Class {
    Page(u16),
    Moved(u64),
    Failed(&'static str),
}

#[test]
fn everything_that_breaks_clients_is_told_for_what_it_is() {
    let site = Site::builder().pages(3).start().unwrap();
    let wrong: Vec<String> = demo_site::catalogue::ENTRIES
        .iter()
        .filter_map(|entry| {
            let url = if entry.raw {
                site.raw_url(entry.path)
            } else {
                site.url(entry.path)
            };
            let mut settings = Settings::new(vec![url.parse().unwrap()]);
            settings.politeness.retries = 0;
            settings.politeness.body = 1 << 20;
            settings.obeys_robots = false;
            // Only what is asked for, and where it redirects to.
            settings.depth = Some(0);
            if ["/never", "/stall", "/early/endless"].contains(&entry.path) {
                settings.politeness.timeout = Duration::from_millis(300);
            }
            let (sum, pages) = crawl(settings);
            let (_, expected) = CLASSES
                .iter()
                .find(|(path, _)| entry.path.starts_with(path))
                .unwrap();
            let first = pages
                .iter()
                .find(|page| page.url.trim_end_matches('/') == url.trim_end_matches('/'));
            let first = first.unwrap_or(&pages[0]);
            let error = first.error.clone().unwrap_or_default();
            let is_so = match expected {
                Class::Page(status) => {
                    let refused = u64::from(*status >= 400);
                    first.status == Some(*status) && (sum.failed, sum.http_errors) == (0, refused)
                }
                Class::Moved(times) => sum.aliases == *times,
                Class::Failed(word) => sum.failed == 1 && error.contains(word),
            };
            (!is_so).then(|| {
                format!(
                    "{}: {expected:?}: {:?} {error}, {sum:?}",
                    entry.path, first.status
                )
            })
        })
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn names_that_attack_the_disk_never_touch_it() {
    let site = Site::builder().pages(1).start().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("crawl.db");
    let mut settings = settings(&site, "/help");
    settings.include = vec!["/attack/".to_owned()];
    crawl_into(settings, File::create(&path).unwrap(), async_rayon::run);
    assert!(
        site.counts()
            .log
            .iter()
            .filter(|seen| seen.path.starts_with("/attack/"))
            .count()
            > 5
    );
    let files: BTreeSet<_> = std::fs::read_dir(folder.path())
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    assert!(
        files.iter().all(|name| name.starts_with("crawl.db")),
        "{files:?}"
    );
}

#[test]
fn what_is_selected_stands_in_the_line_of_its_page() {
    let site = Site::builder().pages(1).links(0).start().unwrap();
    let mut settings = settings(&site, "/");
    settings.picks = vec![Pick::read("title=h1").unwrap()];
    let (_, pages) = crawl(settings);
    assert_eq!(pages[0].selected["title"][0], "Page 0");
    assert_eq!(pages[0].title.as_deref(), Some("Page 0"));
}

fn report(path: &Path, format: Format) -> String {
    let mut out = Vec::new();
    Report::open(path)
        .unwrap()
        .write(format, f64::INFINITY, &mut out)
        .unwrap();
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
    let (sum, pages) = crawl_into(
        settings(&site, "/"),
        File::resume(&path).unwrap(),
        threads::run,
    );
    assert_eq!((sum.pages, pages.len()), (90, 60));
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
fn a_queue_longer_than_memory_holds_is_crawled_to_its_end_in_its_order() {
    // 8192 are kept at hand: the rest is read back from the state, here and by the next run.
    let site = Site::builder()
        .pages(9000)
        .links(0)
        .page_size(0)
        .start()
        .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("crawl.db");
    let mut settings = settings(&site, "/");
    settings.sitemaps = true;
    settings.politeness.per_host = 16;
    settings.limits.pages = Some(300);
    let file = File::create(&path).unwrap();
    let (sum, first) = crawl_into(settings.clone(), file, serial::run);
    assert_eq!((sum.pages, sum.found), (300, 9001));
    settings.limits.pages = None;
    let file = File::resume(&path).unwrap();
    let (sum, rest) = crawl_into(settings, file, async_rayon::run);
    assert_eq!((sum.pages, sum.earlier), (9000, 300));
    let pages = |pages: &[PageSummary]| -> Vec<String> {
        let pages = pages.iter().filter(|page| !page.url.ends_with(".xml"));
        pages.map(|page| page.url.clone()).collect()
    };
    let (first, rest) = (pages(&first), pages(&rest));
    let expected: Vec<String> = site.pages().collect();
    assert_eq!(first, expected[..300]);
    assert_eq!(rest.len(), 8700);
    // Sixteen at once come as they like; who asks first goes first.
    let mut log = site.counts().log;
    log.retain(|seen| seen.path == "/" || seen.path.starts_with("/page/"));
    let number = |path: &str| {
        path.strip_prefix("/page/")
            .map_or(0, |it| it.parse().unwrap())
    };
    let order: Vec<usize> = log.iter().map(|seen| number(&seen.path)).collect();
    assert_eq!(order.iter().collect::<HashSet<_>>().len(), order.len());
    assert!(
        order
            .iter()
            .enumerate()
            .all(|(place, page)| place.abs_diff(*page) <= 64)
    );
}

#[test]
fn of_a_long_page_the_beginning_is_read_and_that_is_told() {
    let page = "<a href=/2></a><a href=/3></a>";
    for (limit, cut, pages) in [(page.len(), 0, 3), (page.len() - 5, 1, 2)] {
        let site = Tiny::html(&[("/", page), ("/2", "x"), ("/3", "x")]);
        let mut settings = Settings::new(vec![site.url("/").parse().unwrap()]);
        settings.politeness.body = limit as u64;
        let (sum, _) = crawl(settings);
        assert_eq!((sum.cut, sum.pages, sum.failed), (cut, pages, 0));
    }
    // What has no links is a file: how long it is breaks nothing.
    let site = Site::builder().start().unwrap();
    let mut settings = settings(&site, "/bytes/3000");
    settings.politeness.body = 1;
    let (sum, _) = crawl(settings);
    assert_eq!((sum.cut, sum.failed), (0, 0));
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

/// What is hard to write down: signs that mean something in each of the formats.
const AWKWARD: &str = "<title>=1+1, \"two\"\nthree &amp; four</title>\
    <a href='/a,b&c;d'>x</a><a href='http://[::1&quot;\\&amp;&lt;&#27;'>y</a><a href='/gone?a=1&amp;b=2'>z</a>";

#[test]
fn reports_are_what_their_readers_expect() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("crawl.db");
    let site = Tiny::html(&[("/", AWKWARD), ("/a,b&c;d", "<a href=/>")]);
    let settings = Settings::new(vec![site.url("/").parse().unwrap()]);
    crawl_into(settings, File::create(&path).unwrap(), serial::run);
    let awkward = site.url("/a,b&c;d");

    let pages = report(&path, Format::Pages);
    assert_eq!(pages.lines().count(), 3);
    assert!(
        pages.lines().nth(2).unwrap().starts_with("404 page"),
        "{pages}"
    );

    let broken = report(&path, Format::Check(CheckFormat::Text));
    assert!(
        broken.contains("broken http://[::1\"\\&<\u{fffd}\n  not a URL\n"),
        "{broken}"
    );
    let place = format!("404 Not Found\n    {}:2:97 <a>\n", site.url("/"));
    assert!(
        broken.contains(&format!("/gone?a=1&b=2\n  {place}")),
        "{broken}"
    );

    let lines = report(&path, Format::JsonLines);
    let first: serde_json::Value = serde_json::from_str(lines.lines().next().unwrap()).unwrap();
    assert_eq!(first["title"], "=1+1, \"two\" three & four");
    assert_eq!(lines.lines().count(), 3);

    let table = report(&path, Format::Csv);
    let rows: Vec<&str> = table.split_terminator("\r\n").collect();
    assert_eq!(rows.len(), 4);
    assert!(
        rows[1].contains(",\"'=1+1, \"\"two\"\" three & four\","),
        "{table}"
    );
    assert!(
        rows[2].starts_with(&format!("\"{awkward}\",page,200,1,")),
        "{table}"
    );

    let dot = report(&path, Format::Dot);
    assert!(dot.starts_with("digraph") && dot.ends_with("}\n"), "{dot}");
    assert!(dot.contains(r#"[label="http://[::1\"\\&<"#), "{dot}");
    // From / to three, and from the second page back.
    assert_eq!(dot.matches(" -> ").count(), 4);

    let (names, texts) = xml(&report(&path, Format::GraphMl));
    assert_eq!(names.iter().filter(|name| *name == "node").count(), 4);
    assert_eq!(names.iter().filter(|name| *name == "edge").count(), 4);
    assert!(texts.contains(&awkward) && texts.contains(&"http://[::1\"\\&<\u{fffd}".to_owned()));

    let map = report(&path, Format::Sitemap);
    xml(&map);
    let map = crawler::sitemap::read(map.as_bytes()).unwrap();
    assert_eq!(map.pages, [site.url("/"), awkward]);

    let connection = rusqlite::Connection::open(&path).unwrap();
    let count: i64 = connection
        .query_row("SELECT count(*) FROM broken", [], |row| row.get(0))
        .unwrap();
    assert_eq!(count, 2);
}

/// The elements and the texts of XML that is well formed.
fn xml(text: &str) -> (Vec<String>, Vec<String>) {
    use quick_xml::events::Event;
    let mut reader = quick_xml::Reader::from_str(text);
    reader.config_mut().check_end_names = true;
    let (mut names, mut texts, mut within, mut open) = (vec![], vec![], String::new(), 0);
    loop {
        match reader.read_event().unwrap() {
            Event::Eof => {
                assert_eq!(open, 0);
                return (names, texts);
            }
            Event::Start(tag) => {
                open += 1;
                names.push(tag.local_name().into_inner().to_owned());
                within.clear();
            }
            Event::Empty(tag) => names.push(tag.local_name().into_inner().to_owned()),
            Event::End(_) => {
                open -= 1;
                texts.push(std::mem::take(&mut within));
            }
            Event::Text(part) => within.push_str(&part.xml10_content()),
            Event::GeneralRef(part) => within.push_str(match &*part {
                "amp" => "&",
                "lt" => "<",
                "gt" => ">",
                "quot" => "\"",
                other => panic!("{other}"),
            }),
            _ => {}
        }
    }
}

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

#[test]
fn two_canonical_pages_that_name_each_other_are_one_page() {
    let site = Tiny::html(&[
        ("/a", "<link rel=canonical href=/b><a href=/c>"),
        ("/b", "<link rel=canonical href=/a><a href=/d>"),
        ("/c", "x"),
        ("/d", "x"),
    ]);
    let (sum, _) = crawl(Settings::new(vec![site.url("/a").parse().unwrap()]));
    assert_eq!((sum.pages, sum.aliases), (3, 1));
}

#[test]
fn what_failed_for_a_passing_reason_is_asked_for_again() {
    let site = Site::builder().pages(1).start().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("crawl.db");
    let seeds = ["/status/503", "/status/404"].map(|path| site.url(path).parse().unwrap());
    let mut settings = Settings::new(seeds.into());
    settings.politeness.retries = 0;
    settings.obeys_robots = false;
    crawl_into(settings.clone(), File::create(&path).unwrap(), serial::run);
    let asked = |path: &str| site.counts().of(path);
    assert_eq!((asked("/status/503"), asked("/status/404")), (1, 1));
    crawl_into(settings.clone(), File::resume(&path).unwrap(), serial::run);
    assert_eq!((asked("/status/503"), asked("/status/404")), (2, 1));
    settings.retry_failed = true;
    crawl_into(settings, File::resume(&path).unwrap(), serial::run);
    assert_eq!((asked("/status/503"), asked("/status/404")), (3, 2));
}

#[test]
fn two_crawls_never_write_to_one_state() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("crawl.db");
    let first = File::create(&path).unwrap();
    for second in [
        File::create(&path),
        File::overwrite(&path),
        File::resume(&path),
    ] {
        let error = second.unwrap_err().to_string();
        assert!(error.contains("another crawl is at work"), "{error}");
    }
    drop(first);
    File::overwrite(&path).unwrap();
}

/// A thread that is gone completes no job: the others are stopped, and do not wait for it for ever.
#[test]
fn a_worker_that_panics_ends_the_crawl() {
    let site = Site::builder().pages(20).start().unwrap();
    let file = File::temporary().unwrap();
    let crawl = Crawl::new(settings(&site, "/"), file, None, Box::new(|_| ())).unwrap();
    std::thread::scope(|scope| {
        let gone = scope.spawn(|| {
            let _stop = crawl.stop_on_panic();
            assert!(
                crawl.take().is_none(),
                "a job is taken, and never completed"
            );
        });
        assert!(gone.join().is_err());
        // There is nothing else until that job is done.
        assert!(crawl.take().is_none());
    });
    assert!(crawl.is_stopped());
}
