//! What a page says: its links, its title, the names of its parts. Read by a tokenizer in one pass,
//! without a tree: elements within each other a hundred thousand deep cost nothing.

mod link;
mod srcset;

use encoding_rs::Encoding;
use html5gum::emitters::callback::{CallbackEmitter, CallbackEvent};
use html5gum::{Span, Tokenizer};
use serde::{Deserialize, Serialize};
use url::Url;

use crate::normalise::{self, Rules, Unfit};
pub use link::{Kind, Link};
use srcset::candidates;

/// What a page says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page {
    /// Its links, each once, in the order in which they stand. At most [`MOST_LINKS`].
    pub links: Vec<Link>,
    /// Its title.
    pub title: Option<String>,
    /// The page that this one is another address of, if that is not itself.
    pub canonical: Option<String>,
    /// The names of its parts, if they were asked for.
    pub ids: Vec<String>,
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
    /// The names of its parts, too.
    pub ids: bool,
}

/// Links of a page that are kept: a page with more was not made for people.
pub const MOST_LINKS: usize = 20_000;

/// Names of parts of a page that are kept.
pub const MOST_IDS: usize = 100_000;

/// Bytes of a title that are kept.
const TITLE: usize = 1000;

/// Characters of what is no URL that are kept.
const SHOWN: usize = 200;

/// Reads a page, in UTF-8; what is not valid is replaced.
pub fn read(html: &[u8], url: &Url, encoding: &'static Encoding, wanted: Wanted) -> Page {
    let mut reader = Reader {
        base: url.clone(),
        has_base: false,
        own: url,
        encoding,
        wanted,
        page: Page::default(),
        tag: Tag::Other,
        attributes: Attributes::default(),
        attribute: Attribute::Other,
        nofollow: false,
        title: Title::None,
        open: 0,
        early: Vec::new(),
    };
    let callback = |event: CallbackEvent<'_>, _: Span<()>| -> Option<std::convert::Infallible> {
        reader.hear(event);
        None
    };
    let mut emitter: CallbackEmitter<_, std::convert::Infallible> = CallbackEmitter::new(callback);
    // Without a tree it can't be known for certain that a `<title>` is one; that it is within an
    // SVG is rare.
    emitter.naively_switch_states(true);
    // It gives no tokens back: all is told to the callback.
    let _ = Tokenizer::new_with_emitter(html, emitter).next();
    reader.finish()
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tag {
    A,
    Area,
    Base,
    Button,
    Form,
    Frame,
    Img,
    Link,
    Meta,
    Script,
    Source,
    Title,
    Void,
    Other,
}

impl Tag {
    fn new(name: &[u8]) -> Tag {
        match name {
            b"a" => Tag::A,
            b"area" => Tag::Area,
            b"base" => Tag::Base,
            b"button" => Tag::Button,
            b"form" => Tag::Form,
            b"frame" | b"iframe" => Tag::Frame,
            b"img" => Tag::Img,
            b"link" => Tag::Link,
            b"meta" => Tag::Meta,
            b"script" => Tag::Script,
            b"source" => Tag::Source,
            b"title" => Tag::Title,
            b"br" | b"col" | b"embed" | b"hr" | b"input" | b"track" | b"wbr" | b"p" | b"li" => {
                Tag::Void
            }
            _ => Tag::Other,
        }
    }

    /// Whether it opens nothing that has to be closed.
    fn is_void(self) -> bool {
        use Tag::{Area, Base, Img, Link, Meta, Source, Void};
        matches!(self, Area | Base | Img | Link | Meta | Source | Void)
    }

