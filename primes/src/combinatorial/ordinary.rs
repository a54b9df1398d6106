//! The ordinary leaves: `mu(n) * phi(x/n, 7)` for the squarefree `n` up to `y` without a prime factor
//! up to 17.

use rayon::iter::{IntoParallelIterator, ParallelIterator};

use super::Parts;
use super::factor_table::FactorTable;

/// The number of first primes that use tables: 2, 3, 5, 7, 11, 13 and 17.
pub(super) const TABLED: usize = 7;
pub(super) const LARGEST_TABLED: u64 = 17;

const PERIOD: u64 = 2 * 3 * 5 * 7 * 11 * 13 * 17;

/// How many numbers an item of work has.
const CHUNK: usize = 1 << 14;

pub(super) fn sum(parts: &Parts<'_>) -> u64 {
    let phi = Phi::new();
    let numbers = FactorTable::count(parts.y);
    (0..numbers.div_ceil(CHUNK))
        .into_par_iter()
        .map(|chunk| {
            let indices = chunk * CHUNK..((chunk + 1) * CHUNK).min(numbers);
            indices.fold(0, |sum: u64, index| {
                let Some(even) = parts.factors.leaf(index, LARGEST_TABLED) else {
                    return sum;
                };
                let phi = phi.of(parts.x / FactorTable::number(index));
                match even {
                    true => sum.wrapping_add(phi),
                    false => sum.wrapping_sub(phi),
                }
            })
        })
        .reduce(|| 0, u64::wrapping_add)
}

/// `phi(n, 7)`: how many numbers up to `n` have no prime factor up to 17. The pattern repeats.
struct Phi {
    up_to: Vec<u32>,
}

impl Phi {
    fn new() -> Phi {
        let mut is_left = vec![true; PERIOD as usize];
        for p in [2, 3, 5, 7, 11, 13, LARGEST_TABLED as usize] {
            for multiple in (0..PERIOD as usize).step_by(p) {
                is_left[multiple] = false;
            }
        }
        let mut count = 0;
        let up_to = is_left.into_iter().map(|left| {
            count += u32::from(left);
            count
        });
        Phi {
            up_to: up_to.collect(),
        }
    }

    fn of(&self, n: u64) -> u64 {
        let whole = u64::from(self.up_to[PERIOD as usize - 1]);
        n / PERIOD * whole + u64::from(self.up_to[(n % PERIOD) as usize])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phi_counts_what_is_left() {
        let phi = Phi::new();
        let primes = [2, 3, 5, 7, 11, 13, 17];
        assert_eq!(primes.len(), TABLED);
        let mut count = 0;
        for n in 1..2 * PERIOD + 1000 {
            count += u64::from(primes.iter().all(|p| n % p != 0));
            assert_eq!(phi.of(n), count, "{n}");
        }
    }
}
