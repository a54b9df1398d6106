//! A rectangle of points: the unit that a kernel computes.

/// A rectangle of a plan's points, counted from the upper left corner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Tile {
    /// The first column.
    pub x: usize,
    /// The first row.
    pub y: usize,
    /// The number of columns.
    pub width: usize,
    /// The number of rows.
    pub height: usize,
}

impl Tile {
    /// The number of points.
    pub fn points(self) -> usize {
        self.width * self.height
    }
}
