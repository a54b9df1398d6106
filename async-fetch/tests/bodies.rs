//! Where bodies go, and what becomes of a file that broke off.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[allow(dead_code, reason = "each test file uses a part of it")]
mod ask;

use ask::*;
use async_fetch::{Body, Checksum, Error, Keep, StatusCode};
use demo_site::content;

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
