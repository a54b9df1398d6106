//! The paths of a file, of its part, and of the record beside it.

use std::fs;
use std::path::{Path, PathBuf};

use super::FOLDER;
use crate::error::Error;

#[derive(Debug)]
pub(super) struct Paths {
    pub(super) part: PathBuf,
    pub(super) from: PathBuf,
    pub(super) target: PathBuf,
}

impl Paths {
    pub(super) fn of(target: &Path) -> Result<Paths, Error> {
        // Write to the target of a link.
        let target = match fs::symlink_metadata(target) {
            Ok(it) if it.is_symlink() => fs::canonicalize(target).unwrap_or(target.to_owned()),
            _ => target.to_owned(),
        };
        let name = target.file_name().unwrap_or_default();
        let folder = target.with_file_name(FOLDER);
        fs::create_dir_all(&folder).map_err(Error::file(&folder))?;
        let with = |extension: &str| {
            let mut name = name.to_owned();
            name.push(extension);
            folder.join(name)
        };
        Ok(Paths {
            part: with(".part"),
            from: with(".from"),
            target,
        })
    }
}
