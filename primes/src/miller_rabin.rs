//! The Miller-Rabin test, deterministic for every `u64`.

use crate::montgomery::Montgomery;

/// No composite below 2^64 passes for all of these (Jim Sinclair, 2011; checked against Feitsma's
/// list of the strong pseudoprimes to base 2).
const BASES: [u64; 7] = [2, 325, 9375, 28_178, 450_775, 9_780_504, 1_795_265_022];

/// Whether `n` is prime. It takes one or two microseconds for any `u64`.
///
/// ```
/// assert!(primes::miller_rabin::is_prime(18_446_744_073_709_551_557));
/// ```
pub fn is_prime(n: u64) -> bool {
    // Most composites have one of these factors.
    for p in [2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37] {
        if n % p == 0 {
            return n == p;
        }
    }
    n > 1 && (n < 41 * 41 || is_strong_probable_prime_to_all(n))
}

fn is_strong_probable_prime_to_all(n: u64) -> bool {
    let m = Montgomery::new(n);
    let (one, minus_one) = (m.of(1), m.of(n - 1));
    let twos = (n - 1).trailing_zeros();
    let odd = (n - 1) >> twos;
    BASES.iter().all(|&base| {
        let base = m.of(base);
        if base == 0 {
            return true;
        }
        let mut power = m.pow(base, odd);
        if power == one || power == minus_one {
            return true;
        }
        (1..twos).any(|_| {
            power = m.mul(power, power);
            power == minus_one
        })
    })
}

#[cfg(test)]
mod tests {
    use super::is_prime;
    use crate::trial_division;

    #[test]
    fn agrees_with_trial_division_up_to_a_million() {
        for n in 0..1_000_000 {
            assert_eq!(is_prime(n), trial_division::is_prime(n), "{n}");
        }
    }

    /// OEIS A014233: the smallest composites that pass for the first k prime bases.
    #[test]
    fn famous_pseudoprimes_are_composite() {
        for n in [
            2047,
            1_373_653,
            25_326_001,
            3_215_031_751,
            2_152_302_898_747,
            3_474_749_660_383,
            341_550_071_728_321,
            3_825_123_056_546_413_051,
        ] {
            assert!(!is_prime(n), "{n}");
        }
    }

    /// OEIS A013603: 2^n minus its largest prime below.
    #[test]
    fn largest_primes_below_powers_of_two() {
        for (bits, distance) in [
            (64, 59),
            (63, 25),
            (62, 57),
            (61, 1),
            (60, 93),
            (33, 9),
            (32, 5),
        ] {
            let top = u64::MAX >> (64 - bits);
            let largest = (0..).map(|i| top - i).find(|&n| is_prime(n));
            assert_eq!(largest, Some(top - (distance - 1)), "2^{bits}");
        }
    }
}
