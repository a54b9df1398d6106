//! `--max-memory` is a bound: for all workers together, in every model, read from the system.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::fs;
use std::io::Write;
use std::path::Path;

use image::{DynamicImage, ImageFormat, Rgb, RgbImage};

const MIB: u64 = 1 << 20;

/// What the program takes beside its pictures.
const PROGRAM: u64 = 40 * MIB;

/// Pictures each of which takes some 70 MiB, and one with a profile that unpacks to 64 MiB.
fn pictures(folder: &Path) {
    let plain = DynamicImage::ImageRgb8(RgbImage::from_pixel(2400, 2400, Rgb([9, 99, 199])));
    let webp = support::encoded(&plain, ImageFormat::WebP);
    for number in 0..6 {
        fs::write(folder.join(format!("{number}.webp")), &webp).unwrap();
    }
    let mut packed = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    for _ in 0..64 {
        packed.write_all(&[0; MIB as usize]).unwrap();
    }
    let chunk = [b"iCCPbomb\0\0".as_slice(), &packed.finish().unwrap()].concat();
    let png = support::encoded(&support::waves(60, 40), ImageFormat::Png);
    let length = u32::try_from(chunk.len() - 4).unwrap().to_be_bytes();
    let check = support::crc(&chunk).to_be_bytes();
    let bomb = [&png[..33], &length, &chunk, &check, &png[33..]].concat();
    fs::write(folder.join("bomb.png"), bomb).unwrap();
}

#[test]
fn all_workers_together_stay_below_the_limit() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    fs::create_dir(here.join("in")).unwrap();
    pictures(&here.join("in"));
    for model in ["threads", "rayon", "async"] {
        let output = assert_cmd::Command::new(assert_cmd::cargo::cargo_bin!("thumbnails"))
            .current_dir(here)
            .args([
                "in", "-o", "out", "--force", "-j4", "--json", "--model", model,
            ])
            .args(["--max-memory", "100MiB"])
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let last: serde_json::Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
        let summary = &last["summary"];
        // All are made, one after the other where need be.
        assert_eq!(summary["made"], 7, "{model}: {text}");
        let peak = summary["peak_memory_bytes"].as_u64().unwrap();
        assert!(peak < 100 * MIB + PROGRAM, "{model}: {} MiB", peak / MIB);
    }
    // Processes can't wait for each other: each has a quarter, which is too little for these.
    assert_cmd::Command::new(assert_cmd::cargo::cargo_bin!("thumbnails"))
        .current_dir(here)
        .args([
            "in",
            "-o",
            "isolated",
            "-j4",
            "--isolate",
            "--max-memory",
            "100MiB",
        ])
        .assert()
        .code(1)
        .stderr(predicates::str::contains("--max-memory allows more"));
}
