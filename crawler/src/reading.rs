//! Reads a body: the part of a crawl that computes. A worker process needs nothing else.

use std::borrow::Cow;
use std::io::{self, Read};

use async_fetch::{HeaderMap, Outcome};
use flate2::read::MultiGzDecoder;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::charset;
use crate::html::{self, Kind, Link, MOST_LINKS, Page, Place, Syntax, Wanted, refresh};
use crate::normalise::{self, Unfit};
use crate::robots;
use crate::select::{self, Pick};

/// A page to be read.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Reading {
    url: Url,
    content_type: Option<String>,
    syntax: Syntax,
    /// The product token of this crawler.
    product: String,
    /// The header forbids following links.
    nofollow: bool,
    /// Links in the header.
    links: Vec<(Kind, String)>,
    body: Vec<u8>,
    wanted: Wanted,
    picks: Vec<Pick>,
}

/// The content of a page.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Content {
    /// Its links, its title and its parts.
    pub page: Page,
    /// The selected texts, in the order of the picks.
    pub selected: Vec<Vec<String>>,
    /// The reason why nothing was selected.
    pub trouble: Option<String>,
    /// The reason why the page could not be read: its reader crashed.
    pub lost: Option<String>,
    /// It is HTML, so it may have parts.
    pub is_html: bool,
}

impl Content {
    /// The content of a page that could not be read.
    pub(crate) fn lost(reason: impl Into<String>) -> Content {
        Content {
            lost: Some(reason.into()),
            ..Content::default()
        }
    }
}

impl Reading {
    /// The page of an answer, for a crawler with this product token; `None` if it is not HTML, and not a style
    /// sheet that is wanted.
    pub fn new(
        outcome: &Outcome,
        wanted: Wanted,
        picks: &[Pick],
        product: &str,
    ) -> Option<Reading> {
        let answer = outcome.result.as_ref().ok()?;
        let body = answer.bytes();
        let content_type = header(&answer.headers, "content-type");
        if !answer.status.is_success() {
            return None;
        }
        let syntax = syntax(content_type.as_deref(), body)?;
        if syntax == Syntax::Css && !wanted.css {
            return None;
        }
        let texts = |name| {
            let values = answer.headers.get_all(name).into_iter();
            values.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
        };
        let nofollow =
            texts("x-robots-tag").any(|tag| robots::tag_forbids_following(&tag, product));
        let refreshes = texts("refresh")
            .filter_map(|value| Some((Kind::Refresh, refresh::url(&value)?.to_owned())));
        let links = texts("link").flat_map(|value| links_of_header(&value));
        Some(Reading {
            url: answer.url.clone(),
            syntax,
            product: product.to_owned(),
            nofollow,
            links: links.chain(refreshes).collect(),
            content_type,
            body: body.to_vec(),
            wanted,
            picks: picks.to_vec(),
        })
    }

    /// Reads it.
    pub fn run(&self) -> Content {
        let _span = tracing::info_span!("read").entered();
        let body = match unpacked(&self.body, self.wanted.unpacked) {
            Ok(body) => body,
            Err(reason) => return Content::lost(format!("the body is not gzip: {reason}")),
        };
        let (text, encoding) = charset::decode(&body, self.content_type.as_deref());
        let (wanted, product) = (self.wanted, &self.product);
        let mut page = html::read(&text, &self.url, encoding, self.syntax, wanted, product);
        for (kind, text) in &self.links {
            let link = self.link_of_header(*kind, text);
            match page.links.len() < MOST_LINKS {
                true => page.links.extend(link),
                false => page.links_cut += usize::from(link.is_some()),
            }
        }
        if self.nofollow {
            page.links.iter_mut().for_each(|link| link.nofollow = true);
        }
        let mut content = Content {
            page,
            is_html: self.syntax != Syntax::Css,
            ..Content::default()
        };
        if !self.picks.is_empty() && self.syntax != Syntax::Css {
            if content.page.depth > select::DEEPEST {
                let (deep, most) = (content.page.depth, select::DEEPEST);
                content.trouble = Some(format!(
                    "nothing was selected: {deep} elements within each other, at most {most} are looked at"
                ));
            } else {
                content.selected = select::select(&String::from_utf8_lossy(&text), &self.picks);
            }
        }
        content
    }
}

