//! Draws pictures again from their files, also from files of strangers.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod helpers;

use std::fs;

use helpers::*;
use mandelbrot::paint::Picture;
use mandelbrot::png_file::{self, Recipe};
use predicates::str::contains;
use tempfile::TempDir;

/// A picture of one pixel with `flags` in its recipe.
fn stranger(folder: &TempDir, name: &str, flags: &str) {
    let recipe = Recipe {
        flags: flags.to_owned(),
        palette: None,
    };
    let picture = Picture {
        width: 1,
        height: 1,
        rgb: vec![0; 3],
    };
    let mut bytes = Vec::new();
    png_file::encode(&picture, &recipe, &mut bytes).unwrap();
    fs::write(folder.path().join(name), bytes).unwrap();
}

#[test]
fn a_recipe_can_say_no_more_than_what_a_picture_is() {
    let folder = folder();
    for (flags, reason) in [
        (
            "-W 2 -o /etc/passwd",
            "its text chunk: error: unexpected argument '-o'",
        ),
        (
            "--help",
            "its text chunk: error: unexpected argument '--help'",
        ),
        ("-W 99999999 -H 99999999", "needs "),
        (
            "\u{1b}[31mbad",
            "its text chunk: error: unexpected argument",
        ),
        (
            "-W 2 --model omp-static --jobs 1000",
            "1000 workers: at most 64",
        ),
    ] {
        stranger(&folder, "bad.png", flags);
        let error = mandelbrot(&folder, "again bad.png").code(2);
        let stderr = String::from_utf8(error.get_output().stderr.clone()).unwrap();
        assert!(!stderr.contains('\u{1b}'), "{stderr}");
        assert!(stderr.contains(reason), "{flags}: {stderr}");
    }
}

/// If the named file were opened, reading it would block.
#[test]
fn a_recipe_opens_no_file() {
    let folder = folder();
    fs::write(folder.path().join("own.gpl"), "GIMP Palette\n1 2 3\n").unwrap();
    for name in ["own.gpl", "/dev/zero", "/etc/passwd"] {
        stranger(&folder, "bad.png", &format!("-W 2 -H 2 --palette {name}"));
        mandelbrot(&folder, "again bad.png")
            .code(2)
            .stderr(contains(format!(
                "{name}: no such palette; built-in palettes are workshop"
            )));
    }
}

#[test]
fn the_kernel_belongs_to_the_recipe() {
    let folder = folder();
    // `fast` differs from `exact` in some dozens of these pixels.
    let place = "--view elephant -W 200 -H 150 --kernel exact";
    mandelbrot(&folder, &format!("{place} -o a.png")).success();
    mandelbrot(&folder, "again a.png").success();
    let read = |name: &str| fs::read(folder.path().join(name)).unwrap();
    assert!(read("a.png") == read("a-again.png"));
    mandelbrot(&folder, "again a.png --kernel fast -o b.png").success();
    assert!(pixels(&folder.path().join("a.png")) != pixels(&folder.path().join("b.png")));
}

#[test]
fn a_picture_by_workers_is_drawn_again_by_as_many() {
    let folder = folder();
    let words = "-W 200 -H 150 --paint workers --model omp-static -j 3 -o a.png";
    mandelbrot(&folder, words).success();
    mandelbrot(&folder, "again a.png -o b.png").success();
    let read = |name: &str| fs::read(folder.path().join(name)).unwrap();
    assert!(read("a.png") == read("b.png"));
    mandelbrot(&folder, "again a.png -o c.png --paint counts").success();
    assert!(!flags(&folder.path().join("c.png")).contains("--model"));
}

#[test]
fn drawing_again_keeps_the_picture_it_is_made_of() {
    let folder = folder();
    let read = |name: &str| fs::read(folder.path().join(name)).unwrap();
    mandelbrot(&folder, "-W 20 -H 10 -q").success();
    let before = read("mandelbrot.png");
    mandelbrot(&folder, "again mandelbrot.png --zoom 2x").success();
    assert!(read("mandelbrot.png") == before);
    assert!(flags(&folder.path().join("mandelbrot-again.png")).contains("--zoom 2.0"));
    // An explicit -o may replace the file.
    mandelbrot(&folder, "again mandelbrot.png --zoom 2x -o mandelbrot.png").success();
    assert!(read("mandelbrot.png") != before);
}

#[test]
fn a_picture_of_somebody_else_is_not_replaced_unless_named() {
    let folder = folder();
    let path = folder.path().join("mandelbrot.png");
    fs::write(&path, "my holidays").unwrap();
    mandelbrot(&folder, "-W 20 -H 10").code(2).stderr(contains(
        "mandelbrot.png: exists, and is not from this program",
    ));
    assert_eq!(fs::read(&path).unwrap(), b"my holidays");
    mandelbrot(&folder, "-W 20 -H 10 -o mandelbrot.png").success();
}
