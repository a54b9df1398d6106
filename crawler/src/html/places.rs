//! Computes the line and the column of a position.

use super::link::Place;

/// Counts lines and characters while the page is read, so that all places of a page together cost one pass
/// over it.
#[derive(Debug)]
pub(super) struct Places<'a> {
    text: &'a [u8],
    at: usize,
    place: Place,
}

impl<'a> Places<'a> {
    pub(super) fn new(text: &'a [u8]) -> Places<'a> {
        let place = Place { line: 1, column: 1 };
        Places { text, at: 0, place }
    }

    /// The place of a byte. It must not be before that of the last call.
    pub(super) fn of(&mut self, position: usize) -> Place {
        let end = position.clamp(self.at, self.text.len());
        for byte in &self.text[self.at..end] {
            match byte {
                b'\n' => {
                    self.place.line = self.place.line.saturating_add(1);
                    self.place.column = 1;
                }
                // A further byte of a character.
                0x80..=0xbf => {}
                _ => self.place.column = self.place.column.saturating_add(1),
            }
        }
        self.at = end;
        self.place
    }
}