impl Reading {
    fn link_of_header(&self, kind: Kind, text: &str) -> Option<Link> {
        let (url, fragment, invalid) =
            match normalise::link(&self.url, text, None, self.wanted.rules) {
                Ok(target) => (target.url.into(), target.fragment, false),
                Err(Unfit::Scheme) => return None,
                Err(Unfit::NotAUrl | Unfit::UnknownScheme) => (text.to_owned(), None, true),
            };
        Some(Link {
            url,
            fragment,
            kind,
            place: Place::default(),
            nofollow: false,
            invalid,
        })
    }
}

/// The value of a header, as text.
pub(crate) fn header(headers: &HeaderMap, name: &str) -> Option<String> {
    let value = headers.get(name)?;
    Some(String::from_utf8_lossy(value.as_bytes()).into_owned())
}

/// Decompresses a body that begins like gzip: no page does. With an archive no compression is requested, but
/// some servers send gzip nevertheless. At most `most` bytes are decompressed.
pub(crate) fn unpacked(body: &[u8], most: u64) -> io::Result<Cow<'_, [u8]>> {
    if !body.starts_with(&[0x1f, 0x8b]) {
        return Ok(Cow::Borrowed(body));
    }
    let mut bytes = Vec::new();
    match MultiGzDecoder::new(body).take(most).read_to_end(&mut bytes) {
        // The beginning of a broken one is useful.
        Err(error) if bytes.is_empty() => Err(error),
        _ => Ok(Cow::Owned(bytes)),
    }
}

/// The links of a header `Link`: `<url>; rel=next, <other>; rel="preload"` (RFC 8288, section 3), without
/// `preconnect` and `dns-prefetch`.
fn links_of_header(value: &str) -> Vec<(Kind, String)> {
    let mut links = Vec::new();
    let mut rest = value;
    while let Some((_, after)) = rest.split_once('<') {
        let Some((url, after)) = after.split_once('>') else {
            break;
        };
        // A comma within quotes does not end the link.
        let mut quoted = false;
        let end = after.find(|sign| {
            quoted ^= sign == '"';
            sign == ',' && !quoted
        });
        let (parameters, next) = after.split_at(end.unwrap_or(after.len()));
        let parameters = parameters.to_ascii_lowercase();
        if parameters.contains("rel=canonical") || parameters.contains("rel=\"canonical\"") {
            // It is the page's own address, and mostly in the page, too.
        } else if !parameters.contains("preconnect") && !parameters.contains("dns-prefetch") {
            links.push((Kind::Header, url.trim().to_owned()));
        }
        rest = next;
    }
    links
}

/// The language of an answer, if it can have links.
fn syntax(content_type: Option<&str>, body: &[u8]) -> Option<Syntax> {
    let Some(content_type) = content_type else {
        let is_html = body.trim_ascii_start().starts_with(b"<");
        return is_html.then_some(Syntax::Html);
    };
    match media_type(content_type).to_ascii_lowercase().as_str() {
        "text/html" => Some(Syntax::Html),
        "application/xhtml+xml" => Some(Syntax::Xhtml),
        "text/css" => Some(Syntax::Css),
        _ => None,
    }
}

