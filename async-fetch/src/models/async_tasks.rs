//! async, all at once: a task for each page, and one thread for all of them.

use std::error::Error;

use tokio::runtime::Builder;
use tokio::task::JoinSet;

/// Fetches the pages, all of them at the same time. `done` is called as they come. A page of any length is
/// kept in memory, as reqwest has no limit: use it with servers that you trust.
///
/// # Errors
/// If a page or `done` fails, or the system refuses the runtime; then the rest is cancelled.
///
/// # Panics
/// If `done` does.
pub fn run(
    urls: &[String],
    _at_once: usize,
    mut done: impl FnMut(usize, Vec<u8>) -> Result<(), Box<dyn Error + Send + Sync>>,
) -> Result<(), Box<dyn Error + Send + Sync>> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        // The pages are on this machine: a proxy could not reach them.
        let client = reqwest::Client::builder().no_proxy().build()?;
        let mut tasks = JoinSet::new();
        for (number, url) in urls.iter().enumerate() {
            let request = client.get(url);
            tasks.spawn(async move {
                let page = request.send().await?.error_for_status()?;
                Ok::<_, reqwest::Error>((number, page.bytes().await?))
            });
        }
        while let Some(joined) = tasks.join_next().await {
            let (number, body) = joined??;
            done(number, body.into())?;
        }
        Ok(())
    })
}
