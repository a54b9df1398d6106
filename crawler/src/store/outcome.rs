//! The outcome of a URL, in the words of the state's file.

use crate::traps::Trap;

/// The outcome of a URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is a page of the crawl.
    Page,
    /// It is another address of a page.
    Alias,
    /// It is a redirect.
    Redirect,
    /// There is no answer, or it could not be read.
    Failed,
    /// robots.txt forbids it.
    Robots,
    /// It is a sitemap.
    Sitemap,
    /// It is an outside link, which was only checked.
    Checked,
}

impl Outcome {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Outcome::Page => "page",
            Outcome::Alias => "alias",
            Outcome::Redirect => "redirect",
            Outcome::Failed => "failed",
            Outcome::Robots => "robots",
            Outcome::Sitemap => "sitemap",
            Outcome::Checked => "checked",
        }
    }
}

/// The reason why a URL is not requested.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Skip {
    /// It is not a URL.
    Invalid,
    /// Its scheme is unknown.
    UnknownScheme,
    /// It is the target of too many redirects in a row.
    Redirects,
    /// There are too many sitemaps.
    Sitemaps,
    /// It is out of scope.
    Scope,
    /// The user excluded it.
    Excluded,
    /// It is too deep.
    Depth,
    /// It looks like a page of an endless site.
    Trap(Trap),
}

impl Skip {
    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Skip::Invalid => "invalid",
            Skip::UnknownScheme => "unknown-scheme",
            Skip::Redirects => "too-many-redirects",
            Skip::Sitemaps => "sitemaps",
            Skip::Scope => "scope",
            Skip::Excluded => "excluded",
            Skip::Depth => "depth",
            Skip::Trap(trap) => trap.name(),
        }
    }
}
