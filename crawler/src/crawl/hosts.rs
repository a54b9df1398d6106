//! The rules of hosts. They are requested once, before the first page of a host. Pages that are found meanwhile
//! wait.

use std::collections::{HashMap, VecDeque};

use url::{Position, Url};

use super::job::{Job, Role};
use crate::robots::{self, Rules};

/// URLs that wait for their host's robots.txt, at most. Then no further URL is taken from the queue.
pub(super) const WAITING: usize = 1024;

/// Bytes of rules that are remembered, [`EACH`] included: those of about a hundred thousand hosts. If there
/// are more, the oldest are forgotten, and requested again when they are needed.
const REMEMBERED: usize = 64 << 20;

/// Bytes that a host takes in addition to its rules, roughly.
const EACH: usize = 512;

#[derive(Debug)]
enum Host {
    /// Its robots.txt is being fetched; these wait for it.
    Asked(Vec<Job>),
    Known(Rules),
}

/// The hosts of a crawl, by scheme, name and port.
#[derive(Debug, Default)]
pub(super) struct Hosts {
    known: HashMap<String, Host>,
    waiting: usize,
    /// The hosts with known rules, the oldest first, and the bytes of each.
    oldest: VecDeque<(String, usize)>,
    size: usize,
}

impl Hosts {
    /// The rules for a URL, if they are known.
    pub(super) fn rules(&self, url: &Url) -> Option<&Rules> {
        match self.known.get(&url[..Position::BeforePath]) {
            Some(Host::Known(rules)) => Some(rules),
            Some(Host::Asked(_)) | None => None,
        }
    }

    /// The job for the robots.txt of a URL's host, unless there was one before.
    pub(super) fn ask(&mut self, url: &Url) -> Option<Job> {
        let origin = &url[..Position::BeforePath];
        if self.known.contains_key(origin) {
            return None;
        }
        self.known
            .insert(origin.to_owned(), Host::Asked(Vec::new()));
        Some(Job {
            origin: origin.to_owned(),
            ..Job::new(0, robots::place(url), 0, 0, Role::Robots)
        })
    }

    /// Lets a job wait for the rules of its host, after [`ask`](Self::ask).
    pub(super) fn wait(&mut self, job: Job) {
        let origin = &job.url[..Position::BeforePath];
        if let Some(Host::Asked(jobs)) = self.known.get_mut(origin) {
            jobs.push(job);
            self.waiting += 1;
        }
    }

    /// Sets the rules of a host. Returns the jobs that waited for them, in order.
    pub(super) fn answer(&mut self, origin: String, rules: Rules) -> Vec<Job> {
        let size = rules.size() + EACH;
        self.size += size;
        while self.size > REMEMBERED
            && let Some((forgotten, size)) = self.oldest.pop_front()
        {
            self.size -= size;
            self.known.remove(&forgotten);
        }
        self.oldest.push_back((origin.clone(), size));
        match self.known.insert(origin, Host::Known(rules)) {
            Some(Host::Asked(jobs)) => {
                self.waiting -= jobs.len();
                jobs
            }
            Some(Host::Known(_)) | None => Vec::new(),
        }
    }

    /// The number of waiting jobs.
    pub(super) fn waiting(&self) -> usize {
        self.waiting
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_asked_once_and_lets_those_who_waited_go_in_their_order() {
        let url = |text: &str| Url::parse(text).unwrap();
        let page = |id| Job::new(id, url("http://a.example/x"), 0, 0, Role::Page);
        let mut hosts = Hosts::default();
        let job = hosts.ask(&url("http://a.example/x?y")).unwrap();
        assert_eq!(job.url.as_str(), "http://a.example/robots.txt");
        assert!(hosts.ask(&url("http://a.example/")).is_none());
        assert!(hosts.ask(&url("http://a.example:81/")).is_some());
        hosts.wait(page(1));
        hosts.wait(page(2));
        assert_eq!(hosts.waiting(), 2);
        assert!(hosts.rules(&page(1).url).is_none());
        let ids: Vec<_> = hosts
            .answer(job.origin, Rules::none())
            .iter()
            .map(|job| job.id)
            .collect();
        assert_eq!((ids, hosts.waiting()), (vec![1, 2], 0));
        assert!(hosts.rules(&page(1).url).is_some());
    }
    #[test]
    fn the_oldest_rules_are_forgotten_and_asked_for_again() {
        use crate::robots::{BYTES, Found, NAME};
        let text = "#".repeat(BYTES as usize);
        let url = |number: usize| Url::parse(&format!("http://{number}.example/")).unwrap();
        let mut hosts = Hosts::default();
        let most = REMEMBERED / (BYTES as usize + EACH);
        for number in 0..=most {
            let job = hosts.ask(&url(number)).unwrap();
            hosts.answer(
                job.origin,
                Rules::new(Found::Text(text.as_bytes()), NAME, &job.url),
            );
        }
        assert!(hosts.rules(&url(0)).is_none() && hosts.rules(&url(1)).is_some());
        assert!(hosts.rules(&url(most)).is_some());
        assert!(hosts.ask(&url(0)).is_some() && hosts.ask(&url(1)).is_none());
        assert!(hosts.size <= REMEMBERED && hosts.known.len() == most + 1);
    }
}
