//! The claims of the chapters, read from the files: steps, links, commands. The tests of this crate
//! check them.

pub mod commands;
pub mod links;
pub mod steps;

use std::path::{Path, PathBuf};

/// The workspace's folder.
///
/// # Panics
///
/// If this crate is not in a workspace.
pub fn house() -> &'static Path {
    let parent = Path::new(env!("CARGO_MANIFEST_DIR")).parent();
    parent.expect("the crate lies in the workspace's folder")
}

/// Every Markdown file of the house, in order, without `target` and hidden folders.
pub fn documents() -> Vec<PathBuf> {
    let mut documents = Vec::new();
    collect(house(), &mut documents);
    documents.sort();
    documents
}

fn collect(folder: &Path, documents: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let (path, name) = (entry.path(), entry.file_name());
        let name = name.to_string_lossy();
        // A link may lead out of the house, or form a loop.
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        if is_folder && !name.starts_with('.') && name != "target" && name != "node_modules" {
            collect(&path, documents);
        } else if name.ends_with(".md") {
            documents.push(path);
        }
    }
}
