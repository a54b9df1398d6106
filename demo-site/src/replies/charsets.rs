//! One page in every charset, declared correctly, late, twice, wrongly and not at all.

use axum::Router;
use axum::extract::Path;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::any;

use super::Shared;

/// The encoding of the bytes.
#[derive(Clone, Copy)]
enum Bytes {
    Utf8,
    Utf16Le,
    Utf16Be,
    /// windows-1252, of which ISO 8859-1 is a part on the web.
    Latin1,
    ShiftJis,
}

/// A page: its name, its `Content-Type`, what `<head>` begins with, and its bytes.
struct Page {
    name: &'static str,
    content_type: &'static str,
    meta: &'static str,
    bom: bool,
    bytes: Bytes,
}

const HTML: &str = "text/html";
const META_UTF8: &str = "<meta charset=\"utf-8\">";
const META_LATIN1: &str = "<meta charset=\"iso-8859-1\">";
const META_OLD: &str =
    "<meta http-equiv=\"Content-Type\" content=\"text/html; charset=iso-8859-1\">";
const META_JIS: &str = "<meta charset=\"shift_jis\">";

/// Every page says `café` in its title, and `日本` instead where the charset is Japanese. (The
/// names are part of their paths: `/charset/NAME`.)
const PAGES: [Page; 14] = [
    page(
        "header-utf-8",
        "text/html; charset=utf-8",
        "",
        false,
        Bytes::Utf8,
    ),
    page(
        "header-quoted",
        "text/html; charset=\"UTF-8\"",
        "",
        false,
        Bytes::Utf8,
    ),
    page(
        "header-latin-1",
        "text/html; charset=ISO-8859-1",
        "",
        false,
        Bytes::Latin1,
    ),
    page("bom-utf-8", HTML, "", true, Bytes::Utf8),
    page("bom-utf-16le", HTML, "", true, Bytes::Utf16Le),
    page("bom-utf-16be", HTML, "", true, Bytes::Utf16Be),
    // A byte order mark outranks the header (WHATWG Encoding, "decode").
    page(
        "bom-against-header",
        "text/html; charset=iso-8859-1",
        "",
        true,
        Bytes::Utf8,
    ),
    page("meta-utf-8", HTML, META_UTF8, false, Bytes::Utf8),
    page("meta-latin-1", HTML, META_LATIN1, false, Bytes::Latin1),
    page("meta-http-equiv", HTML, META_OLD, false, Bytes::Latin1),
    page("meta-shift-jis", HTML, META_JIS, false, Bytes::ShiftJis),
    // The header outranks the meta.
    page(
        "header-against-meta",
        "text/html; charset=utf-8",
        META_LATIN1,
        false,
        Bytes::Utf8,
    ),
    page(
        "header-lies",
        "text/html; charset=utf-8",
        "",
        false,
        Bytes::Latin1,
    ),
    page(
        "header-unknown",
        "text/html; charset=klingon",
        META_UTF8,
        false,
        Bytes::Utf8,
    ),
];

const fn page(
    name: &'static str,
    content_type: &'static str,
    meta: &'static str,
    bom: bool,
    bytes: Bytes,
) -> Page {
    Page {
        name,
        content_type,
        meta,
        bom,
        bytes,
    }
}

pub(super) fn router() -> Router<Shared> {
    Router::new().route("/charset/{name}", any(serve))
}

/// The names of the pages.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    PAGES.iter().map(|page| page.name)
}

async fn serve(Path(name): Path<String>) -> Response {
    let Some(page) = PAGES.iter().find(|page| page.name == name) else {
        return (StatusCode::NOT_FOUND, "no such charset\n").into_response();
    };
    let headers = [(
        header::CONTENT_TYPE,
        HeaderValue::from_static(page.content_type),
    )];
    (headers, page.render()).into_response()
}

impl Page {
    fn render(&self) -> Vec<u8> {
        let before = format!("<!doctype html><html><head>{}<title>", self.meta);
        let after = "</title></head><body><a href=\"/landing\">landing</a></body></html>\n";
        let bom = if self.bom { "\u{feff}" } else { "" };
        let text = format!("{bom}{before}café{after}");
        match self.bytes {
            Bytes::Utf8 => text.into_bytes(),
            Bytes::Utf16Le => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
            Bytes::Utf16Be => text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
            // All characters above are below 256, and there the two are the same.
            Bytes::Latin1 => text.chars().map(|it| it as u8).collect(),
            Bytes::ShiftJis => {
                const NIHON: [u8; 4] = [0x93, 0xfa, 0x96, 0x7b];
                [before.as_bytes(), &NIHON, after.as_bytes()].concat()
            }
        }
    }
}
