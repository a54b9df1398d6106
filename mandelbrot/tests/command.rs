//! Tests of the command: pictures, formats, errors.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;

use assert_cmd::assert::Assert;
use predicates::boolean::PredicateBooleanExt;
use predicates::str::{contains, is_empty, starts_with};

mod helpers;

use helpers::*;

#[test]
fn without_flags_every_model_draws_the_workshops_picture_and_all_agree() {
    let folder = folder();
    mandelbrot(&folder, "")
        .success()
        // With a kernel that is slow enough for a comparison: the fast one takes milliseconds.
        .stdout(
            contains("all 10 models agree: the same 307200 counts")
                .and(contains("kernel textbook")),
        );
    let (width, height, rgb) = pixels(&folder.path().join("mandelbrot.png"));
    assert_eq!((width, height), (640, 480));
    let pixel = |x: usize, y: usize| &rgb[3 * (y * 640 + x)..][..3];
    // A point that leaves at once has count 1. The middle never leaves: 1000 % 8, 1000 % 16, 1000 %
    // 32.
    assert_eq!(pixel(0, 0), [32, 16, 8]);
    assert_eq!(pixel(400, 240), [0, 128, 64]);
}

#[test]
fn every_model_and_kernel_makes_the_same_file() {
    let folder = folder();
    let draw = |words: &str| {
        let words = format!("-W 200 -H 150 -n 300 -q -o a.png {words}");
        mandelbrot(&folder, &words).success().stderr(is_empty());
        fs::read(folder.path().join("a.png")).unwrap()
    };
    let expected = draw("--kernel exact --model serial");
    for model in [
        "threads",
        "processes",
        "shared-memory",
        "omp",
        "omp-static",
        "omp-dynamic",
        "omp-guided",
        "rayon",
        "rayon-pixels",
        "async",
    ] {
        assert!(
            draw(&format!("--kernel exact --model {model} -j 3")) == expected,
            "{model}"
        );
    }
    // Another kernel gives another recipe, but the same pixels.
    let before = pixels(&folder.path().join("a.png"));
    draw("--kernel textbook --model rayon");
    assert!(pixels(&folder.path().join("a.png")) == before);
}

#[test]
fn a_picture_can_be_drawn_again_with_changes() {
    let folder = folder();
    let path = |name: &str| folder.path().join(name);
    fs::write(
        path("two.gpl"),
        "GIMP Palette\nName: zwei Töne\n1 2 3\n200 100 50\n",
    )
    .unwrap();
    let place = "--view seahorse -W 64 -H 48 --smooth --aa 2 --palette two.gpl -n 500";
    mandelbrot(&folder, &format!("{place} -o first.png")).success();
    fs::remove_file(path("two.gpl")).unwrap();
    mandelbrot(&folder, "again first.png -o second.png").success();
    assert_eq!(
        fs::read(path("first.png")).unwrap(),
        fs::read(path("second.png")).unwrap()
    );
    mandelbrot(&folder, "again second.png --zoom 2x -W 32 -o third.png").success();
    let flags = flags(&path("third.png"));
    assert!(
        flags.starts_with("-W 32 -H 48 -n 500 --center -0.745,0.113 --zoom 240.0"),
        "{flags}"
    );
    mandelbrot(
        &folder,
        "again third.png --view elephant --smooth=false -o 4.png",
    )
    .success();
    let flags = self::flags(&path("4.png"));
    assert!(
        flags.contains("-n 2000 --center 0.282,0.0095 --zoom 160.0"),
        "{flags}"
    );
    assert!(!flags.contains("--smooth"), "{flags}");
}

#[test]
fn formulas_replace_each_other() {
    let folder = folder();
    let path = folder.path().join("a.png");
    mandelbrot(&folder, "--julia -0.8,0.156 -W 20 -H 20 -o a.png").success();
    assert!(flags(&path).contains("--center 0.0,0.0 --zoom 1.0 --julia -0.8,0.156"));
    mandelbrot(&folder, "again a.png --burning-ship -o a.png").success();
    let flags = flags(&path);
    assert!(
        flags.contains("--burning-ship") && !flags.contains("--julia"),
        "{flags}"
    );
}

