//! What a page says: its links, its title, the names of its parts. Read by a tokenizer in one pass,
//! without a tree: elements within each other a hundred thousand deep cost nothing.

mod css;
mod elements;
mod link;
mod places;
pub(crate) mod refresh;
mod srcset;

use std::collections::HashSet;

use encoding_rs::Encoding;
use html5gum::emitters::callback::{CallbackEmitter, CallbackEvent};
use html5gum::{Span, State, Tokenizer};
use serde::{Deserialize, Serialize};
use url::Url;

use crate::normalise::{self, Rules, Unfit};
use elements::{Attribute, Language};
pub use link::{Kind, Link, Place};
use places::Places;
use srcset::candidates;

/// What a page says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page {
    /// Its links, each once, in the order in which they stand. At most [`MOST_LINKS`].
    pub links: Vec<Link>,
    /// Links that were left out because there are more than [`MOST_LINKS`].
    pub links_cut: usize,
    /// Its title.
    pub title: Option<String>,
    /// The page that this one is another address of, if that is not itself.
    pub canonical: Option<String>,
    /// The names of its parts, if they were asked for. At most [`MOST_IDS`].
    pub ids: Vec<String>,
    /// Names of parts that were left out because there are more than [`MOST_IDS`].
    pub ids_cut: usize,
    /// How deep its elements are within each other, at most.
    pub depth: usize,
}

/// How a page is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wanted {
    /// How its links are normalised.
    pub rules: Rules,
    /// Where forms lead, too.
    pub forms: bool,
    /// The URLs in style sheets, too.
    pub css: bool,
    /// The names of its parts, too.
    pub ids: bool,
    /// Bytes of a body that was sent packed, though nobody asked for that, and is unpacked here.
    pub unpacked: u64,
}

/// What a page is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Syntax {
    /// HTML.
    Html,
    /// XHTML: an element that closes itself is closed.
    Xhtml,
    /// A style sheet.
    Css,
}

/// Different links of a page that are kept: a page with more was not made for people.
pub const MOST_LINKS: usize = 20_000;

/// Names of parts of a page that are kept.
pub const MOST_IDS: usize = 1_000_000;

/// Bytes of a title that are kept.
const TITLE: usize = 1000;

/// Characters that are kept of what is no URL.
const SHOWN: usize = 200;

/// Bytes of a `<style>` that are looked at.
const STYLE: usize = 1 << 20;

/// Reads a page, in UTF-8; what is not valid is replaced. `name` is the product name by which a
/// `<meta name>` may speak to this crawler.
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

/// A link as it is written, before it is known what it is relative to.
#[derive(PartialEq, Eq, Hash)]
struct Written {
    text: String,
    kind: Kind,
    nofollow: bool,
}

/// What was found that is relative to the page's `<base>`, which may stand behind it.
#[derive(Default)]
struct Found {
    base: Option<String>,
    canonical: Option<String>,
    nofollow: bool,
    links: Vec<(Written, Place)>,
    /// Fingerprints of those links.
    seen: HashSet<u64>,
    hasher: std::hash::RandomState,
    cut: usize,
}

