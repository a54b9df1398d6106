//! robots.txt: the pages that a crawler may fetch, and how often (RFC 9309, and the older `Crawl-delay`).

use std::collections::HashSet;
use std::time::Duration;

use robotxt::{AccessResult, Robots};
use url::{Position, Url};

use crate::sitemap;

/// The product token of this crawler, unless `--user-agent` says otherwise.
pub const NAME: &str = "many-hands-crawler";

/// The product token of a `User-Agent` header: the text before the version. robots.txt and `<meta name>` use it
/// to name a crawler (RFC 9309, section 2.2.1). The RFC allows no digits in it, but some crawlers have them.
///
/// # Examples
///
/// ```
/// use crawler::robots::product;
///
/// assert_eq!(product("mybot/2.1 (+http://example.org/bot)"), "mybot");
/// assert_eq!(product("Mozilla/5.0 (compatible; mybot/2.1)"), "Mozilla");
/// ```
pub fn product(user_agent: &str) -> &str {
    let text = user_agent.trim_start();
    let end = text.find(|sign: char| !(sign.is_ascii_alphanumeric() || "-_".contains(sign)));
    &text[..end.unwrap_or(text.len())]
}

/// Redirects that are followed from a robots.txt (RFC 9309, section 2.3.1.2).
pub const REDIRECTS: u8 = 5;

/// Bytes of a robots.txt that are read (RFC 9309, section 2.5, asks for at least 500 KiB). Only whole lines
/// count.
pub const BYTES: u64 = 500 * 1024;

/// The longest `Crawl-delay`. A longer one is reduced to this: a crawl should end.
pub const LONGEST_DELAY: Duration = Duration::from_secs(60);

/// The result of fetching a robots.txt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found<'a> {
    /// A text.
    Text(&'a [u8]),
    /// An answer with this status, and no text.
    Status(u16),
    /// Too many redirects.
    TooManyRedirects,
    /// No answer, for this reason.
    Nothing(&'a str),
}

/// The rules of one host for this crawler.
#[derive(Clone, Debug)]
pub struct Rules {
    robots: Robots,
    sitemaps: Vec<Url>,
    sitemaps_cut: usize,
    trouble: Option<String>,
    /// Bytes of the text that they were read from.
    size: usize,
}

impl Rules {
    /// The rules of the robots.txt at `place`, for the crawler with this product token. A 4xx allows everything,
    /// and a server that fails or does not answer forbids everything (RFC 9309, section 2.3.1).
    ///
    /// # Examples
    ///
    /// ```
    /// use crawler::robots::{Found, NAME, Rules, place};
    ///
    /// let url = "http://example.org/private/x".parse().unwrap();
    /// let rules = |found| Rules::new(found, NAME, &place(&url));
    /// assert!(!rules(Found::Text(b"User-agent: *\nDisallow: /private")).allow(&url));
    /// assert!(rules(Found::Status(404)).allow(&url));
    /// assert!(!rules(Found::Status(503)).allow(&url));
    /// ```
    pub fn new(found: Found<'_>, product: &str, place: &Url) -> Rules {
        let text = match found {
            Found::Text(text) => looked_at(text),
            Found::Status(_) | Found::TooManyRedirects | Found::Nothing(_) => &[],
        };
        let tokens = only_product_tokens(text);
        let (access, trouble) = match found {
            Found::Text(_) => (AccessResult::Successful(&tokens), None),
            Found::TooManyRedirects => (AccessResult::TooManyRedirects, None),
            Found::Status(status @ 500..) => (AccessResult::Unreachable, Some(status.to_string())),
            Found::Nothing(reason) => (AccessResult::Unreachable, Some(reason.to_owned())),
            Found::Status(_) => (AccessResult::Unavailable, None),
        };
        let (sitemaps, sitemaps_cut) = sitemaps(text, place);
        Rules {
            robots: Robots::from_access(access, product),
            sitemaps,
            sitemaps_cut,
            trouble,
            size: text.len(),
        }
    }

    /// No rules.
    pub fn none() -> Rules {
        Rules {
            robots: Robots::allow_all(),
            sitemaps: Vec::new(),
            sitemaps_cut: 0,
            trouble: None,
            size: 0,
        }
    }

    /// Whether a page may be fetched.
    pub fn allow(&self, url: &Url) -> bool {
        let path = &url[Position::BeforePath..Position::AfterQuery];
        if path == "/robots.txt" {
            return true;
        }
        // `*` and `$` in a rule are special. `%2A` and `%24` are the characters themselves, and match
        // both forms in the path (RFC 9309, section 2.2.3).
        let escaped = path.replace('*', "%2A").replace('$', "%24");
        // The rules are sorted by precedence.
        let mut rules = self.robots.rules().iter();
        let first = rules.find(|rule| rule.is_match(path) || rule.is_match(&escaped));
        first.is_none_or(|rule| rule.is_allow())
    }

    /// The reason why the rules are unknown, if the server failed or did not answer. Then everything is
    /// forbidden.
    pub fn trouble(&self) -> Option<&str> {
        self.trouble.as_deref()
    }

    /// The time from one request to the next, at most [`LONGEST_DELAY`].
    pub fn delay(&self) -> Option<Duration> {
        self.robots
            .crawl_delay()
            .map(|delay| delay.min(LONGEST_DELAY))
    }

    /// Bytes of the text that the rules were read from.
    pub fn size(&self) -> usize {
        self.size
    }

    /// The sitemaps in it: at most as many as a crawl reads.
    pub fn sitemaps(&self) -> &[Url] {
        &self.sitemaps
    }

    /// The number of sitemaps beyond these.
    pub fn sitemaps_cut(&self) -> usize {
        self.sitemaps_cut
    }
}

/// The name and the value of a line, without its comment.
fn directive(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = line.iter().position(|byte| *byte == b'#');
    let line = &line[..end.unwrap_or(line.len())];
    let line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line);
    let colon = line.iter().position(|byte| *byte == b':')?;
    Some((line[..colon].trim_ascii(), line[colon + 1..].trim_ascii()))
}