#[test]
fn a_picture_goes_to_standard_output_and_nothing_else_does() {
    let folder = folder();
    let assert = mandelbrot(&folder, "-o - -W 30 -H 20 --model all").success();
    let output = assert
        .stderr(contains("all 10 models agree"))
        .get_output()
        .clone();
    fs::write(folder.path().join("a.png"), output.stdout).unwrap();
    let (width, height, _) = pixels(&folder.path().join("a.png"));
    assert_eq!((width, height), (30, 20));
}

#[test]
fn json_tells_what_was_done() {
    let folder = folder();
    let assert = mandelbrot(&folder, "--json -q -W 30 -H 20 --model omp-static -j 2").success();
    let json: serde_json::Value = serde_json::from_slice(&assert.get_output().stdout).unwrap();
    assert_eq!(json["model"], "omp-static");
    assert_eq!(json["workers"], 2);
    assert_eq!(json["output"], "mandelbrot.png");
    assert!(json["iterations"].as_u64().unwrap() > 600);
}

#[test]
fn workers_paint_their_share() {
    let folder = folder();
    mandelbrot(&folder, "--paint workers --model omp-static -j 4 -q").success();
    let (width, _, rgb) = pixels(&folder.path().join("mandelbrot.png"));
    let left_edge: Vec<&[u8]> = rgb
        .chunks(3 * width as usize)
        .map(|row| &row[..3])
        .collect();
    let shares: Vec<_> = left_edge.chunk_by(|a, b| a == b).map(<[_]>::len).collect();
    // 69 bands of seven rows for four workers: 18, 17, 17, 17. The last band is shorter.
    assert_eq!(shares, [126, 119, 119, 116]);
}

#[test]
fn the_environment_of_openmp_is_honoured() {
    let folder = folder();
    let run = |name: &str, value: &str, words: &str| {
        let mut command = command(&folder, &format!("-W 30 -H 20 --json -q {words}"));
        command.env(name, value).assert()
    };
    let workers = |assert: Assert| {
        let output = assert.success().get_output().stdout.clone();
        serde_json::from_slice::<serde_json::Value>(&output).unwrap()["workers"].clone()
    };
    assert_eq!(workers(run("OMP_NUM_THREADS", "3,2", "--model omp")), 3);
    assert_eq!(workers(run("OMP_NUM_THREADS", "3", "--model omp -j 2")), 2);
    run("OMP_SCHEDULE", "fastest", "--model omp")
        .code(2)
        .stderr(contains("OMP_SCHEDULE=fastest: not static"));
    run("OMP_NUM_THREADS", "none", "--model omp-static")
        .code(2)
        .stderr(contains("OMP_NUM_THREADS=none: not numbers"));
}

#[test]
fn a_zoom_is_drawn_once_and_completed_when_frames_are_missing() {
    let folder = folder();
    let zoom = "zoom --to -0.745,0.113 --frames 4 --until 100 -W 32 -H 24 -o film";
    mandelbrot(&folder, zoom)
        .success()
        .stderr(contains("4 frames written, 0 kept"));
    let frame = |n: u32| folder.path().join(format!("film/frame-000{n}.png"));
    assert_eq!(
        flags(&frame(1)),
        "-W 32 -H 24 -n 1000 --center -0.745,0.113 --zoom 1.0 --palette workshop --kernel fast"
    );
    // Iterations grow with the depth: a thousand for each factor of ten.
    assert!(
        flags(&frame(4)).starts_with("-W 32 -H 24 -n 3000 --center -0.745,0.113 --zoom 100.0 ")
    );
    let last = fs::read(frame(4)).unwrap();
    fs::remove_file(frame(2)).unwrap();
    fs::write(frame(3), "half a file").unwrap();
    mandelbrot(&folder, zoom)
        .success()
        .stderr(contains("2 frames written, 2 kept"));
    assert_eq!(fs::read(frame(4)).unwrap(), last);
    assert_eq!(fs::read_dir(folder.path().join("film")).unwrap().count(), 4);
    // A different picture makes the frames different.
    mandelbrot(&folder, &format!("{zoom} --smooth"))
        .success()
        .stderr(contains("4 frames written, 0 kept"));
}

