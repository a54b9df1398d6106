//! Records turns as spans, for `--timeline` and `--trace`.

use tracing::Span;

/// An iterator that records each of its turns as a part of a span.
pub(super) struct Traced<I> {
    span: Span,
    turns: I,
}

impl<I> Traced<I> {
    pub(super) fn new(span: Span, turns: I) -> Traced<I> {
        Traced { span, turns }
    }
}

impl<I: Iterator> Iterator for Traced<I> {
    type Item = I::Item;

    fn next(&mut self) -> Option<I::Item> {
        let turns = &mut self.turns;
        self.span.in_scope(|| turns.next())
    }
}
