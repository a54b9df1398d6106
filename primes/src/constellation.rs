//! Prime constellations, or k-tuplets: the tightest groups of two to six primes.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A group of primes as close together as primes can be.
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

    /// How many primes make one.
    pub fn size(self) -> u8 {
        self as u8
    }

    /// What several of them are called.
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

    /// The differences from the first prime to the others, one list for each shape.
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

    /// Those that begin with 3 or 5, which the wheel leaves out.
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

/// There is no constellation of that size.
#[derive(Debug, thiserror::Error)]
#[error("{0}: from 1 to 6 primes")]
pub struct ParseConstellationError(String);

/// From the number of primes that make one.
impl FromStr for Constellation {
    type Err = ParseConstellationError;

    fn from_str(text: &str) -> Result<Constellation, ParseConstellationError> {
        let size = text.parse().ok();
        size.and_then(Constellation::of)
            .ok_or_else(|| ParseConstellationError(text.to_owned()))
    }
}
