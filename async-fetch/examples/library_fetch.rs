//! The fetcher in a program of your own: limits, retries and a body limit for a list of URLs.
//!
//!     cargo run -p async-fetch --example fetch -- http://127.0.0.1:8000/

use async_fetch::{Error, Fetcher, Request};
use futures_util::{StreamExt, stream};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let fetcher = Fetcher::builder().jobs(32).per_host(4).build()?;
    let requests: Result<Vec<Request>, Error> =
        std::env::args().skip(1).map(Request::get).collect();
    let mut outcomes = fetcher.fetch_all(stream::iter(requests?)).in_order();
    while let Some(outcome) = outcomes.next().await {
        match &outcome.result {
            Ok(answer) => println!(
                "{}: {} {}",
                outcome.url,
                answer.status,
                answer.bytes().len()
            ),
            Err(error) => println!("{}: {error}", outcome.url),
        }
    }
    Ok(())
}
