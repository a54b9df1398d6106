//! Cookies (RFC 6265).

mod netscape;

use std::net::IpAddr;
use std::path::Path;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};
use std::{fmt, io};

use http::{HeaderMap, HeaderValue, header};
use url::Url;

/// Cookies in all, and of one domain: the numbers of RFC 6265, section 6.1.
const MOST: usize = 3000;
const MOST_OF_ONE: usize = 50;

/// Bytes of a name and its value.
const LONGEST: usize = 4096;

/// Bytes of one header that is sent.
const LONGEST_HEADER: usize = 8 * 1024;

/// The cookies of a run. No more than 3000, and 50 for a domain, are kept; the oldest go first.
///
/// There is no list of public suffixes here: a cookie for all of `co.uk` is accepted from a server
/// in it, one for all of `com` is not.
#[derive(Default)]
pub struct CookieJar {
    cookies: Mutex<Vec<Cookie>>,
    count: AtomicUsize,
    version: AtomicU64,
}

struct Cookie {
    name: String,
    value: String,
    domain: String,
    /// It is not sent to subdomains.
    host_only: bool,
    path: String,
    secure: bool,
    http_only: bool,
    /// `None` for a cookie of the session.
    expires: Option<SystemTime>,
}

impl CookieJar {
    /// An empty one.
    pub fn new() -> CookieJar {
        CookieJar::default()
    }

    /// Reads a file in the format of curl, wget and exports of browsers.
    ///
    /// # Errors
    /// If it can't be read. Lines that are no cookies are ignored.
    pub fn load(path: impl AsRef<Path>) -> io::Result<CookieJar> {
        let jar = CookieJar::new();
        let now = SystemTime::now();
        for cookie in netscape::read(&std::fs::read(path)?) {
            jar.put(cookie, now);
        }
        Ok(jar)
    }

    /// All cookies in that format, those of the session included.
    pub fn to_text(&self) -> String {
        netscape::write(&self.lock(), SystemTime::now())
    }

    /// A number that grows with each change.
    pub(crate) fn version(&self) -> u64 {
        self.version.load(Ordering::Relaxed)
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Cookie>> {
        self.cookies.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps the cookies of an answer.
    pub fn store(&self, url: &Url, headers: &HeaderMap) {
        if !headers.contains_key(header::SET_COOKIE) {
            return;
        }
        let now = SystemTime::now();
        for value in headers.get_all(header::SET_COOKIE) {
            if let Some(cookie) = Cookie::of(&String::from_utf8_lossy(value.as_bytes()), url, now) {
                self.put(cookie, now);
            }
        }
    }

    fn put(&self, cookie: Cookie, now: SystemTime) {
        let mut cookies = self.lock();
        cookies.retain(|it| !it.is_expired(now));
        let same = cookies.iter().position(|it| it.is_same(&cookie));
        let unchanged = same.is_some_and(|at| cookies[at].value == cookie.value);
        if let Some(at) = same {
            cookies.remove(at);
        }
        if !cookie.is_expired(now) {
            let of_one = |it: &&Cookie| it.domain == cookie.domain;
            if cookies.iter().filter(of_one).count() >= MOST_OF_ONE
                && let Some(at) = cookies.iter().position(|it| it.domain == cookie.domain)
            {
                cookies.remove(at);
            }
            if cookies.len() >= MOST {
                cookies.remove(0);
            }
            cookies.push(cookie);
        }
        self.count.store(cookies.len(), Ordering::Relaxed);
        self.version
            .fetch_add(u64::from(!unchanged), Ordering::Relaxed);
    }

    /// The value of `Cookie` for a URL: the given value, and the cookies of the jar. `None` if the jar has none.
    pub fn header(&self, url: &Url, given: Option<&HeaderValue>) -> Option<HeaderValue> {
        if self.count.load(Ordering::Relaxed) == 0 {
            return None;
        }
        let now = SystemTime::now();
        let cookies = self.lock();
        let mut mine: Vec<&Cookie> = cookies.iter().filter(|it| it.is_for(url, now)).collect();
        // The longest path first; of the same, the oldest (RFC 6265, section 5.4).
        mine.sort_by_key(|it| std::cmp::Reverse(it.path.len()));
        let mut text = given.map_or(Vec::new(), |given| given.as_bytes().to_vec());
        let before = text.len();
        for cookie in mine {
            if text.len() + cookie.name.len() + cookie.value.len() > LONGEST_HEADER {
                break;
            }
            if !text.is_empty() {
                text.extend_from_slice(b"; ");
            }
            text.extend_from_slice(cookie.name.as_bytes());
            text.push(b'=');
            text.extend_from_slice(cookie.value.as_bytes());
        }
        if text.len() == before {
            return None;
        }
        let mut value = HeaderValue::from_bytes(&text).ok()?;
        value.set_sensitive(true);
        Some(value)
    }
}

impl fmt::Debug for CookieJar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.count.load(Ordering::Relaxed);
        f.debug_struct("CookieJar")
            .field("count", &count)
            .finish_non_exhaustive()
    }
}

