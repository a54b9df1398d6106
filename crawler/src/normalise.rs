//! One address for one page: the rules that make equivalent URLs equal.
//!
//! In this order:
//! 1. the WHATWG URL standard: the host in small letters and as punycode, no default port, `.` and `..`
//!    resolved, forbidden characters percent-encoded;
//! 2. only http and https are followed; a user name and a password are dropped;
//! 3. the fragment is dropped: it names a part of a page, not a page;
//! 4. percent-encoding has one form (RFC 3986, section 6.2.2): capital digits, and only where it is needed;
//! 5. parameters that track people or name a session are dropped from the query and, as `;jsessionid=…`, from
//!    the path, unless `keep_tracking` is set. With `ignore_query` the whole query is dropped. An empty query
//!    is dropped.

mod percent;

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_8};
use percent::unescaped;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::fragment;

/// Parameters that name a campaign or a click, never a page.
const TRACKING: &[&str] = &[
    "_ga", "dclid", "fbclid", "gbraid", "gclid", "gclsrc", "igshid", "mc_cid", "mc_eid", "mkt_tok",
    "msclkid", "twclid", "wbraid", "yclid",
];

/// Known schemes that are not fetched: those of IANA's registry that occur in pages, and those of browsers and
/// well-known programs.
const SCHEMES: &[&str] = &[
    "about",
    "acct",
    "bitcoin",
    "blob",
    "callto",
    "chrome",
    "cid",
    "data",
    "dns",
    "doi",
    "ed2k",
    "ethereum",
    "facetime",
    "feed",
    "file",
    "ftp",
    "ftps",
    "gemini",
    "geo",
    "git",
    "gopher",
    "im",
    "info",
    "intent",
    "ipfs",
    "ipns",
    "irc",
    "irc6",
    "ircs",
    "itms",
    "itms-apps",
    "javascript",
    "jar",
    "ldap",
    "ldaps",
    "lightning",
    "magnet",
    "mailto",
    "maps",
    "market",
    "matrix",
    "mid",
    "mms",
    "ms-settings",
    "news",
    "nntp",
    "obsidian",
    "onenote",
    "postgresql",
    "rtsp",
    "sftp",
    "sip",
    "sips",
    "skype",
    "slack",
    "sms",
    "snews",
    "spotify",
    "ssh",
    "steam",
    "svn",
    "tel",
    "telnet",
    "tg",
    "urn",
    "vbscript",
    "view-source",
    "viber",
    "vnc",
    "vscode",
    "web+mastodon",
    "webcal",
    "whatsapp",
    "ws",
    "wss",
    "x-apple.systempreferences",
    "xmpp",
    "zoommtg",
];

/// Parameters that name a visitor's session: with each visit, every page gets a new URL.
const SESSION: &[&str] = &["jsessionid", "phpsessid", "cfid", "cftoken"];

/// The rules that can be changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rules {
    /// Drop the whole query.
    pub ignore_query: bool,
    /// Keep `utm_…`, `gclid`, `PHPSESSID` and similar parameters.
    pub keep_tracking: bool,
}

/// The reason why a link can't be followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unfit {
    /// It is not a URL.
    NotAUrl,
    /// It has another known scheme: `mailto:`, `javascript:`, `data:`, `file:`…
    Scheme,
    /// It has an unknown scheme: `htpp:`.
    UnknownScheme,
}

/// The target of a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The page.
    pub url: Url,
    /// The fragment.
    pub fragment: Option<String>,
}

