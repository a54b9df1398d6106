//! The outcome of a URL, in the words of the state's file.

use crate::traps::Trap;

/// What became of a URL that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is a page of the crawl.
    Page,
    /// It is another address of a page.
    Alias,
    /// It was moved.
    Redirect,
    /// No answer came, or it could not be read.
    Failed,
    /// robots.txt forbids it.
    Robots,
    /// It is a sitemap.
    Sitemap,
    /// It leads out, and was only checked.
    Checked,
}

impl Outcome {
    /// The word for it.
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

/// Why a URL that was found is not asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Skip {
    /// It is no URL.
    Invalid,
    /// Nobody knows its scheme.
    UnknownScheme,
    /// Too many redirects led there.
    Redirects,
    /// There are too many sitemaps.
    Sitemaps,
    /// It is not of the crawl.
    Scope,
    /// The user wants it left alone.
    Excluded,
    /// It is too many links away.
    Depth,
    /// It looks like one of a site without an end.
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
