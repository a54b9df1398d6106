//! The pages and their links: plain text computed from numbers.
//!
//! Page 0 is `/`, page N is `/page/N`. The pages are a tree: page N links to the next `links` pages that no page
//! before it links to. Links that the tree does not need go to any page. So every page can be reached from `/`,
//! and its depth is known.

use std::fmt::Write;
use std::iter;

use crate::random;

/// The parameters of the pages.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pages {
    pub(crate) seed: u64,
    pub(crate) count: usize,
    /// Links on each page.
    pub(crate) links: usize,
    /// Bytes of each page, at least.
    pub(crate) size: u64,
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

    /// The depth of a page, in links from `/`. Only pages of the last two depths have links that the tree does
    /// not need, so none of those is a short cut.
    pub(crate) fn depth_of(&self, mut page: usize) -> usize {
        let mut depth = 0;
        while page > 0 && self.links > 0 {
            page = (page - 1) / self.links;
            depth += 1;
        }
        depth
    }

    /// A page's HTML in pieces, so that a page may be bigger than the memory.
    pub(crate) fn pieces(self, page: usize) -> impl Iterator<Item = String> + Send {
        let head = self.head(page);
        let filler = Filler {
            number: self.seed ^ ((page as u64) << 32),
            left: self.size.saturating_sub((head.len() + END.len()) as u64),
        };
        iter::once(head)
            .chain(filler)
            .chain(iter::once(END.to_owned()))
    }

    /// The length of a page in bytes.
    pub(crate) fn length_of(&self, page: usize) -> u64 {
        self.size.max((self.head(page).len() + END.len()) as u64)
    }

    /// The part before the filler: the title and the links.
    fn head(&self, page: usize) -> String {
        let mut html = format!(
            "<!doctype html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\">\
             <title>Page {page}</title></head>\n<body>\n<h1 id=\"top\">Page {page}</h1>\n<ul>\n"
        );
        for link in self.links_of(page) {
            let path = Pages::path(link);
            let _ = writeln!(html, "<li><a href=\"{path}\">page {link}</a></li>");
        }
        html.push_str("</ul>\n<p>");
        html
    }

    /// The sitemap (sitemaps.org) of all pages, whose addresses begin with `origin`, in pieces.
    pub(crate) fn sitemap(self, origin: String) -> impl Iterator<Item = String> + Send {
        let head = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
             <urlset xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">\n";
        let pages = (0..self.count).map(move |page| {
            let path = Pages::path(page);
            format!("<url><loc>{origin}{path}</loc></url>\n")
        });
        iter::once(head.to_owned())
            .chain(pages)
            .chain(iter::once("</urlset>\n".to_owned()))
    }
}

/// The end of a page.
const END: &str = "</p>\n</body>\n</html>\n";

/// Bytes of a piece, at least, but for the last.
const PIECE: usize = 64 * 1024;

/// Words that fill a page, so that it has exactly the wanted size.
struct Filler {
    number: u64,
    left: u64,
}

impl Iterator for Filler {
    type Item = String;

    fn next(&mut self) -> Option<String> {
        if self.left == 0 {
            return None;
        }
        let capacity = self.left.min(PIECE as u64 + 16) as usize;
        let mut piece = String::with_capacity(capacity);
        while self.left > 0 && piece.len() < PIECE {
            let word = WORDS[(random::scramble(self.number) % WORDS.len() as u64) as usize];
            let space = if self.number.is_multiple_of(12) {
                "\n"
            } else {
                " "
            };
            for text in [word, space] {
                let length = self.left.min(text.len() as u64) as usize;
                piece.push_str(&text[..length]);
                self.left -= length as u64;
            }
            self.number = self.number.wrapping_add(1);
        }
        Some(piece)
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
        let html = |page| pages.pieces(page).collect::<String>();
        let third = html(3);
        assert_eq!(third.len(), 2000);
        assert_eq!(third.matches("<a href").count(), 4);
        assert_eq!(third, html(3));
        assert_ne!(third, html(4));
    }

    #[test]
    fn a_page_of_any_size_has_the_length_that_is_told() {
        for size in [0, 1, 300, 65_000, 200_001] {
            let pages = Pages {
                size,
                ..pages(50, 4)
            };
            let length: usize = pages.pieces(3).map(|piece| piece.len()).sum();
            assert_eq!(length as u64, pages.length_of(3));
            assert!(length as u64 == size || size < 400, "{size}: {length}");
        }
    }
}
