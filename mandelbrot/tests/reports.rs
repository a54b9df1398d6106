//! Faults that users of other fractal programs and of OpenMP have reported, tried here.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod helpers;

use std::collections::HashSet;
use std::fs;

use helpers::*;
use mandelbrot::kernels::exact;
use mandelbrot::omp::Region;
use mandelbrot::{Plan, View, mariani_silver, serial};
use num_complex::Complex;
use predicates::str::contains;
use std::num::NonZeroUsize;

/// xaos-project/XaoS#15, #195 and #196: palettes of other programs, kept in the picture. The first lines
/// are those of a file that XaoS saved.
#[test]
fn a_palette_that_xaos_saved_is_read_and_kept_in_the_picture() {
    let folder = folder();
    let path = folder.path().join("xaos.gpl");
    let palette = "GIMP Palette\nName: XaoS_Palette\nColumns: 16\n#\n 10   2  15\t color_0\n\
                   139 104 129\t color_1\n 18  17  33\t color_2\n189 178   3\t color_3\n";
    fs::write(&path, palette).unwrap();
    mandelbrot(&folder, "--palette xaos.gpl -W 40 -H 30 -o a.png").success();
    fs::remove_file(&path).unwrap();
    mandelbrot(&folder, "again a.png -o b.png").success();
    let (_, _, rgb) = pixels(&folder.path().join("b.png"));
    let colors: HashSet<&[u8]> = rgb.chunks(3).collect();
    // The four of the file, and black inside the set.
    let known: [&[u8]; 5] = [
        &[10, 2, 15],
        &[139, 104, 129],
        &[18, 17, 33],
        &[189, 178, 3],
        &[0, 0, 0],
    ];
    assert_eq!(colors, HashSet::from(known));
}

/// xaos-project/XaoS#280 and #127: at its deepest zoom the picture is made of blocks. Here no two
/// neighbouring columns are equal, far beyond the depth of f64 and of 80-bit numbers.
#[test]
fn a_deep_picture_has_no_blocks() {
    let folder = folder();
    for zoom in ["1e15", "1e20", "1e33"] {
        let place = "--view spiral-1e100 -W 64 -H 48 -n 20000 --smooth -o a.png --zoom";
        mandelbrot(&folder, &format!("{place} {zoom}")).success();
        let (width, _, rgb) = pixels(&folder.path().join("a.png"));
        let row = 3 * width as usize;
        let column = |x: usize| {
            rgb.chunks(row)
                .map(|row| &row[3 * x..][..3])
                .collect::<Vec<_>>()
        };
        let equal = (1..width as usize).filter(|&x| column(x) == column(x - 1));
        assert_eq!(equal.count(), 0, "{zoom}");
    }
}

/// xaos-project/XaoS#7 and #34: some ways of colouring give a picture of one colour.
#[test]
fn no_way_of_colouring_is_blank() {
    let folder = folder();
    for palette in ["workshop", "ocean", "fire", "forest", "twilight", "gray"] {
        for smooth in ["--smooth=true", "--smooth=false"] {
            let words =
                format!("--view seahorse -W 64 -H 48 --palette {palette} {smooth} -o a.png");
            mandelbrot(&folder, &words).success();
            let (_, _, rgb) = pixels(&folder.path().join("a.png"));
            let colors: HashSet<&[u8]> = rgb.chunks(3).collect();
            assert!(colors.len() > 10, "{palette} {smooth}: {}", colors.len());
        }
    }
}

/// xaos-project/XaoS#161: a picture is asked for by the command line, and nothing comes, without a word.
#[test]
fn a_picture_by_the_command_line_is_there_or_the_reason_is_told() {
    let folder = folder();
    mandelbrot(&folder, "--view spiral -W 40 -H 30 -o a.png")
        .success()
        .stderr(contains("a.png: 40x30 in "));
    assert!(folder.path().join("a.png").is_file());
}

/// LegalizeAdulthood/iterated-dynamics#257: after a small move of the view, filling by borders leaves
/// parts of the picture out.
#[test]
fn borders_lose_nothing_when_the_view_moves_a_little() {
    let two = NonZeroUsize::new(2).unwrap();
    for step in 0..12 {
        let by = f64::from(step);
        let middle = Complex::new(-0.75 + 0.011 * by, 0.02 * by);
        let view = View::square(middle, 1.0 + 0.3 * by, 320, 240);
        let plan = Plan::new(view, 320, 240).unwrap();
        let all = serial::run(&plan, exact::fill, NonZeroUsize::MIN).unwrap();
        let traced = mariani_silver::run(&plan, exact::fill, two).unwrap();
        let pairs = all.values().iter().zip(traced.values());
        let lost = pairs.filter(|(all, traced)| all != traced).count();
        assert!(lost * 1000 <= plan.points(), "{step}: {lost}");
    }
}

/// flame/blis#267 and llvm/llvm-project#94260: regions within regions wait for ever, or stop on an
/// assertion, when inner teams are of other sizes than asked for.
#[test]
fn inner_teams_of_any_size_reduce_and_end() {
    for threads in 1..=6 {
        let sums = Region::new().threads(threads).run(|outer| {
            let own = outer.thread_num();
            let inner = Region::new().threads(own + 1).max_active_levels(2);
            let sums = inner.run(|p| {
                p.barrier();
                p.reduce(p.thread_num() + 1, |a, b| a + b)
            });
            outer.reduce(sums[0], |a, b| a + b)
        });
        // The triangular numbers up to that of `threads`, added: n (n + 1) (n + 2) / 6.
        let expected = threads * (threads + 1) * (threads + 2) / 6;
        assert_eq!(sums, vec![expected; threads]);
    }
}
