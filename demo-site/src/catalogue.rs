//! The list of everything the site can do, with paths: for the page `/help` and for the command.

use std::fmt::Write;

use crate::replies::{NAMES, charset_names};

/// An entry: a path that the site serves.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// Its path, with examples of the parameters.
    pub path: &'static str,
    /// A description.
    pub what: &'static str,
    /// Whether it is on the port for answers that break HTTP.
    pub raw: bool,
}

const fn http(path: &'static str, what: &'static str) -> Entry {
    Entry {
        path,
        what,
        raw: false,
    }
}

const fn raw(path: &'static str, what: &'static str) -> Entry {
    Entry {
        path,
        what,
        raw: true,
    }
}

/// All entries, without the charsets and the names of [`NAMES`].
pub const ENTRIES: &[Entry] = &[
    http(
        "/",
        "page 0: the pages link to each other, and all can be reached from here",
    ),
    http("/page/1", "page 1, if there are so many"),
    http(
        "/counters",
        "what this site has counted, as text for people and for Prometheus",
    ),
    http("/robots.txt", "the rules for robots, if there are any"),
    http("/sitemap.xml", "the sitemap: all pages"),
    http("/files/a.txt", "a small file of any name"),
    http("/status/404", "an answer with this status"),
    http(
        "/busy?status=429&after=1",
        "too much to do: Retry-After in seconds",
    ),
    http("/busy?status=503&after=1&form=date", "the same, as a date"),
    http("/busy?status=503&times=2", "fails twice, then works"),
    http("/busy?after=soon", "a Retry-After that is none"),
    http(
        "/limited?rate=10&burst=5",
        "lets so many requests a second through, as nginx's limit_req; ?nodelay=1, status=429, after=1, name=",
    ),
    http("/auth/basic", "asks for a password: ann and secret, Basic"),
    http(
        "/auth/digest",
        "the same, Digest by MD5; ?stale=1: with a second nonce; ?qop=none",
    ),
    http(
        "/auth/digest/sha-256",
        "by SHA-256; also md5-sess and sha-256-sess",
    ),
    http("/auth/bearer", "asks for a token: s3cr3t"),
    http(
        "/auth/redirect",
        "a redirect to another host, to which no password goes along",
    ),
    http("/cookies/show", "the cookies that came"),
    http("/cookies/set?a=b", "sets cookies, and leads to what came"),
    http(
        "/cookies/wall",
        "redirects to itself until its cookie comes back",
    ),
    http(
        "/cookies/trail",
        "three redirects, each of which needs the cookie of the one before",
    ),
    http(
        "/cookies/refused",
        "sets cookies that must not come back, and leads to what came",
    ),
    http(
        "/cookies/many",
        "sets a thousand cookies, and leads to what came",
    ),
    http(
        "/redirect/chain/3",
        "three redirects; ?status=301, 302, 303, 307 or 308",
    ),
    http("/redirect/loop/a", "two pages that redirect to each other"),
    http("/redirect/self", "a page that redirects to itself"),
    http(
        "/redirect/away",
        "a redirect to another host: the other port",
    ),
    http(
        "/redirect/to?url=/landing",
        "a redirect to wherever one wants",
    ),
    http(
        "/redirect/latin-1",
        "a redirect whose Location has a byte that is Latin-1",
    ),
    http("/redirect/utf-8", "a redirect whose Location is UTF-8"),
    http("/redirect/space", "a redirect whose Location has a space"),
    http("/redirect/two", "a redirect with two Locations"),
    http("/redirect/empty", "a redirect with an empty Location"),
    http(
        "/redirect/userinfo",
        "a redirect to a URL with user and password",
    ),
    http("/redirect/nowhere", "a redirect without a Location"),
    http(
        "/redirect/garbage",
        "a redirect to a text that is not a URL",
    ),
    http(
        "/redirect/file",
        "a redirect to a file of the client's machine",
    ),
    http("/redirect/private", "a redirect to a private address"),
    http(
        "/bytes/100000",
        "a file in any size, with ETag and Range; ?etag=weak, none; ?range=no; ?version=2",
    ),
    http(
        "/slow/100?every=10",
        "a byte at a time, so many milliseconds apart",
    ),
    http("/late/1000", "a header after so many milliseconds"),
    http("/never", "no header at all"),
    http("/stall", "100 bytes, then nothing more"),
    http("/endless", "a body without an end"),
    http("/gzip", "gzip"),
    http(
        "/gzip/bomb/100000000",
        "gzip: so many zeros in a thousandth of their size",
    ),
    http("/gzip/twice", "gzip within gzip"),
    http("/gzip/cut", "gzip without its end"),
    http("/gzip/trailing", "gzip with something after it"),
    http("/gzip/not", "says gzip, and is not"),
    http("/deflate/zlib", "deflate as the RFC means it"),
    http("/deflate/raw", "deflate as some servers mean it"),
    http("/br", "brotli"),
    http("/zstd", "zstd"),
    http("/coding/none", "a content coding called none"),
    http("/coding/identity", "a content coding called identity"),
    http("/coding/list", "identity and gzip, in one header"),
    http("/coding/two-headers", "gzip within gzip, in two headers"),
    http("/coding/chain", "gzip within itself, twelve times"),
    http("/coding/unknown", "a content coding that nobody knows"),
    http(
        "/calendar/2026/11",
        "a calendar: there is always a next month",
    ),
    http("/deeper/", "a path that grows with each link"),
    http("/session?id=1", "one page under a new number each time"),
    http(
        "/html/nested",
        "a hundred thousand elements within each other",
    ),
    http(
        "/html/links",
        "links of all kinds, and what only looks like one",
    ),
    http("/html/base", "a <base>"),
    http("/html/nofollow", "a link not to be followed"),
    http(
        "/html/nofollow-header",
        "the same for a whole page, by a header",
    ),
    http("/html/canonical", "a page that says it is another"),
    http("/html/fragments", "links to parts of pages, there or not"),
    http("/html/broken", "links that lead nowhere"),
    http("/html/not", "says HTML, and is not"),
    raw("/landing", "where redirects to another host lead"),
    raw("/cut/length", "1000 bytes announced, 500 sent"),
    raw("/cut/chunked", "chunks without the last one"),
    raw("/cut/reset", "500 bytes of 1000, then a reset"),
    raw(
        "/cut/again?size=1000&most=400",
        "breaks off every time, with ETag and Range; ?times=2: only twice",
    ),
    raw("/cut/head", "breaks off within the header"),
    raw("/cut/silence", "closes without a word"),
    raw("/length/short", "10 bytes announced, 1000 sent"),
    raw("/length/two", "two lengths"),
    raw("/length/negative", "a negative length"),
    raw("/length/words", "a length in words"),
    raw("/length/huge", "a length of nearly 2^64"),
    raw(
        "/length/none",
        "no length: the body ends with the connection",
    ),
    raw("/head/garbage", "not HTTP at all"),
    raw("/head/status", "a status that is none"),
    raw("/head/huge", "a header of 1 MiB"),
    raw("/head/many", "ten thousand headers"),
    raw("/head/endless", "headers without an end"),
    raw("/head/chunk", "a chunk without a size"),
    raw("/head/folded", "a header on three lines"),
    raw("/head/bare-lf", "lines that end by LF only"),
    raw("/head/no-reason", "a status without a reason"),
    raw("/head/space", "a space before the colon"),
    raw(
        "/early/continue",
        "a 100 that was not asked for, then the answer",
    ),
    raw("/early/hints", "a 103, then the answer"),
    raw("/early/many", "fifty times 100, then the answer"),
    raw("/early/endless", "100 without an end"),
    raw("/early/switching", "a 101 that was not asked for"),
    raw("/transfer/gzip", "a transfer coding of gzip below chunked"),
    raw("/transfer/unknown", "a transfer coding that nobody knows"),
    raw("/transfer/order", "chunked, and gzip above it: not allowed"),
    raw("/transfer/length", "chunked, and a length that is wrong"),
    raw("/transfer/bare-lf", "chunks whose lines end by LF only"),
    raw(
        "/transfer/trailer",
        "a chunk with an extension, and a trailer",
    ),
    raw(
        "/part/unasked",
        "a 206 to a request without a Range; ?size=, cut=",
    ),
    raw("/part/right", "breaks off once; the rest is right"),
    raw("/part/short", "breaks off once; the rest is sent by halves"),
    raw(
        "/part/early",
        "…; the rest begins a thousand bytes too early, and says so",
    ),
    raw(
        "/part/long",
        "…; the rest begins a hundred bytes too early, and does not say so",
    ),
    raw("/part/unit", "…; the rest is counted in items"),
    raw(
        "/part/unit-case",
        "…; the rest is right, and counted in Bytes",
    ),
    raw(
        "/part/no-content-range",
        "…; the rest does not say what part it is",
    ),
    raw(
        "/part/no-total",
        "…; the rest is right, and of an unknown total",
    ),
    raw(
        "/part/garbled",
        "…; the rest has a Content-Range that is none",
    ),
    raw("/part/multipart", "…; the rest is multipart/byteranges"),
    raw("/part/ignored", "…; the Range is ignored"),
    raw("/part/refused", "…; the Range is refused by 416"),
    raw(
        "/part/changed-tag",
        "…; the file changes, If-Range is ignored, the tag tells",
    ),
    raw(
        "/part/changed-date",
        "…; the same without a tag: Last-Modified tells",
    ),
    raw(
        "/part/changed-total",
        "…; the file grows, and If-Range is ignored",
    ),
    raw(
        "/part/changed-unsaid",
        "…; the file changes, and the rest has no tag at all",
    ),
    raw(
        "/part/changed-whole",
        "…; the file changes, and If-Range is heeded",
    ),
    raw(
        "/goaway/before",
        "HTTP/2: GOAWAY before the first answer; ?times=1",
    ),
    raw("/goaway/after", "HTTP/2: GOAWAY after each answer"),
    raw("/goaway/refused", "HTTP/2: the stream is refused; ?times=1"),
    raw(
        "/goaway/calm",
        "HTTP/2: GOAWAY with ENHANCE_YOUR_CALM; ?times=1",
    ),
    raw("/keep-alive", "a connection that stays open"),
    raw("/keep-alive/lie", "says that it stays open, and closes"),
];

