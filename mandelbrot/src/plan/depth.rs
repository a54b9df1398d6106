//! The depth limits of kernels that compute in `f64`, and of those that do not.

use super::{Plan, PlanError};
use crate::view::{View, WIDTH_AT_ZOOM_1};

/// The minimum distance of neighbouring points, in units in the last place: then rounding moves a
/// point by at most an eighth of a pixel.
const LEAST_STEP_IN_ULPS: f64 = 4.0;

/// Below this distance, the rounding errors of all iterations move points so far that more than one
/// count in a hundred is wrong. Measured with `perturbation` as the reference, around a spiral of
/// some thousand iterations.
const GOOD_STEP_IN_ULPS: f64 = 2_097_152.0;

/// The maximum zoom: the squares of its differences are still in the range of `f64`.
pub const DEEPEST_ZOOM: f64 = 1e290;

/// Whether `f64` is precise enough for a plan's points.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// Yes.
    Shallow,
    /// The points are distinct, but so much is rounded that many counts are wrong.
    Rounded,
    /// The points are not distinct.
    Deep,
}

impl Plan {
    /// Whether `f64` is precise enough for its points.
    pub fn depth(&self) -> Depth {
        match self.slack() {
            slack if slack >= GOOD_STEP_IN_ULPS => Depth::Shallow,
            slack if slack >= LEAST_STEP_IN_ULPS => Depth::Rounded,
            _ => Depth::Deep,
        }
    }

    /// Refuses a plan whose points are not distinct in `f64`.
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

    /// The distance from point to point, in units in the last place.
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
