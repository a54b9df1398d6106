//! Numbers of 31 digits: each is the sum of two f64, of which the second is what the first rounds off.
//! (T. J. Dekker, "A floating-point technique for extending the available precision", 1971; Y. Hida,
//! X. S. Li, D. H. Bailey, "Library for double-double and quad-double arithmetic", 2007.)

use std::ops::{Add, Div, Mul};

use num_complex::Complex;

/// A real number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Double {
    pub(super) high: f64,
    pub(super) low: f64,
}

/// A point of the plane.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Point {
    pub(super) re: Double,
    pub(super) im: Double,
}

impl Double {
    pub(super) const ZERO: Double = Double {
        high: 0.0,
        low: 0.0,
    };

    /// The exact sum of two f64, of which the first is the larger.
    fn sorted(large: f64, small: f64) -> Double {
        let high = large + small;
        let low = small - (high - large);
        Double { high, low }
    }

    /// The exact sum of two f64.
    fn sum(a: f64, b: f64) -> Double {
        let high = a + b;
        let rounded = high - a;
        let low = (a - (high - rounded)) + (b - rounded);
        Double { high, low }
    }

    /// The exact product of two f64, by halves of 26 bits. (One fused operation would do, where the
    /// processor has it.)
    fn product(a: f64, b: f64) -> Double {
        let halves = |number: f64| {
            let scaled = number * 134_217_729.0;
            let high = scaled - (scaled - number);
            (high, number - high)
        };
        let high = a * b;
        let ((a, a_rest), (b, b_rest)) = (halves(a), halves(b));
        let low = ((a * b - high) + a * b_rest + a_rest * b) + a_rest * b_rest;
        Double { high, low }
    }
}

impl From<f64> for Double {
    fn from(high: f64) -> Double {
        Double { high, low: 0.0 }
    }
}

impl Add for Double {
    type Output = Double;

    fn add(self, other: Double) -> Double {
        let sum = Double::sum(self.high, other.high);
        Double::sorted(sum.high, sum.low + (self.low + other.low))
    }
}

impl Mul for Double {
    type Output = Double;

    fn mul(self, other: Double) -> Double {
        let product = Double::product(self.high, other.high);
        let mixed = self.high * other.low + self.low * other.high;
        Double::sorted(product.high, product.low + mixed)
    }
}

impl Div for Double {
    type Output = Double;

    fn div(self, by: Double) -> Double {
        let first = self.high / by.high;
        let back = Double::product(first, by.high);
        let rest = (self.high - back.high) - back.low + self.low - first * by.low;
        Double::sorted(first, rest / by.high)
    }
}

impl Point {
    pub(super) const ZERO: Point = Point {
        re: Double::ZERO,
        im: Double::ZERO,
    };

    /// To the precision of f64.
    pub(super) fn rounded(self) -> Complex<f64> {
        Complex::new(self.re.high, self.im.high)
    }
}

impl Add for Point {
    type Output = Point;

    fn add(self, other: Point) -> Point {
        Point {
            re: self.re + other.re,
            im: self.im + other.im,
        }
    }
}

impl Mul for Point {
    type Output = Point;

    fn mul(self, other: Point) -> Point {
        let minus = Double {
            high: -self.im.high,
            low: -self.im.low,
        };
        Point {
            re: self.re * other.re + minus * other.im,
            im: self.re * other.im + self.im * other.re,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A Double of whole numbers: its value, exactly.
    fn whole(number: Double) -> i128 {
        number.high as i128 + number.low as i128
    }

    #[test]
    fn sums_and_products_have_the_digits_of_both() {
        let (a, b) = (9_007_199_254_740_991.0, 4_503_599_627_370_497.0);
        let (one, other) = (Double::sum(a, 0.5), Double::sum(b, -0.25));
        assert_eq!((one.high, one.low), (a + 1.0, -0.5));
        assert_eq!(whole(Double::product(a, b)), a as i128 * b as i128);
        // (2^53 - 1/2) (2^52 + 3/4), by hand: 2^105 + 3/4 2^53 - 2^51 - 3/8.
        let expected = (1_i128 << 105) + (3 << 51) - (1 << 51);
        assert!((whole(one * other) - expected).abs() <= 1);
        assert_eq!(whole(one + one), (1 << 54) - 1);
    }

    #[test]
    fn a_quotient_times_its_divisor_is_the_number() {
        let by = Double::product(9_007_199_254_740_991.0, 3.0);
        let one = Double::from(1.0) / by * by;
        assert!((one.high - 1.0 + one.low).abs() < 1e-31);
        assert_eq!(Double::from(-3.0) / Double::from(8.0), Double::from(-0.375));
    }

    #[test]
    fn points_multiply_as_complex_numbers_do() {
        let point = |re: f64, im: f64| Point {
            re: re.into(),
            im: im.into(),
        };
        assert_eq!(point(1.0, 2.0) * point(3.0, -5.0), point(13.0, 1.0));
        assert_eq!(point(1.0, 2.0) + Point::ZERO, point(1.0, 2.0));
    }
}
