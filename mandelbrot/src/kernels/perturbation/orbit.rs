//! The orbit of the point in the middle, iterated with all its digits and stored in `f64`.

use num_bigint::{BigInt, Sign};
use num_complex::Complex;

use crate::plan::Plan;

/// The number of extra binary digits, beyond those that distinguish two neighbouring points. An
/// error of the orbit moves the whole picture as far as it moves the point in the middle.
const SPARE_BITS: u64 = 80;

/// The iterations between two checks whether to stop.
const PER_QUESTION: usize = 256;

/// Z from 0 on, until the limit or until it has left.
#[derive(Debug)]
pub(crate) struct Orbit(Vec<Complex<f64>>);

impl Orbit {
    pub(super) fn new(plan: &Plan) -> Orbit {
        let view = plan.view();
        let spacing = (view.width / plan.width() as f64).min(view.height / plan.height() as f64);
        let bits = SPARE_BITS + (-spacing.log2()).max(0.0).ceil() as u64;
        let center = plan.center();
        let (re, im) = (center.re.to_fixed(bits), center.im.to_fixed(bits));
        let (mut x, mut y) = (BigInt::ZERO, BigInt::ZERO);
        let mut points = vec![Complex::ZERO];
        while points.len() <= plan.limit() as usize {
            let next_y = ((&x * &y) >> (bits - 1)) + &im;
            x = (((&x + &y) * (&x - &y)) >> bits) + &re;
            y = next_y;
            let z = Complex::new(to_f64(&x, bits), to_f64(&y, bits));
            points.push(z);
            let has_left = !z.is_finite() || z.norm_sqr() >= 4.0;
            if has_left || (points.len() % PER_QUESTION == 0 && plan.is_stopped()) {
                break;
            }
        }
        Orbit(points)
    }

    /// The points of the orbit, at least two: 0, and the point in the middle.
    pub(super) fn points(&self) -> &[Complex<f64>] {
        &self.0
    }
}

/// Converts a fixed-point number with `bits` bits after the point to `f64`, with full precision
/// even if it is very small.
fn to_f64(number: &BigInt, bits: u64) -> f64 {
    let surplus = number.bits().saturating_sub(64);
    let magnitude = number.magnitude() >> surplus;
    let top = magnitude.iter_u64_digits().next().unwrap_or(0) as f64;
    // In two steps: a single power of two may be too small for `f64` although the number is not.
    let exponent = surplus as i32 - bits as i32;
    let half = exponent / 2;
    let value = top * 2.0_f64.powi(half) * 2.0_f64.powi(exponent - half);
    match number.sign() {
        Sign::Minus => -value,
        _ => value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fixed_point_becomes_f64_whatever_its_size() {
        for (number, bits) in [(0.75, 10), (-1.5, 100), (3.0e-5, 60), (-1.999, 900)] {
            let scaled = (number * 2.0_f64.powi(50)) as i64;
            let fixed = BigInt::from(scaled) << bits >> 50;
            assert!((to_f64(&fixed, bits) - number).abs() < 1e-3_f64.max(2.0_f64.powi(-50)));
        }
        assert_eq!(to_f64(&BigInt::from(3), 1000), 3.0 * 2.0_f64.powi(-1000));
        assert_eq!(to_f64(&(BigInt::from(-1) << 1200), 1201), -0.5);
        assert_eq!(to_f64(&BigInt::ZERO, 77), 0.0);
    }
}