/// The text with the versions of crawlers removed: `User-agent: bot/1.0` means `bot`.
fn only_product_tokens(text: &[u8]) -> Vec<u8> {
    let mut tokens = Vec::with_capacity(text.len());
    for line in text.split_inclusive(|byte| matches!(byte, b'\n' | b'\r')) {
        match directive(line) {
            Some((name, value)) if name.eq_ignore_ascii_case(b"user-agent") => {
                let value = String::from_utf8_lossy(value);
                let token = if value.starts_with('*') {
                    "*"
                } else {
                    product(&value)
                };
                tokens.extend_from_slice(format!("user-agent: {token}\n").as_bytes());
            }
            _ => tokens.extend_from_slice(line),
        }
    }
    tokens
}

/// The sitemaps in a text, each once, and how many there are beyond the limit. Their URLs may be relative, though
/// they should not.
fn sitemaps(text: &[u8], place: &Url) -> (Vec<Url>, usize) {
    let lines = text.split(|byte| matches!(byte, b'\n' | b'\r'));
    let named = lines.filter_map(directive);
    let named = named.filter(|(name, _)| name.eq_ignore_ascii_case(b"sitemap"));
    let urls = named.filter_map(|(_, url)| place.join(std::str::from_utf8(url).ok()?).ok());
    let mut seen = HashSet::new();
    let urls = urls.filter(|url| matches!(url.scheme(), "http" | "https"));
    let mut sitemaps: Vec<Url> = urls.filter(|url| seen.insert(url.clone())).collect();
    let cut = sitemaps.len().saturating_sub(sitemap::FILES);
    sitemaps.truncate(sitemap::FILES);
    (sitemaps, cut)
}

/// Whether a header `X-Robots-Tag` forbids the crawler with this product token to follow links. The header may
/// begin with the name of one crawler, and is for that one only then.
pub fn tag_forbids_following(value: &str, product: &str) -> bool {
    const WITH_VALUE: [&str; 4] = [
        "unavailable_after",
        "max-snippet",
        "max-image-preview",
        "max-video-preview",
    ];
    let for_one = value.split_once(':').filter(|(name, _)| {
        let name = name.trim();
        !name.contains(',') && !WITH_VALUE.iter().any(|it| name.eq_ignore_ascii_case(it))
    });
    match for_one {
        Some((name, rest)) => {
            name.trim().eq_ignore_ascii_case(product) && crate::html::forbids_following(rest)
        }
        None => crate::html::forbids_following(value),
    }
}

/// The lines that are read. A cut line would be another rule: `Disallow: /pri` forbids more than `Disallow:
/// /private`.
fn looked_at(text: &[u8]) -> &[u8] {
    let Some(head) = text
        .get(..BYTES as usize)
        .filter(|head| head.len() < text.len())
    else {
        return text;
    };
    let end = head.iter().rposition(|byte| matches!(byte, b'\n' | b'\r'));
    end.map_or(&[], |end| &head[..end])
}

/// The URL of the robots.txt of a page's host.
pub fn place(url: &Url) -> Url {
    let mut place = url.clone();
    place.set_path("/robots.txt");
    place.set_query(None);
    place.set_fragment(None);
    place
}

#[cfg(test)]
mod tests;
