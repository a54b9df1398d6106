//! The target of a redirect, and links that only a GET can check.

use async_fetch::{Answer, Error as Failure, Outcome, is_redirect};
use url::Url;

use crate::reading::header;

/// Redirects one after the other that are followed: as many as in most clients.
pub(super) const HOPS: u8 = 10;

/// Where an answer redirects to, if that can be fetched.
pub(super) fn place(answer: &Answer, from: &Url) -> Option<Url> {
    if !is_redirect(answer.status) {
        return None;
    }
    let to = from.join(&header(&answer.headers, "location")?).ok()?;
    matches!(to.scheme(), "http" | "https").then_some(to)
}

/// Whether only a GET can tell how it stands with a link: some servers answer HEAD with nonsense.
pub(super) fn needs_more_than_a_head(outcome: &Outcome) -> bool {
    match &outcome.result {
        Ok(answer) => answer.status.as_u16() >= 400 && answer.status.as_u16() != 429,
        Err(Failure::Refused | Failure::Lookup { .. } | Failure::Address(_) | Failure::NoTls) => {
            false
        }
        Err(_) => true,
    }
}

/// Whether it may be there another time: the server is busy or broken just now, or does not answer.
pub(super) fn may_pass(outcome: &Outcome) -> bool {
    match &outcome.result {
        Ok(answer) => matches!(answer.status.as_u16(), 408 | 425 | 429 | 500..=599),
        Err(Failure::Address(_) | Failure::NoTls | Failure::Url(_) | Failure::Scheme(_)) => false,
        // Who speaks no HTTP will not learn it.
        Err(
            Failure::Protocol(_)
            | Failure::BodyTooLarge { .. }
            | Failure::Bomb { .. }
            | Failure::Coding { .. },
        ) => false,
        Err(_) => true,
    }
}
