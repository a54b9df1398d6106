//! The library against the demo site, which counts what it sees and breaks what can be broken.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_fetch::{
    Answer, Body, Builder, Checksum, Error, Fetcher, Keep, Limits, Method, Outcome, Phase, Request,
    Retries, StatusCode, Timeouts, Watch, is_public,
};
use demo_site::{Latency, Site, content};
use futures_util::{StreamExt, stream};

fn site() -> Site {
    Site::builder().pages(20).start().unwrap()
}

/// Time-outs long enough for a machine that is busy, retries at once.
fn fetcher() -> Builder {
    Fetcher::builder().retries(Retries {
        base: Duration::from_millis(1),
        ..Retries::default()
    })
}

fn get(url: impl AsRef<str>) -> Request {
    Request::get(url).unwrap()
}

async fn fetch(builder: Builder, request: Request) -> Outcome {
    builder.build().unwrap().fetch(request).await
}

fn answer(outcome: Outcome) -> Answer {
    outcome.result.unwrap()
}

/// Waits for a condition that has to come about; a test that waits for ever is ended from outside.
async fn until(mut condition: impl FnMut() -> bool) {
    while !condition() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn pages_come_whole_and_are_told_apart() {
    let site = site();
    let requests: Vec<_> = site
        .pages()
        .zip(100..)
        .map(|(url, tag)| get(url).tag(tag))
        .collect();
    let fetcher = fetcher().jobs(8).build().unwrap();
    let outcomes: Vec<Outcome> = fetcher.fetch_all(stream::iter(requests)).collect().await;
    assert_eq!(outcomes.len(), 20);
    for outcome in outcomes {
        let page = outcome.index as usize;
        assert_eq!((outcome.tag, outcome.attempts), (outcome.index + 100, 1));
        assert_eq!(answer(outcome).bytes(), site.html_of(page).as_bytes());
    }
}

#[tokio::test]
async fn limits_hold_by_the_servers_own_count() {
    for (jobs, per_host, most) in [(1, 6, 1), (3, 6, 3), (10, 4, 4), (10, 10, 10)] {
        let latency = Latency::Fixed(Duration::from_millis(20));
        let site = Site::builder().pages(60).latency(latency).start().unwrap();
        let fetcher = fetcher().jobs(jobs).per_host(per_host).build().unwrap();
        let requests: Vec<_> = site.pages().map(get).collect();
        // Two streams and a single request of one fetcher keep its limits together.
        let (first, second) = requests.split_at(30);
        let run = |requests: &[Request]| {
            fetcher
                .fetch_all(stream::iter(requests.to_vec()))
                .filter(|outcome| {
                    let good = outcome.is_success();
                    async move { good }
                })
        };
        let (one, two, three) = tokio::join!(
            run(first).count(),
            run(second).count(),
            fetcher.fetch(get(site.url("/"))),
        );
        assert_eq!((one, two, three.is_success()), (30, 30, true));
        let counts = site.counts();
        assert_eq!(counts.requests, 61);
        assert_eq!(counts.most_at_once, most, "{jobs} {per_host}");
        assert!(
            counts.connections <= most,
            "{} connections",
            counts.connections
        );
    }
}
