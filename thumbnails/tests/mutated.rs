//! Damaged files from elsewhere: no panic, no hang, no more memory than the limit.
//!
//! The short form runs with all tests. The full form also uses the pictures of `fetch-corpora`:
//! `cargo test -p thumbnails --test mutated -- --ignored`.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use thumbnails::{Failure, Format, Limits, Settings, Task};

/// Knuth's MMIX generator: the same damage on every machine.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % limit.max(1)
    }
}

fn below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => found.extend(below(&entry.path())),
            Ok(kind) if kind.is_file() => found.push(entry.path()),
            _ => {}
        }
    }
    found.sort();
    found
}

/// The small pictures of a folder.
fn pictures(folder: &Path) -> Vec<Vec<u8>> {
    let files = { below(folder) }
        .into_iter()
        .filter(|path| fs::metadata(path).is_ok_and(|it| it.len() < 200_000));
    let files = files.filter_map(|path| fs::read(path).ok());
    files.filter(|bytes| Format::of(bytes).is_some()).collect()
}

/// The memory limit of a picture.
const MEMORY: u64 = 128 << 20;

fn mutate(whole: &[Vec<u8>], count: usize) {
    let limits = Limits {
        pixels: 16_000_000,
        memory: MEMORY,
        ..Limits::default()
    };
    let settings = Settings {
        limits,
        size: (64, 64),
        ..Settings::default()
    };
    let nowhere = Path::new("nowhere");
    let task = Task::new(nowhere, nowhere, settings);
    let (mut made, mut damaged) = (0, 0);
    let before = common::timing::peak_memory();
    let mut most = 0;
    for number in 0..count {
        let mut random = Random(number as u64);
        let mut file = whole[random.below(whole.len())].clone();
        for _ in 0..=random.below(8) {
            let place = random.below(file.len());
            file[place] = random.below(256) as u8;
        }
        match random.below(6) {
            0 => file.truncate(random.below(file.len())),
            1 => drop(file.remove(random.below(file.len()))),
            2 => {
                let at = random.below(file.len());
                let part = file[at..(at + 1 + random.below(500)).min(file.len())].to_vec();
                file.splice(at..at, part);
            }
            _ => {}
        }
        match task.make(&file) {
            Ok(thumbnail) => {
                made += 1;
                damaged += u32::from(thumbnail.damage.is_some());
            }
            // A library's panic is caught and reported; a panic of this room's code is a fault.
            Err(Failure::Crashed(what)) => {
                let libraries = ["image.rs", "decoder", "vp8", "lossless"];
                assert!(
                    libraries.iter().any(|it| what.contains(it)),
                    "{number}: {what}"
                );
            }
            Err(Failure::TooSlow { .. }) => panic!("{number}: hangs"),
            Err(_) => {}
        }
        // The peak memory of the process, if the system reports it. It includes, besides the limit,
        // the file twice, and the allocator's caches.
        if let (Some(before), Some(peak)) = (before, common::timing::peak_memory()) {
            most = peak.saturating_sub(before);
            let start = &file[..file.len().min(40)];
            assert!(
                most < MEMORY + (32 << 20),
                "{number}: {} MiB more: {start:02x?}",
                most >> 20
            );
        }
    }
    eprintln!("{} MiB more than before", most >> 20);
    assert!(
        made > 0 && damaged > 0,
        "{made} made, {damaged} of them damaged"
    );
    eprintln!("{count} files: {made} made, {damaged} of them damaged");
}

fn ours() -> Vec<Vec<u8>> {
    let world = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/world");
    [support::whole(), pictures(&world)].concat()
}

#[test]
fn a_thousand_mutated_files_of_the_world() {
    mutate(&ours(), 1000);
}

#[test]
#[ignore = "minutes: the full form"]
fn ten_thousand_mutated_files_of_the_world_and_the_corpora() {
    let corpora = std::env::var_os("CORPORA").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/corpora"),
        PathBuf::from,
    );
    mutate(&[ours(), pictures(&corpora)].concat(), 10_000);
}
