//! async with a limit: a stream of futures, of which at most `at_once` are in flight. A server is not
//! overloaded. `Fetcher` does the same, with more rules.

use std::error::Error;

use futures_util::{StreamExt, TryStreamExt, stream};
use tokio::runtime::Builder;

/// Fetches the pages, `at_once` at the same time. `done` is called as they come. A page of any length is
/// kept in memory, as reqwest has no limit: use it with servers that you trust.
///
/// # Errors
/// If a page or `done` fails, or the system refuses the runtime; then the rest is cancelled.
pub fn run(
    urls: &[String],
    at_once: usize,
    mut done: impl FnMut(usize, Vec<u8>) -> Result<(), Box<dyn Error + Send + Sync>>,
) -> Result<(), Box<dyn Error + Send + Sync>> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        // The pages are on this machine: a proxy could not reach them.
        let client = reqwest::Client::builder().no_proxy().build()?;
        let mut pages = stream::iter(urls.iter().enumerate())
            .map(|(number, url)| {
                let request = client.get(url);
                async move {
                    let page = request.send().await?.error_for_status()?;
                    Ok::<_, reqwest::Error>((number, page.bytes().await?))
                }
            })
            .buffer_unordered(at_once);
        while let Some((number, body)) = pages.try_next().await? {
            done(number, body.into())?;
        }
        Ok(())
    })
}
