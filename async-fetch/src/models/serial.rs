//! One page after the other: during a wait nothing else is done.

use std::error::Error;

/// Fetches the pages in order. A page may have 10 MiB, the limit of ureq.
///
/// # Errors
/// The error of the first page that fails, or of `done`.
pub fn run(
    urls: &[String],
    _at_once: usize,
    mut done: impl FnMut(usize, Vec<u8>) -> Result<(), Box<dyn Error + Send + Sync>>,
) -> Result<(), Box<dyn Error + Send + Sync>> {
    // The pages are on this machine: a proxy could not reach them.
    let agent = ureq::Agent::from(ureq::Agent::config_builder().proxy(None).build());
    for (number, url) in urls.iter().enumerate() {
        let body = agent.get(url).call()?.body_mut().read_to_vec()?;
        done(number, body)?;
    }
    Ok(())
}
