//! Reads a page: its links, its title, the names of its parts. A tokenizer reads it in one pass, without a
//! tree: a hundred thousand nested elements cost nothing.

mod css;
mod elements;
mod found;
mod link;
mod places;
pub(crate) mod refresh;
mod srcset;

use encoding_rs::Encoding;
use html5gum::emitters::callback::{CallbackEmitter, CallbackEvent};
use html5gum::{Span, State, Tokenizer};
use serde::{Deserialize, Serialize};
use url::Url;

use crate::normalise::Rules;
use elements::{Attribute, Language};
use found::{Found, Written};
pub use link::{Kind, Link, Place};
use places::Places;
use srcset::candidates;

/// The content of a page.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page {
    /// Its links, each once, in their order. At most [`MOST_LINKS`].
    pub links: Vec<Link>,
    /// Links beyond [`MOST_LINKS`].
    pub links_cut: usize,
    /// Its title.
    pub title: Option<String>,
    /// The page of its canonical link, if that is another one.
    pub canonical: Option<String>,
    /// The names of its parts, if they were wanted. At most [`MOST_IDS`].
    pub ids: Vec<String>,
    /// Names of parts beyond [`MOST_IDS`].
    pub ids_cut: usize,
    /// The greatest depth of nested elements.
    pub depth: usize,
}

/// The options for reading a page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wanted {
    /// How its links are normalised.
    pub rules: Rules,
    /// Also the targets of forms.
    pub forms: bool,
    /// Also the URLs in style sheets.
    pub css: bool,
    /// Also the names of its parts.
    pub ids: bool,
    /// Bytes, at most, of a body that was sent compressed without a request and is decompressed here.
    pub unpacked: u64,
}

/// The language of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Syntax {
    /// HTML.
    Html,
    /// XHTML: self-closing tags close their element.
    Xhtml,
    /// A style sheet.
    Css,
}

/// Different links of a page that are kept, at most: a page with more is not made for people.
pub const MOST_LINKS: usize = 20_000;

/// Names of parts of a page that are kept, at most.
pub const MOST_IDS: usize = 1_000_000;

/// Bytes of a title that are kept, at most.
const TITLE: usize = 1000;

/// Reads a page in UTF-8. Invalid bytes are replaced. `name` is the product token that a `<meta name>` may
/// have for this crawler.
pub fn read(
    text: &[u8],
    url: &Url,
    encoding: &'static Encoding,
    syntax: Syntax,
    wanted: Wanted,
    name: &str,
) -> Page {
    let mut reader = Reader::new(text, syntax, wanted, name);
    match syntax {
        Syntax::Css => reader.css(&String::from_utf8_lossy(text), Place::default()),
        Syntax::Html | Syntax::Xhtml => {
            reader.tokens(text);
        }
    }
    let Reader { found, page, .. } = reader;
    found.resolve(page, url, encoding, wanted.rules)
}

/// The element whose start tag is being read.
#[derive(Default)]
struct Element {
    name: Vec<u8>,
    place: Place,
    /// The names of its attributes that matter.
    attributes: Vec<Vec<u8>>,
    urls: Vec<(Kind, String)>,
    srcdoc: Option<String>,
    rel: Option<String>,
    called: Option<String>,
    content: Option<String>,
    http_equiv: Option<String>,
    base: Option<String>,
}

/// The element whose text is being read.
enum Text {
    None,
    Title(String),
    Style(String, Place),
}

struct Reader<'a> {
    /// It reads a `srcdoc`.
    is_inner: bool,
    wanted: Wanted,
    /// The product token of this crawler, for `<meta name>`.
    name: &'a str,
    language: Language,
    places: Places<'a>,
    page: Page,
    found: Found,
    element: Element,
    attribute: Attribute,
    text: Text,
    open: usize,
}

