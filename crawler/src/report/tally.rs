//! Counts broken targets by kind and by host.

use std::collections::HashMap;

use url::Url;

use super::{Error, Report};

/// See the module. The largest counts come first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Targets of each kind of error.
    pub kinds: Vec<(String, u64)>,
    /// Targets on each host.
    pub hosts: Vec<(String, u64)>,
}

impl Report {
    /// Counts the broken targets of the last [`check`](Self::check).
    ///
    /// # Errors
    /// If the state can't be read.
    pub fn tally(&self) -> Result<Tally, Error> {
        let (mut kinds, mut hosts) = (HashMap::new(), HashMap::new());
        let sql = "SELECT DISTINCT link, error FROM temp.found";
        let counted = self.each(sql, [], |row| {
            let (link, error): (String, Option<String>) = (row.get(0)?, row.get(1)?);
            let kind = kind(error.as_deref().unwrap_or("no answer"));
            *kinds.entry(kind.to_owned()).or_default() += 1;
            let host = Url::parse(&link).ok();
            if let Some(host) = host.as_ref().and_then(Url::host_str) {
                *hosts.entry(host.to_owned()).or_default() += 1;
            }
            Ok(())
        });
        counted.map_err(|failure| self.error(failure))?;
        Ok(Tally {
            kinds: most_first(kinds),
            hosts: most_first(hosts),
        })
    }
}

/// The kind of an error: its message without the details.
fn kind(error: &str) -> &str {
    for (beginning, kind) in [
        ("no address is known", "name not found"),
        ("no secure connection", "no secure connection"),
        ("connection refused", "connection refused"),
        ("redirects to", "redirect to what is broken"),
        ("the answer is not HTTP", "not HTTP"),
        ("the body was cut short", "cut short"),
        ("robots.txt", "robots.txt can't be read"),
        ("the address", "address not allowed"),
        ("no connection", "no connection"),
    ] {
        if error.starts_with(beginning) {
            return kind;
        }
    }
    match error.contains(" took longer than ") {
        true => "too slow",
        false => error,
    }
}

fn most_first(counts: HashMap<String, u64>) -> Vec<(String, u64)> {
    let mut all: Vec<_> = counts.into_iter().collect();
    all.sort_by(|(a, many), (b, more)| more.cmp(many).then_with(|| a.cmp(b)));
    all
}
