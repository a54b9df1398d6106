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
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;

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
    raw("/transfer/gzip", Err("coding"), 1),
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

#[tokio::test]
async fn a_host_that_asks_for_it_is_left_alone_and_others_are_not() {
    let site = site();
    let fetcher = fetcher().per_host(1).build().unwrap();
    let requests = [
        get(site.url("/busy?status=429&after=1&times=1")),
        get(site.url("/page/1")),
        get(site.raw_url("/landing")),
    ];
    let outcomes: Vec<Outcome> = fetcher.fetch_all(stream::iter(requests)).collect().await;
    assert!(outcomes.iter().all(Outcome::is_success));
    // The other host did not wait for this one.
    assert_eq!(outcomes[0].index, 2);
    let log = site.counts().log;
    let at = |path: &str, nth: usize| {
        log.iter()
            .filter(|seen| seen.path.starts_with(path))
            .nth(nth)
            .unwrap()
            .at
    };
    let pause = Duration::from_secs(1);
    assert!(at("/busy", 1) - at("/busy", 0) >= pause);
    assert!(at("/page/1", 0) - at("/busy", 0) >= pause);
}

#[tokio::test]
async fn secrets_are_not_taken_to_another_host() {
    let site = site();
    let request = |path: &str| {
        get(site.url(path))
            .header("authorization".parse().unwrap(), "secret".parse().unwrap())
            .header("x-mine".parse().unwrap(), "kept".parse().unwrap())
    };
    for path in ["/redirect/away", "/redirect/chain/1"] {
        assert!(fetch(fetcher(), request(path)).await.is_success());
    }
    let counts = site.counts();
    for seen in &counts.log {
        let elsewhere = seen.path == "/landing";
        assert_eq!(
            seen.header("authorization").is_none(),
            elsewhere,
            "{}",
            seen.path
        );
        assert_eq!(seen.header("x-mine"), Some("kept"));
    }
    assert_eq!(counts.of("/landing"), 1);
}

#[tokio::test]
async fn private_addresses_are_refused_by_name_by_number_and_by_redirect() {
    let site = site();
    let port = site.address().port();
    let home = IpAddr::from(Ipv4Addr::LOCALHOST);
    let lookup = move |_host| async move { Ok(vec![home]) };
    // A public name for a private address: the look-up itself is harmless, its answer is not.
    let rebound = format!("http://public.example:{port}/");
    for url in [
        rebound.clone(),
        site.url("/"),
        format!("http://[::ffff:127.0.0.1]:{port}/"),
    ] {
        let outcome = fetch(fetcher().public_addresses().lookup(lookup), get(&url)).await;
        let error = outcome.result.unwrap_err();
        assert!(
            matches!(error, Error::Address(address) if !is_public(address)),
            "{url}: {error}"
        );
        assert_eq!(outcome.attempts, u32::from(url == rebound), "{url}");
    }
    assert_eq!(site.counts().connections, 0);
    // This host may be asked; where it redirects to may not.
    let only_home = fetcher()
        .lookup(lookup)
        .addresses(move |host, address| host == "home.example" || is_public(address));
    let url = format!("http://home.example:{port}/redirect/private");
    let outcome = fetch(only_home, get(url)).await;
    assert!(matches!(outcome.result, Err(Error::Address(_))));
    assert_eq!(outcome.redirects.len(), 1);
    assert_eq!(site.counts().requests, 1);
}

#[tokio::test]
async fn redirects_can_be_left_to_the_caller() {
    let site = site();
    let outcome = fetch(fetcher().redirects(0), get(site.url("/redirect/chain/2"))).await;
    assert_eq!(outcome.status(), Some(StatusCode::FOUND));
    assert!(answer(outcome).headers.contains_key("location"));
    let same_host = fetcher().follow_if(|from, to| from.origin() == to.origin());
    let outcome = fetch(same_host.clone(), get(site.url("/redirect/away"))).await;
    assert_eq!(outcome.status(), Some(StatusCode::FOUND));
    let outcome = fetch(same_host, get(site.url("/redirect/chain/2"))).await;
    assert_eq!((outcome.redirects.len(), outcome.is_success()), (2, true));
}

