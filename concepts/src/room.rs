//! The work to be done: a room is a list of pieces of work.

use std::ops::Range;
use std::time::Duration;

/// The strokes of one piece, after which a painter may change the room. With a stroke of 1 ms this is
/// CPython's switch interval (`sys.getswitchinterval()`: 5 ms).
pub const STROKES_PER_PIECE: u64 = 5;

/// A room to be painted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Room {
    /// Its number, from 0.
    pub number: usize,
    /// The pieces of work, in order.
    pub pieces: Vec<Piece>,
}

/// A piece of work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// Paint these strokes: work that computes.
    Paint(Range<u64>),
    /// Let the coat dry: work that waits. It needs no painter.
    Dry(Duration),
}

impl Room {
    /// A room of one coat that needs `strokes` strokes, cut into pieces.
    pub fn new(number: usize, strokes: u64) -> Room {
        let mut room = Room {
            number,
            pieces: Vec::new(),
        };
        room.add_coat(0, strokes);
        room
    }

    /// A room of two coats of `strokes` strokes each; the first has to dry for `drying`.
    pub fn with_two_coats(number: usize, strokes: u64, drying: Duration) -> Room {
        let mut room = Room::new(number, strokes);
        room.pieces.push(Piece::Dry(drying));
        room.add_coat(strokes, strokes);
        room
    }

    fn add_coat(&mut self, first: u64, strokes: u64) {
        let end = first + strokes;
        let starts = (first..end).step_by(STROKES_PER_PIECE as usize);
        let pieces = starts.map(|start| start..end.min(start + STROKES_PER_PIECE));
        self.pieces.extend(pieces.map(Piece::Paint));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coats_are_cut_into_pieces() {
        let dry = Duration::from_millis(1);
        let room = Room::with_two_coats(0, 7, dry);
        let paint = |range| Piece::Paint(range);
        assert_eq!(
            room.pieces,
            [
                paint(0..5),
                paint(5..7),
                Piece::Dry(dry),
                paint(7..12),
                paint(12..14)
            ]
        );
        assert!(Room::new(0, 0).pieces.is_empty());
    }
}
