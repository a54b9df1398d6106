//! The result: the number of iterations until each point left.

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
    /// Counts for a plan, all 0.
    pub fn new(plan: &Plan) -> Counts {
        Counts {
            width: plan.width(),
            values: vec![0; plan.points()],
        }
    }

    /// The number of columns.
    pub fn width(&self) -> usize {
        self.width
    }

    /// The number of rows.
    pub fn height(&self) -> usize {
        self.values.len() / self.width
    }

    /// The counts, row by row.
    pub fn values(&self) -> &[u32] {
        &self.values
    }

    /// The counts, row by row, for writing.
    pub fn values_mut(&mut self) -> &mut [u32] {
        &mut self.values
    }

    /// Each band of the plan, with the slice for its counts.
    ///
    /// # Panics
    /// If these counts belong to another plan.
    pub fn bands_mut(&mut self, plan: &Plan) -> impl Iterator<Item = (Tile, &mut [u32])> {
        assert_eq!(self.values.len(), plan.points(), "another plan's counts");
        let band = plan.rows_per_band() * self.width;
        self.values
            .chunks_mut(band)
            .enumerate()
            .map(|(index, out)| (plan.band(index), out))
    }

    /// The slice for a band's counts.
    ///
    /// # Panics
    /// If `tile` does not consist of whole rows of these counts.
    pub fn rows_mut(&mut self, tile: Tile) -> &mut [u32] {
        assert_eq!((tile.x, tile.width), (0, self.width), "whole rows");
        &mut self.values[tile.y * tile.width..][..tile.points()]
    }
}

/// A short form: millions of numbers would be useless.
impl fmt::Debug for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Counts({}x{})", self.width, self.height())
    }
}
