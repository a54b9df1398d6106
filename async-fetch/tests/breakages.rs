//! Everything that the demo site breaks, and what is tried again.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[allow(dead_code, reason = "each test file uses a part of it")]
mod ask;

use ask::*;
use async_fetch::{
    Builder, Error, Fetcher, Method, Outcome, Request, Retries, StatusCode, Timeouts,
};
use futures_util::{StreamExt, stream};
use std::time::Duration;

/// What a breakage is to come to: the error's kind, or the status; attempts; and the body's length.
struct Expected {
    path: &'static str,
    raw: bool,
    result: Comes,
    attempts: u32,
}

/// The status and the body's length, or the error's kind.
type Comes = Result<(u16, u64), &'static str>;

const fn expected(path: &'static str, raw: bool, result: Comes, attempts: u32) -> Expected {
    Expected {
        path,
        raw,
        result,
        attempts,
    }
}

const fn ok(path: &'static str, status: u16, length: u64, attempts: u32) -> Expected {
    expected(path, false, Ok((status, length)), attempts)
}

const fn fails(path: &'static str, kind: &'static str, attempts: u32) -> Expected {
    expected(path, false, Err(kind), attempts)
}

const fn raw(path: &'static str, result: Comes, attempts: u32) -> Expected {
    expected(path, true, result, attempts)
}

/// Every one of them; four attempts are all that are made.
const BREAKAGES: &[Expected] = &[
    ok("/status/404", 404, 14, 1),
    ok("/status/410", 410, 9, 1),
    ok("/status/204", 204, 0, 1),
    ok("/status/500", 500, 26, 4),
    ok("/busy?status=503&times=2", 200, 24, 3),
    ok("/busy?status=502&times=9", 502, 5, 4),
    ok("/busy?status=501&times=1", 501, 5, 1),
    ok("/busy?status=429&after=0&times=1", 200, 24, 2),
    ok("/busy?status=429&after=0&form=date&times=1", 200, 24, 2),
    ok("/busy?status=503&after=soon&times=1", 200, 24, 2),
    // Longer than anybody wants to wait.
    ok("/busy?status=503&after=3600", 503, 5, 1),
    ok("/busy?status=429&after=3600&form=date", 429, 5, 1),
    ok("/redirect/chain/10", 200, 7, 1),
    ok("/redirect/chain/3?status=308", 200, 7, 1),
    ok("/redirect/away", 200, 7, 1),
    ok("/redirect/nowhere", 302, 0, 1),
    fails("/redirect/chain/11", "too-many-redirects", 1),
    fails("/redirect/loop/a", "redirect-loop", 1),
    fails("/redirect/self", "redirect-loop", 1),
    fails("/redirect/garbage", "location", 1),
    fails("/redirect/file", "scheme", 1),
    ok("/bytes/100000", 200, 100_000, 1),
    ok("/slow/20?every=1", 200, 20, 1),
    ok("/late/10", 200, 5, 1),
    fails("/never", "timeout", 4),
    fails("/stall", "timeout", 4),
    fails("/endless", "body-too-large", 1),
    ok("/gzip", 200, 27, 1),
    fails("/gzip/bomb/100000000", "body-too-large", 1),
    ok("/gzip/twice", 200, 27, 1),
    fails("/gzip/cut", "coding", 1),
    fails("/gzip/trailing", "coding", 1),
    fails("/gzip/not", "coding", 1),
    ok("/deflate/zlib", 200, 27, 1),
    ok("/deflate/raw", 200, 27, 1),
    fails("/coding/unknown", "coding", 1),
    raw("/cut/length", Err("cut"), 4),
    raw("/cut/chunked", Err("cut"), 4),
    raw("/cut/reset", Err("cut"), 4),
    raw("/cut/head", Err("closed"), 4),
    raw("/cut/silence", Err("closed"), 4),
    raw("/cut/again?size=1000&most=400", Err("cut"), 4),
    raw("/cut/again?size=1000&most=400&times=2", Ok((200, 1000)), 3),
    raw("/length/short", Ok((200, 10)), 1),
    raw("/length/two", Err("protocol"), 1),
    raw("/length/negative", Err("protocol"), 1),
    raw("/length/words", Err("protocol"), 1),
    raw("/length/huge", Err("body-too-large"), 1),
    raw("/length/none", Ok((200, 500)), 1),
    raw("/head/garbage", Err("protocol"), 1),
    raw("/head/status", Err("protocol"), 1),
    raw("/head/huge", Err("protocol"), 1),
    raw("/head/many", Err("protocol"), 1),
    raw("/head/endless", Err("protocol"), 1),
    raw("/head/chunk", Err("protocol"), 1),
    // As curl 7.88 has them, but for /transfer/bare-lf, whose chunks curl takes, and the transfer codings
    // that curl undoes: here they are errors, never a body.
    raw("/head/folded", Ok((200, 3)), 1),
    raw("/head/bare-lf", Ok((200, 3)), 1),
    raw("/head/no-reason", Ok((200, 3)), 1),
    raw("/head/space", Ok((200, 3)), 1),
    raw("/early/continue", Ok((200, 3)), 1),
    raw("/early/hints", Ok((200, 3)), 1),
    raw("/early/many", Ok((200, 3)), 1),
    raw("/early/endless", Err("timeout"), 4),
    raw("/early/switching", Err("protocol"), 1),
    raw("/transfer/gzip", Ok((200, 27)), 1),
    raw("/transfer/unknown", Err("coding"), 1),
    raw("/transfer/order", Err("coding"), 1),
    raw("/transfer/length", Ok((200, 3)), 1),
    raw("/transfer/bare-lf", Err("protocol"), 1),
    raw("/transfer/trailer", Ok((200, 3)), 1),
    raw("/keep-alive", Ok((200, 7)), 1),
    raw("/keep-alive/lie", Ok((200, 4)), 1),
];

