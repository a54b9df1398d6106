//! A slice that all threads of a team write, each in its own parts.

use std::sync::{Mutex, PoisonError};

/// A slice divided into parts of equal length. Any thread may take a part, but each part only once.
///
/// # Examples
///
/// ```
/// use mandelbrot::omp::{self, Parts};
/// let mut numbers = [0; 10];
/// let parts = Parts::new(&mut numbers, 4);
/// omp::parallel(2, |p| {
///     for index in p.range(0..parts.len()) {
///         parts.take(index).fill(index);
///     }
/// });
/// assert_eq!(numbers, [0, 0, 0, 0, 1, 1, 1, 1, 2, 2]);
/// ```
pub struct Parts<'a, T> {
    // No thread ever waits for these locks. They prove to the compiler that no part is taken twice.
    parts: Vec<Mutex<Option<&'a mut [T]>>>,
}

impl<'a, T> Parts<'a, T> {
    /// Divides a slice into parts of `length`; the last one may be shorter.
    ///
    /// # Panics
    /// If `length` is 0.
    pub fn new(slice: &'a mut [T], length: usize) -> Parts<'a, T> {
        let parts = slice.chunks_mut(length);
        Parts {
            parts: parts.map(Some).map(Mutex::new).collect(),
        }
    }

    /// The number of parts.
    pub fn len(&self) -> usize {
        self.parts.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// Takes a part.
    ///
    /// # Panics
    /// If there is no part with that index, or it was taken before.
    #[track_caller]
    pub fn take(&self, index: usize) -> &'a mut [T] {
        let parts = self.len();
        let Some(part) = self.parts.get(index) else {
            panic!("part {index} of {parts}");
        };
        let taken = part.lock().unwrap_or_else(PoisonError::into_inner).take();
        taken.unwrap_or_else(|| panic!("part {index} is taken already"))
    }
}
