//! Parsers for the values of flags.

use std::fmt;

use async_fetch::{HeaderName, HeaderValue, is_secret, without_userinfo};
use url::Url;

/// A seed of a crawl.
#[derive(Clone, PartialEq)]
pub(in crate::cli) struct Seed {
    pub(super) url: Url,
    /// Its scheme was not given.
    pub(super) guessed: bool,
}

pub(super) fn seed(text: &str) -> Result<Seed, String> {
    // An invalid URL may contain a password, too.
    let shown = without_userinfo(text);
    let not_a_url =
        |error| format!("{shown}: not a URL ({error}): it should look like http://example.org/");
    // By the standard, `example.org:8080` has the scheme `example.org`.
    let has_scheme = text.contains("://") || !text.contains('.') && !text.starts_with("localhost");
    let url = match has_scheme {
        true => Url::parse(text),
        false => Url::parse(&format!("https://{text}")),
    };
    let url = url.map_err(not_a_url)?;
    match url.scheme() {
        "http" | "https" => Ok(Seed {
            url,
            guessed: !has_scheme,
        }),
        other => Err(format!(
            "{shown}: {other}: is not crawled: only http and https are"
        )),
    }
}

pub(super) fn pattern(text: &str) -> Result<String, crawler::crawl::Error> {
    crawler::crawl::pattern(text).map(|_| text.to_owned())
}

// It may contain a password.
impl fmt::Debug for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&without_userinfo(self.url.as_str()))
    }
}

/// `NAME: VALUE`.
pub(super) fn header(text: &str) -> Result<(HeaderName, HeaderValue), String> {
    // The value may be a secret, so the error does not show it.
    let name = text.split(':').next().unwrap_or("");
    let wrong = || format!("{name}: not a header: it should be NAME: VALUE");
    let (name, value) = text.split_once(':').ok_or_else(wrong)?;
    let name: HeaderName = name.trim().parse().map_err(|_| wrong())?;
    let mut value = HeaderValue::from_bytes(value.trim().as_bytes()).map_err(|_| wrong())?;
    value.set_sensitive(is_secret(&name, &value));
    Ok((name, value))
}
