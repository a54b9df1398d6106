//! Servers that have too much to do, and hosts that take turns.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[allow(dead_code, reason = "each test file uses a part of it")]
mod raw;

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use async_fetch::{Error, Fetcher, Outcome, Request, Retries};
use demo_site::{Latency, Site};
use futures_util::{StreamExt, stream};
use raw::{Server, answer};

/// A server with nginx's `limit_req` and no burst: it refuses a request that comes sooner than `each` after
/// the last one.
fn limited(status: &'static str, each: Duration) -> Server {
    let last = Mutex::new(None::<Instant>);
    Server::start(move |_| {
        let mut last = last.lock().unwrap();
        let now = Instant::now();
        if last.is_some_and(|last| now - last < each) {
            return answer(status, &[], "busy");
        }
        *last = Some(now);
        answer("200 OK", &[], "ok")
    })
}

#[tokio::test]
async fn all_get_through_a_limit_of_requests() {
    for status in ["503 Service Unavailable", "429 Too Many Requests"] {
        let server = limited(status, Duration::from_millis(40));
        let fetcher = Fetcher::builder().build().unwrap();
        let requests = (0..60).map(|page| Request::get(server.url(&format!("/{page}"))).unwrap());
        let outcomes: Vec<Outcome> = fetcher.fetch_all(stream::iter(requests)).collect().await;
        let good = outcomes.iter().filter(|it| it.is_success()).count();
        assert_eq!(good, 60);
        // The fetcher has found the rate of the server. Without that it would try again and again.
        assert!(
            server.heads().len() <= 100,
            "{} requests",
            server.heads().len()
        );
        let slowed = fetcher.slowed();
        assert!(slowed.len() == 1 && slowed[0].refusals > 0, "{slowed:?}");
    }
}

#[tokio::test]
async fn a_list_sorted_by_host_starves_nobody() {
    let latency = Latency::Fixed(Duration::from_secs(3600));
    let slow = Site::builder()
        .pages(1500)
        .latency(latency)
        .start()
        .unwrap();
    let fast = Site::builder().pages(50).start().unwrap();
    let urls: Vec<String> = slow.pages().chain(fast.pages()).collect();
    let requests = stream::iter(urls).map(|url| Request::get(url).unwrap());
    let fetcher = Fetcher::builder().build().unwrap();
    let mut outcomes = fetcher.fetch_all(requests);
    for _ in 0..50 {
        let outcome = outcomes.next().await.unwrap();
        assert!(outcome.is_success() && outcome.index >= 1500);
    }
    assert_eq!(slow.counts().most_at_once, 6);
}

#[tokio::test]
async fn a_budget_that_is_spent_is_named_and_names_that_are_not_found_take_nothing_from_it() {
    let site = Site::builder().pages(1).start().unwrap();
    let retries = |reserve| Retries {
        base: Duration::from_millis(1),
        share: 0.0,
        reserve,
        ..Retries::default()
    };
    let fetcher = Fetcher::builder()
        .retries(retries(1))
        .lookup(|_| async { Err(std::io::Error::other("there is no such name")) });
    let fetcher = fetcher.build().unwrap();
    for _ in 0..3 {
        let outcome = fetcher
            .fetch(Request::get("http://no.invalid/").unwrap())
            .await;
        assert!(
            matches!(outcome.result, Err(Error::Lookup { .. })),
            "{:?}",
            outcome.result
        );
        assert_eq!((outcome.attempts, outcome.out_of_budget), (1, false));
    }
    let outcome = fetcher
        .fetch(Request::get(site.url("/status/500")).unwrap())
        .await;
    assert_eq!((outcome.attempts, outcome.out_of_budget), (2, true));
    assert!(outcome.failure().unwrap().contains("--retry-budget"));
    let plenty = Fetcher::builder().retries(retries(10)).build().unwrap();
    let outcome = plenty
        .fetch(Request::get(site.url("/status/500")).unwrap())
        .await;
    assert_eq!((outcome.attempts, outcome.out_of_budget), (4, false));
}

#[tokio::test]
async fn a_kept_connection_that_was_closed_costs_no_attempt() {
    // A host that has answered, and then closes a connection before it answers.
    let failed = Arc::new(Mutex::new(false));
    let server = Server::start(move |asked| {
        let mut failed = failed.lock().unwrap();
        if asked.path == "/second" && !std::mem::replace(&mut failed, true) {
            return Vec::new();
        }
        answer("200 OK", &[], "ok")
    });
    let fetcher = Fetcher::builder().build().unwrap();
    for path in ["/first", "/second"] {
        let outcome = fetcher.fetch(Request::get(server.url(path)).unwrap()).await;
        assert!(
            outcome.is_success() && outcome.attempts == 1,
            "{:?}",
            outcome.result
        );
    }
    assert_eq!(server.heads().len(), 3);
}

#[tokio::test]
async fn what_a_server_did_not_begin_to_work_on_is_sent_again_free() {
    let site = Site::builder().start().unwrap();
    // No retries, no budget: what is free needs none.
    let retries = Retries {
        most: 0,
        share: 0.0,
        reserve: 0,
        ..Retries::default()
    };
    let fetcher = Fetcher::builder()
        .http2_only()
        .retries(retries)
        .build()
        .unwrap();
    let fetch = async |path: &str| {
        let request = Request::get(site.raw_url(path)).unwrap();
        fetcher.fetch(request).await
    };
    // (RFC 9113, sections 6.8 and 8.7; the last ends each connection behind its answer)
    for path in [
        "/goaway/before?times=3",
        "/goaway/refused?times=3",
        "/goaway/after?1",
        "/goaway/after?2",
    ] {
        let outcome = fetch(path).await;
        assert!(outcome.is_success(), "{path}: {:?}", outcome.result);
        assert_eq!(outcome.attempts, 1, "{path}");
        assert!(!outcome.out_of_budget);
    }
    // But not for ever.
    let outcome = fetch("/goaway/refused?times=1000").await;
    assert!(outcome.result.is_err());
    assert_eq!(outcome.attempts, 1);
}
