//! The engine of the SIMD kernels: dozens of points at once, in passes.
//!
//! The first iterations, in which most points outside leave, are counted one by one. Then the points
//! that are still inside go on in passes. A pass takes a list of points some blocks further and
//! writes down those that stay as the list of the next, closed up, so that no lane idles for long.
//! Whether a point has left is asked once a block. One that has is put, as it was before the block,
//! on a second list, whose points go through the block again, counted. Where most points are inside
//! for good, nearly all time goes to [`Group::block`], which has nothing to wait for but arithmetic.

// Arrays of vectors are gone through in step, and by number: iterators over several of them at once
// are not always inlined, and then are compiled without the instructions this is all about.
#![allow(
    clippy::needless_range_loop,
    reason = "iterators are not always inlined: see above"
)]

use std::cell::RefCell;
use std::marker::PhantomData;

use fearless_simd::prelude::*;
use fearless_simd::{Level, dispatch};
use num_complex::Complex;

use super::step::{C, Step};
use super::{smooth, textbook};
use crate::plan::{Formula, Plan};
use crate::tile::Tile;

/// Iterations that are counted one by one at first.
const FIRST: u32 = 16;

/// Iterations between two questions whether a point has left, later.
const BLOCK: u32 = 24;

/// The same where a block would lead too far.
const SHORT_BLOCK: u32 = 8;

/// Vectors side by side. The chain of one iteration is 8 cycles long where the processor starts
/// two operations a cycle: four would keep it busy if nothing came between.
const SIDE_BY_SIDE: usize = 6;

/// Vectors side by side in the first iterations, which are more operations.
const SIDE_BY_SIDE_AT_FIRST: usize = 4;

/// The most lanes that a vector has.
const MOST_LANES: usize = 8;

/// The number of each lane.
const LANE_NUMBERS: [f64; MOST_LANES] = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0];

/// Points in one list: it should stay in the second level cache.
const BATCH: usize = 8192;

/// The last group may read and write this far beyond the points.
const ROOM: usize = BATCH + SIDE_BY_SIDE * MOST_LANES;

pub(super) fn instructions() -> &'static str {
    match Level::new() {
        #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
        Level::Avx512(_) => "AVX-512",
        #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
        Level::Avx2(_) => "AVX2 and FMA",
        #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
        Level::Sse4_2(_) | Level::Sse2(_) => "SSE2",
        #[cfg(target_arch = "aarch64")]
        Level::Neon(_) => "NEON",
        _ => "scalar",
    }
}

/// Which arithmetic.
pub(super) trait Arithmetic {
    type Step<S: Simd>: Step<S>;
}

/// Fills a tile's counts with the instructions of a level.
pub(super) fn fill<A: Arithmetic>(level: Level, plan: &Plan, tile: Tile, out: &mut [u32]) {
    assert_eq!(out.len(), tile.points(), "a count for each point");
    SCRATCH.with_borrow_mut(|scratch| {
        for (index, out) in out.chunks_mut(BATCH).enumerate() {
            let first = index * BATCH;
            dispatch!(level, simd => Fill::<_, A::Step<_>> {
                simd,
                plan,
                tile,
                first,
                scratch,
                out,
                step: PhantomData,
            }.run());
        }
    });
}

/// Points under way.
struct List {
    x: [f64; ROOM],
    y: [f64; ROOM],
    re: [f64; ROOM],
    im: [f64; ROOM],
    /// Which point of the batch it is. A small number, kept as the vectors like it.
    at: [f64; ROOM],
    len: usize,
}

impl List {
    const EMPTY: List = List {
        x: [0.0; ROOM],
        y: [0.0; ROOM],
        re: [0.0; ROOM],
        im: [0.0; ROOM],
        at: [0.0; ROOM],
        len: 0,
    };

    /// Appends those lanes of x, y, re, im and at that `which` has.
    #[inline(always)]
    fn push<S: Simd<f64s = F>, F>(&mut self, [x, y, re, im, at]: [F; 5], which: F::Mask)
    where
        F: SimdFloat<S, Element = f64>,
    {
        let room = self.len..self.len + F::LEN;
        x.compress(which).store_slice(&mut self.x[room.clone()]);
        y.compress(which).store_slice(&mut self.y[room.clone()]);
        re.compress(which).store_slice(&mut self.re[room.clone()]);
        im.compress(which).store_slice(&mut self.im[room.clone()]);
        at.compress(which).store_slice(&mut self.at[room]);
        self.len += which.to_bitmask().count_ones() as usize;
    }

