//! Prime constellations, or k-tuplets: groups of two to six primes, as close together as possible.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A kind of group: primes as close together as possible.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[repr(u8)]
pub enum Constellation {
    /// Single primes.
    Single = 1,
    /// Twins: `p, p + 2`.
    Twins,
    /// Triplets: `p, p + 2, p + 6` or `p, p + 4, p + 6`.
    Triplets,
    /// Quadruplets: `p, p + 2, p + 6, p + 8`.
    Quadruplets,
    /// Quintuplets: a quadruplet and `p - 4` or `p + 12`.
    Quintuplets,
    /// Sextuplets: a quadruplet and both.
    Sextuplets,
}

use Constellation::{Quadruplets, Quintuplets, Sextuplets, Single, Triplets, Twins};

impl Constellation {
    /// The constellation of `size` primes, from 1 to 6.
    pub fn of(size: u8) -> Option<Constellation> {
        [
            Single,
            Twins,
            Triplets,
            Quadruplets,
            Quintuplets,
            Sextuplets,
        ]
        .into_iter()
        .find(|&c| c.size() == size)
    }

    /// The number of primes in a group.
    pub fn size(self) -> u8 {
        self as u8
    }

    /// The plural name.
    pub fn name(self) -> &'static str {
        match self {
            Single => "primes",
            Twins => "prime twins",
            Triplets => "prime triplets",
            Quadruplets => "prime quadruplets",
            Quintuplets => "prime quintuplets",
            Sextuplets => "prime sextuplets",
        }
    }

    /// The differences from the first prime to the others, one list per shape.
    pub(crate) fn shapes(self) -> &'static [&'static [u64]] {
        match self {
            Single => &[&[]],
            Twins => &[&[2]],
            Triplets => &[&[2, 6], &[4, 6]],
            Quadruplets => &[&[2, 6, 8]],
            Quintuplets => &[&[2, 6, 8, 12], &[4, 6, 10, 12]],
            Sextuplets => &[&[4, 6, 10, 12, 16]],
        }
    }

    /// The groups that begin with 3 or 5; the wheel has no bits for these.
    pub(crate) fn smallest(self) -> &'static [&'static [u64]] {
        match self {
            Single => &[&[2], &[3], &[5]],
            Twins => &[&[3, 5], &[5, 7]],
            Triplets => &[&[5, 7, 11]],
            Quadruplets => &[&[5, 7, 11, 13]],
            Quintuplets => &[&[5, 7, 11, 13, 17]],
            Sextuplets => &[],
        }
    }
}

/// The error for a size without a constellation.
#[derive(Debug, thiserror::Error)]
#[error("{0}: from 1 to 6 primes")]
pub struct ParseConstellationError(String);

/// Reads the number of primes in a group.
impl FromStr for Constellation {
    type Err = ParseConstellationError;

    fn from_str(text: &str) -> Result<Constellation, ParseConstellationError> {
        let size = text.parse().ok();
        size.and_then(Constellation::of)
            .ok_or_else(|| ParseConstellationError(text.to_owned()))
    }
}
