//! A job: a URL to fetch, and its role in the crawl.

use url::Url;

use crate::seen::Id;
use crate::store::UrlRow;

/// The role of a URL in a crawl.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Role {
    /// A page of the crawl.
    Page = 0,
    /// A sitemap.
    Sitemap = 1,
    /// Not a page of the crawl: it is only checked.
    External = 2,
    /// A robots.txt. It is in no queue.
    Robots = 3,
}

impl Role {
    fn of(number: u8) -> Role {
        match number {
            1 => Role::Sitemap,
            2 => Role::External,
            3 => Role::Robots,
            _ => Role::Page,
        }
    }
}

/// A URL to be fetched.
#[derive(Clone, Debug)]
pub struct Job {
    /// The number of the URL.
    pub id: Id,
    /// The URL.
    pub url: Url,
    /// Links away from the seeds.
    pub depth: u32,
    /// How many redirects led here.
    pub hops: u8,
    /// Its role.
    pub role: Role,
    /// Request only its header (HEAD).
    pub head: bool,
    /// Its header was requested before. Now its parts are needed.
    pub(super) again: bool,
    /// How often it was put back into the queue because of too few descriptors.
    pub(super) put_back: u8,
    /// The origin of the rules, if it is a robots.txt.
    pub(super) origin: String,
}

impl Job {
    pub(super) fn new(id: Id, url: Url, depth: u32, hops: u8, role: Role) -> Job {
        Job {
            id,
            url,
            depth,
            hops,
            role,
            head: role == Role::External,
            again: false,
            put_back: 0,
            origin: String::new(),
        }
    }

    /// The job of a row of the queue; `None` if its URL is invalid because the file is damaged.
    pub(super) fn of_row(row: &UrlRow) -> Option<Job> {
        let url = Url::parse(&row.url).ok()?;
        let role = Role::of(row.role);
        Some(Job::new(row.id, url, row.depth, row.hops, role))
    }
}
