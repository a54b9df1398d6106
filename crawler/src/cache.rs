//! A cache of outside links that an earlier run found right. They are not requested again. Broken links are
//! not in it, as they may have been repaired.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_fetch::{
    Answer, Body, HeaderMap, HeaderName, HeaderValue, Outcome, StatusCode, Times, Version,
};
use serde::{Deserialize, Serialize};
use url::Url;

use crate::reading::header;

/// Links in the cache, at most, in some 300 MiB. Further links are requested each time.
pub const MOST: usize = 1_000_000;

/// The first line, which identifies the format.
const FIRST: &str = r#"{"crawler-cache":1}"#;

/// See the module.
#[derive(Debug)]
pub struct Cache {
    known: Mutex<HashMap<String, Known>>,
    /// Older entries are not used: a time in seconds since 1970.
    since: u64,
}

/// The entry of a link.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Known {
    url: String,
    status: u16,
    /// Seconds since 1970.
    at: u64,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    content_type: Option<String>,
    /// The target of its redirect.
    #[serde(skip_serializing_if = "Option::is_none")]
    location: Option<String>,
}

/// The reason why a file can't be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// It is not a cache.
    #[error("it is no cache of this program: name another file")]
    Foreign,
    /// A line can't be read.
    #[error("line {0}: can't be read: remove the file")]
    Line(usize),
}

impl Cache {
    /// Reads a file that [`text`](Self::text) made, without entries that are older than `age`. An empty text is
    /// an empty cache.
    ///
    /// # Errors
    /// If it is not a cache.
    pub fn read(text: &str, age: Duration) -> Result<Cache, Error> {
        let since = seconds().saturating_sub(age.as_secs());
        let mut known = HashMap::new();
        let mut lines = text.lines().enumerate();
        match lines.next() {
            None | Some((_, FIRST)) => {}
            Some(_) => return Err(Error::Foreign),
        }
        for (number, line) in lines {
            let entry: Known = serde_json::from_str(line).map_err(|_| Error::Line(number + 1))?;
            if entry.at > since && known.len() < MOST {
                known.insert(entry.url.clone(), entry);
            }
        }
        Ok(Cache {
            known: Mutex::new(known),
            since,
        })
    }

    /// The cache as text: a line of JSON for each link.
    pub fn text(&self) -> String {
        let known = self.lock();
        let mut all: Vec<&Known> = known.values().filter(|it| it.at >= self.since).collect();
        all.sort_by(|a, b| a.url.cmp(&b.url));
        let mut text = format!("{FIRST}\n");
        for entry in all {
            // Texts and numbers can always be written as JSON.
            let line = serde_json::to_string(entry).unwrap_or_default();
            let _ = writeln!(text, "{line}");
        }
        text
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The outcome of a link in the cache, with no attempts.
    pub(crate) fn get(&self, url: &Url) -> Option<Outcome> {
        let known = self.lock().get(url.as_str()).cloned()?;
        let mut headers = HeaderMap::new();
        let values = [
            ("content-type", known.content_type),
            ("location", known.location),
        ];
        for (name, value) in values {
            if let Some(value) = value.and_then(|it| HeaderValue::try_from(it).ok()) {
                headers.insert(HeaderName::from_static(name), value);
            }
        }
        Some(Outcome {
            url: url.clone(),
            tag: 0,
            index: 0,
            attempts: 0,
            out_of_budget: false,
            redirects: Vec::new(),
            times: Times::default(),
            result: Ok(Answer {
                url: url.clone(),
                status: StatusCode::from_u16(known.status).ok()?,
                version: Version::HTTP_11,
                headers,
                address: None,
                length: 0,
                received: 0,
                resumed_from: 0,
                checksum: None,
                cut: false,
                body: Body::Nothing,
            }),
        })
    }

    /// Adds an answer. `location` is the target of its redirect.
    pub(crate) fn put(&self, url: &Url, answer: &Answer, location: Option<&Url>) {
        let mut known = self.lock();
        if known.len() >= MOST {
            return;
        }
        let entry = Known {
            url: url.as_str().to_owned(),
            status: answer.status.as_u16(),
            at: seconds(),
            content_type: header(&answer.headers, "content-type"),
            location: location.map(|it| it.as_str().to_owned()),
        };
        known.insert(entry.url.clone(), entry);
    }
}

// A cache equals only itself.
impl PartialEq for Cache {
    fn eq(&self, other: &Cache) -> bool {
        std::ptr::eq(self, other)
    }
}

impl Eq for Cache {}

fn seconds() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |it| it.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_old_or_not_ours_is_not_believed() {
        let (now, day) = (seconds(), 86_400);
        let text = format!(
            "{FIRST}\n{{\"url\":\"http://a.example/\",\"status\":200,\"at\":{}}}\n\
             {{\"url\":\"http://b.example/\",\"status\":301,\"at\":{},\"location\":\"http://a.example/\"}}\n",
            now - 2 * day,
            now - day / 2
        );
        let cache = Cache::read(&text, Duration::from_secs(day)).unwrap();
        let get = |url: &str| cache.get(&url.parse().unwrap());
        assert!(get("http://a.example/").is_none());
        let moved = get("http://b.example/").unwrap().result.unwrap();
        assert_eq!((moved.status.as_u16(), moved.headers.len()), (301, 1));
        assert_eq!(cache.text().lines().count(), 2);
        let read = |text: &str| Cache::read(text, Duration::ZERO);
        assert!(read("").is_ok());
        assert!(matches!(read("# A heading\n"), Err(Error::Foreign)));
        assert!(matches!(
            read(&format!("{FIRST}\n{{}}\n")),
            Err(Error::Line(2))
        ));
    }
}