#[tokio::test]
async fn every_breakage_comes_to_what_is_documented() {
    let site = site();
    let patient = fetcher().per_host(64);
    // For what never comes at all; what only takes long on a slow machine has the usual time.
    let impatient = patient.clone().timeouts(Timeouts {
        first_byte: Duration::from_secs(2),
        idle: Duration::from_secs(2),
        ..Timeouts::default()
    });
    let (late, others): (Vec<&Expected>, Vec<&Expected>) =
        BREAKAGES.iter().partition(|it| it.result == Err("timeout"));
    let run = async |builder: Builder, expected: &[&Expected]| -> Vec<Outcome> {
        let requests: Vec<Request> = expected
            .iter()
            .map(|it| {
                get(if it.raw {
                    site.raw_url(it.path)
                } else {
                    site.url(it.path)
                })
            })
            .collect();
        let fetcher = builder.build().unwrap();
        let outcomes = fetcher.fetch_all(stream::iter(requests)).in_order();
        outcomes.collect().await
    };
    let (mut outcomes, rest) = tokio::join!(run(impatient, &late), run(patient, &others));
    outcomes.extend(rest);
    assert_eq!(outcomes.len(), BREAKAGES.len());
    let counts = site.counts();
    for (outcome, expected) in outcomes.iter().zip(late.iter().chain(&others)) {
        let got = match &outcome.result {
            Ok(answer) => Ok((answer.status.as_u16(), answer.length)),
            Err(error) => Err(error.kind()),
        };
        assert_eq!(
            (got, outcome.attempts),
            (expected.result, expected.attempts),
            "{}",
            expected.path
        );
        let seen = counts.of(expected.path);
        // What redirects to itself is asked for once: it is known already when it comes again. What
        // is closed before an answer is sent again once, if the host has answered others.
        let resent = usize::from(expected.result == Err("closed"));
        let attempts = expected.attempts as usize;
        assert!(
            (attempts..=attempts + resent).contains(&seen),
            "{}: {seen}",
            expected.path
        );
    }
    let listed = demo_site::catalogue::ENTRIES
        .iter()
        .filter(|entry| entry.raw);
    // Parts are asked for by downloads, and GOAWAY by HTTP/2: they have tests of their own.
    let others = ["/landing", "/part/", "/goaway/"];
    for entry in listed.filter(|entry| !others.iter().any(|it| entry.path.starts_with(it))) {
        let path = entry.path.split('?').next().unwrap();
        let tested = |it: &&Expected| it.path.split('?').next() == Some(path);
        assert!(
            BREAKAGES.iter().find(tested).is_some(),
            "{path} is not tested"
        );
    }
}

#[tokio::test]
async fn what_is_not_safe_to_repeat_is_not_repeated() {
    let site = site();
    for (method, attempts) in [(Method::GET, 4), (Method::PUT, 4), (Method::POST, 1)] {
        let url = site.raw_url("/cut/silence");
        let request = Request::new(method, url.parse().unwrap()).body("once");
        let outcome = fetch(fetcher(), request).await;
        assert!(matches!(outcome.result, Err(Error::Closed)));
        assert_eq!(outcome.attempts, attempts);
    }
    let request = Request::new(Method::POST, site.url("/status/503").parse().unwrap());
    let outcome = fetch(fetcher(), request).await;
    assert_eq!(
        (outcome.status(), outcome.attempts),
        (Some(StatusCode::SERVICE_UNAVAILABLE), 1)
    );
}

#[tokio::test]
async fn retries_of_all_together_have_a_budget() {
    let site = site();
    let retries = Retries {
        most: 3,
        base: Duration::from_millis(1),
        share: 0.0,
        reserve: 5,
        ..Retries::default()
    };
    let fetcher = Fetcher::builder().retries(retries).build().unwrap();
    let requests = vec![get(site.url("/status/503")); 10];
    let outcomes: Vec<Outcome> = fetcher.fetch_all(stream::iter(requests)).collect().await;
    let attempts: u32 = outcomes.iter().map(|outcome| outcome.attempts).sum();
    assert_eq!(attempts, 15);
    assert_eq!(site.counts().requests, 15);
}
