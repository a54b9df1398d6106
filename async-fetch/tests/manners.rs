//! Servers that have too much to do, and hosts that take turns.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[allow(dead_code, reason = "each test file uses a part of it")]
mod raw;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_fetch::{Error, Fetcher, Outcome, Request, Retries};
use demo_site::{Latency, Site};
use futures_util::{StreamExt, stream};
use raw::{Server, answer};

/// Requests a second that a server can answer: between two paces of the fetcher, so that it has to slow
/// down, and to try again whether more is possible.
const CAPACITY: f64 = 25.0;

/// A server that is overloaded while the fetcher sends more than [`CAPACITY`]. Its verdict depends on the
/// fetcher's pace, and so not on this machine's speed. (nginx, which has a clock: `world/limits.rs`.)
fn overloaded(status: &'static str, fetcher: &Fetcher) -> Server {
    let fetcher = fetcher.clone();
    Server::start(move |_| {
        let slowed = fetcher.slowed();
        let pace = slowed.first().and_then(|it| it.a_second);
        match pace.is_some_and(|pace| pace <= CAPACITY) {
            true => answer("200 OK", &[], "ok"),
            false => answer(status, &[], "busy"),
        }
    })
}

#[tokio::test]
async fn all_get_through_to_a_server_that_is_overloaded() {
    for status in ["503 Service Unavailable", "429 Too Many Requests"] {
        let fetcher = Fetcher::builder().build().unwrap();
        let server = overloaded(status, &fetcher);
        let requests = (0..60).map(|page| Request::get(server.url(&format!("/{page}"))).unwrap());
        let outcomes: Vec<Outcome> = fetcher.fetch_all(stream::iter(requests)).collect().await;
        let good = outcomes.iter().filter(|it| it.is_success()).count();
        assert_eq!(good, 60);
        // At the start at most six requests are refused. From 16 a second, and later from half of some
        // 26, ten answers and more lead above the capacity; then at most six are refused again.
        let asked = server.heads().len();
        assert!((61..=96).contains(&asked), "{asked} requests");
        let slowed = fetcher.slowed();
        assert_eq!(slowed.len(), 1);
        assert_eq!(slowed[0].refusals as usize, asked - 60);
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
