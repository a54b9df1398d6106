//! Sitemaps (sitemaps.org): lists of pages, and lists of sitemaps. RSS and Atom list pages, too.

use std::borrow::Cow;
use std::io::Read;

use flate2::read::MultiGzDecoder;
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use crate::charset;

/// Bytes of a sitemap, decompressed, at most: the limit of sitemaps.org.
pub const BYTES: u64 = 50 << 20;

/// Entries of a sitemap, at most: the limit of sitemaps.org.
pub const ENTRIES: usize = 50_000;

/// Sitemaps of one crawl, at most: an index may list 50,000, and each of those may be an index.
pub const FILES: usize = 1000;

/// The content of a sitemap.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sitemap {
    /// Pages.
    pub pages: Vec<String>,
    /// Sitemaps.
    pub sitemaps: Vec<String>,
    /// An error in it. The rest could be read.
    pub trouble: Option<String>,
    /// The limit that cut it.
    pub cut: Option<String>,
}

impl Sitemap {
    /// A sitemap that is longer than the limit: nothing of it is read.
    pub(crate) fn too_long(limit: u64) -> Sitemap {
        Sitemap {
            cut: Some(format!("longer than {limit} bytes: nothing of it is read")),
            ..Sitemap::default()
        }
    }

    fn add(&mut self, place: String, is_sitemap: bool) {
        let list = match is_sitemap {
            true => &mut self.sitemaps,
            false => &mut self.pages,
        };
        if place.is_empty() {
            self.tell("an entry without a URL");
        } else if list.len() < ENTRIES {
            list.push(place);
        } else {
            self.cut = Some(format!("more than {ENTRIES} entries: the rest is left out"));
        }
    }

    /// Records an error, if it is the first.
    fn tell(&mut self, trouble: &str) {
        self.trouble.get_or_insert_with(|| trouble.to_owned());
    }
}

/// Reads a sitemap: XML, RSS, Atom, or text with a URL on each line; in UTF-8 or the charset that it names; with
/// gzip or without. The readable part of a broken one is kept.
///
/// # Errors
/// If nothing of it can be read.
pub fn read(body: &[u8]) -> Result<Sitemap, String> {
    let Some(body) = unpacked(body)? else {
        return Ok(Sitemap::too_long(BYTES));
    };
    let (text, _) = charset::decode(&body, None);
    let text = String::from_utf8_lossy(&text);
    let text = text.trim_start_matches('\u{feff}').trim_start();
    match text.starts_with('<') {
        true => xml(text),
        false => Ok(lines(text)),
    }
}

/// The text; `None` if it is too long.
fn unpacked(body: &[u8]) -> Result<Option<Cow<'_, [u8]>>, String> {
    if !body.starts_with(&[0x1f, 0x8b]) {
        return Ok(Some(Cow::Borrowed(body)));
    }
    let mut bytes = Vec::new();
    let mut reader = MultiGzDecoder::new(body).take(BYTES + 1);
    let read = reader.read_to_end(&mut bytes);
    if bytes.len() as u64 > BYTES {
        return Ok(None);
    }
    match read {
        Err(error) if bytes.is_empty() => Err(format!("a sitemap that is not gzip: {error}")),
        _ => Ok(Some(Cow::Owned(bytes))),
    }
}

fn lines(text: &str) -> Sitemap {
    let mut found = Sitemap::default();
    for line in text.lines().map(str::trim) {
        if line.starts_with("http://") || line.starts_with("https://") {
            found.add(line.to_owned(), false);
        }
    }
    found
}

/// The elements around the current position, outermost first. Sitemaps have no deep ones.
#[derive(Default)]
struct Path {
    names: Vec<String>,
    /// Elements within the deepest of them. Their names are not kept.
    deeper: usize,
}

impl Path {
    fn open(&mut self, tag: &BytesStart<'_>) {
        match self.names.len() < DEEPEST {
            true => self.names.push(tag.local_name().into_inner().to_owned()),
            false => self.deeper += 1,
        }
    }

    fn close(&mut self) {
        match self.deeper {
            0 => drop(self.names.pop()),
            _ => self.deeper -= 1,
        }
    }