    /// Whether any of its attributes matter, `id` aside.
    fn matters(self) -> bool {
        !matches!(self, Tag::Void | Tag::Other | Tag::Title)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Attribute {
    /// `href`, `src`, `action`, `formaction`, `content`.
    Main,
    Rel,
    Srcset,
    /// `name`, of a `<meta>` or an `<a>`.
    Name,
    Id,
    Other,
}

#[derive(Debug, Default)]
struct Attributes {
    main: Option<String>,
    rel: Option<String>,
    srcset: Option<String>,
    name: Option<String>,
}

enum Title {
    None,
    Open(String),
    Done,
}

struct Reader<'a> {
    base: Url,
    has_base: bool,
    own: &'a Url,
    encoding: &'static Encoding,
    wanted: Wanted,
    page: Page,
    tag: Tag,
    attributes: Attributes,
    attribute: Attribute,
    nofollow: bool,
    title: Title,
    open: usize,
    /// What stood before the `<base>`: it holds for them too.
    early: Vec<(String, Kind, bool)>,
}

impl Reader<'_> {
    fn hear(&mut self, event: CallbackEvent<'_>) {
        match event {
            CallbackEvent::OpenStartTag { name } => {
                self.tag = Tag::new(name);
                self.attribute = Attribute::Other;
                if !self.tag.is_void() {
                    self.open += 1;
                    self.page.depth = self.page.depth.max(self.open);
                }
            }
            CallbackEvent::AttributeName { name } => self.attribute = self.attribute(name),
            CallbackEvent::AttributeValue { value } => self.value(value),
            CallbackEvent::CloseStartTag { .. } => {
                if self.tag.matters() {
                    self.element();
                } else if self.tag == Tag::Title && matches!(self.title, Title::None) {
                    self.title = Title::Open(String::new());
                }
                self.tag = Tag::Other;
            }
            CallbackEvent::EndTag { name } => {
                self.attribute = Attribute::Other;
                if !Tag::new(name).is_void() {
                    self.open = self.open.saturating_sub(1);
                }
                if let Title::Open(title) = &mut self.title {
                    let words: Vec<&str> = title.split_whitespace().collect();
                    self.page.title = Some(words.join(" "));
                    self.title = Title::Done;
                }
            }
            CallbackEvent::String { value } => {
                if let Title::Open(title) = &mut self.title
                    && title.len() < TITLE
                {
                    let end = value.len().min(TITLE);
                    title.push_str(&String::from_utf8_lossy(&value[..end]));
                }
            }
            _ => {}
        }
    }

    fn attribute(&self, name: &[u8]) -> Attribute {
        match (self.tag, name) {
            (_, b"id") if self.wanted.ids => Attribute::Id,
            (Tag::A | Tag::Area | Tag::Base | Tag::Link, b"href")
            | (Tag::Img | Tag::Script | Tag::Frame, b"src")
            | (Tag::Form, b"action")
            | (Tag::Button, b"formaction")
            | (Tag::Meta, b"content") => Attribute::Main,
            (Tag::A | Tag::Area | Tag::Link | Tag::Form, b"rel") => Attribute::Rel,
            (Tag::Img | Tag::Source, b"srcset") => Attribute::Srcset,
            (Tag::Meta, b"name") => Attribute::Name,
            (Tag::A, b"name") if self.wanted.ids => Attribute::Name,
            _ => Attribute::Other,
        }
    }

    fn value(&mut self, value: &[u8]) {
        let place = match self.attribute {
            Attribute::Main => &mut self.attributes.main,
            Attribute::Rel => &mut self.attributes.rel,
            Attribute::Srcset => &mut self.attributes.srcset,
            Attribute::Name => &mut self.attributes.name,
            Attribute::Id => {
                self.id(value);
                return;
            }
            Attribute::Other => return,
        };
        // Of two attributes of one name the first counts.
        if place.is_none() {
            *place = Some(String::from_utf8_lossy(value).into_owned());
        }
    }

    fn id(&mut self, value: &[u8]) {
        if self.page.ids.len() < MOST_IDS {
            let id = String::from_utf8_lossy(value).into_owned();
            self.page.ids.push(id);
        }
    }

    /// All of a start tag has been heard.
    fn element(&mut self) {
        let Attributes {
            main,
            rel,
            srcset,
            name,
        } = std::mem::take(&mut self.attributes);
        let has = |word: &str| {
            let words = rel.as_deref().unwrap_or("").split_ascii_whitespace();
            words.into_iter().any(|it| it.eq_ignore_ascii_case(word))
        };
        let nofollow = has("nofollow");
        match self.tag {
            Tag::A => {
                if let Some(name) = name {
                    self.id(name.as_bytes());
                }
                self.link(main, Kind::A, nofollow);
            }
            Tag::Area => self.link(main, Kind::Area, nofollow),
            Tag::Link if has("canonical") => {
                self.page.canonical = self.page.canonical.take().or(main);
            }
            // They are no pages, only hosts to be got ready for.
            Tag::Link if has("preconnect") || has("dns-prefetch") => {}
            Tag::Link => self.link(main, Kind::Link, nofollow),
            Tag::Img | Tag::Source => {
                self.link(main, Kind::Img, false);
                for image in srcset.as_deref().map(candidates).unwrap_or_default() {
                    self.link(Some(image.to_owned()), Kind::Img, false);
                }
            }
            Tag::Script => self.link(main, Kind::Script, false),
            Tag::Frame => self.link(main, Kind::Iframe, false),
            Tag::Form | Tag::Button if self.wanted.forms => self.link(main, Kind::Form, nofollow),
            Tag::Base => {
                if let Some(href) = main.filter(|_| !self.has_base)
                    && let Ok(base) = self.own.join(&href)
                {
                    self.has_base = true;
                    self.base = base;
                    for (text, kind, nofollow) in std::mem::take(&mut self.early) {
                        self.push(&text, kind, nofollow);
                    }
                }
            }
            Tag::Meta => {
                let is_for_us = name.is_some_and(|name| {
                    name.eq_ignore_ascii_case("robots")
                        || name.eq_ignore_ascii_case(crate::robots::NAME)
                });
                if is_for_us && main.is_some_and(|content| forbids_following(&content)) {
                    self.nofollow = true;
                }
            }
            _ => {}
        }
    }

