//! Sitemaps: lists of pages, and lists of such lists (sitemaps.org).

use std::borrow::Cow;
use std::io::Read;

use flate2::read::MultiGzDecoder;
use quick_xml::Reader;
use quick_xml::events::Event;

/// Bytes of a sitemap, unpacked, as sitemaps.org has it.
pub const BYTES: u64 = 50 << 20;

/// Entries of a sitemap, as sitemaps.org has it.
pub const ENTRIES: usize = 50_000;

/// Sitemaps of one crawl that are read: an index may name 50,000, and each of those may be one.
pub const FILES: usize = 1000;

/// What a sitemap lists.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sitemap {
    /// Pages.
    pub pages: Vec<String>,
    /// Sitemaps.
    pub sitemaps: Vec<String>,
}

/// Reads a sitemap: XML, XML in gzip, or text with a URL a line. What can be read of a broken one is
/// kept.
///
/// # Errors
/// If it is too long unpacked, or broken from its first word on.
pub fn read(body: &[u8]) -> Result<Sitemap, String> {
    let body = unpacked(body)?;
    let text = String::from_utf8_lossy(&body);
    let text = text.trim_start_matches('\u{feff}').trim_start();
    match text.starts_with('<') {
        true => xml(text),
        false => Ok(lines(text)),
    }
}

fn unpacked(body: &[u8]) -> Result<Cow<'_, [u8]>, String> {
    if !body.starts_with(&[0x1f, 0x8b]) {
        return Ok(Cow::Borrowed(body));
    }
    let mut bytes = Vec::new();
    let mut reader = MultiGzDecoder::new(body).take(BYTES + 1);
    let read = reader.read_to_end(&mut bytes);
    if bytes.len() as u64 > BYTES {
        return Err(format!(
            "a sitemap of more than {BYTES} bytes, which is the limit"
        ));
    }
    match read {
        Err(error) if bytes.is_empty() => Err(format!("a sitemap that is not gzip: {error}")),
        _ => Ok(Cow::Owned(bytes)),
    }
}

fn lines(text: &str) -> Sitemap {
    let lines = text.lines().map(str::trim);
    let pages = lines.filter(|line| line.starts_with("http://") || line.starts_with("https://"));
    Sitemap {
        pages: pages.take(ENTRIES).map(str::to_owned).collect(),
        sitemaps: Vec::new(),
    }
}

fn xml(text: &str) -> Result<Sitemap, String> {
    let mut reader = Reader::from_str(text);
    let mut found = Sitemap::default();
    let mut within = None;
    let mut place: Option<String> = None;
    loop {
        match reader.read_event() {
            Ok(Event::Start(tag)) => match tag.local_name().into_inner() {
                "url" => within = Some(false),
                "sitemap" => within = Some(true),
                "loc" => place = Some(String::new()),
                _ => {}
            },
            Ok(Event::Text(part)) => push(&mut place, &part.xml10_content()),
            Ok(Event::CData(part)) => push(&mut place, &part.xml10_content()),
            Ok(Event::GeneralRef(part)) => push(&mut place, &entity(&part)),
            Ok(Event::End(tag)) if tag.local_name().into_inner() == "loc" => {
                let place = place.take().unwrap_or_default().trim().to_owned();
                match within {
                    Some(true) if found.sitemaps.len() < ENTRIES => found.sitemaps.push(place),
                    Some(false) if found.pages.len() < ENTRIES => found.pages.push(place),
                    _ => {}
                }
            }
            Ok(Event::Eof) => return Ok(found),
            Ok(_) => {}
            Err(error) if found == Sitemap::default() => {
                return Err(format!("not a sitemap: {error}"));
            }
            Err(_) => return Ok(found),
        }
    }
}

fn push(place: &mut Option<String>, text: &str) {
    if let Some(place) = place {
        place.push_str(text);
    }
}

/// The character that an entity stands for. XML knows five names; whoever uses others gets them back.
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
        assert!(
            read(&gzip.finish().unwrap())
                .unwrap_err()
                .contains("more than")
        );
    }

    #[test]
    fn entries_are_counted_exactly() {
        let entry = "<url><loc>http://example.org/</loc></url>";
        for (entries, kept) in [(ENTRIES, ENTRIES), (ENTRIES + 1, ENTRIES)] {
            let map = format!("<urlset>{}</urlset>", entry.repeat(entries));
            assert_eq!(read(map.as_bytes()).unwrap().pages.len(), kept);
            let lines = "http://example.org/\n".repeat(entries);
            assert_eq!(read(lines.as_bytes()).unwrap().pages.len(), kept);
        }
    }

    #[test]
    fn entities_do_not_grow() {
        let bomb = "<!DOCTYPE x [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\">]><urlset><url><loc>http://x/&b;</loc></url></urlset>";
        assert_eq!(read(bomb.as_bytes()).unwrap().pages, ["http://x/&b;"]);
    }
}
