//! The scope: the pages that belong to a crawl.

use std::collections::HashSet;

use regex::Regex;
use serde::{Deserialize, Serialize};
use url::{Host, Position, Url};

/// How far a crawl goes from its seeds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reach {
    /// The host and port of a seed. http and https on their usual ports are the same.
    #[default]
    Host,
    /// The host of a seed without its `www.`, and all its subdomains, on any port.
    Domain,
    /// URLs on a seed's host that begin with the seed's path up to its last slash.
    Prefix,
    /// Everywhere.
    Any,
}

/// The scope of a crawl. The seeds always belong to it.
#[derive(Clone, Debug)]
pub struct Scope {
    reach: Reach,
    seeds: HashSet<Url>,
    /// The hosts of the seeds, with their ports.
    hosts: HashSet<String>,
    /// The hosts, domains, or folders of the seeds. A set, as a list of pages may have thousands of seeds.
    reached: HashSet<String>,
    include: Vec<Regex>,
    exclude: Vec<Regex>,
    skip: Vec<Regex>,
}

/// The relation of a URL to a crawl.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Membership {
    /// It is a page of the crawl.
    Inside,
    /// It is outside. It may be checked.
    Outside,
    /// It must not be requested.
    Excluded,
}

impl Scope {
    /// The scope of a crawl from these seeds. If there are patterns to include, the URL of a page must match one
    /// of them. A URL that matches a pattern to exclude is no page of the crawl. A URL that matches a pattern to
    /// exclude or to skip is not requested, be it a page or an outside link.
    pub fn new(
        reach: Reach,
        seeds: Vec<Url>,
        include: Vec<Regex>,
        exclude: Vec<Regex>,
        skip: Vec<Regex>,
    ) -> Scope {
        let mut scope = Scope {
            reach,
            seeds: HashSet::new(),
            hosts: HashSet::new(),
            reached: HashSet::new(),
            include,
            exclude,
            skip,
        };
        seeds.into_iter().for_each(|seed| scope.add_seed(seed));
        scope
    }

    /// Adds a seed.
    pub fn add_seed(&mut self, seed: Url) {
        self.hosts.insert(host(&seed).to_owned());
        self.reached.insert(match self.reach {
            Reach::Any => String::new(),
            Reach::Host => host(&seed).to_owned(),
            Reach::Domain => domain(&seed).to_owned(),
            Reach::Prefix => host(&seed).to_owned() + folder(&seed),
        });
        self.seeds.insert(seed);
    }

    /// Whether a URL is on a host of no seed.
    pub fn is_new_host(&self, url: &Url) -> bool {
        !self.hosts.contains(host(url))
    }

    /// The relation of a URL to the crawl.
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
        self.reaches(url)
            && (self.include.is_empty() || self.include.iter().any(|it| it.is_match(text)))
            && !self.exclude.iter().any(|it| it.is_match(text))
    }

    fn reaches(&self, url: &Url) -> bool {
        match self.reach {
            Reach::Any => true,
            Reach::Host => self.reached.contains(host(url)),
            Reach::Domain => match url.host() {
                Some(Host::Domain(name)) => above(name).any(|it| self.reached.contains(it)),
                _ => self.reached.contains(domain(url)),
            },
            Reach::Prefix => {
                let whole = &url[Position::BeforeHost..Position::AfterPath];
                let start = host(url).len();
                let ends = whole[start..].match_indices('/');
                ends.map(|(at, _)| &whole[..=start + at])
                    .any(|it| self.reached.contains(it))
            }
        }
    }
}

/// The host, and the port if it is not the usual one: see [`Reach::Host`].
fn host(url: &Url) -> &str {
    &url[Position::BeforeHost..Position::AfterPort]
}

/// The host without its `www.`: see [`Reach::Domain`].
fn domain(url: &Url) -> &str {
    let name = url.host_str().unwrap_or("");
    name.strip_prefix("www.").unwrap_or(name)
}

/// The path up to its last slash.
fn folder(url: &Url) -> &str {
    let path = url.path();
    &path[..=path.rfind('/').unwrap_or(0)]
}

/// A name and its parent domains: `a.example.org`, `example.org`, `org`.
fn above(name: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(name), |it| it.split_once('.').map(|(_, rest)| rest))
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
    fn each_of_many_seeds_reaches_what_it_reaches() {
        let seeds = || {
            let hosts = (0..1000).map(|number| format!("http://www.h{number}.example/a/b/x.html"));
            hosts.map(|seed| url(&seed)).collect::<Vec<Url>>()
        };
        for (reach, inside, outside) in [
            (Reach::Host, "http://www.h7.example/", "http://h7.example/"),
            (Reach::Domain, "http://x.h7.example/", "http://xh7.example/"),
            (
                Reach::Prefix,
                "http://www.h7.example/a/b/c/d?e",
                "http://www.h7.example/a/bc",
            ),
        ] {
            let scope = Scope::new(reach, seeds(), vec![], vec![], vec![]);
            assert!(scope.has(&url(inside)), "{reach:?}");
            assert!(!scope.has(&url(outside)), "{reach:?}");
            assert!(scope.is_new_host(&url("http://h7.example/")));
            assert!(!scope.is_new_host(&url("https://www.h7.example/z")));
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
