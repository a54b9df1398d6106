//! `--max-memory` limits all workers together, in every model, as measured by the system.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::fs;
use std::io::Write;
use std::path::Path;

use image::{DynamicImage, ImageFormat, Rgb, RgbImage};

const MIB: u64 = 1 << 20;

/// The memory of the program besides its pictures.
const PROGRAM: u64 = 40 * MIB;

/// Pictures that need about 70 MiB each, and one whose profile needs 56 MiB.
fn pictures(folder: &Path) {
    let plain = DynamicImage::ImageRgb8(RgbImage::from_pixel(2400, 2400, Rgb([9, 99, 199])));
    let webp = support::encoded(&plain, ImageFormat::WebP);
    for number in 0..6 {
        fs::write(folder.join(format!("{number}.webp")), &webp).unwrap();
    }
    let mut packed = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    // A profile begins with its size.
    packed.write_all(&(8_u32 << 20).to_be_bytes()).unwrap();
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
        // All are made, if necessary one after the other.
        assert_eq!(summary["made"], 7, "{model}: {text}");
        let peak = summary["peak_memory_bytes"].as_u64().unwrap();
        assert!(peak < 100 * MIB + PROGRAM, "{model}: {} MiB", peak / MIB);
    }
}

/// The sum of the peak memory of all processes of a run: the program and all its workers. The
/// system keeps the peak of each process, which is read while it runs.
fn run_and_add_up(words: &[&str], folder: &Path) -> (std::process::Output, u64, usize) {
    let mut child = std::process::Command::new(assert_cmd::cargo::cargo_bin!("thumbnails"))
        .current_dir(folder)
        .args(words)
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let peak = |pid: &str| {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
        let line = status.lines().find_map(|it| it.strip_prefix("VmHWM:"))?;
        line.trim().strip_suffix(" kB")?.parse::<u64>().ok()
    };
    let parent = child.id().to_string();
    let mut peaks = std::collections::HashMap::new();
    while child.try_wait().unwrap().is_none() {
        // Threads start the workers, and each thread has its own list of children.
        let threads = fs::read_dir(format!("/proc/{parent}/task"));
        let lists = threads
            .into_iter()
            .flatten()
            .flatten()
            .filter_map(|it| fs::read_to_string(it.path().join("children")).ok());
        let children: String = lists.collect::<Vec<_>>().join(" ");
        for pid in children.split_whitespace().chain([parent.as_str()]) {
            if let Some(kilobytes) = peak(pid) {
                let most: &mut u64 = peaks.entry(pid.to_owned()).or_default();
                *most = kilobytes.max(*most);
            }
        }
        std::thread::yield_now();
    }
    let output = child.wait_with_output().unwrap();
    (output, peaks.values().sum::<u64>() << 10, peaks.len())
}

#[test]
fn all_processes_together_stay_below_the_limit() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    fs::create_dir(here.join("in")).unwrap();
    pictures(&here.join("in"));
    for how in [&["--isolate"][..], &["--model", "processes"]] {
        // Processes can't wait for each other: each has a quarter of the limit.
        for (limit, made) in [(400, true), (100, false)] {
            let words = ["in", "-o", "out", "--force", "-j4", "--max-memory"];
            let limit_word = format!("{limit}MiB");
            let words = [&words[..], &[&limit_word], how].concat();
            let (output, peak, processes) = run_and_add_up(&words, here);
            let text = String::from_utf8(output.stderr).unwrap();
            assert_eq!(output.status.code(), Some(i32::from(!made)), "{text}");
            assert_eq!(text.contains("--max-memory allows more"), !made, "{text}");
            // Pages of the program that all processes share are counted for each.
            let most = limit * MIB + processes as u64 * PROGRAM;
            assert!(
                peak < most,
                "{words:?}: {} MiB, {processes} processes",
                peak / MIB
            );
            assert!(peak > MIB, "nothing was read");
        }
    }
}

/// A PNG of `side` x `side` transparent pixels: a hundred repetitions of the same compressed rows.
fn transparent_png(side: u32) -> Vec<u8> {
    let length = (4 * side as usize + 1) * side as usize;
    let rows = vec![0; length / 100];
    let mut block = Vec::with_capacity(1 << 20);
    let mut deflate = flate2::Compress::new(flate2::Compression::fast(), false);
    let flush = flate2::FlushCompress::Full;
    deflate.compress_vec(&rows, &mut block, flush).unwrap();
    assert_eq!(deflate.total_in(), rows.len() as u64);
    // Adler's checksum of this number of zeros; before it, an empty final block.
    let check = ((length % 65_521) as u32) << 16 | 1;
    let data = [
        &[0x78, 1][..],
        &block.repeat(100),
        &[3, 0],
        &check.to_be_bytes(),
    ]
    .concat();
    let sides = [side.to_be_bytes(), side.to_be_bytes()].concat();
    let header = [&sides[..], &[8, 6, 0, 0, 0]].concat();
    let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
    for (kind, data) in [(b"IHDR", &header[..]), (b"IDAT", &data), (b"IEND", &[])] {
        let chunk = [&kind[..], data].concat();
        png.extend((data.len() as u32).to_be_bytes());
        png.extend(&chunk);
        png.extend(support::crc(&chunk).to_be_bytes());
    }
    png
}

