//! Crawls the host of a URL with the spider crate, so many pages at once, and prints how many it
//! found: what its documentation shows, with the limit of a host's requests out of the way.

use spider::tokio;
use spider::website::Website;

#[tokio::main]
async fn main() {
    let mut args = std::env::args().skip(1);
    let (Some(url), Some(jobs)) = (args.next(), args.next().and_then(|jobs| jobs.parse().ok()))
    else {
        eprintln!("usage: peer-spider URL JOBS");
        std::process::exit(2);
    };
    let mut website = Website::new(&url);
    website.with_concurrency_limit(Some(jobs));
    let mut pages = website.subscribe(4096);
    let counted = tokio::spawn(async move {
        let mut count = 0_u64;
        while let Ok(page) = pages.recv().await {
            count += u64::from(!page.is_empty());
        }
        count
    });
    website.crawl().await;
    website.unsubscribe();
    println!("{}", counted.await.unwrap_or(0));
}
