//! The mod-30 wheel: the mapping from numbers to bits, and the positions of a prime's multiples.
//!
//! Every prime above 5 has one of eight residues mod 30, so one byte holds the eight candidates of
//! thirty numbers. Byte `b` represents `30b + 7 ..= 30b + 31`. It uses 31 instead of 1, so that
//! every prime constellation up to the sextuplet lies within one byte.

/// The offsets of a byte's eight candidates, in bit order.
pub(super) const CANDIDATES: [u64; 8] = [7, 11, 13, 17, 19, 23, 29, 31];

/// The residues mod 30 that are coprime to 30. They are the classes of the primes and of their
/// cofactors.
pub(crate) const COPRIME: [usize; 8] = [1, 7, 11, 13, 17, 19, 23, 29];

/// The byte of `number` (at least 7), whether it is a candidate or not.
pub(super) const fn byte_of(number: u64) -> u64 {
    (number - 7) / 30
}

/// The index in [`COPRIME`] of a number coprime to 30.
#[inline(always)]
pub(super) const fn class_of(number: u64) -> usize {
    const CLASSES: [u8; 30] = {
        let mut classes = [0; 30];
        let mut class = 0;
        while class < 8 {
            classes[COPRIME[class]] = class as u8;
            class += 1;
        }
        classes
    };
    CLASSES[(number % 30) as usize] as usize
}

/// The bit of a number coprime to 30.
pub(super) const fn bit_of(number: u64) -> u8 {
    let residue = number % 30;
    let mut bit = 0;
    while CANDIDATES[bit] % 30 != residue {
        bit += 1;
    }
    1 << bit
}

/// The position of the multiple `p * m`, for `p = 30k + COPRIME[class]` and `m = 30q +
/// COPRIME[step]`: byte `p * q + k * COPRIME[step] + carry`, in the bit that `mask` clears.
#[derive(Clone, Copy)]
pub(super) struct Hit {
    pub(super) carry: isize,
    pub(super) mask: u8,
}

/// [`Hit`]s by class of the prime, then by class of the cofactor.
pub(super) const HITS: [[Hit; 8]; 8] = {
    let mut hits = [[Hit { carry: 0, mask: 0 }; 8]; 8];
    let mut class = 0;
    while class < 8 {
        let mut step = 0;
        while step < 8 {
            let product = COPRIME[class] * COPRIME[step];
            hits[class][step] = Hit {
                // If a product is 1 mod 30, it is number 31 of the byte before.
                carry: (product + 30 - 7) as isize / 30 - 1,
                mask: !bit_of(product as u64),
            };
            step += 1;
        }
        class += 1;
    }
    hits
};

/// How many residues mod 210 are coprime to 210: the cofactors in one turn of that wheel.
const COFACTORS: usize = 48;

/// One multiple of a prime `30k + r`, among the multiples that 7 does not divide either: the bit
/// that it clears, and the distance to the next.
#[derive(Clone, Copy)]
pub(super) struct Step {
    /// The next multiple is `k * gap + carry` bytes later.
    pub(super) gap: u8,
    pub(super) carry: u8,
    pub(super) mask: u8,
    /// The number of steps from the class's last step back to its first.
    back: u8,
}

/// The states: `COFACTORS` steps for each class of primes.
pub(super) const STEPS: [Step; 8 * COFACTORS] = {
    let mut steps = [Step {
        gap: 0,
        carry: 0,
        mask: 0,
        back: 0,
    }; 8 * COFACTORS];
    let mut state = 0;
    while state < steps.len() {
        let residue = COPRIME[state / COFACTORS];
        let cofactor = COPRIME_210[state % COFACTORS];
        let last = state % COFACTORS == COFACTORS - 1;
        let next = if last {
            210 + COPRIME_210[0]
        } else {
            COPRIME_210[state % COFACTORS + 1]
        };
        steps[state] = Step {
            gap: (next - cofactor) as u8,
            // Like `byte_of`, shifted by one byte so that it is never negative.
            carry: ((residue * next + 23) / 30 - (residue * cofactor + 23) / 30) as u8,
            mask: !bit_of((residue * cofactor) as u64),
            back: if last { COFACTORS as u8 } else { 0 },
        };
        state += 1;
    }
    steps
};

/// The state after `state`.
#[inline(always)]
pub(super) fn next_state(state: usize, step: Step) -> usize {
    state + 1 - step.back as usize
}

const COPRIME_210: [usize; COFACTORS] = {
    let mut residues = [0; COFACTORS];
    let (mut residue, mut found) = (1, 0);
    while residue < 210 {
        if is_coprime_to_210(residue) {
            residues[found] = residue;
            found += 1;
        }
        residue += 2;
    }
    residues
};

const fn is_coprime_to_210(n: usize) -> bool {
    n % 2 != 0 && n % 3 != 0 && n % 5 != 0 && n % 7 != 0
}

/// For each residue mod 210: the distance to the next number coprime to 210, and the index of its
/// residue.
const TO_COPRIME_210: [(u8, u8); 210] = {
    let mut table = [(0, 0); 210];
    let mut residue = 0;
    while residue < 210 {
        let mut index = 0;
        while COPRIME_210[index] < residue {
            index += 1;
        }
        table[residue] = ((COPRIME_210[index] - residue) as u8, index as u8);
        residue += 1;
    }
    table
};

/// The first step for a prime of `class`: the first cofactor from `cofactor` on that is coprime to
/// 210, and its state.
#[inline(always)]
pub(super) fn first_step(class: usize, cofactor: u64) -> (u64, usize) {
    let (distance, index) = TO_COPRIME_210[(cofactor % 210) as usize];
    (
        cofactor + u64::from(distance),
        COFACTORS * class + usize::from(index),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const PRIMES: [u64; 12] = [
        7,
        11,
        13,
        17,
        19,
        23,
        29,
        31,
        37,
        1009,
        30_011,
        4_294_967_291,
    ];

    #[test]
    fn hits_find_every_multiple() {
        for p in PRIMES {
            let (k, class) = (p as usize / 30, class_of(p));
            for m in (7..400).filter(|m| m % 2 != 0 && m % 3 != 0 && m % 5 != 0) {
                let hit = HITS[class][class_of(m)];
                let byte =
                    p * (m / 30) + (k * COPRIME[class_of(m)]).wrapping_add_signed(hit.carry) as u64;
                assert_eq!(
                    (byte, hit.mask),
                    (byte_of(p * m), !bit_of(p * m)),
                    "{p} * {m}"
                );
            }
        }
    }

    #[test]
    fn steps_walk_from_multiple_to_multiple() {
        for p in PRIMES {
            let (mut cofactor, mut state) = first_step(class_of(p), 2);
            for _ in 0..3 * COFACTORS {
                let step = STEPS[state];
                assert_eq!(step.mask, !bit_of(p * cofactor), "{p} * {cofactor}");
                let (next, next_state_) = first_step(class_of(p), cofactor + 1);
                let way = p / 30 * u64::from(step.gap) + u64::from(step.carry);
                assert_eq!(
                    way,
                    byte_of(p * next) - byte_of(p * cofactor),
                    "{p} * {cofactor} to {next}"
                );
                assert_eq!(next_state(state, step), next_state_);
                (cofactor, state) = (next, next_state_);
            }
        }
    }
}
