//! One after the other: while a page is on its way, nothing else happens.

use std::error::Error;

/// Fetches the pages in order. A page may have 10 MiB, which is what ureq allows.
///
/// # Errors
/// At the first page that fails, and that of `done`.
pub fn run(
    urls: &[String],
    _at_once: usize,
    mut done: impl FnMut(usize, Vec<u8>) -> Result<(), Box<dyn Error + Send + Sync>>,
) -> Result<(), Box<dyn Error + Send + Sync>> {
    // The pages are on this machine, where no proxy could find them.
    let agent = ureq::Agent::from(ureq::Agent::config_builder().proxy(None).build());
    for (number, url) in urls.iter().enumerate() {
        let body = agent.get(url).call()?.body_mut().read_to_vec()?;
        done(number, body)?;
    }
    Ok(())
}