/// Resolves a link of a page with this base, by the rules of this module.
///
/// # Errors
/// If it can't be fetched.
///
/// # Examples
///
/// ```
/// use crawler::normalise::{Rules, link};
///
/// let base = "http://example.org/a/b".parse().unwrap();
/// let target = link(&base, "../C/%7eann/?utm_source=x&q=1#top", None, Rules::default()).unwrap();
/// assert_eq!(target.url.as_str(), "http://example.org/C/~ann/?q=1");
/// assert_eq!(target.fragment.as_deref(), Some("top"));
/// ```
pub fn link(
    base: &Url,
    text: &str,
    encoding: Option<&'static Encoding>,
    rules: Rules,
) -> Result<Target, Unfit> {
    let url = match encoding.filter(|it| *it != UTF_8) {
        None => base.join(text),
        // The query of a link is encoded in the page's charset, as in browsers.
        Some(encoding) => {
            let encode = query_encoder(|query| encoding.encode(query).0);
            Url::options()
                .base_url(Some(base))
                .encoding_override(Some(&encode))
                .parse(text)
        }
    };
    let mut url = url.map_err(|_| Unfit::NotAUrl)?;
    let fragment = url.fragment().and_then(|_| fragment::as_written(text));
    url = page(url, rules)?;
    Ok(Target { url, fragment })
}

/// Normalises a URL.
///
/// # Errors
/// If it can't be fetched.
pub fn page(mut url: Url, rules: Rules) -> Result<Url, Unfit> {
    if !matches!(url.scheme(), "http" | "https") {
        let is_known = SCHEMES.contains(&url.scheme());
        return Err(if is_known {
            Unfit::Scheme
        } else {
            Unfit::UnknownScheme
        });
    }
    if url.host_str().is_none_or(str::is_empty) {
        return Err(Unfit::NotAUrl);
    }
    url.set_fragment(None);
    if url.as_str().contains('@') {
        // Neither can fail where there is a host.
        let _ = url.set_username("");
        let _ = url.set_password(None);
    }
    if url.query().is_some() {
        query(&mut url, rules);
    }
    if !rules.keep_tracking && url.path().contains(';') {
        session_in_path(&mut url);
    }
    // The result may have a new escape (`%2%65`), or a new `..`.
    while let Some(text) = unescaped(url.as_str()) {
        match Url::parse(&text) {
            Ok(better) if better != url => url = better,
            _ => break,
        }
    }
    Ok(url)
}

/// Helps the compiler to infer the lifetimes of a closure.
fn query_encoder<F: Fn(&str) -> Cow<'_, [u8]>>(encode: F) -> F {
    encode
}

fn query(url: &mut Url, rules: Rules) {
    let Some(query) = url.query() else { return };
    if rules.ignore_query || query.is_empty() {
        return url.set_query(None);
    }
    if rules.keep_tracking || !query.split('&').any(is_tracking) {
        return;
    }
    // Parsing and writing the query again would change the rest.
    let kept: Vec<&str> = query.split('&').filter(|pair| !is_tracking(pair)).collect();
    let kept = kept.join("&");
    url.set_query(Some(kept.as_str()).filter(|kept| !kept.is_empty()));
}

/// Drops `;jsessionid=…`, the form of servlets.
fn session_in_path(url: &mut Url) {
    let is_session = |parameter: &str| {
        let name = parameter
            .split_once('=')
            .map_or(parameter, |(name, _)| name);
        SESSION.iter().any(|it| name.eq_ignore_ascii_case(it))
    };
    let segments = url.path().split('/').map(|segment| {
        let mut parts = segment.split(';');
        let first = parts.next().unwrap_or("").to_owned();
        let kept = parts.filter(|part| !is_session(part));
        kept.fold(first, |segment, part| format!("{segment};{part}"))
    });
    let path = segments.collect::<Vec<_>>().join("/");
    url.set_path(&path);
}