    fn link(&mut self, text: Option<String>, kind: Kind, nofollow: bool) {
        let Some(text) = text else { return };
        // Mostly there is no <base>, and to wait for it until the end of the page would cost
        // memory; it has to stand in the head, and nobody follows links there but for <link>s and
        // scripts.
        if !self.has_base && matches!(kind, Kind::Link | Kind::Script) && self.early.len() < 1000 {
            self.early.push((text, kind, nofollow));
            return;
        }
        self.push(&text, kind, nofollow);
    }

    fn push(&mut self, text: &str, kind: Kind, nofollow: bool) {
        if self.page.links.len() >= MOST_LINKS {
            return;
        }
        let text = text.trim();
        match normalise::link(&self.base, text, Some(self.encoding), self.wanted.rules) {
            Ok(target) => self.page.links.push(Link {
                url: target.url.into(),
                fragment: target.fragment,
                kind,
                nofollow,
                invalid: false,
            }),
            Err(Unfit::Scheme) => {}
            Err(Unfit::NotAUrl) => self.page.links.push(Link {
                // It will be shown to people: nothing in it may steer a terminal.
                url: text
                    .chars()
                    .map(|it| if it.is_control() { '\u{fffd}' } else { it })
                    .take(SHOWN)
                    .collect(),
                fragment: None,
                kind,
                nofollow,
                invalid: true,
            }),
        }
    }

    fn finish(mut self) -> Page {
        for (text, kind, nofollow) in std::mem::take(&mut self.early) {
            self.push(&text, kind, nofollow);
        }
        let mut page = self.page;
        if self.nofollow {
            page.links.iter_mut().for_each(|link| link.nofollow = true);
        }
        let mut seen = std::collections::HashSet::with_capacity(page.links.len());
        let mut first = |link: &Link| {
            // A link that may be followed is another than one that may not.
            seen.insert((
                link.url.clone(),
                link.fragment.clone(),
                link.kind,
                link.nofollow,
            ))
        };
        page.links.retain(|link| first(link));
        page.canonical = page.canonical.and_then(|text| {
            let target = normalise::link(&self.base, &text, Some(self.encoding), self.wanted.rules);
            let url = target.ok()?.url;
            (url != *self.own).then(|| url.into())
        });
        page
    }
}

/// Whether a robots `<meta>`, or an `X-Robots-Tag`, forbids to follow links.
pub fn forbids_following(content: &str) -> bool {
    let words = content.split([',', ':']).map(str::trim);
    words
        .into_iter()
        .any(|word| word.eq_ignore_ascii_case("nofollow") || word.eq_ignore_ascii_case("none"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn page_of(html: &str, wanted: Wanted) -> Page {
        let url = Url::parse("http://example.org/dir/page").unwrap();
        read(html.as_bytes(), &url, encoding_rs::UTF_8, wanted)
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
        use Kind::{A, Area, Iframe, Img, Link, Script};
        let expected = [
            (A, "dir/a%20b"),
            (Area, "dir/c"),
            (Iframe, "dir/d"),
            (Iframe, "dir/e"),
            (Img, "dir/i.png"),
            (Img, "dir/i1.png"),
            (Img, "dir/i2.png"),
            (Img, "dir/i3.png"),
            (Link, "s.css"),
            (Script, "dir/j.js"),
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
            read(&html, &url, encoding_rs::UTF_8, Wanted::default());
        }

        #[test]
        fn nothing_like_html_makes_it_panic(html in "(<(a|base|img|meta|link|!--)?( (href|src|srcset|rel|id)(=['\"]?)?)?|[a-z/:#?%&;,> ]|é){0,60}") {
            page_of(&html, Wanted { ids: true, forms: true, ..Wanted::default() });
        }
    }
}
