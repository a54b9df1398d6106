//! Folders for tests of the command, and the resulting files.

use std::fs;
use std::path::Path;

use super::{corners, encoded, jpeg, waves};

/// A folder `in` with two pictures, one of them in a subfolder, a text, and optionally a broken
/// picture.
pub fn folder(broken: bool) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let pictures = folder.path().join("in");
    fs::create_dir_all(pictures.join("deep")).unwrap();
    let jpeg = jpeg(&waves(400, 300), 80);
    fs::write(pictures.join("a.jpg"), &jpeg).unwrap();
    let png = encoded(&corners(64, 32), image::ImageFormat::Png);
    // Its file extension is wrong.
    fs::write(pictures.join("deep/a.gif"), png).unwrap();
    fs::write(pictures.join("notes.txt"), "not a picture").unwrap();
    if broken {
        fs::write(pictures.join("broken.jpg"), &jpeg[..200]).unwrap();
    }
    folder
}

/// All files below a folder, without the manifest.
pub fn files(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.file_name().unwrap() != ".thumbnails.jsonl" {
                found.push(path.strip_prefix(folder).unwrap().display().to_string());
            }
        }
    }
    found.sort();
    found
}
