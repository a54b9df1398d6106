//! A batch of points, from the first iteration to the last.

use std::marker::PhantomData;

use fearless_simd::prelude::*;
use num_complex::Complex;

use super::group::{Group, Points, constants, in_bulbs, lanes_with_points, load};
use super::lists::Scratch;
use super::{BLOCK, FIRST, MOST_LANES, ROOM, SHORT_BLOCK, SIDE_BY_SIDE, SIDE_BY_SIDE_AT_FIRST};
use crate::kernels::step::{C, Step};
use crate::kernels::{smooth, textbook};
use crate::plan::{Formula, Plan};
use crate::tile::Tile;

/// The number of each lane.
const LANE_NUMBERS: [f64; MOST_LANES] = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0];

/// A batch that is being filled: the points of the tile from number `first` on.
pub(super) struct Fill<'a, S: Simd, K: Step<S>> {
    pub(super) simd: S,
    pub(super) plan: &'a Plan,
    pub(super) tile: Tile,
    pub(super) first: usize,
    pub(super) scratch: &'a mut Scratch,
    pub(super) out: &'a mut [u32],
    pub(super) step: PhantomData<K>,
}

impl<S: Simd, K: Step<S>> Fill<'_, S, K> {
    #[inline(always)]
    pub(super) fn run(mut self) {
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

    /// Counts the first iterations of some points side by side in a row.
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
        // On a copy: an indexed array of vectors would be kept in memory.
        let last = Group {
            points: *points,
            c: *c,
        };
        simd.vectorize(
            #[inline(always)]
            || self.write_first(&last, &counted, at, count),
        );
    }

    /// Writes the counts of the first iterations, and lists the points still inside.
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
            // All other points have at least one iteration.
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

    /// Makes the counts of the first iterations smooth.
    fn smooth_first(&mut self, at: usize, count: usize) {
        let Fill { plan, tile, .. } = *self;
        for (out, number) in self.out[at..at + count].iter_mut().zip(self.first + at..) {
            let (row, column) = (number / tile.width, number % tile.width);
            let point = plan.point(tile.x + column, tile.y + row);
            let (z, c) = textbook::start(plan.formula(), point);
            if *out < plan.limit() {
                *out = smooth::count(plan, z, c, 0, *out);
            }
        }
    }

    /// The points of a row before the first iteration.
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

    /// Advances all remaining points by as many iterations as they have.
    #[inline(always)]
    fn pass<const BLOCK: u32>(&mut self, done: u32) -> u32 {
        let left = self.plan.limit() - done;
        let blocks = (done / BLOCK).clamp(1, left / BLOCK);
        let total = std::mem::take(&mut self.scratch.inside.len);
        let mut first = 0;
        while first < total {
            // A pass may have some millions of iterations: compared with that, this check costs
            // nothing.
            if self.plan.is_stopped() {
                self.scratch.inside.len = 0;
                self.scratch.left.len = 0;
                return self.plan.limit();
            }
            self.pass_of::<BLOCK>(first, total, done, blocks);
            first += SIDE_BY_SIDE * S::f64s::LEN;
        }
        self.count_those_that_left(BLOCK);
        done + blocks * BLOCK
    }

    /// Advances a group of points, from `first` of the list.
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
                // On copies, for the same reason.
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

    /// The constants of the points from `first` of the list on. A lane without a point has 0.
    #[inline(always)]
    fn constants<const N: usize>(&self, first: usize, alive: &[S::mask64s; N]) -> [C<S>; N] {
        let list = &self.scratch.inside;
        let re = load(self.simd, &list.re[first..], alive);
        let im = load(self.simd, &list.im[first..], alive);
        constants(&re, &im)
    }

    /// Lists the points that left in a block, and clears their lanes: these now iterate 0, which
    /// never leaves.
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

    /// Removes points that are where they were at the start of the pass: they will never leave.
    /// Passes double in length, so this is Brent's method, as in the textbook kernel.
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
            // The overwritten entries were already read: the list is written no faster than it is
            // read.
            list.push(entry, alive[n]);
        }
    }

    /// Advances the points that left by up to `steps` from their saved position, and counts.
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
                    smooth::count(self.plan, z, c, behind, all)
                } else {
                    all
                };
            }
        }
    }

    /// The remaining points have reached the limit, or are less than a short block from it.
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