#[test]
fn what_is_wrong_is_told_in_one_line_and_nothing_is_written() {
    let folder = folder();
    let path = |name: &str| folder.path().join(name);
    fs::create_dir(path("d")).unwrap();
    fs::write(path("junk"), "GIF89a").unwrap();
    let mut plain = Vec::new();
    let mut writer = png::Encoder::new(&mut plain, 1, 1).write_header().unwrap();
    writer.write_image_data(&[0]).unwrap();
    writer.finish().unwrap();
    fs::write(path("plain.png"), plain).unwrap();
    for (words, reason) in [
        ("-W 0", "--width <N>: 0: at least 1 pixel"),
        ("-H -1", "--height <N>: -1: "),
        (
            "-W 100000 -H 1e5",
            "100000x100000: needs 65.2 GiB of memory, and 2.00 GiB",
        ),
        ("-W 1e9 -H 1e9 --aa 16", "needs more than 16 EiB"),
        (
            "--memory 1KiB",
            "640x480: needs 4.40 MiB of memory, and 1.00 KiB",
        ),
        ("--center nan,0", "--center <RE,IM>: nan,0: not finite"),
        ("--center 1", "--center <RE,IM>: 1: not two numbers"),
        (
            "--zoom -1",
            "--zoom <ZOOM>: -1: not a finite number above 0",
        ),
        ("--zoom 1e291", "zoom 1.0e291: the deepest is 1e290"),
        ("--zoom 1e400", "--zoom <ZOOM>: 1e400: the deepest is 1e290"),
        ("--zoom inf", "--zoom <ZOOM>: inf: not a finite number"),
        (
            "--zoom 1e15 --kernel exact",
            "zoom 1.0e15: too deep for f64, whose limit at -0.75+0i",
        ),
        ("--view moon", "--view <NAME>: moon: no such view"),
        ("-n 0", "--niter <N>: 0: from 1 to"),
        ("--julia 2,1", "2+1i: a Julia set's constant"),
        (
            "--palette junk",
            "--palette <NAME|FILE>: junk: not a palette",
        ),
        ("--palette none.gpl", "--palette <NAME|FILE>: none.gpl: "),
        ("-o none/a.png", "none/a.png: "),
        ("-o d", "d: a folder"),
        ("-o x.jpg", "x.jpg: pictures are written as PNG"),
        (
            "-o x.png --trace x.png",
            "x.png: --trace and the picture are two files",
        ),
        (
            "--timeline=./mandelbrot.png",
            "--timeline and the picture are two files",
        ),
        (
            "zoom --to 0,0 -o d --trace ./d/frame-0001.png",
            "frame-0001.png: --trace and the picture are two files",
        ),
        ("--palette /dev/zero", "/dev/zero: larger than 4 MiB"),
        (
            "-o - --json",
            "--json: standard output is used for the picture",
        ),
        ("again none.png", "none.png: "),
        ("again junk", "junk: not a PNG that can be read"),
        (
            "again plain.png",
            "plain.png: a PNG that does not say how it was made",
        ),
        (
            "zoom --to -1,0.3 --until 1e30 --burning-ship",
            "zoom 1.0e30: too deep for f64",
        ),
        ("--zoom 1e300", "zoom 1.0e300: the deepest is 1e290"),
        (
            "--julia 0,0 --kernel perturbation",
            "--kernel perturbation: for the Mandelbrot set only",
        ),
        (
            "--zoom 1e30 --shortcuts bulbs",
            "--shortcuts: --kernel perturbation supports only borders",
        ),
        ("zoom --to 0,0 -o junk", "junk: cannot be made"),
        (
            "--shortcuts borders --model omp",
            "--shortcuts borders: works by --model rayon",
        ),
        (
            "--paint workers --model processes",
            "--paint workers: for one model that has threads",
        ),
    ] {
        mandelbrot(&folder, words)
            .code(2)
            .stdout(is_empty())
            .stderr(
                starts_with("error: ")
                    .and(contains(reason))
                    .and(contains("\n").count(1)),
            );
    }
    let mut left: Vec<_> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    left.sort();
    assert_eq!(left, ["d", "junk", "plain.png"]);
}

