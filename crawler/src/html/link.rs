//! A link, and where it stands.

use serde::{Deserialize, Serialize};

/// Where a link stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[repr(u8)]
pub enum Kind {
    /// `<a href>`
    A = 0,
    /// `<area href>`
    Area = 1,
    /// `<link href>`
    Link = 2,
    /// `<img src>`, `<img srcset>`, `<source srcset>`
    Img = 3,
    /// `<script src>`
    Script = 4,
    /// `<iframe src>`, `<frame src>`
    Iframe = 5,
    /// `<form action>`, `<button formaction>`; only on request.
    Form = 6,
    /// The page is another's: `<link rel=canonical>`.
    Canonical = 7,
    /// The page was moved: a redirect.
    Redirect = 8,
    /// A sitemap names it.
    Sitemap = 9,
    /// The command line names it.
    Seed = 10,
}

impl Kind {
    /// All, by their numbers.
    pub const ALL: [Kind; 11] = [
        Kind::A,
        Kind::Area,
        Kind::Link,
        Kind::Img,
        Kind::Script,
        Kind::Iframe,
        Kind::Form,
        Kind::Canonical,
        Kind::Redirect,
        Kind::Sitemap,
        Kind::Seed,
    ];

    /// The element's name, or a word.
    pub fn name(self) -> &'static str {
        [
            "a",
            "area",
            "link",
            "img",
            "script",
            "iframe",
            "form",
            "canonical",
            "redirect",
            "sitemap",
            "seed",
        ][self as usize]
    }
}

/// A link of a page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// Where it leads, normalised; or the text of it, if that is no URL.
    pub url: String,
    /// The part of that page.
    pub fragment: Option<String>,
    /// Where it stands.
    pub kind: Kind,
    /// The page says that it is not to be followed.
    pub nofollow: bool,
    /// It is no URL.
    pub invalid: bool,
}