/// 400 MB of pixels: its rows are shrunk while they are read, or it is refused before.
#[test]
fn a_hundred_megapixels_with_alpha_stay_below_the_limit() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    fs::write(here.join("large.png"), transparent_png(10_000)).unwrap();
    for (size, made) in [("256", 1), ("8000", 0)] {
        let output = assert_cmd::Command::new(assert_cmd::cargo::cargo_bin!("thumbnails"))
            .current_dir(here)
            .args(["large.png", "-o", size, "-s", size, "--json"])
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let last: serde_json::Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
        assert_eq!(last["summary"]["made"], made, "{text}");
        assert_eq!(
            text.contains("--max-memory allows more"),
            made == 0,
            "{text}"
        );
        let peak = last["summary"]["peak_memory_bytes"].as_u64().unwrap();
        assert!(peak < 512 * MIB, "{} MiB", peak / MIB);
    }
}

/// A profile for inks with a table of `steps` values in each of four directions (ICC.1, `lut8Type`).
fn profile(steps: u8) -> Vec<u8> {
    let mut table = b"mft1\0\0\0\0\x04\x03".to_vec();
    table.extend([steps, 0]);
    for at in 0..9 {
        table.extend(u32::to_be_bytes(u32::from(at % 4 == 0) << 16));
    }
    let curve: Vec<u8> = (0..=255).collect();
    table.extend(curve.repeat(4));
    table.resize(table.len() + 3 * usize::from(steps).pow(4), 100);
    table.extend(curve.repeat(3));
    let mut whole = vec![0; 128];
    for (at, text) in [(12, b"prtr"), (16, b"CMYK"), (20, b"Lab "), (36, b"acsp")] {
        whole[at..at + 4].copy_from_slice(text);
    }
    whole[8] = 2;
    // The white point, in the header and as a tag.
    let white: Vec<u8> = [63_190_u32, 65_536, 54_061]
        .into_iter()
        .flat_map(u32::to_be_bytes)
        .collect();
    whole[68..80].copy_from_slice(&white);
    let white = [b"XYZ \0\0\0\0", &white[..]].concat();
    whole.extend(2_u32.to_be_bytes());
    let mut at = 128 + 4 + 2 * 12;
    for (name, data) in [(b"wtpt", &white), (b"A2B0", &table)] {
        whole.extend(name);
        whole.extend((at as u32).to_be_bytes());
        whole.extend((data.len() as u32).to_be_bytes());
        at += data.len();
    }
    whole.extend([white, table].concat());
    let length = (whole.len() as u32).to_be_bytes();
    whole[..4].copy_from_slice(&length);
    whole
}

/// A TIFF of one pixel of four inks, with a profile.
fn tiff_of_inks(profile: &[u8]) -> Vec<u8> {
    const AFTER_DIRECTORY: u32 = 8 + 2 + 10 * 12 + 4;
    let length = profile.len() as u32;
    let mut tiff = b"II*\0\x08\0\0\0\x0a\0".to_vec();
    // A tag, its type, the number of its values, and the value or its offset.
    let tags: [(u16, u16, u32, u32); 10] = [
        (256, 3, 1, 1),
        (257, 3, 1, 1),
        (258, 3, 4, AFTER_DIRECTORY),
        (259, 3, 1, 1),
        (262, 3, 1, 5),
        (273, 4, 1, AFTER_DIRECTORY + 8),
        (277, 3, 1, 4),
        (278, 3, 1, 1),
        (279, 4, 1, 4),
        (34_675, 7, length, AFTER_DIRECTORY + 12),
    ];
    for (tag, kind, count, value) in tags {
        tiff.extend(tag.to_le_bytes());
        tiff.extend(kind.to_le_bytes());
        tiff.extend(count.to_le_bytes());
        tiff.extend(value.to_le_bytes());
    }
    tiff.extend([0; 4]);
    tiff.extend([8, 0].repeat(4));
    tiff.extend([10, 200, 30, 40]);
    tiff.extend(profile);
    tiff
}

