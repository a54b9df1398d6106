//! Crawls the host of a URL with the spider crate, so many pages at once, and prints how many it
//! found: what its documentation shows, with the limit of a host's requests out of the way.

use spider::tokio;
use spider::website::Website;

#[tokio::main]
async fn main() {
    let mut args = std::env::args().skip(1).peekable();
    if args.peek().is_some_and(|word| word == "--version") {
        println!("{}", version().unwrap_or("unknown"));
        return;
    }
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

/// The version of spider that this was built with.
fn version() -> Option<&'static str> {
    let lock = include_str!("../Cargo.lock");
    let (_, rest) = lock.split_once("name = \"spider\"\nversion = \"")?;
    rest.split('"').next()
}
