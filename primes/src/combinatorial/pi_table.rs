//! pi(n) for every `n` up to a limit: a lookup and a count of bits.

/// The size of a block in numbers: 64 candidates, eight of each thirty.
const NUMBERS: u64 = 240;

/// The primes up to a limit as bits, with counts.
pub(super) struct PiTable {
    blocks: Vec<Block>,
}

#[derive(Clone, Copy, Default)]
struct Block {
    /// How many primes there are before the block, with 2, 3 and 5, which have no bits.
    before: u64,
    bits: u64,
}

/// For each residue: the bits of the candidates up to it.
pub(super) const UP_TO: [u64; NUMBERS as usize] = {
    let mut masks = [0; NUMBERS as usize];
    let (mut residue, mut mask, mut bit) = (0, 0, 0);
    while residue < NUMBERS {
        if residue % 2 != 0 && residue % 3 != 0 && residue % 5 != 0 {
            mask |= 1 << bit;
            bit += 1;
        }
        masks[residue as usize] = mask;
        residue += 1;
    }
    masks
};

impl PiTable {
    /// A table up to `limit`. `primes` are all primes up to `limit`.
    pub(super) fn new(limit: u64, primes: &[u32]) -> PiTable {
        let mut blocks = vec![Block::default(); (limit / NUMBERS) as usize + 1];
        for &p in primes.iter().filter(|&&p| p > 5) {
            let p = u64::from(p);
            let residue = (p % NUMBERS) as usize;
            // The highest of the bits up to it is its own bit.
            blocks[(p / NUMBERS) as usize].bits |= UP_TO[residue] & !UP_TO[residue - 1];
        }
        let mut before = 3;
        for block in &mut blocks {
            block.before = before;
            before += u64::from(block.bits.count_ones());
        }
        PiTable { blocks }
    }

    /// How many primes there are up to `n`.
    #[inline(always)]
    pub(super) fn of(&self, n: u64) -> u64 {
        if n < 5 {
            return [0, 0, 1, 2, 2][n as usize];
        }
        let block = self.blocks[(n / NUMBERS) as usize];
        let bits = block.bits & UP_TO[(n % NUMBERS) as usize];
        block.before + u64::from(bits.count_ones())
    }
}

#[cfg(test)]
mod tests {
    use super::PiTable;
    use crate::interval;

    #[test]
    fn every_number_up_to_the_limit() {
        for limit in [20, 239, 240, 5000] {
            let primes: Vec<u32> = interval::primes(0..=limit).map(|p| p as u32).collect();
            let table = PiTable::new(limit, &primes);
            for n in 0..=limit {
                let expected = primes.iter().filter(|&&p| u64::from(p) <= n).count() as u64;
                assert_eq!(table.of(n), expected, "{n} of {limit}");
            }
        }
    }
}
