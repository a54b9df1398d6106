//! The links of a page, as they are written, and their targets.

use std::collections::HashSet;

use encoding_rs::Encoding;
use url::Url;

use super::{Kind, Link, MOST_LINKS, Page, Place};
use crate::normalise::{self, Rules, Unfit};

/// Characters that are kept of an invalid URL.
const SHOWN: usize = 200;

/// A link as it is written, before the base is known.
#[derive(PartialEq, Eq, Hash)]
pub(super) struct Written {
    pub(super) text: String,
    pub(super) kind: Kind,
    pub(super) nofollow: bool,
}

/// Links that are relative to the page's `<base>`, which may come after them.
#[derive(Default)]
pub(super) struct Found {
    pub(super) base: Option<String>,
    pub(super) canonical: Option<String>,
    pub(super) nofollow: bool,
    pub(super) links: Vec<(Written, Place)>,
    /// Fingerprints of those links.
    seen: HashSet<u64>,
    hasher: std::hash::RandomState,
    pub(super) cut: usize,
}

impl Found {
    pub(super) fn push(&mut self, link: Written, place: Place) {
        use std::hash::BuildHasher;
        if !self.seen.insert(self.hasher.hash_one(&link)) {
            return;
        }
        match self.links.len() < MOST_LINKS {
            true => self.links.push((link, place)),
            false => self.cut += 1,
        }
    }

    /// The page with its links as URLs.
    pub(super) fn resolve(
        self,
        page: Page,
        own: &Url,
        encoding: &'static Encoding,
        rules: Rules,
    ) -> Page {
        let base = self.base.and_then(|href| own.join(href.trim()).ok());
        let base = base.unwrap_or_else(|| own.clone());
        let target = |text: &str| normalise::link(&base, text, Some(encoding), rules);
        let canonical = self.canonical.and_then(|text| target(&text).ok());
        let canonical = canonical.filter(|target| target.url != *own);
        let mut links: Vec<Link> = Vec::with_capacity(self.links.len());
        let mut seen = HashSet::with_capacity(self.links.len());
        for (written, place) in self.links {
            let nofollow = written.nofollow || self.nofollow;
            let (url, fragment, invalid) = match target(&written.text) {
                Ok(target) => (target.url.into(), target.fragment, false),
                Err(Unfit::Scheme) => continue,
                Err(Unfit::NotAUrl | Unfit::UnknownScheme) => (shown(&written.text), None, true),
            };
            // Links that are written in different ways may be equal. A link with `nofollow` differs from one
            // without.
            if seen.insert((url.clone(), fragment.clone(), written.kind, nofollow)) {
                links.push(Link {
                    url,
                    fragment,
                    kind: written.kind,
                    place,
                    nofollow,
                    invalid,
                });
            }
        }
        Page {
            links,
            links_cut: self.cut,
            canonical: canonical.map(|target| target.url.into()),
            ..page
        }
    }
}

/// An invalid URL without control characters, for people.
fn shown(text: &str) -> String {
    let sign = |sign: char| if sign.is_control() { '\u{fffd}' } else { sign };
    text.trim().chars().map(sign).take(SHOWN).collect()
}
