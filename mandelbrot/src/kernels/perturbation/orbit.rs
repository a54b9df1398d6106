//! The orbit of the point in the middle, iterated with all its digits and stored in `f64`, with the
//! rest that `f64` rounds off.

use num_bigint::{BigInt, Sign};
use num_complex::Complex;

use super::double::{Double, Point};
use crate::plan::Plan;

/// The number of extra binary digits, beyond those that distinguish two neighbouring points. An
/// error of the orbit moves the whole picture as far as it moves the point in the middle.
const SPARE_BITS: u64 = 80;

/// The iterations between two checks whether to stop.
const PER_QUESTION: usize = 256;

/// Z from 0 on, until the limit or until it has left.
#[derive(Debug)]
pub(crate) struct Orbit {
    points: Vec<Complex<f64>>,
    /// What is rounded off of each.
    rests: Vec<Complex<f64>>,
}

impl Orbit {
    pub(super) fn new(plan: &Plan) -> Orbit {
        let view = plan.view();
        let spacing = (view.width / plan.width() as f64).min(view.height / plan.height() as f64);
        let bits = SPARE_BITS + (-spacing.log2()).max(0.0).ceil() as u64;
        let center = plan.center();
        let (re, im) = (center.re.to_fixed(bits), center.im.to_fixed(bits));
        let (mut x, mut y) = (BigInt::ZERO, BigInt::ZERO);
        let mut points = vec![Complex::ZERO];
        let mut rests = vec![Complex::ZERO];
        while points.len() <= plan.limit() as usize {
            let next_y = ((&x * &y) >> (bits - 1)) + &im;
            x = (((&x + &y) * (&x - &y)) >> bits) + &re;
            y = next_y;
            let (re, im) = (to_double(&x, bits), to_double(&y, bits));
            let z = Complex::new(re.high, im.high);
            points.push(z);
            rests.push(Complex::new(re.low, im.low));
            let has_left = !z.is_finite() || z.norm_sqr() >= 4.0;
            if has_left || (points.len() % PER_QUESTION == 0 && plan.is_stopped()) {
                break;
            }
        }
        Orbit { points, rests }
    }

    /// The points of the orbit, at least two: 0, and the point in the middle.
    pub(super) fn points(&self) -> &[Complex<f64>] {
        &self.points
    }

    /// A point with 31 digits.
    pub(super) fn precise(&self, index: usize) -> Point {
        let (point, rest) = (self.points[index], self.rests[index]);
        let double = |high, low| Double { high, low };
        Point {
            re: double(point.re, rest.re),
            im: double(point.im, rest.im),
        }
    }
}

/// A fixed-point number with `bits` bits behind the point, to 31 digits, however small it is.
fn to_double(number: &BigInt, bits: u64) -> Double {
    // 120 bits: they and their rounding fit an i128.
    let surplus = number.bits().saturating_sub(120);
    let magnitude = number.magnitude() >> surplus;
    let mut digits = magnitude.iter_u64_digits().map(i128::from);
    let mut digit = || digits.next().unwrap_or(0);
    let top = digit() | digit() << 64;
    let high = top as f64;
    let low = (top - high as i128) as f64;
    // In two steps: two to the power of the whole may be too small for f64 where the number isn't.
    let exponent = surplus as i32 - bits as i32;
    let half = exponent / 2;
    let scaled = |part: f64| part * 2.0_f64.powi(half) * 2.0_f64.powi(exponent - half);
    let sign = if number.sign() == Sign::Minus {
        -1.0
    } else {
        1.0
    };
    Double {
        high: sign * scaled(high),
        low: sign * scaled(low),
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
            assert!((to_double(&fixed, bits).high - number).abs() < 2.0_f64.powi(-49));
        }
        let high = |number: &BigInt, bits| to_double(number, bits).high;
        assert_eq!(high(&BigInt::from(3), 1000), 3.0 * 2.0_f64.powi(-1000));
        assert_eq!(high(&(BigInt::from(-1) << 1200), 1201), -0.5);
        assert_eq!(high(&BigInt::ZERO, 77), 0.0);
        // -(1 + 2^-60 + 2^-100): the low part has what the high part has not.
        let bit = |place: u32| BigInt::from(1) << place;
        let number: BigInt = -(bit(400) + bit(340) + bit(300));
        let double = to_double(&number, 400);
        let rest = 2.0_f64.powi(-60) + 2.0_f64.powi(-100);
        assert_eq!((double.high, double.low), (-1.0, -rest));
    }
}
