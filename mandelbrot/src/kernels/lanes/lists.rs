//! Lists of points in a form for vectors: one array for each part of a point.

use std::cell::RefCell;

use fearless_simd::prelude::*;

use super::ROOM;

/// The points of a list.
pub(super) struct List {
    pub(super) x: [f64; ROOM],
    pub(super) y: [f64; ROOM],
    pub(super) re: [f64; ROOM],
    pub(super) im: [f64; ROOM],
    /// The index of the point in the batch. It is a small number, stored as `f64` like the rest.
    pub(super) at: [f64; ROOM],
    pub(super) len: usize,
}

impl List {
    const EMPTY: List = List {
        x: [0.0; ROOM],
        y: [0.0; ROOM],
        re: [0.0; ROOM],
        im: [0.0; ROOM],
        at: [0.0; ROOM],
        len: 0,
    };

    /// Appends the lanes of x, y, re, im and at that are set in `which`.
    #[inline(always)]
    pub(super) fn push<S: Simd<f64s = F>, F>(&mut self, [x, y, re, im, at]: [F; 5], which: F::Mask)
    where
        F: SimdFloat<S, Element = f64>,
    {
        let room = self.len..self.len + F::LEN;
        x.compress(which).store_slice(&mut self.x[room.clone()]);
        y.compress(which).store_slice(&mut self.y[room.clone()]);
        re.compress(which).store_slice(&mut self.re[room.clone()]);
        im.compress(which).store_slice(&mut self.im[room.clone()]);
        at.compress(which).store_slice(&mut self.at[room]);
        self.len += which.to_bitmask().count_ones() as usize;
    }

    pub(super) fn copy_from(&mut self, other: &List) {
        let len = other.len;
        self.x[..len].copy_from_slice(&other.x[..len]);
        self.y[..len].copy_from_slice(&other.y[..len]);
        self.re[..len].copy_from_slice(&other.re[..len]);
        self.im[..len].copy_from_slice(&other.im[..len]);
        self.at[..len].copy_from_slice(&other.at[..len]);
        self.len = len;
    }
}

/// The memory for a fill.
pub(super) struct Scratch {
    pub(super) inside: List,
    pub(super) left: List,
    /// For each point that left, the iterations before.
    pub(super) behind: [u32; ROOM],
}

thread_local! {
    /// Kept between calls: to clear it would take longer than many tiles.
    pub(super) static SCRATCH: RefCell<Box<Scratch>> = RefCell::new(Box::new(Scratch {
        inside: List::EMPTY,
        left: List::EMPTY,
        behind: [0; ROOM],
    }));
}
