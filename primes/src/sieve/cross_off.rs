//! Small and medium sieving primes: crossed off one whole turn of the wheel at a time.
//!
//! Eight multiples, one per residue class, make one turn. The next turn starts `p` bytes later. The
//! bits of a turn depend only on the prime's own class mod 30. So each class has its own loop with
//! constant masks, and a turn is eight read-modify-writes and one branch. Turns are never split:
//! the last one may extend up to `p` bytes past the end. The caller provides these bytes.

use super::wheel::{COPRIME, HITS, class_of};

/// Sieving primes, by residue class mod 30.
pub(super) struct Turns {
    classes: [Vec<Turn>; 8],
    /// The upper bound of the primes.
    reach: usize,
}

/// A sieving prime `30k + r`, and the start of its next turn in bytes from the start of the next
/// stretch.
struct Turn {
    k: u32,
    at: u32,
}

impl Turns {
    /// An empty set for primes up to `reach`.
    pub(super) fn new(reach: usize) -> Turns {
        Turns {
            classes: Default::default(),
            reach,
        }
    }

    /// Adds prime `p` from its turn `at` bytes after the start of the next stretch.
    ///
    /// # Panics
    /// If `p` is larger than `reach`, or below 31: those primes belong to the wheel.
    pub(super) fn push(&mut self, p: u32, at: u32) {
        assert!(
            p > 30 && p as usize <= self.reach,
            "{p}: not between 31 and {}",
            self.reach
        );
        self.classes[class_of(p.into())].push(Turn { k: p / 30, at });
    }

    /// Crosses off every turn that starts in the first `len` bytes, and moves all turns to the
    /// following stretch.
    ///
    /// # Panics
    /// If there are fewer than `len + reach` bytes.
    pub(super) fn cross_off(&mut self, bytes: &mut [u8], len: usize) {
        assert!(bytes.len() >= len + self.reach, "no room for the last turn");
        let [a, b, c, d, e, f, g, h] = &mut self.classes;
        cross_off_class::<0>(a, bytes, len);
        cross_off_class::<1>(b, bytes, len);
        cross_off_class::<2>(c, bytes, len);
        cross_off_class::<3>(d, bytes, len);
        cross_off_class::<4>(e, bytes, len);
        cross_off_class::<5>(f, bytes, len);
        cross_off_class::<6>(g, bytes, len);
        cross_off_class::<7>(h, bytes, len);
    }
}

/// The byte of multiple `step` in a turn of the prime `30k + COPRIME[class]`, from the start of the
/// turn.
#[inline(always)]
pub(super) fn offset(k: usize, class: usize, step: usize) -> usize {
    (k * COPRIME[step]).wrapping_add_signed(HITS[class][step].carry)
}

/// Only for [`Turns::cross_off`], which checks that `bytes` is long enough.
#[expect(
    unsafe_code,
    reason = "a bounds check would double the work of each of the writes"
)]
fn cross_off_class<const CLASS: usize>(turns: &mut [Turn], bytes: &mut [u8], len: usize) {
    let masks = const {
        let mut masks = [0; 8];
        let mut step = 0;
        while step < 8 {
            masks[step] = HITS[CLASS][step].mask;
            step += 1;
        }
        masks
    };
    for turn in turns {
        let k = turn.k as usize;
        let p = 30 * k + COPRIME[CLASS];
        let offsets: [usize; 8] = std::array::from_fn(|step| offset(k, CLASS, step));
        let mut at = turn.at as usize;
        while at < len {
            for step in 0..8 {
                // SAFETY: `push` checked that `p` is at most `reach` and `k` at least 1. So every
                // offset of a turn is below `p`, because a multiple's cofactor is at most 29 of 30.
                // `at` is below `len`, and there are `len + reach` bytes.
                unsafe { *bytes.get_unchecked_mut(at + offsets[step]) &= masks[step] };
            }
            at += p;
        }
        turn.at = (at - len) as u32;
    }
}
