//! What is kept, and gone on with.

use super::*;

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
        assert!(error.contains("another crawl is writing to it"), "{error}");
    }
    drop(first);
    File::overwrite(&path).unwrap();
}