#[tokio::test]
async fn a_redirect_does_not_wait_for_its_body() {
    let site = site();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let to = site.url("/page/1");
    let server = tokio::spawn(async move {
        let (mut client, _) = listener.accept().await.unwrap();
        let head = format!("HTTP/1.1 302 Found\r\nlocation: {to}\r\ncontent-length: 9999\r\n\r\n");
        client.write_all(head.as_bytes()).await.unwrap();
        // Often enough for the time-out between two parts, until the client has had enough.
        while client.write_all(b"x").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    let patient = fetcher().timeouts(Timeouts {
        total: Duration::from_secs(60),
        ..Timeouts::default()
    });
    // One place for all: it is free again when the page is asked for.
    let outcome = fetch(patient.jobs(1), get(url)).await;
    assert_eq!(outcome.redirects.len(), 1);
    assert_eq!(answer(outcome).bytes(), site.html_of(1).as_bytes());
    server.await.unwrap();
}

#[tokio::test]
async fn dropping_the_stream_cancels_everything_at_once() {
    let site = site();
    let fetcher = fetcher().jobs(10).per_host(10).build().unwrap();
    let requests = stream::iter(vec![get(site.url("/never")); 100]);
    let mut outcomes = fetcher.fetch_all(requests);
    {
        let mut first = outcomes.next();
        tokio::select! {
            _ = &mut first => panic!("it never answers"),
            () = until(|| site.counts().at_once == 10) => {}
        }
    }
    drop(outcomes);
    until(|| site.counts().open_connections == 0).await;
    assert_eq!(site.counts().requests, 10);
    // The places are free again.
    assert!(fetcher.fetch(get(site.url("/"))).await.is_success());
}

#[tokio::test]
async fn no_request_is_taken_before_there_is_a_place_for_it() {
    let site = site();
    let taken = Arc::new(Mutex::new(0));
    let count = Arc::clone(&taken);
    let url = site.url("/never");
    let endless = stream::repeat_with(move || {
        *count.lock().unwrap() += 1;
        get(&url)
    });
    let limits = Limits {
        jobs: 4,
        per_host: 2,
        look_ahead: 7,
        ..Limits::default()
    };
    let fetcher = fetcher().limits(limits).build().unwrap();
    let mut outcomes = fetcher.fetch_all(endless);
    {
        let mut first = outcomes.next();
        tokio::select! {
            _ = &mut first => panic!("it never answers"),
            () = until(|| site.counts().at_once == 2) => {}
        }
    }
    assert_eq!(*taken.lock().unwrap(), 4 + 7);
}

#[tokio::test]
async fn bodies_go_where_they_are_wanted() {
    let site = site();
    let size = 700_000;
    let url = site.url(&format!("/bytes/{size}"));
    let whole = content::part(1, 0..size);
    let sum = Checksum::of(&whole);

    let counted = answer(fetch(fetcher(), get(&url).keep(Keep::Nothing).checksum(sum)).await);
    assert_eq!((counted.length, counted.body), (size, Body::Nothing));

    let kept = answer(fetch(fetcher(), get(&url).checksum(sum)).await);
    assert_eq!(kept.bytes(), whole);

    let (sender, mut receiver) = tokio::sync::mpsc::channel(1);
    let fetcher_ = fetcher().build().unwrap();
    let request = get(&url).keep(Keep::Channel(sender)).checksum(sum);
    let receive = async {
        let mut all = Vec::new();
        while let Some(piece) = receiver.recv().await {
            all.extend_from_slice(&piece);
        }
        all
    };
    let (outcome, all) = tokio::join!(fetcher_.fetch(request), receive);
    assert_eq!((answer(outcome).length, all), (size, whole));

    let wrong = get(&url).checksum(Checksum::of("else"));
    let outcome = fetch(fetcher(), wrong).await;
    assert!(matches!(outcome.result, Err(Error::Checksum { .. })));

    let outcome = fetch(fetcher(), get(&url).body_limit(size - 1)).await;
    assert!(matches!(outcome.result, Err(Error::BodyTooLarge { limit }) if limit == size - 1));
    assert!(
        fetch(fetcher(), get(&url).body_limit(size))
            .await
            .is_success()
    );
    for (limit, cut) in [(size - 1, true), (size, false)] {
        let request = get(&url).body_limit(limit).cut_at_limit();
        let answer = answer(fetch(fetcher(), request).await);
        assert_eq!((answer.length, answer.cut), (limit, cut));
        assert_eq!(answer.bytes().len() as u64, limit);
    }
    let bomb = get(site.url("/gzip/bomb/100000")).body_limit(1000);
    let answer = answer(fetch(fetcher(), bomb.cut_at_limit()).await);
    assert_eq!((answer.bytes(), answer.cut), ([0; 1000].as_slice(), true));
}

#[tokio::test]
async fn a_file_that_broke_off_is_gone_on_with() {
    let site = site();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    let size = 2500;
    let url = site.raw_url(&format!("/cut/again?size={size}&most=400"));
    let sum = Checksum::of(content::part(1, 0..size));
    let request = get(&url).keep(Keep::File(path.clone())).checksum(sum);
    // 400 bytes at a time: each attempt brings more, and so there may be more than four.
    let outcome = fetch(fetcher(), request).await;
    assert_eq!(outcome.attempts, 7);
    let answer = answer(outcome);
    assert_eq!(
        (answer.status.as_u16(), answer.resumed_from, answer.length),
        (206, 2400, size)
    );
    assert_eq!(std::fs::read(&path).unwrap(), content::part(1, 0..size));

    // Without progress it ends.
    let part = folder.path().join("other");
    let request = get(site.raw_url("/cut/length")).keep(Keep::File(part.clone()));
    let outcome = fetch(fetcher(), request).await;
    assert!(matches!(outcome.result, Err(Error::Cut { .. })));
    assert!(!part.exists());
}

/// What lies beside a part with this tag.
fn origin(url: &str, tag: &str) -> String {
    let number = Checksum::of(url).prefix();
    format!("async-fetch part 2\nurl {number:016x}\ntag \"{tag}\"\ntotal 1000\nend\n")
}

#[tokio::test]
async fn what_changed_meanwhile_is_fetched_anew() {
    let site = site();
    for query in ["", "?etag=weak", "?range=no"] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let part = folder.path().join(async_fetch::FOLDER).join("file.part");
        let url = site.url(&format!("/bytes/1000{query}"));
        // As if a run had been killed that had got the beginning of another version.
        std::fs::create_dir_all(part.parent().unwrap()).unwrap();
        std::fs::write(&part, vec![0; 400]).unwrap();
        std::fs::write(part.with_extension("from"), origin(&url, "1000-0")).unwrap();
        let outcome = fetch(fetcher(), get(&url).keep(Keep::File(path.clone()))).await;
        assert_eq!(
            (outcome.attempts, answer(outcome).resumed_from),
            (1, 0),
            "{query}"
        );
        assert_eq!(
            std::fs::read(&path).unwrap(),
            content::part(1, 0..1000),
            "{query}"
        );
    }
}

#[tokio::test]
async fn only_a_success_becomes_a_file() {
    let site = site();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    let outcome = fetch(
        fetcher(),
        get(site.url("/status/404")).keep(Keep::File(path.clone())),
    )
    .await;
    assert_eq!(outcome.status(), Some(StatusCode::NOT_FOUND));
    assert!(!path.exists());
    assert_eq!(
        std::fs::read_dir(folder.path().join(async_fetch::FOLDER))
            .unwrap()
            .count(),
        0
    );
}

#[tokio::test]
async fn http2_is_spoken_over_one_connection() {
    let site = site();
    let fetcher = fetcher().http2_only().per_host(20).build().unwrap();
    let requests: Vec<Request> = site.pages().map(get).collect();
    let outcomes: Vec<Outcome> = fetcher.fetch_all(stream::iter(requests)).collect().await;
    assert_eq!(outcomes.len(), 20);
    for outcome in outcomes {
        assert_eq!(answer(outcome).version, async_fetch::Version::HTTP_2);
    }
}

#[tokio::test]
async fn time_outs_say_what_took_too_long() {
    let site = site();
    let short = Duration::from_millis(50);
    let long = Duration::from_secs(600);
    let cases = [
        (
            "/never",
            Phase::FirstByte,
            Timeouts {
                first_byte: short,
                idle: long,
                ..Timeouts::default()
            },
        ),
        (
            "/stall",
            Phase::Idle,
            Timeouts {
                first_byte: long,
                idle: short,
                ..Timeouts::default()
            },
        ),
        (
            "/never",
            Phase::Total,
            Timeouts {
                first_byte: long,
                total: short,
                ..Timeouts::default()
            },
        ),
        (
            "/endless",
            Phase::Total,
            Timeouts {
                total: short,
                ..Timeouts::default()
            },
        ),
    ];
    for (path, expected, timeouts) in cases {
        let builder = Fetcher::builder()
            .retries(Retries::none())
            .timeouts(timeouts);
        let request = get(site.url(path)).keep(Keep::Nothing);
        let outcome = fetch(builder, request).await;
        let Err(Error::Timeout { phase, after }) = outcome.result else {
            panic!("{path}: {:?}", outcome.result);
        };
        assert_eq!((phase, after), (expected, short), "{path}");
    }
}

#[tokio::test]
async fn who_watches_hears_of_attempts_waits_and_ends() {
    #[derive(Default)]
    struct Log(Mutex<HashMap<&'static str, u32>>);
    impl Log {
        fn note(&self, what: &'static str) {
            *self.0.lock().unwrap().entry(what).or_default() += 1;
        }
    }
    impl Watch for Log {
        fn started(&self, _: u64, _: &async_fetch::Url, _: u32) {
            self.note("started");
        }
        fn received(&self, _: u64, _: u64, _: Option<u64>) {
            self.note("received");
        }
        fn waits(&self, _: u64, _: Duration, reason: &str) {
            assert_eq!(reason, "503 Service Unavailable");
            self.note("waits");
        }
        fn finished(&self, _: u64) {
            self.note("finished");
        }
    }
    let site = site();
    let log = Arc::new(Log::default());
    let watched = fetcher().watch(Arc::clone(&log) as Arc<dyn Watch>);
    assert!(
        fetch(watched, get(site.url("/busy?status=503&times=2")))
            .await
            .is_success()
    );
    let log = log.0.lock().unwrap();
    assert_eq!(
        (
            log["started"],
            log["waits"],
            log["received"],
            log["finished"]
        ),
        (3, 2, 1, 1)
    );
}