fn is_tracking(pair: &str) -> bool {
    let name = pair.split_once('=').map_or(pair, |(name, _)| name);
    let is_session = || SESSION.iter().any(|it| name.eq_ignore_ascii_case(it));
    name.starts_with("utm_")
        || TRACKING.contains(&name)
        || is_session()
        || name.starts_with("ASPSESSIONID")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn normal(text: &str) -> String {
        let base = Url::parse("http://example.org/dir/page").unwrap();
        link(&base, text, None, Rules::default())
            .unwrap()
            .url
            .into()
    }

    #[test]
    fn what_means_the_same_becomes_the_same() {
        for (text, expected) in [
            ("HTTP://Example.ORG:80/", "http://example.org/"),
            ("https://example.org:443/a", "https://example.org/a"),
            ("http://example.org:8080/a", "http://example.org:8080/a"),
            ("http://example.org", "http://example.org/"),
            (
                "http://b\u{fc}cher.example/",
                "http://xn--bcher-kva.example/",
            ),
            ("/a/./b/../c", "http://example.org/a/c"),
            ("/a/%2e%2e/c", "http://example.org/c"),
            ("other", "http://example.org/dir/other"),
            ("?q=1", "http://example.org/dir/page?q=1"),
            ("", "http://example.org/dir/page"),
            ("#part", "http://example.org/dir/page"),
            (" /x\n ", "http://example.org/x"),
            ("//cdn.example/x", "http://cdn.example/x"),
            ("/%7Eann/%c3%a9", "http://example.org/~ann/%C3%A9"),
            ("/a%2fb", "http://example.org/a%2Fb"),
            ("/100%", "http://example.org/100%"),
            ("http://ann:secret@example.org/", "http://example.org/"),
            ("/?", "http://example.org/"),
            ("/?utm_source=a&q=1&gclid=2", "http://example.org/?q=1"),
            ("/?utm_source=a", "http://example.org/"),
            ("/?q=a+b&q=", "http://example.org/?q=a+b&q="),
            (
                "/p;jsessionid=0A1B;v=2/x?PHPSESSID=1&q=2",
                "http://example.org/p;v=2/x?q=2",
            ),
            ("http://0x7f.1/", "http://127.0.0.1/"),
        ] {
            assert_eq!(normal(text), expected, "{text:?}");
        }
    }

    #[test]
    fn the_query_can_be_ignored_and_tracking_kept() {
        let url = |rules| {
            let url = Url::parse("http://example.org/?utm_source=a&q=1").unwrap();
            page(url, rules).unwrap().to_string()
        };
        let mut rules = Rules {
            keep_tracking: true,
            ..Rules::default()
        };
        assert_eq!(url(rules), "http://example.org/?utm_source=a&q=1");
        rules.ignore_query = true;
        assert_eq!(url(rules), "http://example.org/");
    }

    #[test]
    fn what_is_no_page_is_said_to_be_none() {
        let base = Url::parse("http://example.org/").unwrap();
        let unfit = |text| link(&base, text, None, Rules::default()).unwrap_err();
        for text in [
            "mailto:ann@example.org",
            "javascript:void(0)",
            "data:,x",
            "file:///etc/passwd",
        ] {
            assert_eq!(unfit(text), Unfit::Scheme, "{text}");
        }
        assert_eq!(unfit("htpp://example.org/x"), Unfit::UnknownScheme);
        assert_eq!(unfit("http://[::1"), Unfit::NotAUrl);
        assert_eq!(unfit("http://"), Unfit::NotAUrl);
    }

    #[test]
    fn a_query_is_written_in_the_charset_of_its_page() {
        let base = Url::parse("http://example.org/").unwrap();
        let latin = Some(encoding_rs::WINDOWS_1252);
        let target = link(&base, "/\u{e9}?q=\u{e9}", latin, Rules::default()).unwrap();
        assert_eq!(target.url.as_str(), "http://example.org/%C3%A9?q=%E9");
    }

    proptest! {
        #[test]
        fn once_is_enough(path in "[a-zA-Z0-9/.%~?&=_-]{0,40}") {
            let base = Url::parse("http://example.org/a/").unwrap();
            if let Ok(target) = link(&base, &path, None, Rules::default()) {
                let again = page(target.url.clone(), Rules::default()).unwrap();
                prop_assert_eq!(again, target.url);
            }
        }

        #[test]
        fn no_text_makes_it_panic(text in ".*") {
            let base = Url::parse("http://example.org/a/").unwrap();
            let _ = link(&base, &text, None, Rules::default());
        }
    }
}
