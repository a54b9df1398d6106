//! Limits that end a crawl early.

use super::*;

#[test]
fn pages_in_flight_are_left_and_that_is_told() {
    let site = Site::builder().start().unwrap();
    // A byte each tenth of a second, for hours: no time-out of a silent server ends it.
    let url = site.url("/slow/1000000?every=100");
    for model in ["serial", "threads", "processes", "async", "rayon"] {
        let (code, out, err) = output(&[
            &url,
            "--model",
            model,
            "--max-time=100ms",
            "--timeout=1s",
            "--ignore-robots",
        ]);
        assert_eq!((code, out.as_str()), (1, ""), "{model}: {err}");
        assert!(err.contains("\n0 pages (0 could not"), "{model}: {err}");
        assert!(
            err.contains("stopped at the limit of time\n"),
            "{model}: {err}"
        );
        assert!(
            err.contains("--resume") || err.contains("resumed"),
            "{model}: {err}"
        );
    }
}

/// A run in CI that has not checked all links is not green.
#[test]
fn links_that_a_limit_leaves_unchecked_end_with_1() {
    let site = Site::builder().pages(20).links(3).start().unwrap();
    let url = site.url("/");
    for (command, limit, expected) in [
        (&["check"][..], "--max-pages=19", 1),
        (&["check"], "--max-pages=20", 0),
        (&["check"], "--max-bytes=1", 1),
        (&["check"], "--max-bytes=1G", 0),
        (&["check"], "--max-time=0", 1),
        (&["check"], "--max-time=1h", 0),
        (&[], "--max-pages=19", 0),
        (&[], "--max-bytes=1", 0),
        (&[], "--max-time=0", 1),
    ] {
        let (code, _, err) = output(&[command, &[&url, limit]].concat());
        assert_eq!(code, expected, "{command:?} {limit}: {err}");
        let is_told = err.contains("stopped at the limit of");
        assert_eq!(
            is_told,
            !limit.contains("20") && !limit.ends_with(['G', 'h'])
        );
    }
}
