//! A link, and where it stands.

use serde::{Deserialize, Serialize};

/// What a link stands in. The numbers are those of the state's file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[repr(u8)]
pub enum Kind {
    /// `<a href>`, in HTML and in SVG.
    A = 0,
    /// `<area href>`
    Area = 1,
    /// `<link href>`, `<link imagesrcset>`
    Link = 2,
    /// `<img src>`, `<img srcset>`, and SVG's `<image href>`.
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
    /// `<source src>`, `<source srcset>`
    Source = 11,
    /// `<audio src>`
    Audio = 12,
    /// `<video src>`, `<video poster>`
    Video = 13,
    /// `<track src>`
    Track = 14,
    /// `<embed src>`
    Embed = 15,
    /// `<object data>`
    Object = 16,
    /// `<input type=image src>`
    Input = 17,
    /// SVG's `<use href>`.
    Use = 18,
    /// `<body background>`
    Body = 19,
    /// `<meta http-equiv=refresh>`, and the header `Refresh`.
    Refresh = 20,
    /// The header `Link`.
    Header = 21,
    /// `url()` and `@import` in a style sheet, a `<style>` or a `style=""`; only on request.
    Css = 22,
}

impl Kind {
    /// All, by their numbers.
    pub const ALL: [Kind; 23] = [
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
        Kind::Source,
        Kind::Audio,
        Kind::Video,
        Kind::Track,
        Kind::Embed,
        Kind::Object,
        Kind::Input,
        Kind::Use,
        Kind::Body,
        Kind::Refresh,
        Kind::Header,
        Kind::Css,
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
            "source",
            "audio",
            "video",
            "track",
            "embed",
            "object",
            "input",
            "use",
            "body",
            "refresh",
            "header",
            "css",
        ][self as usize]
    }
}

/// Where a link stands in its page, both from 1; 0 for what stands in a header.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The line.
    pub line: u32,
    /// The column of the tag's `<`, in characters.
    pub column: u32,
}

/// A link of a page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// Where it leads, normalised; or its text, if that is no URL.
    pub url: String,
    /// The part of that page, as the URL standard writes it: percent-encoded.
    pub fragment: Option<String>,
    /// What it stands in.
    pub kind: Kind,
    /// Where it stands; of several equal links of a page, the first.
    pub place: Place,
    /// The page says that it is not to be followed.
    pub nofollow: bool,
    /// It can't be fetched: it is no URL, or of a scheme that nobody knows.
    pub invalid: bool,
}