impl Cookie {
    /// The cookie of a `Set-Cookie`, if its server may set it.
    fn of(text: &str, url: &Url, now: SystemTime) -> Option<Cookie> {
        let read = cookie::Cookie::parse(text).ok()?;
        let host = url.host_str()?.to_ascii_lowercase();
        let (domain, host_only) = match read.domain().map(|it| it.trim_start_matches('.')) {
            None | Some("") => (host, true),
            Some(domain) => {
                let domain = domain.to_ascii_lowercase();
                let is_above = domain.contains('.') && is_below(&host, &domain);
                if domain != host && !is_above {
                    return None;
                }
                let host_only = domain == host && is_address(url);
                (domain, host_only)
            }
        };
        let secure = read.secure() == Some(true);
        let path = read.path().filter(|path| path.starts_with('/'));
        let it = Cookie {
            name: read.name().to_owned(),
            value: read.value().to_owned(),
            domain,
            host_only,
            path: path.map_or_else(|| default_path(url), str::to_owned),
            secure,
            http_only: read.http_only() == Some(true),
            expires: expires(&read, now),
        };
        let prefixed = |prefix: &str| {
            it.name
                .get(..prefix.len())
                .is_some_and(|it| it.eq_ignore_ascii_case(prefix))
        };
        let allowed = it.name.len() + it.value.len() <= LONGEST
            // A cookie for https only must not be set over http: anybody on the network could do that.
            && (!secure || url.scheme() == "https")
            && (!prefixed("__Secure-") || secure)
            && (!prefixed("__Host-") || secure && it.host_only && it.path == "/");
        allowed.then_some(it)
    }

    fn is_same(&self, other: &Cookie) -> bool {
        (&self.name, &self.domain, &self.path) == (&other.name, &other.domain, &other.path)
    }

    fn is_expired(&self, now: SystemTime) -> bool {
        self.expires.is_some_and(|expires| expires <= now)
    }

    fn is_for(&self, url: &Url, now: SystemTime) -> bool {
        let host = url.host_str().unwrap_or("");
        let of_domain = host == self.domain || !self.host_only && is_below(host, &self.domain);
        let path = url.path();
        let of_path = path.strip_prefix(self.path.as_str()).is_some_and(|rest| {
            rest.is_empty() || self.path.ends_with('/') || rest.starts_with('/')
        });
        of_domain && of_path && (!self.secure || url.scheme() == "https") && !self.is_expired(now)
    }
}

fn is_below(host: &str, domain: &str) -> bool {
    host.strip_suffix(domain)
        .is_some_and(|rest| rest.ends_with('.'))
        && host.parse::<IpAddr>().is_err()
}

fn is_address(url: &Url) -> bool {
    !matches!(url.host(), Some(url::Host::Domain(_)))
}

/// The folder of the page (RFC 6265, section 5.1.4).
fn default_path(url: &Url) -> String {
    match url.path().rfind('/') {
        None | Some(0) => "/".to_owned(),
        Some(end) => url.path()[..end].to_owned(),
    }
}

