//! The least prime factor and the Möbius function of every number up to a limit that 2, 3, 5, 7 and
//! 11 do not divide, in two bytes each.

const WHEEL: u64 = 2 * 3 * 5 * 7 * 11;

/// How many residues mod 2310 are coprime to it.
const RESIDUES: usize = 480;

const COPRIME: [u16; RESIDUES] = {
    let mut residues = [0; RESIDUES];
    let (mut residue, mut found) = (1, 0);
    while residue < WHEEL {
        if residue % 2 != 0
            && residue % 3 != 0
            && residue % 5 != 0
            && residue % 7 != 0
            && residue % 11 != 0
        {
            residues[found] = residue as u16;
            found += 1;
        }
        residue += 2;
    }
    residues
};

/// For each residue: how many residues up to it are coprime to the wheel.
const UP_TO: [u16; WHEEL as usize] = {
    let mut counts = [0; WHEEL as usize];
    let (mut residue, mut count) = (0, 0);
    while residue < WHEEL as usize {
        if count < RESIDUES && COPRIME[count] as usize == residue {
            count += 1;
        }
        counts[residue] = count as u16;
        residue += 1;
    }
    counts
};

/// Twice the least prime factor, or twice a value larger than any factor in question; plus one if
/// the Möbius function is 1. The entry is 0 if the Möbius function is 0.
type Entry = u16;

const LARGE: u64 = u16::MAX as u64 / 2;

/// Least prime factors and Möbius values, by index: see [`count`](FactorTable::count).
pub(super) struct FactorTable {
    entries: Vec<Entry>,
}

impl FactorTable {
    /// The largest limit: its root must be smaller than the value for large factors.
    pub(super) const LARGEST: u64 = LARGE * LARGE;

    /// A table up to `limit`. `primes` are all primes up to `limit`.
    ///
    /// # Panics
    /// If the limit is over [`LARGEST`](FactorTable::LARGEST), about 1e9.
    pub(super) fn new(limit: u64, primes: &[u32]) -> FactorTable {
        assert!(
            limit <= FactorTable::LARGEST,
            "{limit}: factors have 15 bits"
        );
        let mut table = FactorTable {
            // No prime factor yet, which is an even number of them: mu = 1.
            entries: vec![u16::MAX; FactorTable::count(limit)],
        };
        for &p in primes.iter().filter(|&&p| p > 11) {
            table.cross_off(u64::from(p), limit);
        }
        table
    }

    fn cross_off(&mut self, p: u64, limit: u64) {
        // In ascending order, so the first prime that divides a number is its least factor.
        for index in 0.. {
            let multiple = p * FactorTable::number(index);
            if multiple > limit {
                break;
            }
            let entry = &mut self.entries[FactorTable::count(multiple) - 1];
            *entry = match *entry {
                0 => 0,
                u16::MAX => (2 * p.min(LARGE - 1)) as u16,
                other => other ^ 1,
            };
        }
        let square = p * p;
        for index in 0.. {
            let Some(multiple) = square
                .checked_mul(FactorTable::number(index))
                .filter(|&it| it <= limit)
            else {
                break;
            };
            self.entries[FactorTable::count(multiple) - 1] = 0;
        }
    }

    /// How many numbers up to `n` have an entry. Their indices are below this count.
    #[inline(always)]
    pub(super) fn count(n: u64) -> usize {
        (n / WHEEL) as usize * RESIDUES + usize::from(UP_TO[(n % WHEEL) as usize])
    }

    /// The number whose entry is at `index`.
    #[inline(always)]
    pub(super) fn number(index: usize) -> u64 {
        (index / RESIDUES) as u64 * WHEEL + u64::from(COPRIME[index % RESIDUES])
    }

    /// Whether the number at `index` is squarefree and has no prime factor up to `p`; if so, whether
    /// it has an even number of them.
    #[inline(always)]
    pub(super) fn leaf(&self, index: usize, p: u64) -> Option<bool> {
        let entry = self.entries[index];
        (u64::from(entry) > 2 * p + 1).then_some(entry & 1 == 1)
    }
}

#[cfg(test)]
mod tests {
    use super::FactorTable;
    use crate::factor::factors;
    use crate::interval;

    #[test]
    fn every_number_has_its_least_factor_and_its_sign() {
        let limit = 20_000;
        let primes: Vec<u32> = interval::primes(0..=limit).map(|p| p as u32).collect();
        let table = FactorTable::new(limit, &primes);
        let coprime = (1..=limit).filter(|n| [2, 3, 5, 7, 11].iter().all(|p| n % p != 0));
        for (index, n) in coprime.enumerate() {
            assert_eq!(FactorTable::number(index), n);
            assert_eq!(FactorTable::count(n), index + 1);
            let factors = factors(n);
            let squarefree = factors.windows(2).all(|pair| pair[0] != pair[1]);
            let least = factors.first().copied().unwrap_or(u64::MAX);
            for p in [11, 13, 17, 101, 139] {
                let expected = (squarefree && least > p).then_some(factors.len() % 2 == 0);
                assert_eq!(table.leaf(index, p), expected, "{n} beyond {p}");
            }
        }
    }
}
