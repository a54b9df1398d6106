//! Targets of redirects; links that only a GET can check; failures that may be temporary.

use async_fetch::{Answer, Error as Failure, Outcome, is_redirect};
use url::Url;

use crate::reading::header;

/// Redirects in a row, at most: as in most clients.
pub(super) const HOPS: u8 = 10;

/// The target of a redirect, if it can be fetched.
pub(super) fn place(answer: &Answer, from: &Url) -> Option<Url> {
    if !is_redirect(answer.status) {
        return None;
    }
    let to = from.join(&header(&answer.headers, "location")?).ok()?;
    matches!(to.scheme(), "http" | "https").then_some(to)
}

/// Whether a link must be checked by GET, too: some servers answer HEAD wrongly.
pub(super) fn needs_more_than_a_head(outcome: &Outcome) -> bool {
    match &outcome.result {
        Ok(answer) => answer.status.as_u16() >= 400 && answer.status.as_u16() != 429,
        Err(Failure::Refused | Failure::Lookup { .. } | Failure::Address(_) | Failure::NoTls) => {
            false
        }
        Err(_) => true,
    }
}

/// Whether a failure may be temporary: the server is overloaded or broken, or does not answer.
pub(super) fn may_pass(outcome: &Outcome) -> bool {
    match &outcome.result {
        Ok(answer) => matches!(answer.status.as_u16(), 408 | 425 | 429 | 500..=599),
        Err(Failure::Address(_) | Failure::NoTls | Failure::Url(_) | Failure::Scheme(_)) => false,
        // These will be the same next time.
        Err(
            Failure::Protocol(_)
            | Failure::BodyTooLarge { .. }
            | Failure::Bomb { .. }
            | Failure::Coding { .. },
        ) => false,
        Err(_) => true,
    }
}
