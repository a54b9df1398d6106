//! All of it: pages of a small site, at most five at once, each with a time-out, in the order in which they come.

use demo_site::Site;
use futures_util::StreamExt;
use futures_util::stream;
use std::time::{Duration, Instant};

async fn fetch(client: &reqwest::Client, url: &str) -> Result<usize, reqwest::Error> {
    let answer = client.get(url).send().await?.error_for_status()?;
    Ok(answer.bytes().await?.len())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let latency = demo_site::Latency::Fixed(Duration::from_millis(50));
    let site = Site::builder().pages(20).latency(latency).start()?;
    let urls: Vec<String> = site.pages().chain([site.url("/no-such-page")]).collect();

    let client = reqwest::Client::builder()
        .timeout(Duration::from_secs(5))
        .build()?;
    let start = Instant::now();
    let (mut bytes, mut failed) = (0, 0);
    // A stream of futures: five are under way, and the next begins when one of them is done.
    let client = &client;
    let answers = stream::iter(&urls).map(|url| async move { (url, fetch(client, url).await) });
    let mut answers = answers.buffer_unordered(5);
    while let Some((url, answer)) = answers.next().await {
        match answer {
            Ok(length) => bytes += length,
            Err(error) => {
                failed += 1;
                println!("{url}: {}", error.without_url());
            }
        }
    }
    println!(
        "{} pages, {bytes} bytes, {failed} failed",
        urls.len() - failed
    );
    println!(
        "one after the other: over {} ms; five at once: {:.0?}",
        50 * urls.len(),
        start.elapsed()
    );
    Ok(())
}
