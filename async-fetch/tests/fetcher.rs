//! The library against the demo site, which counts what it sees.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[allow(dead_code, reason = "each test file uses a part of it")]
mod ask;

use ask::*;
use async_fetch::{
    Error, Fetcher, Keep, Limits, Outcome, Phase, Request, Retries, StatusCode, Timeouts, Watch,
    is_public,
};
use demo_site::{Latency, Site};
use futures_util::{StreamExt, stream};
use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;

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

/// `getaddrinfo` fails with EMFILE if there is no descriptor left.
#[cfg(unix)]
#[tokio::test]
async fn a_look_up_without_descriptors_is_told_as_that() {
    const EMFILE: i32 = 24;
    let lookup = |_| async { Err(std::io::Error::from_raw_os_error(EMFILE)) };
    let outcome = fetch(fetcher().lookup(lookup), get("http://a.example/")).await;
    let error = outcome.result.unwrap_err();
    assert!(matches!(error, Error::Descriptors), "{error}");
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
        // More often than the time-out between two parts, until the client closes the connection.
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
