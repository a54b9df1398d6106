//! Prime factors of any `u128`: small factors by trial division, then factors of a rest up to 64
//! bits by [`crate::factor`], and all others by elliptic curves (H. W. Lenstra, "Factoring integers
//! with elliptic curves", 1987; P. L. Montgomery, "Speeding the Pollard and elliptic curve methods
//! of factorization", 1987, for the form of the curves, and the second stage).

use crate::factor;
use crate::montgomery_wide::MontgomeryWide;

/// Divisors below this are tried before the curves.
const TRIED: u128 = 1000;

/// The bounds of the two stages, and how many curves are tried before the next entry. The entries
/// are for factors of about 15 digits, and of 20 digits and more (tables of Alexander Kruppa and
/// Paul Zimmermann).
const EFFORTS: [(u64, u64, u64); 2] = [(2_000, 150_000, 30), (11_000, 1_900_000, u64::MAX)];

/// The prime factors of `n` in ascending order, with repetition. 0 and 1 have none.
///
/// Factors above 2^64 are probable primes: they have passed the Miller-Rabin test for the first 40
/// prime bases. No composite of 128 bits is known that passes it.
///
/// ```
/// use primes::factor_wide::factors;
///
/// assert_eq!(factors(84), [2, 2, 3, 7]);
/// let two = 18_446_744_073_709_551_557 * 18_446_744_073_709_551_533;
/// assert_eq!(factors(two), [18_446_744_073_709_551_533, 18_446_744_073_709_551_557]);
/// ```
pub fn factors(mut n: u128) -> Vec<u128> {
    let mut factors = Vec::new();
    if n > u128::from(u64::MAX) {
        for divisor in std::iter::once(2).chain((3..TRIED).step_by(2)) {
            while n % divisor == 0 {
                factors.push(divisor);
                n /= divisor;
            }
        }
    }
    split(n, &mut factors);
    factors.sort_unstable();
    factors
}

fn split(n: u128, factors: &mut Vec<u128>) {
    if let Ok(n) = u64::try_from(n) {
        factors.extend(factor::factors(n).into_iter().map(u128::from));
    } else if is_probable_prime(n) {
        factors.push(n);
    } else {
        let divisor = proper_divisor(n);
        split(divisor, factors);
        split(n / divisor, factors);
    }
}

/// Whether an odd number passes the Miller-Rabin test for the first 40 prime bases.
fn is_probable_prime(n: u128) -> bool {
    const BASES: usize = 40;
    let m = MontgomeryWide::new(n);
    let (one, minus_one) = (m.of(1), m.of(n - 1));
    let twos = (n - 1).trailing_zeros();
    let odd = (n - 1) >> twos;
    crate::interval::primes(2..=173).take(BASES).all(|base| {
        let mut power = m.pow(m.of(base.into()), odd);
        power == one
            || power == minus_one
            || (1..twos).any(|_| {
                power = m.mul(power, power);
                power == minus_one
            })
    })
}

/// A divisor other than 1 and itself of an odd composite without small factors.
fn proper_divisor(n: u128) -> u128 {
    let root = n.isqrt();
    if root * root == n {
        return root;
    }
    let m = MontgomeryWide::new(n);
    // Each sigma gives another curve; any above 5 works.
    let mut sigma = 6;
    for (first, second, curves) in EFFORTS {
        let primes: Vec<u64> = crate::interval::primes(2..=first).collect();
        for _ in 0..curves {
            if let Some(divisor) = curve(m, sigma, &primes, first, second) {
                return divisor;
            }
            sigma += 1;
        }
    }
    unreachable!("one of these curves splits any composite")
}

/// A point of a curve in Montgomery's form: `x` divided by `z`, without `y`.
#[derive(Clone, Copy)]
struct Point {
    x: u128,
    z: u128,
}

struct Curve {
    m: MontgomeryWide,
    /// `(A + 2) / 4` of `y^2 = x^3 + A x^2 + x`.
    a24: u128,
}

impl Curve {
    fn double(&self, p: Point) -> Point {
        let m = self.m;
        let (sum, difference) = (m.add(p.x, p.z), m.sub(p.x, p.z));
        let (sum, difference) = (m.mul(sum, sum), m.mul(difference, difference));
        let t = m.sub(sum, difference);
        Point {
            x: m.mul(sum, difference),
            z: m.mul(t, m.add(difference, m.mul(self.a24, t))),
        }
    }

    /// `p + q`; `difference` is `p - q`.
    fn add(&self, p: Point, q: Point, difference: Point) -> Point {
        let m = self.m;
        let a = m.mul(m.sub(p.x, p.z), m.add(q.x, q.z));
        let b = m.mul(m.add(p.x, p.z), m.sub(q.x, q.z));
        let (sum, rest) = (m.add(a, b), m.sub(a, b));
        Point {
            x: m.mul(difference.z, m.mul(sum, sum)),
            z: m.mul(difference.x, m.mul(rest, rest)),
        }
    }

