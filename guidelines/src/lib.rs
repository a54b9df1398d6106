#![doc = include_str!("../README.md")]

// Figures: how they are taken, and when two of them differ.
pub mod book;
pub mod figure;
pub mod sample;

// The machine, and processes of our own.
pub mod child;
pub mod jobs;
pub mod machine;
pub mod memory;
pub mod wait;

// What is measured.
pub mod cluster;
pub mod costs;
pub mod crossover;
pub mod measure;
pub mod python;
pub mod your_work;

// What follows.
pub mod choose;
pub mod compare;
pub mod decisions;
pub mod report;
pub mod view;

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// The text of a file, if it is not longer than `most` bytes. A pipe or a device has no length
/// beforehand, and may be endless.
///
/// # Errors
///
/// When the file can't be read, is longer, or is not UTF-8.
pub fn read_at_most(file: &Path, most: u64) -> io::Result<String> {
    let mut text = String::new();
    let read = File::open(file)?.take(most + 1).read_to_string(&mut text)?;
    match read as u64 > most {
        true => Err(io::Error::other(format!("longer than {most} bytes"))),
        false => Ok(text),
    }
}
