//! Border tracing: if a rectangle's border has a single count, its inside has the same count.
//!
//! So only borders are computed. A rectangle with several counts on its border is divided further,
//! both halves in parallel. This works because the Mandelbrot set is connected and has no holes.
//! Parts so thin that they pass between two points of a border are lost, and so are the islands of
//! other formulas. So this shortcut is for looking around, not for comparing.
//!
//! After Rico Mariani and Rollo Silver: see "Mariani/Silver Algorithm" in Robert Munafo's Mu-Ency.

use std::io;
use std::num::NonZeroUsize;

use rayon::ThreadPool;

use crate::counts::Counts;
use crate::kernels::Kernel;
use crate::par_iter;
use crate::plan::Plan;
use crate::tile::Tile;

/// A rectangle this narrow or low is computed completely: it has hardly more points than its
/// border.
const LEAST: usize = 12;

/// Runs the kernel along borders, on a rayon pool of `workers` threads.
///
/// # Errors
/// If the system refuses a thread.
///
/// # Panics
/// If the kernel panics.
pub fn run(plan: &Plan, kernel: impl Kernel, workers: NonZeroUsize) -> io::Result<Counts> {
    Ok(run_on(&par_iter::pool(workers)?, plan, kernel))
}

/// Like [`run`], on an existing pool.
///
/// # Panics
/// If the kernel panics.
pub fn run_on(pool: &ThreadPool, plan: &Plan, kernel: impl Kernel) -> Counts {
    let mut counts = Counts::new(plan);
    pool.install(|| {
        let all = draw(plan, &kernel, plan.tile());
        counts.values_mut().copy_from_slice(&all);
    });
    counts
}

fn draw(plan: &Plan, kernel: &impl Kernel, tile: Tile) -> Vec<u32> {
    let mut out = vec![0; tile.points()];
    if tile.width < LEAST || tile.height < LEAST {
        kernel(plan, tile, &mut out);
        return out;
    }
    draw_border(plan, kernel, tile, &mut out);
    let within = Tile {
        x: tile.x + 1,
        y: tile.y + 1,
        width: tile.width - 2,
        height: tile.height - 2,
    };
    if let Some(count) = one_count(tile, &out) {
        out.fill(count);
        return out;
    }
    let (one, other) = halves(within);
    let (one, other) = rayon::join(
        || (one, draw(plan, kernel, one)),
        || (other, draw(plan, kernel, other)),
    );
    for (part, counts) in [one, other] {
        paste(tile, &mut out, part, &counts);
    }
    out
}

fn draw_border(plan: &Plan, kernel: &impl Kernel, tile: Tile, out: &mut [u32]) {
    let row = |y| Tile {
        y,
        height: 1,
        ..tile
    };
    let column = |x| Tile {
        x,
        y: tile.y + 1,
        width: 1,
        height: tile.height - 2,
    };
    for edge in [
        row(tile.y),
        row(tile.y + tile.height - 1),
        column(tile.x),
        column(tile.x + tile.width - 1),
    ] {
        let mut counts = vec![0; edge.points()];
        kernel(plan, edge, &mut counts);
        paste(tile, out, edge, &counts);
    }
}

/// The count of a tile's whole border, if it has a single one.
fn one_count(tile: Tile, counts: &[u32]) -> Option<u32> {
    let first = counts[0];
    let mut rows = counts.chunks_exact(tile.width).enumerate();
    rows.all(|(y, row)| match y {
        _ if y == 0 || y == tile.height - 1 => row.iter().all(|&count| count == first),
        _ => row[0] == first && row[tile.width - 1] == first,
    })
    .then_some(first)
}

/// The two halves of a tile, cut across its longer side.
fn halves(tile: Tile) -> (Tile, Tile) {
    let (mut one, mut other) = (tile, tile);
    if tile.width >= tile.height {
        one.width = tile.width / 2;
        other.x += one.width;
        other.width -= one.width;
    } else {
        one.height = tile.height / 2;
        other.y += one.height;
        other.height -= one.height;
    }
    (one, other)
}

/// Copies the counts of a part of a tile to their place.
fn paste(tile: Tile, out: &mut [u32], part: Tile, counts: &[u32]) {
    for (y, row) in counts.chunks_exact(part.width).enumerate() {
        let start = (part.y - tile.y + y) * tile.width + part.x - tile.x;
        out[start..][..part.width].copy_from_slice(row);
    }
}
