//! How deep a plan may be for kernels that compute in f64, and for those that don't.

use super::{Plan, PlanError};
use crate::view::{View, WIDTH_AT_ZOOM_1};

/// Neighbouring points differ by at least this many units in the last place, so that rounding a
/// point moves it by an eighth of a pixel at most.
const LEAST_STEP_IN_ULPS: f64 = 4.0;

/// And where they are closer than this, rounding, which adds up over the iterations, moves points so
/// far that more than one count in a hundred is wrong: measured beside `perturbation`, around a spiral
/// of some thousand iterations.
const GOOD_STEP_IN_ULPS: f64 = 2_097_152.0;

/// The deepest zoom: squares of its differences are still well within f64.
pub const DEEPEST_ZOOM: f64 = 1e290;

/// Whether f64 can iterate a plan's points.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// Yes.
    Shallow,
    /// It can tell them apart, but rounds so much that many counts are wrong.
    Rounded,
    /// It can't tell them apart.
    Deep,
}

impl Plan {
    /// Whether f64 can iterate its points.
    pub fn depth(&self) -> Depth {
        match self.slack() {
            slack if slack >= GOOD_STEP_IN_ULPS => Depth::Shallow,
            slack if slack >= LEAST_STEP_IN_ULPS => Depth::Rounded,
            _ => Depth::Deep,
        }
    }

    /// Refuses a plan whose points f64 can't tell apart.
    ///
    /// # Errors
    /// If its depth is [`Depth::Deep`].
    pub fn check_depth(&self) -> Result<(), PlanError> {
        let slack = self.slack() / LEAST_STEP_IN_ULPS;
        if slack >= 1.0 {
            return Ok(());
        }
        let zoom = WIDTH_AT_ZOOM_1 / self.view.width;
        Err(PlanError::TooDeep {
            zoom,
            limit: zoom * slack,
            center: self.view.center,
        })
    }

    /// How many units in the last place there are from point to point.
    fn slack(&self) -> f64 {
        let View {
            center,
            width,
            height,
        } = self.view;
        let ulps = |middle: f64, extent: f64, count: usize| {
            let farthest = middle.abs() + extent / 2.0;
            extent / count as f64 / (farthest.next_up() - farthest)
        };
        ulps(center.re, width, self.width()).min(ulps(center.im, height, self.height()))
    }
}
