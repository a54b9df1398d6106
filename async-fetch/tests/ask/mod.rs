//! A site, a fetcher, and what they are asked.

use async_fetch::{Answer, Builder, Fetcher, Outcome, Request, Retries};
use demo_site::Site;
use std::time::Duration;

pub fn site() -> Site {
    Site::builder().pages(20).start().unwrap()
}

/// Time-outs long enough for a machine that is busy, retries at once.
pub fn fetcher() -> Builder {
    Fetcher::builder().retries(Retries {
        base: Duration::from_millis(1),
        ..Retries::default()
    })
}

pub fn get(url: impl AsRef<str>) -> Request {
    Request::get(url).unwrap()
}

pub async fn fetch(builder: Builder, request: Request) -> Outcome {
    builder.build().unwrap().fetch(request).await
}

pub fn answer(outcome: Outcome) -> Answer {
    outcome.result.unwrap()
}

/// Waits for a condition that has to come about; a test that waits for ever is ended from outside.
pub async fn until(mut condition: impl FnMut() -> bool) {
    while !condition() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