    /// `k * p`, by Montgomery's ladder.
    fn multiply(&self, p: Point, k: u64) -> Point {
        let (mut low, mut high) = (p, self.double(p));
        for bit in (0..k.ilog2()).rev() {
            let sum = self.add(high, low, p);
            match k >> bit & 1 {
                1 => (low, high) = (sum, self.double(high)),
                _ => (low, high) = (self.double(low), sum),
            }
        }
        low
    }
}

/// Tries the curve of `sigma` in Suyama's form, whose order is a multiple of 12.
fn curve(m: MontgomeryWide, sigma: u64, primes: &[u64], first: u64, second: u64) -> Option<u128> {
    let number = |x: u64| m.of(x.into());
    let sigma = number(sigma);
    let (u, v) = (
        m.sub(m.mul(sigma, sigma), number(5)),
        m.mul(number(4), sigma),
    );
    let cube = |x| m.mul(x, m.mul(x, x));
    let (x, z) = (cube(u), cube(v));
    let above = m.mul(cube(m.sub(v, u)), m.add(m.mul(number(3), u), v));
    let below = m.mul(number(16), m.mul(x, v));
    let inverse = match invert(m, below) {
        Ok(inverse) => inverse,
        Err(divisor) => return (divisor < m.modulus()).then_some(divisor),
    };
    let curve = Curve {
        m,
        a24: m.mul(above, inverse),
    };
    let mut q = Point { x, z };
    for &p in primes {
        let mut power = p;
        while power <= first / p {
            power *= p;
        }
        q = curve.multiply(q, power);
    }
    proper(m, q.z).or_else(|| proper(m, differences(&curve, q, first, second)))
}

/// The second stage. Each prime `p` up to `second` is the sum or the difference of a multiple of
/// 210 and a smaller number. `p * q` is the point at infinity modulo a factor if both give the same
/// `x`. The result is the product of the differences of these `x`.
fn differences(curve: &Curve, q: Point, first: u64, second: u64) -> u128 {
    const WHEEL: u64 = 210;
    let m = curve.m;
    let coprime = (1..WHEEL / 2).filter(|j| [2, 3, 5, 7].iter().all(|p| j % p != 0));
    let small: Vec<Point> = coprime.map(|j| curve.multiply(q, j)).collect();
    let step = curve.multiply(q, WHEEL);
    let start = (first / WHEEL).max(2);
    let (mut before, mut giant) = (curve.multiply(step, start - 1), curve.multiply(step, start));
    let mut product = m.of(1);
    for _ in start..=second / WHEEL + 1 {
        for point in &small {
            let difference = m.sub(m.mul(giant.x, point.z), m.mul(point.x, giant.z));
            product = m.mul(product, difference);
        }
        (before, giant) = (giant, curve.add(giant, step, before));
    }
    product
}

/// The greatest common divisor with the modulus, if it is a proper divisor.
fn proper(m: MontgomeryWide, x: u128) -> Option<u128> {
    let divisor = gcd(x, m.modulus());
    (divisor > 1 && divisor < m.modulus()).then_some(divisor)
}

fn gcd(mut a: u128, mut b: u128) -> u128 {
    while a != 0 {
        (a, b) = (b % a, a);
    }
    b
}

/// The inverse of a number in Montgomery form, or its greatest common divisor with the modulus.
fn invert(m: MontgomeryWide, x: u128) -> Result<u128, u128> {
    let plain = m.mul(x, 1);
    let (mut r, mut next) = (m.modulus(), plain);
    let (mut t, mut next_t) = (0, m.of(1));
    while next != 0 {
        let quotient = r / next;
        (r, next) = (next, r % next);
        (t, next_t) = (next_t, m.sub(t, m.mul(m.of(quotient), next_t)));
    }
    match r {
        1 => Ok(t),
        divisor => Err(divisor),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Values from GNU factor 9.1 and PARI/GP.
    #[test]
    fn known_factorisations() {
        // 2^128 - 1 and 2^127 - 1.
        assert_eq!(
            factors(u128::MAX),
            [
                3,
                5,
                17,
                257,
                641,
                65_537,
                274_177,
                6_700_417,
                67_280_421_310_721
            ]
        );
        assert_eq!(factors(u128::MAX >> 1), [u128::MAX >> 1]);
        // 10^37 + 1, from the tables of repunits.
        assert_eq!(
            factors(10_u128.pow(37) + 1),
            [11, 7253, 422_650_073_734_453, 296_557_347_313_446_299]
        );
        let p = 18_446_744_073_709_551_557;
        assert_eq!(factors(p * p), [p, p]);
        assert!(factors(0).is_empty());
        assert!(factors(1).is_empty());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20))]

        #[test]
        fn factors_are_prime_and_multiply_back(n in 1_u128.., shift in 0_u32..120) {
            let n = (n >> shift).max(1);
            let factors = factors(n);
            prop_assert!(factors.is_sorted());
            prop_assert_eq!(factors.iter().product::<u128>(), n);
            for p in factors {
                let prime = match u64::try_from(p) {
                    Ok(p) => crate::miller_rabin::is_prime(p),
                    Err(_) => is_probable_prime(p),
                };
                prop_assert!(prime, "{}", p);
            }
        }
    }
}