/// The page `/help`.
pub(crate) fn html(origin: &str, raw_origin: &str) -> String {
    let mut html = String::from(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <title>What this site can do</title></head>\n<body>\n<h1>What this site can do</h1>\n",
    );
    for (title, origin, raw) in [
        ("HTTP", origin, false),
        ("Not quite HTTP", raw_origin, true),
    ] {
        let _ = writeln!(html, "<h2>{title}: {origin}</h2>\n<dl>");
        for Entry { path, what, .. } in ENTRIES.iter().filter(|entry| entry.raw == raw) {
            let link = path.replace('&', "&amp;");
            let what = what.replace('&', "&amp;").replace('<', "&lt;");
            let _ = writeln!(
                html,
                "<dt><a href=\"{origin}{link}\">{link}</a></dt><dd>{what}</dd>"
            );
        }
        html.push_str("</dl>\n");
    }
    #[cfg(feature = "tls")]
    {
        html.push_str(
            "<h2>https: the certificate is another by the name of the server</h2>\n<dl>\n",
        );
        for (name, what) in crate::tls::BAD_CERTIFICATES {
            let _ = writeln!(html, "<dt>{name}</dt><dd>{what}</dd>");
        }
        html.push_str("</dl>\n");
    }
    html.push_str("<h2>Charsets</h2>\n<ul>\n");
    for name in charset_names() {
        let _ = writeln!(html, "<li><a href=\"/charset/{name}\">{name}</a></li>");
    }
    html.push_str("</ul>\n<h2>Names that attack the disk</h2>\n<ul>\n");
    for name in NAMES {
        let _ = writeln!(html, "<li><a href=\"/attack/{name}\">{name}</a></li>");
    }
    html.push_str("</ul>\n</body>\n</html>\n");
    html
}
