//! The attributes that contain URLs, and the tokenizer's state for each element's content (WHATWG HTML,
//! sections 4 and 13.2.6; SVG 2, chapter 16).

use html5gum::State;

use super::link::Kind;

/// The meaning of an attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Attribute {
    /// A URL.
    Url(Kind),
    /// A list of images, each with a URL.
    Srcset(Kind),
    /// HTML within HTML: `<iframe srcdoc>`.
    Srcdoc,
    /// CSS: `style=""`.
    Style,
    /// The base of all relative URLs: `<base href>`.
    Base,
    Rel,
    /// `name`, of a `<meta>` or an `<a>`.
    Name,
    Id,
    /// `content`, of a `<meta>`.
    Content,
    HttpEquiv,
    Other,
}

/// The meaning of an attribute of an element. Both names are in small letters.
pub(super) fn attribute(element: &[u8], name: &[u8]) -> Attribute {
    use Attribute::{Base, Content, HttpEquiv, Id, Name, Other, Rel, Srcdoc, Srcset, Style, Url};
    match (element, name) {
        (_, b"id") => Id,
        (_, b"style") => Style,
        (b"a", b"href" | b"xlink:href") => Url(Kind::A),
        (b"a" | b"meta", b"name") => Name,
        (b"a" | b"area" | b"link" | b"form", b"rel") => Rel,
        (b"area", b"href") => Url(Kind::Area),
        (b"audio", b"src") => Url(Kind::Audio),
        (b"base", b"href") => Base,
        (b"body" | b"table" | b"td" | b"th", b"background") => Url(Kind::Body),
        (b"button" | b"input", b"formaction") | (b"form", b"action") => Url(Kind::Form),
        (b"embed", b"src") => Url(Kind::Embed),
        (b"iframe" | b"frame", b"src") => Url(Kind::Iframe),
        (b"iframe", b"srcdoc") => Srcdoc,
        // SVG has an <image>. HTML treats it as an <img>.
        (b"image", b"href" | b"xlink:href" | b"src") | (b"img", b"src") => Url(Kind::Img),
        (b"img", b"srcset") => Srcset(Kind::Img),
        (b"input", b"src") => Url(Kind::Input),
        (b"link", b"href") => Url(Kind::Link),
        (b"link", b"imagesrcset") => Srcset(Kind::Link),
        (b"meta", b"content") => Content,
        (b"meta", b"http-equiv") => HttpEquiv,
        (b"object", b"data") => Url(Kind::Object),
        (b"script", b"src" | b"href" | b"xlink:href") => Url(Kind::Script),
        (b"source", b"src") => Url(Kind::Source),
        (b"source", b"srcset") => Srcset(Kind::Source),
        (b"track", b"src") => Url(Kind::Track),
        (b"use", b"href" | b"xlink:href") => Url(Kind::Use),
        (b"video", b"src" | b"poster") => Url(Kind::Video),
        _ => Other,
    }
}

/// Whether an element of HTML has no content and no end tag. `<p>` and `<li>` have content, but often no end
/// tag, so they would be counted as nested.
pub(super) fn is_void(name: &[u8]) -> bool {
    matches!(
        name,
        b"area"
            | b"base"
            | b"br"
            | b"col"
            | b"embed"
            | b"hr"
            | b"img"
            | b"input"
            | b"link"
            | b"meta"
            | b"source"
            | b"track"
            | b"wbr"
            | b"p"
            | b"li"
    )
}

/// The tokenizer's state for the content of an element, if it is not the usual one. Without scripts,
/// `<noscript>` is an ordinary element.
fn content_state(name: &[u8]) -> Option<State> {
    match name {
        b"title" | b"textarea" => Some(State::RcData),
        b"style" | b"xmp" | b"iframe" | b"noembed" | b"noframes" => Some(State::RawText),
        b"script" => Some(State::ScriptData),
        b"plaintext" => Some(State::PlainText),
        _ => None,
    }
}

/// The depth of changes between HTML and SVG or MathML that is tracked. Deeper changes are ignored.
const DEEPEST: usize = 64;

