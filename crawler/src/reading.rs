//! From a body to what it says: the part of a crawl that computes, and all that a worker process has
//! to know.

use async_fetch::{HeaderMap, Outcome};
use serde::{Deserialize, Serialize};
use url::Url;

use crate::charset;
use crate::html::{self, Page, Wanted};
use crate::select::{self, Pick};

/// A page to be read.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Reading {
    url: Url,
    content_type: Option<String>,
    /// The header says that no link is to be followed.
    nofollow: bool,
    body: Vec<u8>,
    wanted: Wanted,
    picks: Vec<Pick>,
}

/// What a page says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Content {
    /// Its links, its title and its parts.
    pub page: Page,
    /// What was picked, in the order of the picks.
    pub selected: Vec<Vec<String>>,
    /// Why nothing was picked.
    pub trouble: Option<String>,
    /// Why none of it could be read: its reader crashed.
    pub lost: Option<String>,
}

impl Content {
    /// That of a page which could not be read.
    pub(crate) fn lost(reason: impl Into<String>) -> Content {
        Content {
            lost: Some(reason.into()),
            ..Content::default()
        }
    }
}

impl Reading {
    /// What is to be read of an answer; nothing, if it is no HTML.
    pub fn new(outcome: &Outcome, wanted: Wanted, picks: &[Pick]) -> Option<Reading> {
        let answer = outcome.result.as_ref().ok()?;
        let body = answer.bytes();
        let content_type = header(&answer.headers, "content-type");
        if !answer.status.is_success() || !is_html(content_type.as_deref(), body) {
            return None;
        }
        let robots = answer.headers.get_all("x-robots-tag");
        let nofollow = robots
            .iter()
            .any(|value| html::forbids_following(&String::from_utf8_lossy(value.as_bytes())));
        Some(Reading {
            url: answer.url.clone(),
            content_type,
            nofollow,
            body: body.to_vec(),
            wanted,
            picks: picks.to_vec(),
        })
    }

    /// Reads it.
    pub fn run(&self) -> Content {
        let (text, encoding) = charset::decode(&self.body, self.content_type.as_deref());
        let mut page = html::read(&text, &self.url, encoding, self.wanted);
        if self.nofollow {
            page.links.iter_mut().for_each(|link| link.nofollow = true);
        }
        let mut content = Content {
            page,
            ..Content::default()
        };
        if !self.picks.is_empty() {
            if content.page.depth > select::DEEPEST {
                let (deep, most) = (content.page.depth, select::DEEPEST);
                content.trouble = Some(format!(
                    "nothing was selected: {deep} elements within each other, at most {most} are looked at"
                ));
            } else {
                content.selected = select::select(&String::from_utf8_lossy(&text), &self.picks);
            }
        }
        content
    }
}

/// The value of a header as text.
pub(crate) fn header(headers: &HeaderMap, name: &str) -> Option<String> {
    let value = headers.get(name)?;
    Some(String::from_utf8_lossy(value.as_bytes()).into_owned())
}

fn is_html(content_type: Option<&str>, body: &[u8]) -> bool {
    let Some(content_type) = content_type else {
        return body.trim_ascii_start().starts_with(b"<");
    };
    let kind = content_type.split(';').next().unwrap_or("").trim();
    kind.eq_ignore_ascii_case("text/html") || kind.eq_ignore_ascii_case("application/xhtml+xml")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(body: &str, picks: &[&str]) -> Reading {
        Reading {
            url: "http://example.org/".parse().unwrap(),
            content_type: Some("text/html".to_owned()),
            nofollow: false,
            body: body.into(),
            wanted: Wanted::default(),
            picks: picks.iter().map(|it| Pick::read(it).unwrap()).collect(),
        }
    }

    #[test]
    fn what_is_picked_out_of_a_nesting_bomb_is_nothing() {
        let bomb = "<div>".repeat(100_000) + "<p>x";
        let content = reading(&bomb, &["div p"]).run();
        assert!(content.trouble.is_some() && content.selected.is_empty());
        assert_eq!(reading("<p>x", &["p"]).run().selected, [["x"]]);
        let deep = |depth| reading(&("<div>".repeat(depth - 1) + "<b>x"), &["b"]).run();
        assert_eq!(deep(select::DEEPEST).selected, [["x"]]);
        let deeper = deep(select::DEEPEST + 1);
        assert!(deeper.selected.is_empty() && deeper.trouble.is_some());
    }

    #[test]
    fn a_header_can_forbid_to_follow() {
        let mut reading = reading("<a href=x>", &[]);
        assert!(!reading.run().page.links[0].nofollow);
        reading.nofollow = true;
        assert!(reading.run().page.links[0].nofollow);
    }

    #[test]
    fn html_is_told_by_its_type_or_by_its_look() {
        assert!(is_html(Some("Text/HTML; charset=x"), b""));
        assert!(is_html(Some("application/xhtml+xml"), b""));
        assert!(!is_html(Some("application/pdf"), b"<html>"));
        assert!(is_html(None, b" <html>") && !is_html(None, b"%PDF"));
    }
}