impl Found {
    fn push(&mut self, link: Written, place: Place) {
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
    fn resolve(self, page: Page, own: &Url, encoding: &'static Encoding, rules: Rules) -> Page {
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
            // Two that are written in different ways may be the same, and a link that may be followed
            // is another than one that may not.
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

/// What is no URL, as it is shown to people: nothing in it may steer a terminal.
fn shown(text: &str) -> String {
    let sign = |sign: char| if sign.is_control() { '\u{fffd}' } else { sign };
    text.trim().chars().map(sign).take(SHOWN).collect()
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

/// An element whose text is wanted.
enum Text {
    None,
    Title(String),
    Style(String, Place),
}

struct Reader<'a> {
    /// It reads a `srcdoc`.
    is_inner: bool,
    wanted: Wanted,
    /// By which a `<meta name>` may speak to this crawler.
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
        // All it gives back is the state that the last tag asks for.
        while let Some(Ok(state)) = tokenizer.next() {
            tokenizer.set_state(state);
        }
    }

    /// Hears of a token; the state in which what follows it is read, if that changes.
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
                Text::Style(text, _) => append(text, value, STYLE),
                Text::None => {}
            },
            _ => {}
        }
        None
    }

    fn known_attribute(&mut self, name: &[u8]) {
        // Of two attributes of one name the first counts.
        if self.element.attributes.iter().any(|it| it == name) {
            self.attribute = Attribute::Other;
            return;
        }
        self.element.attributes.push(name.to_vec());
        // `href=""` leads to the page itself; no value is told of it.
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
                element.urls.extend(images.take(MOST_LINKS));
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

    /// All of a start tag has been heard.
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

    /// What the attributes of an element say.
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
            // They are no pages, only hosts to be got ready for.
            b"link" if has("preconnect") || has("dns-prefetch") => return,
            b"meta" => return self.meta(&element),
            _ => {}
        }
        for (kind, text) in element.urls {
            self.push(text, kind, nofollow, place);
        }
        if let Some(html) = &element.srcdoc
            // One within another would have to be escaped twice: nobody writes that.
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

    /// A page within the page: its links are links of this one, and stand where its `<iframe>` does.
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

/// Appends as much of a text as there is room for.
fn append(text: &mut String, more: &[u8], most: usize) {
    let room = most.saturating_sub(text.len());
    text.push_str(&String::from_utf8_lossy(&more[..more.len().min(room)]));
}

