//! A rectangle of points: what a kernel is given to compute.

/// A rectangle of a plan's points, counted from the upper left corner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Tile {
    /// The first column.
    pub x: usize,
    /// The first row.
    pub y: usize,
    /// How many columns.
    pub width: usize,
    /// How many rows.
    pub height: usize,
}

impl Tile {
    /// How many points it has.
    pub fn points(self) -> usize {
        self.width * self.height
    }
}
