//! Thumbnails in the folders above a path. A list may name files of an output folder that is not
//! walked, and a walk may begin inside one.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use crate::manifest::Manifest;

/// The folders above the last given path, from the root on, each with the thumbnails below it.
#[derive(Debug, Default)]
pub(super) struct Above(Vec<(PathBuf, HashSet<PathBuf>)>);

impl Above {
    /// Changes to the folders above another path. Those that both paths share are not read again.
    pub(super) fn move_to(&mut self, path: &Path) {
        // The parent of `a.jpg` is empty, and means the current folder.
        let folder = path.parent().unwrap_or(path);
        let folder = Path::new(".").join(folder).canonicalize();
        let folder = folder.unwrap_or_default();
        self.0.retain(|(above, _)| folder.starts_with(above));
        let mut above: Vec<&Path> = folder.ancestors().collect();
        above.reverse();
        for folder in above.drain(self.0.len().min(above.len())..) {
            self.0.push((folder.to_owned(), thumbnails_in(folder)));
        }
    }

    /// Whether a path below the last given one is a thumbnail of these folders.
    pub(super) fn contains(&self, path: &Path) -> bool {
        // In most runs there are none, and the path need not be resolved.
        self.0.iter().any(|(_, thumbnails)| !thumbnails.is_empty())
            && path.canonicalize().is_ok_and(|path| {
                let mut above = self.0.iter();
                above.any(|(_, thumbnails)| thumbnails.contains(&path))
            })
    }
}

/// The thumbnails that a folder's manifest records. A manifest that can't be read is ignored.
pub(super) fn thumbnails_in(folder: &Path) -> HashSet<PathBuf> {
    let manifest = Manifest::read(folder);
    let outputs = manifest.iter().flat_map(Manifest::outputs);
    outputs.map(|output| folder.join(output)).collect()
}
