//! What is a page, and what is found on it.

use super::*;

#[test]
fn a_redirect_is_no_page_of_its_own_and_each_hop_is_fetched_once() {
    for model in FETCHERS {
        let site = Site::builder().start().unwrap();
        let (sum, pages) = crawl_as(model, settings(&site, "/redirect/chain/3"));
        assert_eq!((sum.pages, sum.aliases), (1, 3));
        assert_eq!(
            pages.last().unwrap().url,
            site.url("/redirect/chain/0?status=302")
        );
        let (sum, _) = crawl_as(model, settings(&site, "/redirect/chain/10"));
        assert_eq!((sum.pages, sum.aliases), (1, 10));
        let (sum, _) = crawl_as(model, settings(&site, "/redirect/chain/11"));
        assert_eq!((sum.pages, sum.skipped["too-many-redirects"]), (0, 1));
        let (sum, _) = crawl_as(model, settings(&site, "/redirect/loop/a"));
        assert_eq!((sum.pages, sum.aliases), (0, 2));
        for (path, error) in [
            ("/redirect/file", Some("what is not fetched")),
            ("/redirect/garbage", Some("what is not fetched")),
            ("/redirect/nowhere", None),
        ] {
            let (sum, pages) = crawl_as(model, settings(&site, path));
            assert_eq!((pages.len(), sum.found), (1, 1), "{path}");
            let found = pages[0].error.as_deref();
            assert_eq!(found.is_some(), error.is_some(), "{path}: {found:?}");
            assert!(
                found.unwrap_or("").contains(error.unwrap_or("")),
                "{path}: {found:?}"
            );
        }
    }
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