    fn copy_from(&mut self, other: &List) {
        let len = other.len;
        self.x[..len].copy_from_slice(&other.x[..len]);
        self.y[..len].copy_from_slice(&other.y[..len]);
        self.re[..len].copy_from_slice(&other.re[..len]);
        self.im[..len].copy_from_slice(&other.im[..len]);
        self.at[..len].copy_from_slice(&other.at[..len]);
        self.len = len;
    }
}

/// The memory of a fill.
struct Scratch {
    inside: List,
    left: List,
    /// How many iterations each point that left had behind it.
    behind: [u32; ROOM],
}

thread_local! {
    /// Kept from call to call: to clear it would take longer than many a tile.
    static SCRATCH: RefCell<Box<Scratch>> = RefCell::new(Box::new(Scratch {
        inside: List::EMPTY,
        left: List::EMPTY,
        behind: [0; ROOM],
    }));
}

/// Where the points of a few vectors are.
#[derive(Clone, Copy)]
struct Points<S: Simd, const N: usize> {
    x: [S::f64s; N],
    y: [S::f64s; N],
    /// Which lanes have a point that is still inside.
    alive: [S::mask64s; N],
}

impl<S: Simd, const N: usize> Points<S, N> {
    #[inline(always)]
    fn any_alive(&self) -> bool {
        let mut any = self.alive[0];
        for n in 1..N {
            any |= self.alive[n];
        }
        any.any_true()
    }
}

/// Vectors that are iterated together.
#[derive(Clone, Copy)]
struct Group<S: Simd, const N: usize> {
    points: Points<S, N>,
    c: [C<S>; N],
}

impl<S: Simd, const N: usize> Group<S, N> {
    /// One block further.
    #[inline(always)]
    fn block<K: Step<S>, const BLOCK: u32>(&mut self) {
        let Points { x, y, .. } = &mut self.points;
        for _ in 0..BLOCK / 2 {
            for n in 0..N {
                (x[n], y[n]) = K::twice(x[n], y[n], &self.c[n]);
            }
        }
    }

    #[inline(always)]
    fn all_inside<K: Step<S>>(&self) -> bool {
        let Points { x, y, .. } = &self.points;
        let mut all = K::is_inside(x[0], y[0]);
        for n in 1..N {
            all &= K::is_inside(x[n], y[n]);
        }
        all.all_true()
    }
}

/// Vectors from a list, 0 where no point is.
#[inline(always)]
fn load<S: Simd, const N: usize>(simd: S, list: &[f64], alive: &[S::mask64s; N]) -> [S::f64s; N] {
    let zero = S::f64s::splat(simd, 0.0);
    let mut vectors = [zero; N];
    for n in 0..N {
        let vector = S::f64s::from_slice(simd, &list[n * S::f64s::LEN..][..S::f64s::LEN]);
        vectors[n] = alive[n].select(vector, zero);
    }
    vectors
}

#[inline(always)]
fn constants<S: Simd, const N: usize>(re: &[S::f64s; N], im: &[S::f64s; N]) -> [C<S>; N] {
    let mut constants = [C::new(re[0], im[0]); N];
    for n in 1..N {
        constants[n] = C::new(re[n], im[n]);
    }
    constants
}

/// As [`textbook::in_bulbs`].
#[inline(always)]
fn in_bulbs<S: Simd>(simd: S, c: &C<S>) -> S::mask64s {
    let im = c.im * c.im;
    let from_cusp = c.re - 0.25;
    let q = from_cusp * from_cusp + im;
    let from_disc = c.re + 1.0;
    let cardioid = (q * (q + from_cusp)).simd_le(im * 0.25);
    let disc = (from_disc * from_disc + im).simd_le(S::f64s::splat(simd, 0.0625));
    cardioid | disc
}

/// Those lanes of `N` vectors that are among the first `points`.
#[inline(always)]
fn lanes_with_points<S: Simd, const N: usize>(simd: S, points: usize) -> [S::mask64s; N] {
    let mut masks = [S::mask64s::splat(simd, true); N];
    for n in 0..N {
        let lanes = points.saturating_sub(n * S::f64s::LEN).min(S::f64s::LEN);
        masks[n] = S::mask64s::from_bitmask(simd, (1 << lanes) - 1);
    }
    masks
}

