//! Small and medium sieving primes: crossed off a whole turn of the wheel at a time.
//!
//! Eight multiples, one per residue class, make one turn; the next turn starts `p` bytes on. The
//! bits of a turn depend only on the prime's own class mod 30, so each class has its loop with the
//! masks as constants, and a turn is eight read-modify-writes and one branch. Turns are never
//! split: the last one may run up to `p` bytes past the end, into bytes that the caller has put
//! there for it.

use super::wheel::{COPRIME, HITS, class_of};

/// Sieving primes, by residue class mod 30.
pub(super) struct Turns {
    classes: [Vec<Turn>; 8],
    /// No prime is larger.
    reach: usize,
}

/// A sieving prime `30k + r` and where its next turn starts, in bytes from the start of the stretch
/// to be sieved.
struct Turn {
    k: u32,
    at: u32,
}

impl Turns {
    /// For primes up to `reach`.
    pub(super) fn new(reach: usize) -> Turns {
        Turns {
            classes: Default::default(),
            reach,
        }
    }

    /// Adds prime `p` from its turn `at` bytes after the start of the next stretch.
    ///
    /// # Panics
    /// If `p` is larger than `reach`, or one of those below 31 that the wheel is made of.
    pub(super) fn push(&mut self, p: u32, at: u32) {
        assert!(
            p > 30 && p as usize <= self.reach,
            "{p}: not between 31 and {}",
            self.reach
        );
        self.classes[class_of(p.into())].push(Turn { k: p / 30, at });
    }

    /// Crosses off every turn that starts in the first `len` bytes, and moves all turns to the
    /// stretch that follows.
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

/// The byte of multiple `step` in a turn of the prime `30k + COPRIME[class]`, from the turn's
/// start.
#[inline(always)]
pub(super) fn offset(k: usize, class: usize, step: usize) -> usize {
    (k * COPRIME[step]).wrapping_add_signed(HITS[class][step].carry)
}

/// For [`Turns::cross_off`] only, which checks that `bytes` reaches far enough.
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
                // SAFETY: `p` is at most `reach` and `k` at least 1, which `push` checked, so every
                // offset of a turn is below `p`, a multiple's cofactor being at most 29 of 30.
                // `at` is below `len`, and there are `len + reach` bytes.
                unsafe { *bytes.get_unchecked_mut(at + offsets[step]) &= masks[step] };
            }
            at += p;
        }
        turn.at = (at - len) as u32;
    }
}
