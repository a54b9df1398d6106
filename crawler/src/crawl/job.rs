//! A job: a URL to fetch, and its role in the crawl.

use url::Url;

use crate::seen::Id;
use crate::store::UrlRow;

/// What a URL is to a crawl.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Role {
    /// A page of it.
    Page = 0,
    /// A sitemap.
    Sitemap = 1,
    /// Not of it, and only checked.
    External = 2,
    /// The rules of a host. It is in no queue.
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

/// Something to be fetched.
#[derive(Clone, Debug)]
pub struct Job {
    /// Its number.
    pub id: Id,
    /// Where it is.
    pub url: Url,
    /// How many links away from the seeds it was found.
    pub depth: u32,
    /// How many redirects led here.
    pub hops: u8,
    /// What it is to the crawl.
    pub role: Role,
    /// Only its header is wanted.
    pub head: bool,
    /// Its header was asked for already, and now a part of it is to be looked for.
    pub(super) again: bool,
    /// How often it was put back into the queue for want of descriptors.
    pub(super) put_back: u8,
    /// Whose rules they are, if it is a robots.txt.
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

    /// Of a row of the queue; nothing if its URL is none, which then was damaged on the disk.
    pub(super) fn of_row(row: &UrlRow) -> Option<Job> {
        let url = Url::parse(&row.url).ok()?;
        let role = Role::of(row.role);
        Some(Job::new(row.id, url, row.depth, row.hops, role))
    }
}
