//! The pages and how they link: plain text made out of numbers.
//!
//! Page 0 is `/`, page N is `/page/N`. The pages are a tree, in which page N links to the next
//! `links` pages that no page before it links to; links that the tree leaves over go anywhere. So
//! every page can be reached from `/`, and how deep it lies is known.

use std::fmt::Write;

use crate::random;

/// What the pages are made of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pages {
    pub(crate) seed: u64,
    pub(crate) count: usize,
    /// Links on each page.
    pub(crate) links: usize,
    /// Bytes of each page, at least.
    pub(crate) size: usize,
}

const WORDS: [&str; 16] = [
    "thread", "task", "future", "waker", "queue", "worker", "lock", "channel", "poll", "yield",
    "spawn", "join", "signal", "socket", "timer", "event",
];

impl Pages {
    /// The path of a page.
    pub(crate) fn path(number: usize) -> String {
        match number {
            0 => "/".to_owned(),
            _ => format!("/page/{number}"),
        }
    }

    /// The pages that a page links to.
    pub(crate) fn links_of(&self, page: usize) -> Vec<usize> {
        let first = page.saturating_mul(self.links).saturating_add(1);
        (0..self.links)
            .map(|link| match first.saturating_add(link) {
                child if child < self.count => child,
                _ => {
                    let number = self.seed ^ ((page as u64) << 20) ^ link as u64;
                    (random::scramble(number) % self.count.max(1) as u64) as usize
                }
            })
            .collect()
    }

    /// How many links away from `/` a page is: only pages of the last two depths have links that the
    /// tree leaves over, so none of those is a short cut.
    pub(crate) fn depth_of(&self, mut page: usize) -> usize {
        let mut depth = 0;
        while page > 0 && self.links > 0 {
            page = (page - 1) / self.links;
            depth += 1;
        }
        depth
    }

    /// A page as HTML.
    pub(crate) fn html(&self, page: usize) -> String {
        let mut html = String::with_capacity(self.size + 1024);
        let _ = write!(
            html,
            "<!doctype html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\">\
             <title>Page {page}</title></head>\n<body>\n<h1 id=\"top\">Page {page}</h1>\n<ul>\n"
        );
        for link in self.links_of(page) {
            let path = Pages::path(link);
            let _ = writeln!(html, "<li><a href=\"{path}\">page {link}</a></li>");
        }
        html.push_str("</ul>\n<p>");
        const END: &str = "</p>\n</body>\n</html>\n";
        let mut number = self.seed ^ ((page as u64) << 32);
        while html.len() + END.len() < self.size {
            let word = WORDS[(random::scramble(number) % WORDS.len() as u64) as usize];
            let left = self.size - html.len() - END.len();
            // Cut to the last byte, so that a page has exactly the size that was asked for.
            html.push_str(&word[..word.len().min(left)]);
            if left > word.len() {
                html.push(if number.is_multiple_of(12) { '\n' } else { ' ' });
            }
            number = number.wrapping_add(1);
        }
        html.push_str(END);
        html
    }

    /// The sitemap (sitemaps.org) of all pages, whose addresses begin with `origin`.
    pub(crate) fn sitemap(&self, origin: &str) -> String {
        let mut xml = String::from(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
             <urlset xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">\n",
        );
        for page in 0..self.count {
            let path = Pages::path(page);
            let _ = writeln!(xml, "<url><loc>{origin}{path}</loc></url>");
        }
        xml.push_str("</urlset>\n");
        xml
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::{HashSet, VecDeque};

    fn pages(count: usize, links: usize) -> Pages {
        Pages {
            seed: 7,
            count,
            links,
            size: 2000,
        }
    }

    #[test]
    fn every_page_is_reached_and_as_deep_as_said() {
        for (count, links) in [(1, 3), (2, 1), (200, 5), (500, 2)] {
            let pages = pages(count, links);
            let mut seen = HashSet::from([0]);
            let mut queue = VecDeque::from([(0, 0)]);
            while let Some((page, depth)) = queue.pop_front() {
                assert_eq!(depth, pages.depth_of(page));
                for link in pages.links_of(page) {
                    if seen.insert(link) {
                        queue.push_back((link, depth + 1));
                    }
                }
            }
            assert_eq!(seen, (0..count).collect());
        }
    }

    #[test]
    fn a_page_has_its_size_and_its_links_and_is_the_same_again() {
        let pages = pages(50, 4);
        let html = pages.html(3);
        assert_eq!(html.len(), 2000);
        assert_eq!(html.matches("<a href").count(), 4);
        assert_eq!(html, pages.html(3));
        assert_ne!(html, pages.html(4));
    }
}