impl<'a> Reader<'a> {
    fn new(text: &'a [u8], syntax: Syntax, wanted: Wanted, name: &'a str) -> Reader<'a> {
        Reader {
            is_inner: false,
            wanted,
            name,
            language: Language::new(syntax == Syntax::Xhtml),
            places: Places::new(text),
            page: Page::default(),
            found: Found::default(),
            element: Element::default(),
            attribute: Attribute::Other,
            text: Text::None,
            open: 0,
        }
    }

    fn tokens(&mut self, text: &[u8]) {
        let callback = |event: CallbackEvent<'_>, span: Span<usize>| self.hear(event, span);
        let emitter: CallbackEmitter<_, State, usize> = CallbackEmitter::new(callback);
        let mut tokenizer = Tokenizer::new_with_emitter(text, emitter);
        // It returns the state that the last tag needs.
        while let Some(Ok(state)) = tokenizer.next() {
            tokenizer.set_state(state);
        }
    }

    /// Handles a token. Returns the tokenizer's next state, if it changes.
    fn hear(&mut self, event: CallbackEvent<'_>, span: Span<usize>) -> Option<State> {
        match event {
            CallbackEvent::OpenStartTag { name } => {
                self.element.name.clear();
                self.element.name.extend_from_slice(name);
                self.element.place = self.places.of(span.start);
                self.attribute = Attribute::Other;
            }
            CallbackEvent::AttributeName { name } => {
                self.attribute = elements::attribute(&self.element.name, name);
                if name == b"xml:id" && self.language.is_xml() {
                    self.attribute = Attribute::Id;
                }
                if self.attribute != Attribute::Other {
                    self.known_attribute(name);
                }
            }
            CallbackEvent::AttributeValue { value } => self.value(&String::from_utf8_lossy(value)),
            CallbackEvent::CloseStartTag { self_closing } => return self.start_tag(self_closing),
            CallbackEvent::EndTag { name } => {
                self.attribute = Attribute::Other;
                self.end_tag(name);
            }
            CallbackEvent::String { value } => match &mut self.text {
                Text::Title(text) => append(text, value, TITLE),
                // It is limited with the page.
                Text::Style(text, _) => append(text, value, usize::MAX),
                Text::None => {}
            },
            _ => {}
        }
        None
    }

    fn known_attribute(&mut self, name: &[u8]) {
        // Of two attributes with one name the first counts.
        if self.element.attributes.iter().any(|it| it == name) {
            self.attribute = Attribute::Other;
            return;
        }
        self.element.attributes.push(name.to_vec());
        // `href=""` is a link to the page itself, and has no value event.
        if let Attribute::Url(kind @ (Kind::A | Kind::Area)) = self.attribute {
            self.element.urls.push((kind, String::new()));
        }
    }

    fn value(&mut self, value: &str) {
        let element = &mut self.element;
        let owned = || Some(value.to_owned());
        match self.attribute {
            Attribute::Url(Kind::Form) if !self.wanted.forms => {}
            Attribute::Url(Kind::A | Kind::Area) => {
                if let Some((_, text)) = element.urls.last_mut() {
                    value.clone_into(text);
                }
            }
            Attribute::Url(kind) => element.urls.push((kind, value.to_owned())),
            Attribute::Srcset(kind) => {
                let images = candidates(value)
                    .into_iter()
                    .map(|url| (kind, url.to_owned()));
                // One more image shows that some were cut.
                element.urls.extend(images.take(MOST_LINKS + 1));
            }
            Attribute::Style if self.wanted.css => {
                let place = element.place;
                self.css(value, place);
            }
            Attribute::Srcdoc => element.srcdoc = owned(),
            Attribute::Base => element.base = owned(),
            Attribute::Rel => element.rel = owned(),
            Attribute::Name => element.called = owned(),
            Attribute::Content => element.content = owned(),
            Attribute::HttpEquiv => element.http_equiv = owned(),
            Attribute::Id => self.id(value),
            Attribute::Style | Attribute::Other => {}
        }
    }

    fn id(&mut self, value: &str) {
        if !self.wanted.ids || value.is_empty() {
            return;
        }
        match self.page.ids.len() < MOST_IDS {
            true => self.page.ids.push(value.to_owned()),
            false => self.page.ids_cut += 1,
        }
    }

    fn css(&mut self, css: &str, place: Place) {
        for text in css::urls(css) {
            self.push(text, Kind::Css, false, place);
        }
    }

    fn push(&mut self, text: String, kind: Kind, nofollow: bool, place: Place) {
        let link = Written {
            text,
            kind,
            nofollow,
        };
        self.found.push(link, place);
    }

    /// Handles the end of a start tag.
    fn start_tag(&mut self, self_closing: bool) -> Option<State> {
        let element = std::mem::take(&mut self.element);
        let Element { name, place, .. } = &element;
        let closed = self_closing && (self.language.is_xml() || self.language.is_foreign());
        if !elements::is_void(name) && !closed {
            self.open += 1;
            self.page.depth = self.page.depth.max(self.open);
        }
        let is_title = name == b"title" && self.page.title.is_none() && !self.language.is_foreign();
        if is_title && !closed {
            self.text = Text::Title(String::new());
        } else if name == b"style" && self.wanted.css && !closed {
            self.text = Text::Style(String::new(), *place);
        }
        let state = self.language.open(name, self_closing);
        self.links(element);
        state
    }

    /// Handles the attributes of an element.
    fn links(&mut self, element: Element) {
        let has = |word: &str| {
            let words = element
                .rel
                .as_deref()
                .unwrap_or("")
                .split_ascii_whitespace();
            words.into_iter().any(|it| it.eq_ignore_ascii_case(word))
        };
        let (nofollow, place) = (has("nofollow"), element.place);
        match element.name.as_slice() {
            b"a" => {
                if let Some(name) = &element.called {
                    self.id(name);
                }
            }
            b"base" if self.found.base.is_none() => self.found.base = element.base,
            b"link" if has("canonical") => {
                let href = element.urls.into_iter().next().map(|(_, href)| href);
                self.found.canonical = self.found.canonical.take().or(href);
                return;
            }
            // These name hosts to connect to, not pages.
            b"link" if has("preconnect") || has("dns-prefetch") => return,
            b"meta" => return self.meta(&element),
            _ => {}
        }
        for (kind, text) in element.urls {
            self.push(text, kind, nofollow, place);
        }
        if let Some(html) = &element.srcdoc
            // A `srcdoc` within a `srcdoc` is not read.
            && !self.is_inner
        {
            self.srcdoc(html, place);
        }
    }

    fn meta(&mut self, element: &Element) {
        let Some(content) = &element.content else {
            return;
        };
        let is_refresh = |it: &String| it.trim().eq_ignore_ascii_case("refresh");
        if element.http_equiv.as_ref().is_some_and(is_refresh) {
            if let Some(url) = refresh::url(content) {
                self.push(url.to_owned(), Kind::Refresh, false, element.place);
            }
        } else if let Some(name) = &element.called
            && (name.eq_ignore_ascii_case("robots") || name.eq_ignore_ascii_case(self.name))
            && forbids_following(content)
        {
            self.found.nofollow = true;
        }
    }

    /// Reads a `srcdoc`. Its links are links of this page, at the place of the `<iframe>`.
    fn srcdoc(&mut self, html: &str, place: Place) {
        let wanted = Wanted {
            ids: false,
            ..self.wanted
        };
        let mut inner = Reader::new(html.as_bytes(), Syntax::Html, wanted, self.name);
        inner.is_inner = true;
        inner.tokens(html.as_bytes());
        for (link, _) in inner.found.links {
            self.found.push(link, place);
        }
        self.found.cut += inner.found.cut;
    }

    fn end_tag(&mut self, name: &[u8]) {
        self.language.close(name);
        if !elements::is_void(name) {
            self.open = self.open.saturating_sub(1);
        }
        match std::mem::replace(&mut self.text, Text::None) {
            Text::Title(text) => {
                let words: Vec<&str> = text.split_whitespace().collect();
                self.page.title = Some(words.join(" "));
            }
            Text::Style(css, place) => self.css(&css, place),
            Text::None => {}
        }
    }
}

/// Appends a text, up to a length.
fn append(text: &mut String, more: &[u8], most: usize) {
    let room = most.saturating_sub(text.len());
    text.push_str(&String::from_utf8_lossy(&more[..more.len().min(room)]));
}

/// Whether the content of a robots `<meta>` forbids following links.
pub fn forbids_following(content: &str) -> bool {
    let words = content.split(',').map(str::trim);
    words
        .into_iter()
        .any(|word| word.eq_ignore_ascii_case("nofollow") || word.eq_ignore_ascii_case("none"))
}

#[cfg(test)]
mod tests;