/// The current language: HTML, or SVG or MathML within it, where tags may close themselves.
#[derive(Debug, Default)]
pub(super) struct Language {
    /// The page is XML.
    xml: bool,
    /// The elements that changed the language, innermost last: `<svg>` and `<math>` leave HTML, a
    /// `<foreignObject>` returns to it.
    changes: Vec<(Vec<u8>, bool)>,
}

impl Language {
    pub(super) fn new(xml: bool) -> Language {
        Language {
            xml,
            changes: Vec::new(),
        }
    }

    pub(super) fn is_xml(&self) -> bool {
        self.xml
    }

    /// Whether the current language is SVG or MathML.
    pub(super) fn is_foreign(&self) -> bool {
        self.changes.last().is_some_and(|(_, foreign)| *foreign)
    }

    /// Handles a start tag. Returns the tokenizer's next state, if it is not the usual one.
    pub(super) fn open(&mut self, name: &[u8], self_closing: bool) -> Option<State> {
        if self.xml {
            // In XML, too, a script is mostly plain text, with a CDATA section or without.
            let text = matches!(name, b"script" | b"style") && !self_closing;
            return content_state(name).filter(|_| text);
        }
        if self.is_foreign() {
            let back = matches!(
                name,
                b"foreignobject" | b"desc" | b"title" | b"annotation-xml"
            );
            if back && !self_closing {
                self.change(name, false);
            } else if ends_foreign(name) {
                while self.is_foreign() {
                    self.changes.pop();
                }
                return content_state(name);
            }
            return None;
        }
        if matches!(name, b"svg" | b"math") {
            if !self_closing {
                self.change(name, true);
            }
            return None;
        }
        content_state(name)
    }

    fn change(&mut self, name: &[u8], foreign: bool) {
        if self.changes.len() < DEEPEST {
            self.changes.push((name.to_vec(), foreign));
        }
    }

    /// Handles an end tag.
    pub(super) fn close(&mut self, name: &[u8]) {
        if let Some(at) = self.changes.iter().rposition(|(opened, _)| opened == name) {
            self.changes.truncate(at);
        }
    }
}

/// Whether an element is certainly HTML: it ends an `<svg>` that was not closed (WHATWG HTML, section
/// 13.2.6.5).
fn ends_foreign(name: &[u8]) -> bool {
    matches!(
        name,
        b"b" | b"big"
            | b"blockquote"
            | b"body"
            | b"br"
            | b"center"
            | b"code"
            | b"dd"
            | b"div"
            | b"dl"
            | b"dt"
            | b"em"
            | b"embed"
            | b"h1"
            | b"h2"
            | b"h3"
            | b"h4"
            | b"h5"
            | b"h6"
            | b"head"
            | b"hr"
            | b"i"
            | b"img"
            | b"li"
            | b"listing"
            | b"menu"
            | b"meta"
            | b"nobr"
            | b"ol"
            | b"p"
            | b"pre"
            | b"ruby"
            | b"s"
            | b"small"
            | b"span"
            | b"strong"
            | b"strike"
            | b"sub"
            | b"sup"
            | b"table"
            | b"tt"
            | b"u"
            | b"ul"
            | b"var"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_of_svg_are_not_those_of_html() {
        let mut language = Language::new(false);
        assert_eq!(language.open(b"title", false), Some(State::RcData));
        assert_eq!(language.open(b"svg", false), None);
        assert_eq!(language.open(b"title", true), None);
        assert_eq!(language.open(b"style", false), None);
        assert_eq!(language.open(b"foreignobject", false), None);
        assert_eq!(language.open(b"textarea", false), Some(State::RcData));
        language.close(b"foreignobject");
        assert_eq!(language.open(b"script", false), None);
        language.close(b"svg");
        assert_eq!(language.open(b"script", false), Some(State::ScriptData));
    }

    #[test]
    fn html_ends_an_svg_that_is_not_closed() {
        let mut language = Language::new(false);
        language.open(b"svg", false);
        language.open(b"p", false);
        assert_eq!(language.open(b"script", false), Some(State::ScriptData));
    }

    #[test]
    fn changes_without_an_end_are_bounded() {
        let mut language = Language::new(false);
        for _ in 0..1000 {
            language.open(b"svg", false);
            language.open(b"desc", false);
        }
        assert_eq!(language.changes.len(), DEEPEST);
    }
}
