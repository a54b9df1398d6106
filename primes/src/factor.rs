//! Prime factors of any `u64`: small ones by trial division, the rest by Pollard's rho method in
//! Brent's form (R. P. Brent, "An improved Monte Carlo factorization algorithm", 1980).

use crate::miller_rabin::is_prime;
use crate::montgomery::Montgomery;

/// Divisors below this are tried before the rho method, which is slow with small factors.
const TRIED: u64 = 1024;

/// An odd prime below [`TRIED`], with constants that detect its multiples without a division. `n`
/// is a multiple if `n` times the inverse, modulo 2^64, is at most the largest quotient; the
/// product is then the quotient (T. Granlund and P. L. Montgomery, "Division by Invariant Integers
/// using Multiplication", 1994, section 9).
struct Divisor {
    prime: u64,
    inverse: u64,
    largest_quotient: u64,
}

impl Divisor {
    const fn new(prime: u64) -> Divisor {
        // Newton's method: 3 correct bits at first, then twice as many each time.
        let (mut inverse, mut bits) = (prime, 3);
        while bits < 64 {
            inverse = inverse.wrapping_mul(2_u64.wrapping_sub(prime.wrapping_mul(inverse)));
            bits *= 2;
        }
        Divisor {
            prime,
            inverse,
            largest_quotient: u64::MAX / prime,
        }
    }

    #[inline]
    fn quotient(&self, n: u64) -> Option<u64> {
        let quotient = n.wrapping_mul(self.inverse);
        (quotient <= self.largest_quotient).then_some(quotient)
    }
}

/// The odd primes below [`TRIED`]: there are 171.
const DIVISORS: [Divisor; 171] = {
    let mut divisors = [const { Divisor::new(3) }; 171];
    let (mut found, mut number) = (0, 3);
    while number < TRIED {
        let mut divisor = 3;
        while number % divisor != 0 {
            divisor += 2;
        }
        if divisor == number {
            divisors[found] = Divisor::new(number);
            found += 1;
        }
        number += 2;
    }
    assert!(found == 171);
    divisors
};

/// How many differences are multiplied together before each gcd.
const BATCH: usize = 128;

/// The prime factors of `n` in ascending order, with repetition. 0 and 1 have none.
///
/// ```
/// assert_eq!(primes::factor::factors(360), [2, 2, 2, 3, 3, 5]);
/// assert_eq!(primes::factor::factors(u64::MAX), [3, 5, 17, 257, 641, 65_537, 6_700_417]);
/// ```
pub fn factors(mut n: u64) -> Vec<u64> {
    let mut factors = Vec::new();
    if n == 0 {
        return factors;
    }
    let twos = n.trailing_zeros();
    factors.extend(std::iter::repeat_n(2, twos as usize));
    n >>= twos;
    for divisor in &DIVISORS {
        if divisor.prime * divisor.prime > n {
            break;
        }
        while let Some(quotient) = divisor.quotient(n) {
            factors.push(divisor.prime);
            n = quotient;
        }
    }
    split(n, &mut factors);
    factors.sort_unstable();
    factors
}

/// Adds the factors of `n`: a number that no prime below [`TRIED`] divides, or 1, or a prime.
fn split(n: u64, factors: &mut Vec<u64>) {
    if n == 1 {
        return;
    }
    if n < TRIED * TRIED || is_prime(n) {
        factors.push(n);
        return;
    }
    let divisor = proper_divisor(n);
    split(divisor, factors);
    split(n / divisor, factors);
}

/// A divisor of an odd composite other than 1 and itself.
fn proper_divisor(n: u64) -> u64 {
    let root = n.isqrt();
    if root * root == n {
        return root;
    }
    // A sequence fails if it finds all factors at once. Then another constant succeeds.
    (1..)
        .find_map(|constant| rho(n, constant))
        .expect("a composite has a sequence that splits it")
}

/// One sequence `x -> x^2 + constant` modulo `n`, until two values are equal modulo some factor.
fn rho(n: u64, constant: u64) -> Option<u64> {
    let m = Montgomery::new(n);
    let constant = m.of(constant);
    let next = |x| m.add(m.mul(x, x), constant);
    let mut hare = m.of(2);
    let mut product = m.of(1);
    let mut length = 1;
    loop {
        let tortoise = hare;
        for _ in 0..length {
            hare = next(hare);
        }
        let mut walked = 0;
        while walked < length {
            let before = hare;
            let steps = BATCH.min(length - walked);
            for _ in 0..steps {
                hare = next(hare);
                product = m.mul(product, tortoise.abs_diff(hare));
            }
            let divisor = gcd(product, n);
            if divisor == n {
                return retrace(m, tortoise, before, next);
            }
            if divisor > 1 {
                return Some(divisor);
            }
            walked += steps;
        }
        length *= 2;
    }
}

/// Repeats a batch one difference at a time, because the whole batch contained every factor.
fn retrace(m: Montgomery, tortoise: u64, mut hare: u64, next: impl Fn(u64) -> u64) -> Option<u64> {
    loop {
        hare = next(hare);
        let divisor = gcd(tortoise.abs_diff(hare), m.modulus());
        if divisor > 1 {
            return (divisor < m.modulus()).then_some(divisor);
        }
    }
}

/// The greatest common divisor; `gcd(0, n)` is `n`.
fn gcd(mut a: u64, mut b: u64) -> u64 {
    while a != 0 {
        (a, b) = (b % a, a);
    }
    b
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn hard_cases() {
        assert_eq!(factors(0), [0; 0]);
        assert_eq!(factors(1), [0; 0]);
        assert_eq!(factors(2), [2]);
        assert_eq!(
            factors(4_294_967_291 * 4_294_967_279),
            [4_294_967_279, 4_294_967_291]
        );
        assert_eq!(
            factors(4_294_967_291 * 4_294_967_291),
            [4_294_967_291, 4_294_967_291]
        );
        assert_eq!(factors(257 * 257 * 257), [257; 3]);
    }

    proptest! {
        #[test]
        fn factors_are_prime_and_multiply_back(n in 1_u64.., shift in 0_u32..60) {
            let n = (n >> shift).max(1);
            let factors = factors(n);
            prop_assert!(factors.iter().all(|&p| is_prime(p)));
            prop_assert!(factors.is_sorted());
            prop_assert_eq!(factors.iter().product::<u64>(), n);
        }
    }
}
