//! Fetches all URLs of a file, 64 at once, on one thread, and prints how many came and how many
//! bytes: what one writes around reqwest if nothing ever goes wrong.

use std::error::Error;

use futures_util::{StreamExt, stream};

const AT_ONCE: usize = 64;

fn main() -> Result<(), Box<dyn Error>> {
    let list = std::fs::read_to_string(std::env::args().nth(1).ok_or("which file?")?)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let client = reqwest::Client::builder().no_proxy().build()?;
        let mut bodies = stream::iter(list.lines())
            .map(|url| {
                let request = client.get(url);
                async move { request.send().await?.error_for_status()?.bytes().await }
            })
            .buffer_unordered(AT_ONCE);
        let (mut count, mut bytes) = (0_u64, 0);
        while let Some(body) = bodies.next().await {
            bytes += body?.len();
            count += 1;
        }
        println!("{count} {bytes}");
        Ok(())
    })
}
