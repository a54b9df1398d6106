//! Saved results: tables, each with its command, version and date.
//!
//! `benches versus JOB --save` and `benches report --criterion` write tables into `benches/results`, as
//! JSON. `benches report` writes `RESULTS.md` and `RESULTS.html` from them.

pub mod age;
pub mod criterion;
mod measured_paths;
pub mod pages;
pub mod saved;

use serde::{Deserialize, Serialize};

/// A table, and how it was made.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Table {
    /// Its name, and that of its file: `versus-count`.
    pub name: String,
    /// The work.
    pub title: String,
    /// How it was made.
    pub made: Made,
    /// Folders and files whose code it measures, relative to the workspace's folder.
    pub measures: Vec<String>,
    /// The columns' headings.
    pub columns: Vec<String>,
    /// The rows, with a cell for each column.
    pub rows: Vec<Vec<String>>,
    /// Further remarks.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// How a table was made.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Made {
    /// The command.
    pub command: String,
    /// The version of this workspace: its number, and the commit if git knows it.
    pub version: String,
    /// The date and time, in UTC: `2026-11-30T16:20:00Z`. `None` if it is not known.
    pub date: Option<String>,
    /// The machine.
    pub machine: String,
}

impl Made {
    /// For a table that is made now, from the workspace in `folder`.
    pub fn now(command: String, folder: &std::path::Path) -> Made {
        let commit = age::git(folder, &["rev-parse", "--short=10", "HEAD"]);
        let version = env!("CARGO_PKG_VERSION").to_owned();
        Made {
            command,
            version: match commit {
                Some(commit) => format!("{version}, commit {commit}"),
                None => version,
            },
            date: Some(common::timing::utc(std::time::SystemTime::now())),
            machine: common::cpus::detect().to_string(),
        }
    }
}
