//! The answer: how many iterations each point took to leave.

use std::fmt;

use crate::plan::Plan;
use crate::tile::Tile;

/// The counts of a plan's points, row by row.
#[derive(Clone, PartialEq, Eq)]
pub struct Counts {
    width: usize,
    values: Vec<u32>,
}

impl Counts {
    /// Room for a plan's counts, all 0.
    pub fn new(plan: &Plan) -> Counts {
        Counts {
            width: plan.width(),
            values: vec![0; plan.points()],
        }
    }

    /// How many columns.
    pub fn width(&self) -> usize {
        self.width
    }

    /// How many rows.
    pub fn height(&self) -> usize {
        self.values.len() / self.width
    }

    /// Row by row.
    pub fn values(&self) -> &[u32] {
        &self.values
    }

    /// Row by row, to be written.
    pub fn values_mut(&mut self) -> &mut [u32] {
        &mut self.values
    }

    /// Each band of the plan, with the slice that its counts go to.
    ///
    /// # Panics
    /// If these are another plan's counts.
    pub fn bands_mut(&mut self, plan: &Plan) -> impl Iterator<Item = (Tile, &mut [u32])> {
        assert_eq!(self.values.len(), plan.points(), "another plan's counts");
        let band = plan.rows_per_band() * self.width;
        self.values
            .chunks_mut(band)
            .enumerate()
            .map(|(index, out)| (plan.band(index), out))
    }

    /// The part that a band's counts go to.
    ///
    /// # Panics
    /// If `tile` is not made of whole rows of these counts.
    pub fn rows_mut(&mut self, tile: Tile) -> &mut [u32] {
        assert_eq!((tile.x, tile.width), (0, self.width), "whole rows");
        &mut self.values[tile.y * tile.width..][..tile.points()]
    }
}

/// Millions of numbers help nobody.
impl fmt::Debug for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Counts({}x{})", self.width, self.height())
    }
}
