//! The arithmetic of one iteration on vectors. `exact` and `fast` differ here.

use fearless_simd::prelude::*;

/// The iteration z² + c.
pub(super) trait Step<S: Simd>: Copy {
    /// One iteration.
    fn once(x: S::f64s, y: S::f64s, c: &C<S>) -> (S::f64s, S::f64s);

    /// Two iterations.
    #[inline(always)]
    fn twice(x: S::f64s, y: S::f64s, c: &C<S>) -> (S::f64s, S::f64s) {
        let (x, y) = Self::once(x, y, c);
        Self::once(x, y, c)
    }

    /// The lanes with |z| < 2.
    fn is_inside(x: S::f64s, y: S::f64s) -> S::mask64s;
}

/// The constant that is added.
#[derive(Clone, Copy)]
pub(super) struct C<S: Simd> {
    pub(super) re: S::f64s,
    pub(super) im: S::f64s,
    /// Half of `im`.
    pub(super) half_im: S::f64s,
}

impl<S: Simd> C<S> {
    #[inline(always)]
    pub(super) fn new(re: S::f64s, im: S::f64s) -> C<S> {
        C {
            re,
            im,
            half_im: im * 0.5,
        }
    }
}

/// Rounds like `num_complex`: no operation is fused with another.
#[derive(Clone, Copy)]
pub(super) struct Exact<const SHIP: bool>;

impl<S: Simd, const SHIP: bool> Step<S> for Exact<SHIP> {
    #[inline(always)]
    fn once(x: S::f64s, y: S::f64s, c: &C<S>) -> (S::f64s, S::f64s) {
        let xy = x * y;
        let xy = if SHIP { xy.abs() } else { xy };
        (x * x - y * y + c.re, xy + xy + c.im)
    }

    #[inline(always)]
    fn is_inside(x: S::f64s, y: S::f64s) -> S::mask64s {
        (x * x + y * y).simd_lt(4.0)
    }
}

/// Fuses multiplications and additions where the machine can.
#[derive(Clone, Copy)]
pub(super) struct Fast<const SHIP: bool>;

impl<S: Simd, const SHIP: bool> Step<S> for Fast<SHIP> {
    #[inline(always)]
    fn once(x: S::f64s, y: S::f64s, c: &C<S>) -> (S::f64s, S::f64s) {
        let next_x = x.mul_sub(x, y.mul_sub(y, c.re));
        let next_y = if SHIP {
            let xy = (x * y).abs();
            (xy + xy) + c.im
        } else {
            (x + x).mul_add(y, c.im)
        };
        (next_x, next_y)
    }

    /// Seven operations, where two times `once` has eight: the first iteration leaves y halved, and
    /// doubling it for the second iteration serves both parts. Halving is exact, so the result is
    /// the same.
    #[inline(always)]
    fn twice(x: S::f64s, y: S::f64s, c: &C<S>) -> (S::f64s, S::f64s) {
        if SHIP {
            let (x, y) = <Self as Step<S>>::once(x, y, c);
            return <Self as Step<S>>::once(x, y, c);
        }
        let half = x.mul_add(y, c.half_im);
        let x = x.mul_sub(x, y.mul_sub(y, c.re));
        let y = half * 4.0;
        // y is twice its value, and `half` is half of it: their product is y².
        (x.mul_sub(x, y.mul_sub(half, c.re)), x.mul_add(y, c.im))
    }

    #[inline(always)]
    fn is_inside(x: S::f64s, y: S::f64s) -> S::mask64s {
        x.mul_add(x, y * y).simd_lt(4.0)
    }
}
