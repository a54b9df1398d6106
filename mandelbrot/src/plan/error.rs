//! The errors of plans.

use num_complex::Complex;

use super::{DEEPEST_ZOOM, MOST_ITERATIONS};

/// The reason why a plan is not possible.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PlanError {
    /// The picture would have no point.
    #[error("{width}x{height}: a picture has at least one pixel")]
    Empty {
        /// The requested columns.
        width: usize,
        /// The requested rows.
        height: usize,
    },
    /// There would be more points than [`MOST_POINTS`](super::MOST_POINTS).
    #[error("{width}x{height}: more than 2^30 points")]
    TooLarge {
        /// The requested columns.
        width: usize,
        /// The requested rows.
        height: usize,
    },
    /// A coordinate is not a finite number.
    #[error("{0}: not a finite number")]
    NotFinite(f64),
    /// The view would be empty.
    #[error("{0}: a view is wider and higher than 0")]
    NotPositive(f64),
    /// Neighbouring points would be the same, or nearly.
    #[error(
        "zoom {zoom:.1e}: too deep for f64, whose limit at {center} and this size is zoom {limit:.1e}"
    )]
    TooDeep {
        /// The requested zoom.
        zoom: f64,
        /// The largest possible zoom here.
        limit: f64,
        /// The center.
        center: Complex<f64>,
    },
    /// The zoom is larger than [`DEEPEST_ZOOM`].
    #[error("zoom {0:.1e}: the deepest is {DEEPEST_ZOOM:.0e}")]
    BeyondPerturbation(f64),
    /// The maximum iterations are 0, or more than [`MOST_ITERATIONS`].
    #[error("{0}: from 1 to {MOST_ITERATIONS} iterations")]
    Iterations(u32),
    /// With this constant, a point outside the circle of radius 2 might return.
    #[error("{0}: a Julia set's constant is at most 2 from the origin")]
    Julia(Complex<f64>),
}