/// TIFFs with an absurd number of values in a tag: the decoder makes a list of them.
#[test]
fn the_lists_of_a_tiff_count_too() {
    const COUNT: u32 = 1_500_000;
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    // Width, bits per sample, strips and their sizes; and a profile, which is not read as a list.
    for (tag, kind, made) in [
        (256_u16, 3, false),
        (258, 3, false),
        (273, 4, false),
        (279, 4, false),
        (34_675, 7, true),
    ] {
        let mut tiff = tiff_of_inks(&[]);
        let [low, high] = tag.to_le_bytes();
        let entry = [low, high, kind, 0];
        let at = tiff.windows(4).position(|it| it == entry).unwrap();
        tiff[at + 4..at + 8].copy_from_slice(&COUNT.to_le_bytes());
        let list = (tiff.len() as u32).to_le_bytes();
        tiff[at + 8..at + 12].copy_from_slice(&list);
        tiff.resize(tiff.len() + 4 * COUNT as usize, 0);
        fs::write(here.join("lists.tif"), tiff).unwrap();
        let assert = assert_cmd::Command::new(assert_cmd::cargo::cargo_bin!("thumbnails"))
            .current_dir(here)
            .args(["lists.tif", "-o", "out", "--max-memory", "48MiB"])
            .assert();
        let text = String::from_utf8_lossy(&assert.get_output().stderr).into_owned();
        assert_eq!(text.contains("1 made"), made, "{tag}: {text}");
        assert_eq!(
            text.contains("--max-memory allows more"),
            !made,
            "{tag}: {text}"
        );
    }
}

/// A TIFF of 88x590 pixels with 5,121 samples of one bit each: 266 MB as bytes.
#[test]
fn samples_of_one_bit_count_as_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let mut tiff = tiff_of_inks(&[]);
    let end = tiff.len() as u32;
    // Width, height, bits, no ink, the strip, samples, rows and bytes of the strip: count and value.
    for (tag, count, value) in [
        (256_u16, 1_u32, 88),
        (257, 1, 590),
        (258, 1, 1),
        (262, 1, 0),
        (273, 1, end),
        (277, 1, 5121),
        (278, 1, 590),
        (279, 1, 1000),
    ] {
        let [low, high] = tag.to_le_bytes();
        let at = tiff
            .windows(4)
            .position(|it| it[0] == low && it[1] == high && it[3] == 0);
        let at = at.unwrap() + 4;
        tiff[at..at + 4].copy_from_slice(&count.to_le_bytes());
        tiff[at + 4..at + 8].copy_from_slice(&value.to_le_bytes());
    }
    tiff.resize(tiff.len() + 1000, 0xaa);
    fs::write(here.join("samples.tif"), tiff).unwrap();
    assert_cmd::Command::new(assert_cmd::cargo::cargo_bin!("thumbnails"))
        .current_dir(here)
        .args(["samples.tif", "-o", "out", "--max-memory", "200MiB"])
        .assert()
        .code(1)
        .stderr(predicates::str::contains("--max-memory allows more"));
}

/// The tables of a profile take several times its size.
#[test]
fn the_tables_of_a_profile_count_too() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let profile = profile(40);
    assert!((7..8).contains(&(profile.len() >> 20)));
    let mut jpeg = support::cmyk([10, 200, 30, 40]);
    let parts: Vec<&[u8]> = profile.chunks(65_000).collect();
    for (number, part) in parts.iter().enumerate().rev() {
        let head = [number as u8 + 1, parts.len() as u8];
        let segment = [&b"ICC_PROFILE\0"[..], &head, part].concat();
        jpeg = support::insert_behind_start(&jpeg, 0xe2, &segment);
    }
    fs::write(here.join("inks.jpg"), jpeg).unwrap();
    fs::write(here.join("inks.tif"), tiff_of_inks(&profile)).unwrap();
    for name in ["inks.jpg", "inks.tif"] {
        for (limit, made) in [("48MiB", 0), ("80MiB", 1)] {
            let output = assert_cmd::Command::new(assert_cmd::cargo::cargo_bin!("thumbnails"))
                .current_dir(here)
                .args([
                    name,
                    "-o",
                    "out",
                    "--force",
                    "--json",
                    "--max-memory",
                    limit,
                ])
                .output()
                .unwrap();
            let text = String::from_utf8(output.stdout).unwrap();
            let last: serde_json::Value =
                serde_json::from_str(text.lines().last().unwrap()).unwrap();
            assert_eq!(last["summary"]["made"], made, "{name}, {limit}: {text}");
            let peak = last["summary"]["peak_memory_bytes"].as_u64().unwrap();
            assert!(peak < 80 * MIB + PROGRAM, "{name}: {} MiB", peak / MIB);
        }
    }
}