/// A `Content-Type` without its parameters.
fn media_type(content_type: &str) -> &str {
    content_type.split(';').next().unwrap_or("").trim()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(body: &str, picks: &[&str]) -> Reading {
        Reading {
            url: "http://example.org/".parse().unwrap(),
            content_type: Some("text/html".to_owned()),
            syntax: Syntax::Html,
            product: robots::NAME.to_owned(),
            nofollow: false,
            links: Vec::new(),
            body: body.into(),
            wanted: Wanted::default(),
            picks: picks.iter().map(|it| Pick::read(it).unwrap()).collect(),
        }
    }

    #[test]
    fn what_is_picked_out_of_a_nesting_bomb_is_nothing() {
        let bomb = "<div>".repeat(100_000) + "<p>x";
        let content = reading(&bomb, &["div p"]).run();
        assert!(content.trouble.is_some() && content.selected.is_empty());
        assert_eq!(reading("<p>x", &["p"]).run().selected, [["x"]]);
        let deep = |depth| reading(&("<div>".repeat(depth - 1) + "<b>x"), &["b"]).run();
        assert_eq!(deep(select::DEEPEST).selected, [["x"]]);
        let deeper = deep(select::DEEPEST + 1);
        assert!(deeper.selected.is_empty() && deeper.trouble.is_some());
    }

    #[test]
    fn what_was_packed_unasked_is_unpacked_up_to_the_limit() {
        use std::io::Write;
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(b"<a href=/1></a><a href=/2></a>").unwrap();
        let mut reading = reading("", &[]);
        reading.body = gzip.finish().unwrap();
        for (limit, links) in [(1000, 2), (20, 1), (0, 0)] {
            reading.wanted.unpacked = limit;
            assert_eq!(reading.run().page.links.len(), links, "{limit}");
        }
        reading.body = b"\x1f\x8bnonsense".to_vec();
        reading.wanted.unpacked = 1000;
        assert!(reading.run().lost.unwrap().contains("not gzip"));
    }

    #[test]
    fn a_header_can_forbid_to_follow() {
        let mut reading = reading("<a href=x>", &[]);
        assert!(!reading.run().page.links[0].nofollow);
        reading.nofollow = true;
        assert!(reading.run().page.links[0].nofollow);
    }

    #[test]
    fn what_links_are_read_of_is_told_by_its_type_or_by_its_look() {
        assert_eq!(
            syntax(Some("Text/HTML; charset=x"), b""),
            Some(Syntax::Html)
        );
        assert_eq!(
            syntax(Some("application/xhtml+xml"), b""),
            Some(Syntax::Xhtml)
        );
        assert_eq!(syntax(Some("text/css"), b""), Some(Syntax::Css));
        assert_eq!(syntax(Some("application/pdf"), b"<html>"), None);
        assert_eq!(syntax(None, b" <html>"), Some(Syntax::Html));
        assert_eq!(syntax(None, b"%PDF"), None);
    }

    #[test]
    fn links_of_the_header_count_among_those_of_the_page() {
        let mut reading = reading("<a href=x>", &[]);
        let links = (0..MOST_LINKS).map(|n| (Kind::Header, n.to_string()));
        reading.links = links.collect();
        let page = reading.run().page;
        assert_eq!((page.links.len(), page.links_cut), (MOST_LINKS, 1));
    }

    /// The examples of RFC 8288, section 3.5.
    #[test]
    fn links_of_the_header_are_read() {
        let urls = |value| {
            let links = links_of_header(value).into_iter();
            links.map(|(_, url)| url).collect::<Vec<_>>()
        };
        assert_eq!(
            urls(
                "<http://example.com/TheBook/chapter2>; rel=\"previous\"; title=\"previous chapter\""
            ),
            ["http://example.com/TheBook/chapter2"]
        );
        assert_eq!(
            urls(
                "</TheBook/chapter2>; rel=\"previous\"; title*=UTF-8'de'letztes%20Kapitel, </TheBook/chapter4>; rel=\"next\""
            ),
            ["/TheBook/chapter2", "/TheBook/chapter4"]
        );
        assert_eq!(
            urls("<a>; title=\"x, <no>\", <https://cdn.example>; rel=preconnect"),
            ["a"]
        );
    }
}
