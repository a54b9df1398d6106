//! robots.txt: who may fetch what, and how often (RFC 9309, and `Crawl-delay`, which is older).

use std::time::Duration;

use robotxt::{AccessResult, Robots};
use url::Url;

/// The name by which robots.txt may speak of this crawler.
pub const NAME: &str = "many-hands-crawler";

/// Redirects that are followed from a robots.txt (RFC 9309, section 2.3.1.2).
pub const REDIRECTS: u8 = 5;

/// Bytes of a robots.txt that are looked at (RFC 9309, section 2.5, asks for at least 500 KiB); of a
/// longer one, the lines that are whole in them.
pub const BYTES: u64 = 500 * 1024;

/// The longest `Crawl-delay` that is kept to. Who asks for more gets this: a crawl should end.
pub const LONGEST_DELAY: Duration = Duration::from_secs(60);

/// What was found where robots.txt should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found<'a> {
    /// This text.
    Text(&'a [u8]),
    /// An answer with this status; nothing of use.
    Status(u16),
    /// More redirects than are followed.
    TooManyRedirects,
    /// No answer, for this reason.
    Nothing(&'a str),
}

/// The rules of one host for this crawler.
#[derive(Clone, Debug)]
pub struct Rules {
    robots: Robots,
    trouble: Option<String>,
    /// Bytes of the text that they were read from.
    size: usize,
}

impl Rules {
    /// The rules that follow from what was found: none is a licence (4xx), and a server that fails
    /// or does not answer forbids everything (RFC 9309, section 2.3.1).
    ///
    /// # Examples
    ///
    /// ```
    /// use crawler::robots::{Found, Rules};
    ///
    /// let url = "http://example.org/private/x".parse().unwrap();
    /// assert!(!Rules::new(Found::Text(b"User-agent: *\nDisallow: /private")).allow(&url));
    /// assert!(Rules::new(Found::Status(404)).allow(&url));
    /// assert!(!Rules::new(Found::Status(503)).allow(&url));
    /// ```
    pub fn new(found: Found<'_>) -> Rules {
        let size = match found {
            Found::Text(text) => looked_at(text).len(),
            Found::Status(_) | Found::TooManyRedirects | Found::Nothing(_) => 0,
        };
        let (access, trouble) = match found {
            Found::Text(text) => (AccessResult::Successful(looked_at(text)), None),
            Found::TooManyRedirects => (AccessResult::TooManyRedirects, None),
            Found::Status(status @ 500..) => (AccessResult::Unreachable, Some(status.to_string())),
            Found::Nothing(reason) => (AccessResult::Unreachable, Some(reason.to_owned())),
            Found::Status(_) => (AccessResult::Unavailable, None),
        };
        Rules {
            robots: Robots::from_access(access, NAME),
            trouble,
            size,
        }
    }

    /// No rules.
    pub fn none() -> Rules {
        Rules {
            robots: Robots::allow_all(),
            trouble: None,
            size: 0,
        }
    }

    /// Whether a page may be fetched.
    pub fn allow(&self, url: &Url) -> bool {
        self.robots.is_url_allowed(url)
    }

    /// Why nobody knows what is allowed, if the server failed or did not answer: then everything is
    /// forbidden, but not by anybody's will.
    pub fn trouble(&self) -> Option<&str> {
        self.trouble.as_deref()
    }

    /// How long to wait from one request to the next, at most [`LONGEST_DELAY`].
    pub fn delay(&self) -> Option<Duration> {
        self.robots
            .crawl_delay()
            .map(|delay| delay.min(LONGEST_DELAY))
    }

    /// Bytes of the text that they were read from, of which they are a part.
    pub fn size(&self) -> usize {
        self.size
    }

    /// The sitemaps it names.
    pub fn sitemaps(&self) -> &[Url] {
        self.robots.sitemaps()
    }
}

/// Half a line would be another rule: `Disallow: /pri` forbids more than `Disallow: /private`.
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

/// Where the robots.txt of a page's host is.
pub fn place(url: &Url) -> Url {
    let mut place = url.clone();
    place.set_path("/robots.txt");
    place.set_query(None);
    place.set_fragment(None);
    place
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(text: &str, path: &str) -> bool {
        let url = Url::parse("http://example.org/")
            .unwrap()
            .join(path)
            .unwrap();
        Rules::new(Found::Text(text.as_bytes())).allow(&url)
    }

    #[test]
    fn the_examples_of_the_rfc() {
        // Section 5.1 and 5.2 of RFC 9309.
        let simple = "User-Agent: *\nDisallow: *.gif$\nDisallow: /example/\nAllow: /publications/\n\n\
                      User-Agent: foobot\nDisallow:/\nAllow:/example/page.html\n";
        assert!(allowed(simple, "/publications/a"));
        assert!(!allowed(simple, "/example/page.html"));
        assert!(!allowed(simple, "/picture.gif"));
        assert!(allowed(simple, "/picture.gifs"));
        let longest =
            "User-Agent: *\nAllow: /example/page/\nDisallow: /example/page/disallowed.gif\n";
        assert!(allowed(longest, "/example/page/a"));
        assert!(!allowed(longest, "/example/page/disallowed.gif"));
    }

    #[test]
    fn its_own_group_wins_over_that_of_all_and_equal_rules_allow() {
        let text = format!("User-agent: *\nDisallow: /\n\nUser-agent: {NAME}\nDisallow: /x\n");
        assert!(allowed(&text, "/a"));
        assert!(!allowed(&text, "/x"));
        assert!(allowed("User-agent: *\nDisallow: /a\nAllow: /a\n", "/a"));
        assert!(allowed("\u{feff}User-agent: other\nDisallow: /\n", "/a"));
        assert!(!allowed("user-agent:*\r\ndisallow:/%7ea", "/~a"));
        assert!(allowed("User-agent: *\nDisallow: /", "/robots.txt"));
    }

    #[test]
    fn what_is_found_instead_of_a_text_decides_too() {
        let url = Url::parse("http://example.org/a").unwrap();
        for (found, allowed) in [
            (Found::Status(404), true),
            (Found::Status(401), true),
            (Found::Status(429), true),
            (Found::Status(500), false),
            (Found::Status(599), false),
            (Found::TooManyRedirects, true),
            (Found::Nothing("it is away"), false),
            (Found::Text(b""), true),
            (Found::Text(b"<html>\xff\x00not a robots.txt"), true),
        ] {
            let rules = Rules::new(found);
            assert_eq!(rules.allow(&url), allowed, "{found:?}");
            assert_eq!(rules.trouble().is_none(), allowed, "{found:?}");
        }
    }

    #[test]
    fn a_delay_is_kept_to_up_to_a_limit() {
        let delay = |text: &str| Rules::new(Found::Text(text.as_bytes())).delay();
        assert_eq!(
            delay("User-agent: *\nCrawl-delay: 1.5"),
            Some(Duration::from_millis(1500))
        );
        assert_eq!(
            delay("User-agent: *\nCrawl-delay: 86400"),
            Some(LONGEST_DELAY)
        );
        assert_eq!(delay("User-agent: *\nCrawl-delay: soon"), None);
    }

    #[test]
    fn of_a_long_one_the_whole_lines_of_the_first_500_kib_count() {
        let rules = "User-agent: *\nDisallow: /private\n";
        let last = "Disallow: /last\n";
        let filler = "#".repeat(BYTES as usize - rules.len() - last.len() - 1);
        let whole = format!("{rules}{filler}\n{last}");
        assert_eq!(whole.len() as u64, BYTES);
        assert!(!allowed(&whole, "/last") && !allowed(&whole, "/private"));
        let longer = format!("{rules}#{filler}\n{last}Disallow: /beyond\n");
        assert!(!allowed(&longer, "/private"));
        assert!(allowed(&longer, "/last/1") && allowed(&longer, "/beyond"));
        assert!(allowed(&"x".repeat(BYTES as usize + 1), "/"));
    }

    #[test]
    fn it_lies_at_the_root_of_the_host() {
        let url = Url::parse("http://example.org:8080/a/b?c#d").unwrap();
        assert_eq!(place(&url).as_str(), "http://example.org:8080/robots.txt");
    }
}
