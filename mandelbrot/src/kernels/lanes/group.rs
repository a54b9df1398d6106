//! Vectors of points that are iterated together.

use fearless_simd::prelude::*;

use crate::kernels::step::{C, Step};

/// The positions of the points of some vectors.
#[derive(Clone, Copy)]
pub(super) struct Points<S: Simd, const N: usize> {
    pub(super) x: [S::f64s; N],
    pub(super) y: [S::f64s; N],
    /// The lanes with a point that is still inside.
    pub(super) alive: [S::mask64s; N],
}

impl<S: Simd, const N: usize> Points<S, N> {
    #[inline(always)]
    pub(super) fn any_alive(&self) -> bool {
        let mut any = self.alive[0];
        for n in 1..N {
            any |= self.alive[n];
        }
        any.any_true()
    }
}

/// Vectors that are iterated together.
#[derive(Clone, Copy)]
pub(super) struct Group<S: Simd, const N: usize> {
    pub(super) points: Points<S, N>,
    pub(super) c: [C<S>; N],
}

impl<S: Simd, const N: usize> Group<S, N> {
    /// Advances all points by one block.
    #[inline(always)]
    pub(super) fn block<K: Step<S>, const BLOCK: u32>(&mut self) {
        let Points { x, y, .. } = &mut self.points;
        for _ in 0..BLOCK / 2 {
            for n in 0..N {
                (x[n], y[n]) = K::twice(x[n], y[n], &self.c[n]);
            }
        }
    }

    #[inline(always)]
    pub(super) fn all_inside<K: Step<S>>(&self) -> bool {
        let Points { x, y, .. } = &self.points;
        let mut all = K::is_inside(x[0], y[0]);
        for n in 1..N {
            all &= K::is_inside(x[n], y[n]);
        }
        all.all_true()
    }
}

/// Loads vectors from a list, with 0 in lanes without a point.
#[inline(always)]
pub(super) fn load<S: Simd, const N: usize>(
    simd: S,
    list: &[f64],
    alive: &[S::mask64s; N],
) -> [S::f64s; N] {
    let zero = S::f64s::splat(simd, 0.0);
    let mut vectors = [zero; N];
    for n in 0..N {
        let vector = S::f64s::from_slice(simd, &list[n * S::f64s::LEN..][..S::f64s::LEN]);
        vectors[n] = alive[n].select(vector, zero);
    }
    vectors
}

#[inline(always)]
pub(super) fn constants<S: Simd, const N: usize>(
    re: &[S::f64s; N],
    im: &[S::f64s; N],
) -> [C<S>; N] {
    let mut constants = [C::new(re[0], im[0]); N];
    for n in 1..N {
        constants[n] = C::new(re[n], im[n]);
    }
    constants
}

/// Like [`textbook::in_bulbs`], for vectors.
#[inline(always)]
pub(super) fn in_bulbs<S: Simd>(simd: S, c: &C<S>) -> S::mask64s {
    let im = c.im * c.im;
    let from_cusp = c.re - 0.25;
    let q = from_cusp * from_cusp + im;
    let from_disc = c.re + 1.0;
    let cardioid = (q * (q + from_cusp)).simd_le(im * 0.25);
    let disc = (from_disc * from_disc + im).simd_le(S::f64s::splat(simd, 0.0625));
    cardioid | disc
}

/// The lanes of `N` vectors that are among the first `points`.
#[inline(always)]
pub(super) fn lanes_with_points<S: Simd, const N: usize>(
    simd: S,
    points: usize,
) -> [S::mask64s; N] {
    let mut masks = [S::mask64s::splat(simd, true); N];
    for n in 0..N {
        let lanes = points.saturating_sub(n * S::f64s::LEN).min(S::f64s::LEN);
        masks[n] = S::mask64s::from_bitmask(simd, (1 << lanes) - 1);
    }
    masks
}