/// A fill of one batch under way: the points of the tile from the one numbered `first`.
struct Fill<'a, S: Simd, K: Step<S>> {
    simd: S,
    plan: &'a Plan,
    tile: Tile,
    first: usize,
    scratch: &'a mut Scratch,
    out: &'a mut [u32],
    step: PhantomData<K>,
}

impl<S: Simd, K: Step<S>> Fill<'_, S, K> {
    #[inline(always)]
    fn run(mut self) {
        let limit = self.plan.limit();
        self.scratch.inside.len = 0;
        let mut done = self.first_iterations();
        while self.scratch.inside.len > 0 && limit - done >= SHORT_BLOCK {
            if done < 2 * BLOCK || limit - done < BLOCK {
                done = self.pass::<SHORT_BLOCK>(done);
            } else {
                done = self.pass::<BLOCK>(done);
            }
        }
        self.last_iterations(done);
    }

    /// Counts the first iterations of all points, and lists those that are still inside.
    #[inline(always)]
    fn first_iterations(&mut self) -> u32 {
        let steps = FIRST.min(self.plan.limit());
        let plan = self.plan;
        let mut done = 0;
        while done < self.out.len() {
            let point = self.first + done;
            let (row, column) = (point / self.tile.width, point % self.tile.width);
            let run = (self.tile.width - column).min(self.out.len() - done);
            let re = &plan.real_parts()[self.tile.x + column..][..run];
            let im = plan.point(self.tile.x, self.tile.y + row).im;
            for (index, re) in re.chunks(SIDE_BY_SIDE_AT_FIRST * S::f64s::LEN).enumerate() {
                let at = done + index * SIDE_BY_SIDE_AT_FIRST * S::f64s::LEN;
                self.first_iterations_of(re, im, at, steps);
            }
            done += run;
        }
        steps
    }

    /// Counts the first iterations of a few points side by side in a row.
    #[inline(always)]
    fn first_iterations_of(&mut self, re: &[f64], im: f64, at: usize, steps: u32) {
        const N: usize = SIDE_BY_SIDE_AT_FIRST;
        let (simd, count) = (self.simd, re.len());
        let zero = S::u64s::splat(simd, 0);
        let one = S::u64s::splat(simd, 1);
        let mut padded = [0.0; N * MOST_LANES];
        let re = if count == N * S::f64s::LEN {
            re
        } else {
            padded[..count].copy_from_slice(re);
            &padded
        };
        let Group { points, c } = &mut self.start::<N>(re, im, count);
        if self.plan.shortcuts().bulbs {
            for n in 0..N {
                points.alive[n] &= !in_bulbs(simd, &c[n]);
            }
        }
        let mut counted = [zero; N];
        for _ in 0..steps {
            for n in 0..N {
                let (x, y) = (points.x[n], points.y[n]);
                points.alive[n] &= K::is_inside(x, y);
                counted[n] += points.alive[n].select(one, zero);
                (points.x[n], points.y[n]) = K::once(x, y, &c[n]);
            }
            if !points.any_alive() {
                break;
            }
        }
        // On a copy: vectors that anything goes through by number stay in memory.
        let last = Group {
            points: *points,
            c: *c,
        };
        simd.vectorize(
            #[inline(always)]
            || self.write_first(&last, &counted, at, count),
        );
    }

    /// Writes down the counts of the first iterations, and lists the points still inside.
    #[inline(always)]
    fn write_first<const N: usize>(
        &mut self,
        Group { points, c }: &Group<S, N>,
        counted: &[S::u64s; N],
        at: usize,
        count: usize,
    ) {
        let (simd, lanes) = (self.simd, S::f64s::LEN);
        let lane_numbers = S::f64s::from_slice(simd, &LANE_NUMBERS[..lanes]);
        let out = &mut self.out[at..at + count];
        for (out, counted) in out.chunks_mut(lanes).zip(counted) {
            for (out, &counted) in out.iter_mut().zip(counted.as_slice()) {
                *out = counted as u32;
            }
        }
        if self.plan.shortcuts().bulbs {
            // All others count at least the iteration from 0.
            for out in out.iter_mut().filter(|out| **out == 0) {
                *out = self.plan.inside();
            }
        }
        if self.plan.is_smooth() {
            self.smooth_first(at, count);
        }
        for n in 0..N {
            if points.alive[n].any_true() {
                let here = lane_numbers + (at + n * lanes) as f64;
                let C { re, im, .. } = c[n];
                let entry = [points.x[n], points.y[n], re, im, here];
                self.scratch.inside.push(entry, points.alive[n]);
            }
        }
    }

    /// Makes counts of the first iterations smooth.
    fn smooth_first(&mut self, at: usize, count: usize) {
        let Fill { plan, tile, .. } = *self;
        for (out, number) in self.out[at..at + count].iter_mut().zip(self.first + at..) {
            let (row, column) = (number / tile.width, number % tile.width);
            let point = plan.point(tile.x + column, tile.y + row);
            let (z, c) = textbook::start(plan.formula(), point);
            if *out < plan.limit() {
                *out = smooth::count(plan.formula(), z, c, 0, *out);
            }
        }
    }

    /// Points in a row before the first iteration.
    #[inline(always)]
    fn start<const N: usize>(&self, re: &[f64], im: f64, count: usize) -> Group<S, N> {
        let simd = self.simd;
        let alive = lanes_with_points(simd, count);
        let re = load(simd, re, &alive);
        let im = [S::f64s::splat(simd, im); N];
        let zero = [S::f64s::splat(simd, 0.0); N];
        let (x, y, c) = match self.plan.formula() {
            Formula::Julia(c) => {
                let c = C::new(S::f64s::splat(simd, c.re), S::f64s::splat(simd, c.im));
                (re, im, [c; N])
            }
            Formula::Mandelbrot | Formula::BurningShip => (zero, zero, constants(&re, &im)),
        };
        Group {
            points: Points { x, y, alive },
            c,
        }
    }

    /// Takes all points that are inside as far again as they are.
    #[inline(always)]
    fn pass<const BLOCK: u32>(&mut self, done: u32) -> u32 {
        let left = self.plan.limit() - done;
        let blocks = (done / BLOCK).clamp(1, left / BLOCK);
        let total = std::mem::take(&mut self.scratch.inside.len);
        let mut first = 0;
        while first < total {
            self.pass_of::<BLOCK>(first, total, done, blocks);
            first += SIDE_BY_SIDE * S::f64s::LEN;
        }
        self.count_those_that_left(BLOCK);
        done + blocks * BLOCK
    }

    /// Takes a group of points further, from `first` of the list.
    #[inline(always)]
    fn pass_of<const BLOCK: u32>(&mut self, first: usize, total: usize, done: u32, blocks: u32) {
        let simd = self.simd;
        let list = &self.scratch.inside;
        let alive = lanes_with_points(simd, total - first);
        let mut group: Group<S, SIDE_BY_SIDE> = Group {
            points: Points {
                x: load(simd, &list.x[first..], &alive),
                y: load(simd, &list.y[first..], &alive),
                alive,
            },
            c: self.constants(first, &alive),
        };
        let periodicity = self.plan.shortcuts().periodicity;
        for block in 0..blocks {
            let (old_x, old_y) = (group.points.x, group.points.y);
            group.block::<K, BLOCK>();
            if periodicity || !group.all_inside::<K>() {
                // On copies, as above.
                let old = [old_x, old_y];
                let mut new = group.points;
                let behind = done + block * BLOCK;
                simd.vectorize(
                    #[inline(always)]
                    || self.sort_out(&old, &mut new, first, behind),
                );
                group.points = new;
                if !new.any_alive() {
                    return;
                }
                group.c = self.constants(first, &new.alive);
            }
        }
        let rest = group.points;
        simd.vectorize(
            #[inline(always)]
            || self.keep(&rest, first),
        );
    }

    /// What the points of the list from `first` on add. A lane without a point adds 0.
    #[inline(always)]
    fn constants<const N: usize>(&self, first: usize, alive: &[S::mask64s; N]) -> [C<S>; N] {
        let list = &self.scratch.inside;
        let re = load(self.simd, &list.re[first..], alive);
        let im = load(self.simd, &list.im[first..], alive);
        constants(&re, &im)
    }

    /// Lists the points that left in a block, and silences their lanes: they iterate 0 from now on,
    /// which never leaves.
    #[inline(always)]
    fn sort_out<const N: usize>(
        &mut self,
        [old_x, old_y]: &[[S::f64s; N]; 2],
        Points { x, y, alive }: &mut Points<S, N>,
        first: usize,
        behind: u32,
    ) {
        let (simd, lanes) = (self.simd, S::f64s::LEN);
        let zero = S::f64s::splat(simd, 0.0);
        let periodicity = self.plan.shortcuts().periodicity;
        for n in 0..N {
            if periodicity {
                self.retire_those_that_are_back(first + n * lanes, x[n], y[n], &mut alive[n]);
                x[n] = alive[n].select(x[n], zero);
                y[n] = alive[n].select(y[n], zero);
            }
            let inside = K::is_inside(x[n], y[n]);
            if inside.all_true() {
                continue;
            }
            let from = first + n * lanes;
            let Scratch {
                inside: list,
                left,
                behind: behinds,
            } = &mut *self.scratch;
            let vector =
                |from_list: &[f64; ROOM]| S::f64s::from_slice(simd, &from_list[from..from + lanes]);
            behinds[left.len..left.len + lanes].fill(behind);
            let entry = [
                old_x[n],
                old_y[n],
                vector(&list.re),
                vector(&list.im),
                vector(&list.at),
            ];
            left.push(entry, !inside);
            alive[n] &= inside;
            x[n] = inside.select(x[n], zero);
            y[n] = inside.select(y[n], zero);
        }
    }

    /// Points that are where they were when the pass began go round for ever. Passes double in
    /// length, so this is Brent's method, as in the textbook kernel.
    #[inline(always)]
    fn retire_those_that_are_back(
        &mut self,
        from: usize,
        x: S::f64s,
        y: S::f64s,
        alive: &mut S::mask64s,
    ) {
        let lanes = S::f64s::LEN;
        let list = &self.scratch.inside;
        let old_x = S::f64s::from_slice(self.simd, &list.x[from..from + lanes]);
        let old_y = S::f64s::from_slice(self.simd, &list.y[from..from + lanes]);
        let back = x.simd_eq(old_x) & y.simd_eq(old_y) & *alive;
        for lane in (0..lanes).filter(|lane| back.to_bitmask() >> lane & 1 == 1) {
            self.out[list.at[from + lane] as usize] = self.plan.inside();
        }
        *alive &= !back;
    }

    /// Lists the points that are inside at the end of a pass.
    #[inline(always)]
    fn keep<const N: usize>(&mut self, Points { x, y, alive }: &Points<S, N>, first: usize) {
        let (simd, lanes) = (self.simd, S::f64s::LEN);
        let list = &mut self.scratch.inside;
        for n in 0..N {
            let from = first + n * lanes;
            let vector =
                |from_list: &[f64; ROOM]| S::f64s::from_slice(simd, &from_list[from..from + lanes]);
            let entry = [
                x[n],
                y[n],
                vector(&list.re),
                vector(&list.im),
                vector(&list.at),
            ];
            // What it overwrites has been read: the list grows no faster than it is worked off.
            list.push(entry, alive[n]);
        }
    }

    /// Takes the points that left up to `steps` further from where they were, and counts.
    #[inline(always)]
    fn count_those_that_left(&mut self, steps: u32) {
        let (simd, lanes) = (self.simd, S::f64s::LEN);
        let one = S::u64s::splat(simd, 1);
        let zero = S::u64s::splat(simd, 0);
        let list = &mut self.scratch.left;
        let total = std::mem::take(&mut list.len);
        for first in (0..total).step_by(lanes) {
            let load = |from: &[f64; ROOM]| S::f64s::from_slice(simd, &from[first..][..lanes]);
            let (mut x, mut y) = (load(&list.x), load(&list.y));
            let c = C::new(load(&list.re), load(&list.im));
            let mut inside = S::mask64s::splat(simd, true);
            let mut counted = zero;
            for _ in 0..steps {
                inside &= K::is_inside(x, y);
                counted += inside.select(one, zero);
                (x, y) = K::once(x, y, &c);
            }
            for (n, &counted) in (first..total).zip(counted.as_slice()) {
                let behind = self.scratch.behind[n];
                let all = behind + counted as u32;
                self.out[list.at[n] as usize] = if all == self.plan.limit() {
                    self.plan.inside()
                } else if self.plan.is_smooth() {
                    let z = Complex::new(list.x[n], list.y[n]);
                    let c = Complex::new(list.re[n], list.im[n]);
                    smooth::count(self.plan.formula(), z, c, behind, all)
                } else {
                    all
                };
            }
        }
    }

    /// What is still inside has reached the limit, or is less than a short block from it.
    #[inline(always)]
    fn last_iterations(&mut self, done: u32) {
        let more = self.plan.limit() - done;
        let Scratch {
            inside,
            left,
            behind,
        } = &mut *self.scratch;
        if more > 0 {
            left.copy_from(inside);
            behind[..inside.len].fill(done);
            self.count_those_that_left(more);
        } else {
            for &at in &inside.at[..inside.len] {
                self.out[at as usize] = self.plan.inside();
            }
        }
    }
}