/// Whether the content of a robots `<meta>` forbids to follow links.
pub fn forbids_following(content: &str) -> bool {
    let words = content.split(',').map(str::trim);
    words
        .into_iter()
        .any(|word| word.eq_ignore_ascii_case("nofollow") || word.eq_ignore_ascii_case("none"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::robots::NAME;
    use proptest::prelude::*;

    fn page_of(html: &str, wanted: Wanted) -> Page {
        let url = Url::parse("http://example.org/dir/page").unwrap();
        read(
            html.as_bytes(),
            &url,
            encoding_rs::UTF_8,
            Syntax::Html,
            wanted,
            NAME,
        )
    }

    fn links(html: &str) -> Vec<(Kind, String)> {
        let links = page_of(html, Wanted::default()).links;
        let own = "http://example.org/";
        let short = |link: Link| {
            link.url
                .strip_prefix(own)
                .map_or(link.url.clone(), str::to_owned)
        };
        links
            .into_iter()
            .map(|link| (link.kind, short(link)))
            .collect()
    }

    fn urls(html: &str) -> Vec<String> {
        links(html).into_iter().map(|(_, url)| url).collect()
    }

    #[test]
    fn links_of_all_kinds_and_nothing_that_only_looks_like_one() {
        let html = "<link rel=stylesheet href=/s.css><script src=j.js></script>\
             <a href='a b'>x</a><area href=c><iframe src=d></iframe><frame src=e>\
             <img src=i.png srcset='i1.png 1x, i2.png 2x'><source srcset=i3.png>\
             <form action=f></form><!-- <a href=no> --><script>'<a href=no>'</script>\
             <style><a href=no></style><textarea><a href=no></textarea><title><a href=no></title>\
             <a href=mailto:x@y>m</a><a href=javascript:x>j</a><a name=z>n</a><p href=no>\
             <link rel=preconnect href=//cdn>";
        use Kind::{A, Area, Iframe, Img, Link, Script, Source};
        let expected = [
            (Link, "s.css"),
            (Script, "dir/j.js"),
            (A, "dir/a%20b"),
            (Area, "dir/c"),
            (Iframe, "dir/d"),
            (Iframe, "dir/e"),
            (Img, "dir/i.png"),
            (Img, "dir/i1.png"),
            (Img, "dir/i2.png"),
            (Source, "dir/i3.png"),
        ];
        let found = links(html);
        let found: Vec<_> = found
            .iter()
            .map(|(kind, url)| (*kind, url.as_str()))
            .collect();
        assert_eq!(found, expected);
        let wanted = Wanted {
            forms: true,
            ..Wanted::default()
        };
        assert!(
            page_of(html, wanted)
                .links
                .iter()
                .any(|link| link.kind == Kind::Form)
        );
    }

    /// The page `/links/` of the trials, piece by piece.
    #[test]
    fn whatever_browsers_load_or_follow_is_a_link() {
        for (html, expected) in [
            (
                "<meta http-equiv=Refresh content=\"5; URL='/m'\">",
                vec!["m"],
            ),
            (
                "<link rel=preload as=image imagesrcset='/i 1x' href=/p>",
                vec!["i", "p"],
            ),
            (
                "<noscript><a href=/n>x</a><img src=/ni></noscript>",
                vec!["n", "ni"],
            ),
            (
                "<video src=/v poster=/p><source src=/s><track src=/t></video><audio src=/a>",
                vec!["v", "p", "s", "t", "a"],
            ),
            ("<embed src=/e><object data=/o></object>", vec!["e", "o"]),
            ("<input type=image src=/i>", vec!["i"]),
            (
                "<svg><a xlink:href=/x></a><a href=/h></a><image href=/i /><use href=/u#i /></svg>",
                vec!["x", "h", "i", "u"],
            ),
            ("<iframe srcdoc='<a href=/s>x</a>'></iframe>", vec!["s"]),
            ("<body background=/b>", vec!["b"]),
            ("<a href=/1 href=/2>", vec!["1"]),
            ("<a href>x</a><a href=''>x</a>", vec!["dir/page"]),
            ("<!-- <a href=no> --!><a href=/o>x</a>", vec!["o"]),
            ("<svg><title/><path d=''/></svg><a href=/s>", vec!["s"]),
            ("<xmp><a href=/no></xmp>", vec![]),
            ("<a href='\n /w\nh\t '>", vec!["wh"]),
            ("<a href='\\\\b.example\\x'>", vec!["http://b.example/x"]),
        ] {
            assert_eq!(urls(html), expected, "{html}");
        }
    }

    #[test]
    fn what_closes_itself_in_xhtml_is_closed() {
        let url = Url::parse("http://example.org/").unwrap();
        let wanted = Wanted {
            ids: true,
            ..Wanted::default()
        };
        let xhtml = "<html xmlns='http://www.w3.org/1999/xhtml'><head><title/><script src='s.js'/></head>\
            <body><a href='a'>x</a><p xml:id='here'/></body></html>";
        let page = read(
            xhtml.as_bytes(),
            &url,
            encoding_rs::UTF_8,
            Syntax::Xhtml,
            wanted,
            NAME,
        );
        let found: Vec<&str> = page.links.iter().map(|link| link.url.as_str()).collect();
        assert_eq!(found, ["http://example.org/s.js", "http://example.org/a"]);
        assert_eq!(page.ids, ["here"]);
        // In HTML such a title goes on to the end of the page.
        assert_eq!(urls(xhtml).len(), 0);
    }

    #[test]
    fn style_sheets_are_read_on_request() {
        let html =
            "<style>p{background:url(/s)}</style><p style=\"background:url('/i')\"><a href=/a>";
        let urls = |css| {
            let wanted = Wanted {
                css,
                ..Wanted::default()
            };
            let links = page_of(html, wanted).links.into_iter();
            links.map(|link| link.url).collect::<Vec<_>>()
        };
        assert_eq!(urls(false), ["http://example.org/a"]);
        assert_eq!(urls(true).len(), 3);
    }

    #[test]
    fn links_have_lines_and_columns() {
        let html = "<p>\r\n\u{e9}\u{e9} <a href=x>\n\n<a href=y> <a\n href=z>&amp;<a href=w>";
        let places = page_of(html, Wanted::default()).links.into_iter();
        let places: Vec<_> = places
            .map(|link| (link.place.line, link.place.column))
            .collect();
        assert_eq!(places, [(2, 4), (4, 1), (4, 12), (5, 14)]);
    }

    #[test]
    fn the_first_base_holds_for_all() {
        let html = "<link href=early><base href=/b/><base href=/c/><a href=x>";
        assert_eq!(urls(html), ["b/early", "b/x"]);
        assert_eq!(urls("<base href='http://[::1'><a href=x>"), ["dir/x"]);
    }

    #[test]
    fn each_link_is_told_once_and_entities_are_read() {
        assert_eq!(urls("<a href=x><a href=x#1><a href=x>").len(), 2);
        assert_eq!(urls("<a href='x?a=1&amp;b=2'>"), ["dir/x?a=1&b=2"]);
    }

    #[test]
    fn what_is_not_to_be_followed_is_marked() {
        let nofollow = |html| page_of(html, Wanted::default()).links[0].nofollow;
        assert!(nofollow("<a rel='x NoFollow' href=x>"));
        assert!(!nofollow("<a rel=me href=x>"));
        assert!(nofollow(
            "<a href=x><meta name=ROBOTS content='noindex, nofollow'>"
        ));
        assert!(nofollow("<meta name=robots content=none><a href=x>"));
        assert!(!nofollow(
            "<meta name=description content=nofollow><a href=x>"
        ));
    }

    #[test]
    fn title_ids_canonical_and_broken_links_are_kept() {
        let wanted = Wanted {
            ids: true,
            ..Wanted::default()
        };
        let page = page_of(
            "<title> A\n &lt;title&gt; </title><link rel=canonical href=/other>\
             <h1 id=one>x</h1><a name=two href='http://[::1'>y</a>",
            wanted,
        );
        assert_eq!(page.title.as_deref(), Some("A <title>"));
        assert_eq!(page.canonical.as_deref(), Some("http://example.org/other"));
        assert_eq!(page.ids, ["one", "two"]);
        assert!(page.links[0].invalid);
        assert_eq!(
            page_of("<link rel=canonical href=page>", wanted).canonical,
            None
        );
    }

    #[test]
    fn links_and_names_of_parts_are_counted_exactly() {
        let wanted = Wanted {
            ids: true,
            ..Wanted::default()
        };
        let many = |count: usize| {
            (0..count)
                .map(|n| format!("<a id={n} href={n}>"))
                .collect::<String>()
        };
        for (count, links) in [(MOST_LINKS, MOST_LINKS), (MOST_LINKS + 1, MOST_LINKS)] {
            let page = page_of(&many(count), wanted);
            assert_eq!((page.links.len(), page.ids.len()), (links, count));
        }
        assert_eq!(
            page_of(&"<p id=x>".repeat(MOST_IDS + 1), wanted).ids.len(),
            MOST_IDS
        );
    }

    #[test]
    fn a_nesting_bomb_is_only_counted() {
        let html = "<div>".repeat(100_000) + "<a href=x>";
        let page = page_of(&html, Wanted::default());
        assert_eq!((page.depth, page.links.len()), (100_001, 1));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(html: Vec<u8>) {
            let url = Url::parse("http://example.org/").unwrap();
            read(&html, &url, encoding_rs::UTF_8, Syntax::Html, Wanted::default(), NAME);
        }

        #[test]
        fn nothing_like_html_makes_it_panic(html in "(<(a|base|img|meta|link|!--)?( (href|src|srcset|rel|id)(=['\"]?)?)?|[a-z/:#?%&;,> ]|é){0,60}") {
            page_of(&html, Wanted { ids: true, forms: true, ..Wanted::default() });
        }
    }
}
