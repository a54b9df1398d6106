//! Finds the links of a Markdown text, and the anchors that GitHub gives its headings.

use std::collections::{HashMap, HashSet};

/// A link, and its line number from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// Its line.
    pub line: usize,
    /// Its target: a path, an anchor, or both.
    pub target: String,
}

/// The links of a text to files of the house. Code contains no links.
///
/// # Examples
///
/// ```
/// use lessons::links::links;
///
/// let found = links("See [the lock](src/ladder.rs#L3), [PEP](https://peps.python.org) and `a[0](b)`.");
/// assert_eq!(found.len(), 1);
/// assert_eq!(found[0].target, "src/ladder.rs#L3");
/// ```
pub fn links(text: &str) -> Vec<Link> {
    let inside = prose(text).flat_map(|(line, prose)| {
        let targets: Vec<String> = targets(&prose).collect();
        targets.into_iter().map(move |target| Link { line, target })
    });
    inside.filter(|link| !leads_out(&link.target)).collect()
}

/// The anchors of a text's headings, by GitHub's rule: lower case, spaces become hyphens, only
/// letters, digits, hyphens and underscores are kept; a repeated anchor gets a number.
///
/// # Examples
///
/// ```
/// use lessons::links::anchors;
///
/// let found = anchors("# What's new?\n## Run it\n## Run it\n### `tokio` & _us_");
/// for anchor in ["whats-new", "run-it", "run-it-1", "tokio--_us_"] {
///     assert!(found.contains(anchor), "{anchor}");
/// }
/// ```
pub fn anchors(text: &str) -> HashSet<String> {
    let mut times: HashMap<String, usize> = HashMap::new();
    let mut anchors = HashSet::new();
    for (_, line) in outside_fences(text) {
        let hashes = line.len() - line.trim_start_matches('#').len();
        let Some(title) = line[hashes..]
            .strip_prefix(' ')
            .filter(|_| (1..=6).contains(&hashes))
        else {
            continue;
        };
        let sign = |sign: char| match sign {
            ' ' => Some('-'),
            '-' | '_' => Some(sign),
            _ if sign.is_alphanumeric() => Some(sign),
            _ => None,
        };
        let anchor: String = shown(title)
            .to_lowercase()
            .chars()
            .filter_map(sign)
            .collect();
        let count = times.entry(anchor.clone()).or_default();
        anchors.insert(match *count {
            0 => anchor,
            again => format!("{anchor}-{again}"),
        });
        *count += 1;
    }
    anchors
}

/// A heading as it is shown: a link is replaced by its text.
fn shown(title: &str) -> String {
    let mut shown = String::new();
    let mut rest = title.trim();
    while let Some((before, after)) = rest.split_once("](") {
        shown.push_str(&before.replacen('[', "", 1));
        rest = after.split_once(')').map_or("", |(_, rest)| rest);
    }
    shown + rest
}

fn leads_out(target: &str) -> bool {
    target.contains("://") || target.starts_with("mailto:")
}

/// The targets of `[text](target)` in a line.
fn targets(line: &str) -> impl Iterator<Item = String> {
    line.split("](").skip(1).filter_map(|rest| {
        let target = rest.split_once(')')?.0;
        // A title may follow: [text](target "title").
        target.split_whitespace().next().map(str::to_owned)
    })
}

/// The lines without code blocks, and without text between backquotes.
fn prose(text: &str) -> impl Iterator<Item = (usize, String)> {
    outside_fences(text).map(|(number, line)| {
        let parts: Vec<&str> = line.split('`').collect();
        // In `[`code`](target)` the text of the link is code, but its target is not.
        let kept = parts.iter().enumerate().filter(|(at, _)| at % 2 == 0);
        (number, kept.map(|(_, part)| *part).collect())
    })
}

fn outside_fences(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut fenced = false;
    (1..).zip(text.lines()).filter(move |(_, line)| {
        let fence = line.trim_start().starts_with("```");
        fenced ^= fence;
        !fenced && !fence
    })
}
