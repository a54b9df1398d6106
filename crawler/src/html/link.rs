//! A link and its place.

use serde::{Deserialize, Serialize};

/// The source of a link. The numbers are used in the state's file.
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
    /// `<link rel=canonical>`.
    Canonical = 7,
    /// A redirect.
    Redirect = 8,
    /// An entry of a sitemap.
    Sitemap = 9,
    /// A URL of the command line.
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

/// The place of a link in its page, from 1; 0 for a link in a header.
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
    /// Its target, normalised; or its text, if that is not a URL.
    pub url: String,
    /// The fragment, as it is written.
    pub fragment: Option<String>,
    /// Its source.
    pub kind: Kind,
    /// Its place; the first, if equal links are on the page.
    pub place: Place,
    /// It has `nofollow`.
    pub nofollow: bool,
    /// It is not a URL, or has an unknown scheme.
    pub invalid: bool,
}