    /// Whether the text of this element is a URL: `Some(true)` for a sitemap, `Some(false)` for a page. (The
    /// `<loc>` of an image or a video is neither.)
    fn entry(&self) -> Option<bool> {
        let [.., parent, own] = self.names.as_slice() else {
            return None;
        };
        match (parent.as_str(), own.as_str()) {
            ("url", "loc") | ("item", "link") => Some(false),
            ("sitemap", "loc") => Some(true),
            _ => None,
        }
    }
}

fn xml(text: &str) -> Result<Sitemap, String> {
    let mut reader = Reader::from_str(text);
    // Many files have `?a=1&b=2`. It is reported, and the other entries are read.
    reader.config_mut().allow_dangling_amp = true;
    let mut found = Sitemap::default();
    let mut path = Path::default();
    let mut place: Option<String> = None;
    loop {
        match reader.read_event() {
            Ok(Event::Start(tag)) => {
                path.open(&tag);
                if let Some(page) = atom_link(&tag, &path) {
                    found.add(page, false);
                }
                place = path.entry().map(|_| String::new());
            }
            Ok(Event::Empty(tag)) => {
                path.open(&tag);
                if let Some(page) = atom_link(&tag, &path) {
                    found.add(page, false);
                }
                path.close();
            }
            Ok(Event::Text(part)) => {
                let text = part.xml10_content();
                if place.is_some() && text.contains('&') {
                    found.tell("an entry with a `&` that is not written `&amp;`");
                }
                push(&mut place, &text);
            }
            Ok(Event::CData(part)) => push(&mut place, &part.xml10_content()),
            Ok(Event::GeneralRef(part)) => push(&mut place, &entity(&part)),
            Ok(Event::End(_)) => {
                if let (Some(place), Some(is_sitemap)) = (place.take(), path.entry()) {
                    found.add(place.trim().to_owned(), is_sitemap);
                }
                path.close();
            }
            Ok(Event::Eof) => return Ok(found),
            Ok(_) => {}
            Err(error) if found == Sitemap::default() => {
                return Err(format!("not a sitemap: {error}"));
            }
            Err(error) => {
                found.tell(&format!(
                    "broken after {} bytes: {error}",
                    reader.buffer_position()
                ));
                return Ok(found);
            }
        }
    }
}

/// The page of an Atom entry: `<link href>`, unless its `rel` says otherwise.
fn atom_link(tag: &BytesStart<'_>, path: &Path) -> Option<String> {
    let is_link =
        matches!(path.names.as_slice(), [.., parent, own] if parent == "entry" && own == "link");
    let value = |name: &str| {
        let attribute = is_link.then(|| tag.try_get_attribute(name).ok().flatten())??;
        Some(
            attribute
                .normalized_value(quick_xml::XmlVersion::Implicit1_0)
                .ok()?
                .into_owned(),
        )
    };
    let is_page = value("rel").is_none_or(|rel| rel == "alternate");
    value("href").filter(|_| is_page)
}

/// The depth of nested elements that is tracked.
const DEEPEST: usize = 64;

fn push(place: &mut Option<String>, text: &str) {
    if let Some(place) = place {
        place.push_str(text);
    }
}

