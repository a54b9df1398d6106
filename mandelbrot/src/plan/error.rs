//! Why there is no such plan.

use num_complex::Complex;

use super::{DEEPEST_ZOOM, MOST_ITERATIONS};

/// Why there is no such plan.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PlanError {
    /// A picture has at least one point.
    #[error("{width}x{height}: a picture has at least one pixel")]
    Empty {
        /// Columns asked for.
        width: usize,
        /// Rows asked for.
        height: usize,
    },
    /// More than [`MOST_POINTS`](super::MOST_POINTS).
    #[error("{width}x{height}: more than 2^30 points")]
    TooLarge {
        /// Columns asked for.
        width: usize,
        /// Rows asked for.
        height: usize,
    },
    /// A coordinate that is no number.
    #[error("{0}: not a finite number")]
    NotFinite(f64),
    /// A view without an inside.
    #[error("{0}: a view is wider and higher than 0")]
    NotPositive(f64),
    /// Neighbouring points would be the same, or nearly.
    #[error(
        "zoom {zoom:.1e}: too deep for f64, whose limit at {center} and this size is zoom {limit:.1e}"
    )]
    TooDeep {
        /// Asked for.
        zoom: f64,
        /// The deepest that would do.
        limit: f64,
        /// Around which point.
        center: Complex<f64>,
    },
    /// Beyond [`DEEPEST_ZOOM`].
    #[error("zoom {0:.1e}: the deepest is {DEEPEST_ZOOM:.0e}")]
    BeyondPerturbation(f64),
    /// No iterations, or more than [`MOST_ITERATIONS`].
    #[error("{0}: from 1 to {MOST_ITERATIONS} iterations")]
    Iterations(u32),
    /// A constant for which a point outside the circle of radius 2 might come back.
    #[error("{0}: a Julia set's constant is at most 2 from the origin")]
    Julia(Complex<f64>),
}
