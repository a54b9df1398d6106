//! Computes how many primes there are up to `x`, without finding them: in about `x^(2/3)` steps,
//! where a sieve needs `x`.
//!
//! Legendre's `phi(x, a)` is the count of the numbers up to `x` that are left when the multiples of
//! the first `a` primes are removed. Let `a = pi(y)` for some `y` of at least the cube root of `x`.
//! Then the numbers left are 1, the primes above `y`, and the products of two of those (Meissel):
//!
//! ```text
//! pi(x) = phi(x, a) + a - 1 - P2,    P2 = sum of pi(x/p) - pi(p) + 1 for y < p <= sqrt(x)
//! ```
//!
//! The recurrence `phi(x, b) = phi(x, b-1) - phi(x/p_b, b-1)` expands `phi(x, a)` into leaves,
//! `mu(n) * phi(x/n, b)`: ordinary ones with `n <= y` (`ordinary.rs`), and special ones, `n = p_b *
//! m` with `m <= y < n` (J. C. Lagarias, V. S. Miller, A. M. Odlyzko, "Computing pi(x): the
//! Meissel-Lehmer method", 1985). Most special leaves are easy: the number is a product of two
//! primes, and a table of pi up to `y` has the answer (`easy.rs`). The hard ones need a sieve up to
//! `x/y` that counts the numbers left in it (`hard.rs`) (M. Deléglise, J. Rivat, "Computing pi(x):
//! the Meissel, Lehmer, Lagarias, Miller, Odlyzko method", 1996; the names are theirs).
//!
//! The parts of the hard sieve are independent; the counts of the parts before are added later.
//! That way of sharing the work among threads comes from Kim Walisch's primecount.

mod easy;
mod factor_table;
mod hard;
mod ordinary;
mod pi_table;
mod second;

use std::io;
use std::num::NonZeroUsize;

use crate::constellation::Constellation;
use crate::interval;
use crate::par_iter;

use factor_table::FactorTable;
use pi_table::PiTable;

/// Up to this number the sieve is as fast.
const SIEVED: u64 = 10_000_000;

/// Counts the primes up to `x` on `workers` threads. `go_on` is called every few milliseconds with
/// the share of the whole work done since the last call. If it returns false, the result is `None`.
///
/// # Errors
/// If the system refuses a thread.
///
/// ```
/// use primes::combinatorial::pi;
/// use std::num::NonZeroUsize;
///
/// let two = NonZeroUsize::new(2).unwrap();
/// assert_eq!(pi(1_000_000_000_000, two, &|_share| true)?, Some(37_607_912_018));
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn pi(
    x: u64,
    workers: NonZeroUsize,
    go_on: &(dyn Fn(f64) -> bool + Sync),
) -> io::Result<Option<u64>> {
    if x <= SIEVED {
        return Ok(Some(interval::count(0..=x, Constellation::Single)));
    }
    let pool = par_iter::pool(workers)?;
    Ok(pool.install(|| count(x, alpha(x), go_on)))
}

/// The factor between `y` and the cube root of `x`. A larger one makes the sieves shorter and the
/// leaves more. Measured from 1e12 to 1e18.
fn alpha(x: u64) -> f64 {
    let log = (x as f64).ln();
    (log.powi(3) / 2800.0).max(1.0)
}

/// The values that all parts need.
struct Parts<'g> {
    x: u64,
    /// The limit of the tables, and of the factors of a leaf.
    y: u64,
    /// `x / y`, the bound of the sieves.
    z: u64,
    /// The primes up to `y`, from index 1 on.
    primes: Vec<u32>,
    pi: PiTable,
    factors: FactorTable,
    go_on: &'g (dyn Fn(f64) -> bool + Sync),
}

/// The share of the easy leaves in the time, roughly.
const SHARE_OF_EASY: f64 = 0.1;
const SHARE_OF_HARD: f64 = 0.6;
const SHARE_OF_SECOND: f64 = 0.3;

/// Like [`pi`], on the threads of the current pool.
fn count(x: u64, alpha: f64, go_on: &(dyn Fn(f64) -> bool + Sync)) -> Option<u64> {
    let root = x.isqrt();
    let cube_root = (x as f64).cbrt();
    // At least the cube root, also after rounding. The primes of the wheel are below it.
    let y = ((alpha * cube_root) as u64)
        .max(cube_root as u64 + 1)
        .clamp(20, root);
    // Near 2^64 each of these takes a few tenths of a second.
    let checkpoint = || go_on(0.0).then_some(());
    let primes: Vec<u32> = std::iter::once(0)
        .chain(interval::primes(0..=y).map(|p| p as u32))
        .collect();
    checkpoint()?;
    let pi = PiTable::new(y, &primes[1..]);
    checkpoint()?;
    let factors = FactorTable::new(y, &primes[1..]);
    checkpoint()?;
    let parts = Parts {
        x,
        y,
        z: x / y,
        pi,
        factors,
        primes,
        go_on,
    };
    let a = parts.pi.of(y);
    let ordinary = ordinary::sum(&parts);
    checkpoint()?;
    let easy = easy::sum(&parts)?;
    let hard = hard::sum(&parts)?;
    let second = second::sum(&parts)?;
    // Modulo 2^64; the result is far smaller.
    let phi = ordinary.wrapping_add(easy).wrapping_add(hard);
    Some(phi.wrapping_add(a).wrapping_sub(1).wrapping_sub(second))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn pi_with(x: u64, alpha: f64) -> u64 {
        let pool = par_iter::pool(NonZeroUsize::new(3).unwrap()).unwrap();
        pool.install(|| count(x, alpha, &|_| true)).unwrap()
    }

    /// OEIS A006880.
    #[test]
    fn powers_of_ten() {
        for (x, expected) in [
            (1_000_000, 78_498),
            (10_000_000, 664_579),
            (100_000_000, 5_761_455),
            (1_000_000_000, 50_847_534),
            (10_000_000_000, 455_052_511),
            (100_000_000_000, 4_118_054_813),
            (1_000_000_000_000, 37_607_912_018),
            (10_000_000_000_000, 346_065_536_839),
        ] {
            assert_eq!(pi_with(x, alpha(x)), expected, "{x}");
        }
    }

    /// The cases where the parts meet: `y` at the cube root, at the square root, and between.
    #[test]
    fn every_y_gives_the_same_count() {
        for alpha in [1.0, 1.3, 2.0, 5.0, 10.0, 1e9] {
            assert_eq!(pi_with(123_456_789, alpha), 7_027_260, "{alpha}");
        }
    }

    #[test]
    fn no_is_no() {
        let pool = par_iter::pool(NonZeroUsize::MIN).unwrap();
        let stopped = pool.install(|| count(1_000_000_000_000, 5.0, &|_| false));
        assert_eq!(stopped, None);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn the_sieve_counts_the_same(x in 100_000_u64..30_000_000, alpha in 1.0_f64..20.0) {
            let sieved = interval::count(0..=x, Constellation::Single);
            prop_assert_eq!(pi_with(x, alpha), sieved, "{} with {}", x, alpha);
        }
    }
}
