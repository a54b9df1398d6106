//! Every link within the house is valid: the file exists, and so does the heading in it.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use lessons::links::{anchors, links};
use lessons::{documents, house};
use std::path::Path;

#[test]
fn every_link_into_the_house_leads_to_a_file_and_a_heading() {
    let mut broken = Vec::new();
    let mut count = 0;
    for document in documents() {
        let text = std::fs::read_to_string(&document).unwrap();
        for link in links(&text) {
            count += 1;
            if let Some(why) = fault(&document, &text, &link.target) {
                let file = document.strip_prefix(house()).unwrap().display();
                broken.push(format!("{file}:{}: {}: {why}", link.line, link.target));
            }
        }
    }
    assert!(count > 100, "only {count} links were found");
    assert!(broken.is_empty(), "\n{}\n", broken.join("\n"));
}

fn fault(document: &Path, text: &str, target: &str) -> Option<String> {
    let (path, anchor) = target.split_once('#').unwrap_or((target, ""));
    let file = match path {
        "" => document.to_owned(),
        path => document.parent()?.join(path),
    };
    if !file.exists() {
        return Some("no such file".to_owned());
    }
    // Line anchors of source files (#L10) are not checked. They would change with every edit, so
    // none is used.
    if anchor.is_empty() || file.extension()? != "md" {
        return (!anchor.is_empty()).then(|| "an anchor in a file that has no headings".to_owned());
    }
    let there = match path {
        "" => text.to_owned(),
        _ => std::fs::read_to_string(&file).ok()?,
    };
    (!anchors(&there).contains(anchor)).then(|| "no such heading".to_owned())
}
