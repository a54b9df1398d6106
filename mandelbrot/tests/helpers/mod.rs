//! Common code for the tests of the command.

#![allow(dead_code, reason = "not every test needs every helper")]

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use assert_cmd::Command;
use assert_cmd::assert::Assert;
use mandelbrot::png_file;
use tempfile::TempDir;

/// Runs the program in its own folder, with only the flags in `words`.
pub fn mandelbrot(folder: &TempDir, words: &str) -> Assert {
    command(folder, words).assert()
}

pub fn command(folder: &TempDir, words: &str) -> Command {
    let mut command = Command::cargo_bin("mandelbrot").unwrap();
    command
        .current_dir(folder)
        .args(words.split_whitespace())
        .env_remove("OMP_NUM_THREADS")
        .env_remove("OMP_SCHEDULE")
        .env_remove("OMP_THREAD_LIMIT")
        .env_remove("OMP_MAX_ACTIVE_LEVELS");
    command
}

pub fn pixels(path: &Path) -> (u32, u32, Vec<u8>) {
    let decoder = png::Decoder::new(BufReader::new(File::open(path).unwrap()));
    let mut reader = decoder.read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut pixels).unwrap();
    (info.width, info.height, pixels)
}

pub fn flags(path: &Path) -> String {
    let file = BufReader::new(File::open(path).unwrap());
    png_file::recipe(file).unwrap().flags
}

pub fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}
