//! Resuming an earlier run: the settings must be the same, and the counts continue.

use serde_json::{Map, Value};

use super::summary::Summary;
use crate::store;

/// Restores the counts of earlier runs.
pub(super) fn restore_counts(sum: &mut Summary, left: &store::Left) {
    sum.pages = left.pages;
    sum.failed = left.failed;
    sum.http_errors = left.http_errors;
    sum.cut = left.cut;
    sum.aliases = left.aliases;
    sum.checked = left.checked;
    sum.bytes = left.bytes;
    if left.robots > 0 {
        sum.skipped.insert("robots".to_owned(), left.robots);
    }
}

/// The difference between two settings.
pub(super) fn difference(found: &str, wanted: &str) -> Option<String> {
    if found == wanted {
        return None;
    }
    let read = |text: &str| serde_json::from_str::<Map<String, Value>>(text).unwrap_or_default();
    let (found, wanted) = (read(found), read(wanted));
    let name = wanted
        .keys()
        .find(|key| found.get(*key) != wanted.get(*key))?;
    if name == "archive" {
        let had = found.get(name) == Some(&Value::Bool(true));
        return Some(match had {
            true => "it writes an archive, which would have holes without --warc".to_owned(),
            false => "it writes no archive: one that began now would have holes".to_owned(),
        });
    }
    let was = found.get(name).unwrap_or(&Value::Null);
    Some(format!("{name} was {was}, and is {} now", wanted[name]))
}
