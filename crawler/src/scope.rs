//! Which pages belong to a crawl.

use regex::Regex;
use serde::{Deserialize, Serialize};
use url::{Host, Url};

/// How far a crawl goes from its seeds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reach {
    /// The host and port of a seed; http on its usual port and https on its own count as one.
    #[default]
    Host,
    /// The host of a seed without its `www.`, and all below it, on any port.
    Domain,
    /// What is on a seed's host and begins with a seed's path up to its last slash.
    Prefix,
    /// Everywhere.
    Any,
}

/// Which pages belong to a crawl. The seeds always do.
#[derive(Clone, Debug)]
pub struct Scope {
    reach: Reach,
    seeds: Vec<Url>,
    include: Vec<Regex>,
    exclude: Vec<Regex>,
    skip: Vec<Regex>,
}

/// What a URL is to a crawl.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Membership {
    /// A page of it.
    Inside,
    /// Not of it. Whether a link that leads there is broken may be looked at.
    Outside,
    /// Nothing is to be sent there.
    Excluded,
}

impl Scope {
    /// The scope of a crawl from these seeds. If there are patterns to include, the URL of a page
    /// has to match one of them; what matches a pattern to exclude is out in any case. To what matches a
    /// pattern to skip, or one to exclude, nothing is sent, be it a page of the crawl or not.
    pub fn new(
        reach: Reach,
        seeds: Vec<Url>,
        include: Vec<Regex>,
        exclude: Vec<Regex>,
        skip: Vec<Regex>,
    ) -> Scope {
        Scope {
            reach,
            seeds,
            include,
            exclude,
            skip,
        }
    }

    /// Takes a further page for one that the crawl began with.
    pub fn add_seed(&mut self, seed: Url) {
        self.seeds.push(seed);
    }

    /// Whether a URL is on a host that no seed names.
    pub fn is_new_host(&self, url: &Url) -> bool {
        !self.seeds.iter().any(|seed| is_same_host(seed, url))
    }

    /// What a URL is to the crawl.
    pub fn membership(&self, url: &Url) -> Membership {
        if self.seeds.contains(url) {
            return Membership::Inside;
        }
        let text = url.as_str();
        if self
            .exclude
            .iter()
            .chain(&self.skip)
            .any(|it| it.is_match(text))
        {
            return Membership::Excluded;
        }
        match self.has(url) {
            true => Membership::Inside,
            false => Membership::Outside,
        }
    }

    /// Whether a page belongs to the crawl.
    pub fn has(&self, url: &Url) -> bool {
        if self.seeds.contains(url) {
            return true;
        }
        let text = url.as_str();
        self.seeds.iter().any(|seed| self.reaches(seed, url))
            && (self.include.is_empty() || self.include.iter().any(|it| it.is_match(text)))
            && !self.exclude.iter().any(|it| it.is_match(text))
    }

    fn reaches(&self, seed: &Url, url: &Url) -> bool {
        match self.reach {
            Reach::Any => true,
            Reach::Host => is_same_host(seed, url),
            Reach::Prefix => {
                let path = seed.path();
                let folder = &path[..=path.rfind('/').unwrap_or(0)];
                is_same_host(seed, url) && url.path().starts_with(folder)
            }
            Reach::Domain => match (seed.host(), url.host()) {
                (Some(Host::Domain(seed)), Some(Host::Domain(host))) => {
                    let domain = seed.strip_prefix("www.").unwrap_or(seed);
                    host.strip_suffix(domain)
                        .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
                }
                (seed, host) => seed == host,
            },
        }
    }
}

/// Whether two URLs are of one host: see [`Reach::Host`].
pub fn is_same_host(one: &Url, other: &Url) -> bool {
    one.host() == other.host() && (one.port() == other.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    fn scope(reach: Reach, seed: &str) -> Scope {
        Scope::new(reach, vec![url(seed)], vec![], vec![], vec![])
    }

    #[test]
    fn each_reach_ends_where_it_says() {
        let seed = "http://www.example.org/docs/index.html";
        for (page, host, domain, prefix) in [
            ("http://www.example.org/docs/index.html", true, true, true),
            ("http://www.example.org/docs/a/b", true, true, true),
            ("https://www.example.org/docs/", true, true, true),
            ("http://www.example.org/other", true, true, false),
            ("http://www.example.org:8080/docs/", false, true, false),
            ("http://example.org/docs/", false, true, false),
            ("http://a.b.example.org/", false, true, false),
            ("http://badexample.org/", false, false, false),
            ("http://example.org.evil.example/", false, false, false),
        ] {
            assert_eq!(scope(Reach::Host, seed).has(&url(page)), host, "{page}");
            assert_eq!(scope(Reach::Domain, seed).has(&url(page)), domain, "{page}");
            assert_eq!(scope(Reach::Prefix, seed).has(&url(page)), prefix, "{page}");
            assert!(scope(Reach::Any, seed).has(&url(page)));
        }
    }

    #[test]
    fn an_address_is_no_domain() {
        let scope = scope(Reach::Domain, "http://127.0.0.1:8000/");
        assert!(scope.has(&url("http://127.0.0.1:9000/")));
        assert!(!scope.has(&url("http://127.0.0.2:8000/")));
    }

    #[test]
    fn patterns_let_in_and_keep_out_and_seeds_are_always_in() {
        let regex = |text| Regex::new(text).unwrap();
        let seed = url("http://example.org/");
        let scope = Scope::new(
            Reach::Host,
            vec![seed.clone()],
            vec![regex("/docs/")],
            vec![regex(r"\.pdf$")],
            vec![regex("logout")],
        );
        let membership = |text: &str| scope.membership(&url(text));
        assert_eq!(
            membership("http://example.org/docs/a.pdf"),
            Membership::Excluded
        );
        assert_eq!(
            membership("http://other.example/logout"),
            Membership::Excluded
        );
        assert_eq!(membership("http://other.example/"), Membership::Outside);
        assert_eq!(membership("http://example.org/docs/"), Membership::Inside);
        assert!(scope.has(&seed));
        assert!(scope.has(&url("http://example.org/docs/a")));
        assert!(!scope.has(&url("http://example.org/blog/a")));
        assert!(!scope.has(&url("http://example.org/docs/a.pdf")));
    }
}