/// The number of iterations is printed only if none was skipped.
#[test]
fn iterations_are_told_only_where_they_were_done() {
    let folder = folder();
    let told = |words: &str| {
        let words = format!("-W 60 -H 40 --json {words}");
        let output = mandelbrot(&folder, &words).success().get_output().clone();
        let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let seconds = |name: &str| json[name].as_f64().unwrap();
        // The whole command's time: colours and file come after the counts.
        assert!(seconds("counting_seconds") < seconds("wall_seconds"));
        let stderr = String::from_utf8(output.stderr).unwrap();
        (
            json["iterations"].is_u64(),
            stderr.contains("G iterations/s"),
        )
    };
    assert_eq!(told(""), (true, true));
    assert_eq!(told("--smooth"), (true, true));
    assert_eq!(told("--shortcuts bulbs"), (false, false));
    assert_eq!(told("--shortcuts periodicity"), (false, false));
    assert_eq!(told("--shortcuts borders"), (false, false));
}

/// 20 million points: 80 MB of counts and 60 MB of colours. The rest of the process's limit is for
/// code, stacks and arenas.
#[cfg(target_os = "linux")]
#[test]
fn a_picture_takes_no_more_memory_than_it_says() {
    let folder = folder();
    let picture = "-W 5000 -H 4000 -n 1 -q --memory 134MiB --model omp-static -j 2";
    for words in [picture.to_owned(), format!("{picture} --paint workers")] {
        let command = format!(
            "ulimit -v {}; exec {} {words}",
            (134 + 160) * 1024,
            env!("CARGO_BIN_EXE_mandelbrot")
        );
        let status = std::process::Command::new("sh")
            .args(["-c", &command])
            .env("MALLOC_ARENA_MAX", "1")
            .current_dir(&folder)
            .status()
            .unwrap();
        assert!(status.success(), "{words}");
    }
}

/// By threads and by processes, and drawn again with all digits.
#[test]
fn a_deep_zoom_is_drawn_by_perturbation() {
    let folder = folder();
    let place = "--view minibrot-1e30 -W 40 -H 30";
    for model in ["threads", "processes", "rayon"] {
        mandelbrot(
            &folder,
            &format!("{place} --model {model} -j 2 -o {model}.png"),
        )
        .success()
        .stderr(contains("perturbation"));
    }
    let read = |name: &str| fs::read(folder.path().join(name)).unwrap();
    assert!(read("threads.png") == read("processes.png"));
    assert!(read("threads.png") == read("rayon.png"));
    mandelbrot(&folder, "again threads.png -o again.png").success();
    assert!(read("threads.png") == read("again.png"));
    let (_, _, rgb) = pixels(&folder.path().join("again.png"));
    let colors: std::collections::HashSet<_> = rgb.chunks(3).collect();
    assert!(colors.len() > 20, "{}", colors.len());
    mandelbrot(
        &folder,
        "--center -0.75,0.1 --zoom 1e12 --kernel exact -W 9 -H 9 -o r.png",
    )
    .success()
    .stderr(contains("warning: at this depth f64 rounds too much"));
}

#[test]
fn palettes_and_views_are_listed() {
    let folder = folder();
    mandelbrot(&folder, "views")
        .success()
        .stdout(contains("seahorse"));
    mandelbrot(&folder, "palette fire")
        .success()
        .stdout(starts_with("GIMP Palette\nName: fire\n"));
}