/// The character of an entity. XML has five names. Others stay as they are.
fn entity(name: &quick_xml::events::BytesRef<'_>) -> String {
    if let Ok(Some(sign)) = name.resolve_char_ref() {
        return sign.into();
    }
    let sign = match &**name {
        "amp" => "&",
        "lt" => "<",
        "gt" => ">",
        "quot" => "\"",
        "apos" => "'",
        other => return format!("&{other};"),
    };
    sign.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    const MAP: &str = "\u{feff}<?xml version=\"1.0\"?>\n<urlset xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">\
         <url><loc> http://example.org/?a=1&amp;b=&#50; </loc><lastmod>2026-01-01</lastmod></url>\
         <url><loc><![CDATA[http://example.org/2]]></loc></url></urlset>";

    #[test]
    fn pages_and_sitemaps_are_told_apart() {
        let found = read(MAP.as_bytes()).unwrap();
        assert_eq!(
            found.pages,
            ["http://example.org/?a=1&b=2", "http://example.org/2"]
        );
        let index = "<s:sitemapindex xmlns:s='x'><s:sitemap><s:loc>http://example.org/a.xml</s:loc>\
             </s:sitemap></s:sitemapindex>";
        let found = read(index.as_bytes()).unwrap();
        assert_eq!(found.sitemaps, ["http://example.org/a.xml"]);
        assert!(found.pages.is_empty());
    }

    /// As the sitemaps of news and picture pages are written (developers.google.com, "Image sitemaps").
    #[test]
    fn pictures_of_a_page_are_no_pages() {
        let map = "<urlset xmlns:image='x'><url><loc>http://a/1</loc><image:image><image:loc>http://a/1.png\
            </image:loc></image:image></url><url><loc>http://a/2</loc></url></urlset>";
        assert_eq!(
            read(map.as_bytes()).unwrap().pages,
            ["http://a/1", "http://a/2"]
        );
    }

    #[test]
    fn feeds_are_sitemaps_too() {
        let rss = "<rss><channel><link>http://a/</link><item><title>x</title><link>http://a/1</link></item>\
            <item><link>http://a/2</link></item></channel></rss>";
        assert_eq!(
            read(rss.as_bytes()).unwrap().pages,
            ["http://a/1", "http://a/2"]
        );
        let atom = "<feed xmlns='http://www.w3.org/2005/Atom'><link href='http://a/'/><entry>\
            <link rel='edit' href='http://a/no'/><link href='http://a/1?x=1&amp;y=2'/></entry><entry>\
            <link rel='alternate' href='http://a/2'></link></entry></feed>";
        assert_eq!(
            read(atom.as_bytes()).unwrap().pages,
            ["http://a/1?x=1&y=2", "http://a/2"]
        );
    }

    #[test]
    fn a_bare_ampersand_is_told_and_costs_nothing() {
        let map = "<urlset><url><loc>http://a/?x=1&y=2</loc></url><url><loc>http://a/2</loc></url></urlset>";
        let found = read(map.as_bytes()).unwrap();
        assert_eq!(found.pages, ["http://a/?x=1&y=2", "http://a/2"]);
        assert!(found.trouble.unwrap().contains("&amp;"));
    }

    #[test]
    fn one_in_utf_16_is_read() {
        let wide: Vec<u8> = MAP.encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(read(&wide).unwrap().pages.len(), 2);
    }

    #[test]
    fn text_and_gzip_are_sitemaps_too() {
        let text = "http://example.org/1\r\n\nhttps://example.org/2\nnonsense\n";
        assert_eq!(read(text.as_bytes()).unwrap().pages.len(), 2);
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(MAP.as_bytes()).unwrap();
        assert_eq!(read(&gzip.finish().unwrap()).unwrap().pages.len(), 2);
    }

    #[test]
    fn of_a_broken_one_what_can_be_read_is_kept() {
        let half = &MAP[..MAP.len() - 60];
        assert_eq!(read(half.as_bytes()).unwrap().pages.len(), 1);
        assert!(read(b"<a></b>").is_err());
        assert!(read(b"\x1f\x8bnot gzip").is_err());
        assert_eq!(read(b"").unwrap(), Sitemap::default());
    }

    #[test]
    fn a_bomb_is_refused() {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        std::io::copy(&mut std::io::repeat(b' ').take(BYTES + 1), &mut gzip).unwrap();
        let found = read(&gzip.finish().unwrap()).unwrap();
        assert!(found.cut.unwrap().contains("longer than"));
    }

    #[test]
    fn entries_are_counted_exactly() {
        let entry = "<url><loc>http://example.org/</loc></url>";
        for (entries, kept) in [(ENTRIES, ENTRIES), (ENTRIES + 1, ENTRIES)] {
            let map = format!("<urlset>{}</urlset>", entry.repeat(entries));
            let lines = "http://example.org/\n".repeat(entries);
            for text in [map, lines] {
                let found = read(text.as_bytes()).unwrap();
                assert_eq!(found.pages.len(), kept);
                assert_eq!(found.cut.is_some(), entries > kept);
            }
        }
    }

    #[test]
    fn entities_do_not_grow() {
        let bomb = "<!DOCTYPE x [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\">]><urlset><url><loc>http://x/&b;</loc></url></urlset>";
        assert_eq!(read(bomb.as_bytes()).unwrap().pages, ["http://x/&b;"]);
    }
}
