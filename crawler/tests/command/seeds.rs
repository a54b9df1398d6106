//! Where a crawl begins.

use super::*;

#[test]
fn a_site_that_moved_to_another_host_is_crawled_there() {
    let other = Site::builder().pages(3).links(2).start().unwrap();
    let moved = format!("location: {}\r\n", other.url("/"));
    let site = Tiny::with(&[("/", &moved, "301 Moved Permanently", "")]);
    let (code, out, err) = output(&[&site.url("/"), "--allow-private"]);
    assert_eq!((code, out.lines().count()), (0, 4), "{err}");
    assert!(err.contains("belongs to the crawl"), "{err}");
}

#[test]
fn without_a_scheme_https_is_tried_and_then_http() {
    let site = Site::builder().pages(3).links(2).start().unwrap();
    let url = site.url("/");
    let (code, out, err) = output(&[url.strip_prefix("http://").unwrap(), "--retries", "0"]);
    assert_eq!((code, out.lines().count()), (0, 4), "{out}{err}");
    assert!(err.contains(&format!("so {url} is crawled")), "{err}");
}

#[test]
fn a_site_that_is_not_there_is_a_failure_and_not_the_end_of_the_program() {
    // Port 9 is discard's, which nobody runs; and no name ends in .invalid (RFC 2606).
    for (words, text) in [
        (vec!["http://127.0.0.1:9/"], "refused"),
        (vec!["http://127.0.0.1:9/", "--ignore-robots"], "refused"),
        (
            vec!["http://nowhere.invalid/"],
            "no address is known for nowhere.invalid",
        ),
        (
            vec!["check", "http://127.0.0.1:9/"],
            "the command line <seed>",
        ),
    ] {
        let (code, out, err) = output(&words);
        assert_eq!(code, 1, "{words:?}: {err}");
        assert!(out.contains(text), "{words:?}: {out}{err}");
    }
}

#[test]
fn an_empty_site_and_one_that_begins_with_a_redirect_are_sites() {
    let site = Site::builder().pages(1).links(0).start().unwrap();
    let (code, out, err) = output(&[&site.url("/")]);
    assert_eq!((code, out.lines().count()), (0, 1), "{err}");
    let (code, out, err) = output(&[&site.url("/bytes/0"), "--ignore-robots"]);
    assert_eq!((code, out.lines().count()), (0, 1), "{err}");
    let (code, out, err) = output(&[&site.url("/redirect/chain/1"), "--depth", "0"]);
    assert_eq!((code, out.lines().count()), (0, 2), "{err}");
    assert!(
        err.contains("1 pages") && err.contains("1 redirects"),
        "{err}"
    );
}
