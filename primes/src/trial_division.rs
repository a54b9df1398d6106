//! Trial division, as in the workshop: slow on purpose, with the same arithmetic in every language.

/// The number of divisions between two checkpoints: well under a tenth of a millisecond.
const CHECKPOINT: u64 = 4096;

/// Whether `n` is prime, by dividing it by 2 and by every odd number up to its root.
///
/// ```
/// assert!(primes::trial_division::is_prime(1_297_337));
/// assert!(!primes::trial_division::is_prime(1_297_337 * 3));
/// ```
pub fn is_prime(n: u64) -> bool {
    is_prime_while(n, || true).expect("a checkpoint that returns true stops nothing")
}

/// Like [`is_prime`], but calls `checkpoint` regularly, as an interpreter does between
/// instructions. If it returns false, the result is `None`.
pub fn is_prime_while(n: u64, mut checkpoint: impl FnMut() -> bool) -> Option<bool> {
    if n < 2 || (n % 2 == 0 && n != 2) {
        return Some(false);
    }
    let root = n.isqrt();
    let mut from = 3;
    while from <= root {
        let to = from + 2 * CHECKPOINT;
        if (from..to.min(root + 1))
            .step_by(2)
            .any(|divisor| n % divisor == 0)
        {
            return Some(false);
        }
        if !checkpoint() {
            return None;
        }
        from = to;
    }
    Some(true)
}

#[cfg(test)]
mod tests {
    use super::is_prime;

    #[test]
    fn small_numbers() {
        let primes: Vec<u64> = (0..60).filter(|&n| is_prime(n)).collect();
        assert_eq!(
            primes,
            [
                2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59
            ]
        );
    }

    #[test]
    fn squares_of_primes_around_a_checkpoint() {
        for p in [8179_u64, 8191, 8209, 16_381, 16_411] {
            assert!(is_prime(p));
            assert!(!is_prime(p * p), "{p}^2");
        }
    }
}