fn expires(read: &cookie::Cookie<'_>, now: SystemTime) -> Option<SystemTime> {
    if let Some(age) = read.max_age() {
        let age = Duration::try_from(age).unwrap_or(Duration::ZERO);
        return now.checked_add(age);
    }
    Some(read.expires_datetime()?.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        text.parse().unwrap()
    }

    fn jar(from: &str, values: &[&str]) -> CookieJar {
        let jar = CookieJar::new();
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(header::SET_COOKIE, value.parse().unwrap());
        }
        jar.store(&url(from), &headers);
        jar
    }

    fn sent(jar: &CookieJar, to: &str) -> String {
        let value = jar.header(&url(to), None);
        value.map_or(String::new(), |value| value.to_str().unwrap().to_owned())
    }

    /// The examples of RFC 6265, section 3.1.
    #[test]
    fn the_standards_own_examples_come_out_as_there() {
        let from = "https://www.example.com/";
        let one = jar(from, &["SID=31d4d96e407aad42"]);
        assert_eq!(sent(&one, from), "SID=31d4d96e407aad42");
        assert_eq!(sent(&one, "https://example.com/"), "");
        let two = jar(from, &["SID=31d4d96e407aad42; Path=/; Domain=example.com"]);
        assert_eq!(sent(&two, "https://example.com/"), "SID=31d4d96e407aad42");
        let three = jar(
            from,
            &[
                "SID=31d4d96e407aad42; Path=/; Secure; HttpOnly",
                "lang=en-US; Path=/; Domain=example.com",
            ],
        );
        assert_eq!(sent(&three, from), "SID=31d4d96e407aad42; lang=en-US");
        assert_eq!(sent(&three, "http://www.example.com/"), "lang=en-US");
        let mut headers = HeaderMap::new();
        let past = "lang=; Expires=Sun, 06 Nov 1994 08:49:37 GMT; Path=/; Domain=example.com";
        headers.append(header::SET_COOKIE, past.parse().unwrap());
        three.store(&url(from), &headers);
        assert_eq!(sent(&three, from), "SID=31d4d96e407aad42");
    }

    #[test]
    fn a_server_sets_no_cookies_for_others() {
        let from = "http://a.b.example/x/y";
        for refused in [
            "s=1; Domain=c.example",
            "s=1; Domain=other.b.example",
            "s=1; Domain=example",
            "s=1; Secure",
            "__Host-s=1; Path=/",
            "s=1; Max-Age=0",
            "=1; Domain=xa.b.example",
        ] {
            assert_eq!(
                sent(&jar(from, &[refused]), "https://a.b.example/x/y"),
                "",
                "{refused}"
            );
        }
        let paths = jar(from, &["s=1", "t=2; Path=/"]);
        assert_eq!(sent(&paths, "http://a.b.example/x/z"), "s=1; t=2");
        assert_eq!(sent(&paths, "http://a.b.example/xy"), "t=2");
        assert_eq!(
            sent(
                &jar("http://127.0.0.1/", &["s=1; Domain=0.0.1"]),
                "http://127.0.0.1/"
            ),
            ""
        );
    }

    #[test]
    fn a_cookie_goes_to_subdomains_only_if_it_names_its_domain() {
        // RFC 6265, section 5.3, step 6.
        let from = "http://a.example/";
        let below = "http://b.a.example/";
        assert_eq!(sent(&jar(from, &["s=1"]), below), "");
        assert_eq!(sent(&jar(from, &["s=1; Domain=a.example"]), below), "s=1");
        let all = jar(from, &["s=1; Domain=a.example"]);
        assert_eq!(sent(&all, "http://ba.example/"), "");
        // draft-ietf-httpbis-rfc6265bis-20, section 4.1.3.2.
        let from = "https://a.example/x/y";
        for (cookie, kept) in [
            ("__Host-s=1; Secure; Path=/", "__Host-s=1"),
            ("__Host-s=1; Secure", ""),
            ("__Host-s=1; Secure; Path=/; Domain=a.example", ""),
            ("__host-s=1; Path=/", ""),
            ("__Secure-s=1", ""),
            ("__Secure-s=1; Secure", "__Secure-s=1"),
        ] {
            assert_eq!(sent(&jar(from, &[cookie]), from), kept, "{cookie}");
        }
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let full = CookieJar::new();
        for host in 0..200 {
            let mut headers = HeaderMap::new();
            for number in 0..MOST_OF_ONE + 10 {
                headers.append(header::SET_COOKIE, format!("n{number}=1").parse().unwrap());
            }
            full.store(&url(&format!("http://{host}.example/")), &headers);
        }
        assert_eq!(full.lock().len(), MOST);
        let last = sent(&full, "http://199.example/");
        assert_eq!(last.split("; ").count(), MOST_OF_ONE);
        let long = format!("s={}", "x".repeat(LONGEST));
        assert_eq!(
            sent(&jar("http://a.example/", &[&long]), "http://a.example/"),
            ""
        );
    }

    #[test]
    fn given_cookies_stay_in_front_and_the_value_is_secret() {
        let jar = jar("http://a.example/", &["s=1"]);
        let given = HeaderValue::from_static("mine=2");
        let value = jar.header(&url("http://a.example/"), Some(&given)).unwrap();
        assert_eq!(
            (value.to_str().unwrap(), value.is_sensitive()),
            ("mine=2; s=1", true)
        );
        assert!(
            jar.header(&url("http://b.example/"), Some(&given))
                .is_none()
        );
    }
}
