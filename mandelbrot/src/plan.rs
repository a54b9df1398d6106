//! The description of a computation: everything that decides the counts, and nothing about colours.

use std::sync::{Arc, OnceLock};

use num_complex::Complex;
use serde::{Deserialize, Serialize};

use crate::center::Center;
use crate::kernels::perturbation::Reference;
use crate::stop::Stop;
use crate::tile::Tile;
use crate::view::View;

mod depth;
mod error;
mod essence;

pub use depth::{DEEPEST_ZOOM, Depth};
pub use error::PlanError;
use essence::Essence;

/// The maximum number of points of a plan: their counts take 4 GiB.
pub const MOST_POINTS: usize = 1 << 30;

/// The maximum iterations: times [`SMOOTH_SCALE`] they still fit in a count.
pub const MOST_ITERATIONS: u32 = u32::MAX / SMOOTH_SCALE;

/// With [`Plan::with_smooth`], an iteration is divided into this many units of a count.
pub const SMOOTH_SCALE: u32 = 256;

/// The approximate number of points of a band: enough for a kernel that works on dozens at once,
/// and few enough that all workers end at about the same time.
const POINTS_PER_BAND: usize = 4096;

/// The minimum number of bands, if the picture has as many rows: each of 16 workers still gets several.
const LEAST_BANDS: usize = 64;

/// The formula that is iterated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub enum Formula {
    /// z² + c from 0, where c is the point.
    #[default]
    Mandelbrot,
    /// z² + c from the point, where c is given, and at most 2 from the origin.
    Julia(Complex<f64>),
    /// (|re z| + i |im z|)² + c from 0, where c is the point.
    BurningShip,
}

/// Methods that skip iterations. All are off by default, so that kernels are compared without them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shortcuts {
    /// Skip points in the main cardioid and the disc beside it.
    pub bulbs: bool,
    /// Stop when z returns to an earlier value.
    pub periodicity: bool,
}

/// The points of a picture, and how they are iterated.
///
/// # Examples
///
/// ```
/// use mandelbrot::{Plan, View};
/// let plan = Plan::new(View::WORKSHOP, 640, 480)?.with_limit(1000)?;
/// assert_eq!(plan.point(0, 0).re, -2.5);
/// assert_eq!(plan.point(0, 0).im, -1.0);
/// # Ok::<(), mandelbrot::plan::PlanError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(into = "Essence", try_from = "Essence")]
pub struct Plan {
    view: View,
    /// The real part of each column, and the imaginary part of each row.
    re: Vec<f64>,
    im: Vec<f64>,
    limit: u32,
    formula: Formula,
    shortcuts: Shortcuts,
    smooth: bool,
    /// The arguments of [`at`](Plan::at). The view has of them what `f64` can hold.
    place: Option<Arc<Place>>,
    reference: Shared,
    stop: Stop,
}

/// The middle of a view with all its digits, and its zoom: it is `3.5 / zoom` wide.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Place {
    center: Center,
    zoom: f64,
}

/// The data that the kernel `perturbation` computes first, once for all workers of the plan.
#[derive(Clone, Debug, Default)]
struct Shared(Arc<OnceLock<Reference>>);

/// The data follows from the rest of the plan, so it is not compared.
impl PartialEq for Shared {
    fn eq(&self, _: &Shared) -> bool {
        true
    }
}

impl Plan {
    /// A plan with `width` by `height` points of a view. The first point is at its upper left
    /// corner. The default is the Mandelbrot formula with up to 1000 iterations.
    ///
    /// # Errors
    /// If there are no points or too many, a number is not finite, or the points are too close
    /// together for `f64`.
    pub fn new(view: View, width: usize, height: usize) -> Result<Plan, PlanError> {
        let plan = Plan::of(view, None, width, height)?;
        plan.check_depth()?;
        Ok(plan)
    }

    /// A plan with `width` by `height` points around a center with any number of digits, `3.5 /
    /// zoom` wide. It may be too deep for all kernels except `perturbation`: see
    /// [`depth`](Plan::depth).
    ///
    /// # Errors
    /// As [`new`](Plan::new); and if the zoom is beyond [`DEEPEST_ZOOM`].
    pub fn at(center: Center, zoom: f64, width: usize, height: usize) -> Result<Plan, PlanError> {
        if zoom > DEEPEST_ZOOM {
            return Err(PlanError::BeyondPerturbation(zoom));
        }
        let view = View::square(center.rounded(), zoom, width.max(1), height);
        Plan::of(view, Some(Place { center, zoom }), width, height)
    }

    fn of(
        view: View,
        place: Option<Place>,
        width: usize,
        height: usize,
    ) -> Result<Plan, PlanError> {
        if width == 0 || height == 0 {
            return Err(PlanError::Empty { width, height });
        }
        if width.checked_mul(height).is_none_or(|n| n > MOST_POINTS) {
            return Err(PlanError::TooLarge { width, height });
        }
        for number in [view.center.re, view.center.im, view.width, view.height] {
            if !number.is_finite() {
                return Err(PlanError::NotFinite(number));
            }
        }
        for extent in [view.width, view.height] {
            if extent <= 0.0 {
                return Err(PlanError::NotPositive(extent));
            }
        }
        // Compute in this order, because the workshop's program rounds in this order.
        let spread = |count: usize, extent: f64, first: f64| {
            (0..count)
                .map(|at| at as f64 * extent / count as f64 + first)
                .collect()
        };
        Ok(Plan {
            view,
            re: spread(width, view.width, view.center.re - view.width / 2.0),
            im: spread(height, view.height, view.center.im - view.height / 2.0),
            limit: 1000,
            formula: Formula::Mandelbrot,
            shortcuts: Shortcuts::default(),
            smooth: false,
            place: place.map(Arc::new),
            reference: Shared::default(),
            stop: Stop::default(),
        })
    }

    /// Sets the maximum iterations of a point.
    ///
    /// # Errors
    /// If it is 0 or more than [`MOST_ITERATIONS`].
    pub fn with_limit(self, iterations: u32) -> Result<Plan, PlanError> {
        match iterations {
            1..=MOST_ITERATIONS => Ok(Plan {
                limit: iterations,
                reference: Shared::default(),
                ..self
            }),
            _ => Err(PlanError::Iterations(iterations)),
        }
    }

    /// Sets the formula.
    ///
    /// # Errors
    /// If the constant of a Julia set is not a number or is more than 2 from the origin. For a
    /// larger constant, a point outside the circle of radius 2 might return, and the picture would
    /// be dust.
    pub fn with_formula(self, formula: Formula) -> Result<Plan, PlanError> {
        match formula {
            Formula::Julia(c) if c.is_nan() || c.norm_sqr() > 4.0 => Err(PlanError::Julia(c)),
            _ => Ok(Plan { formula, ..self }),
        }
    }

    /// Sets the shortcuts. Those that are wrong for the formula are ignored.
    #[must_use]
    pub fn with_shortcuts(self, shortcuts: Shortcuts) -> Plan {
        Plan { shortcuts, ..self }
    }

    /// Sets smooth counts, in fractions of an iteration ([`SMOOTH_SCALE`] per iteration), by how
    /// far a point escaped.
    #[must_use]
    pub fn with_smooth(self, smooth: bool) -> Plan {
        Plan { smooth, ..self }
    }

    /// Sets a way to stop early. The counts of unfinished points then have no meaning.
    #[must_use]
    pub fn with_stop(self, stop: Stop) -> Plan {
        Plan { stop, ..self }
    }

    /// Whether the computation should stop early.
    pub fn is_stopped(&self) -> bool {
        self.stop.raised()
    }

    /// The number of columns.
    pub fn width(&self) -> usize {
        self.re.len()
    }

    /// The number of rows.
    pub fn height(&self) -> usize {
        self.im.len()
    }

    /// The number of points.
    pub fn points(&self) -> usize {
        self.width() * self.height()
    }

    /// The view.
    pub fn view(&self) -> View {
        self.view
    }

    /// The maximum iterations.
    pub fn limit(&self) -> u32 {
        self.limit
    }

    /// The formula.
    pub fn formula(&self) -> Formula {
        self.formula
    }

    /// Whether the counts are in fractions of an iteration.
    pub fn is_smooth(&self) -> bool {
        self.smooth
    }

    /// The units of a count per iteration: 1, or [`SMOOTH_SCALE`].
    pub fn scale(&self) -> u32 {
        if self.smooth { SMOOTH_SCALE } else { 1 }
    }

    /// The count of a point that has not escaped.
    pub fn inside(&self) -> u32 {
        self.limit * self.scale()
    }

    /// The shortcuts that are valid for the formula.
    pub fn shortcuts(&self) -> Shortcuts {
        Shortcuts {
            bulbs: self.shortcuts.bulbs && self.formula == Formula::Mandelbrot,
            ..self.shortcuts
        }
    }

    /// A point of the plan.
    ///
    /// # Panics
    /// If there is no such point.
    pub fn point(&self, x: usize, y: usize) -> Complex<f64> {
        Complex::new(self.re[x], self.im[y])
    }

    /// The distance of a point from the view's middle, with the full precision of `f64`.
    pub fn offset(&self, x: usize, y: usize) -> Complex<f64> {
        let offset =
            |at: usize, count: usize, extent: f64| (at as f64 / count as f64 - 0.5) * extent;
        Complex::new(
            offset(x, self.width(), self.view.width),
            offset(y, self.height(), self.view.height),
        )
    }

    /// The view's middle, with all its digits.
    pub fn center(&self) -> Center {
        match &self.place {
            Some(place) => place.center.clone(),
            None => self.view.center.into(),
        }
    }

    /// The zoom that was given to [`at`](Plan::at): the view is `3.5 / zoom` wide.
    pub(crate) fn zoom(&self) -> Option<f64> {
        self.place.as_ref().map(|place| place.zoom)
    }

    /// The data of the kernel `perturbation`. The first worker that needs it computes it.
    pub(crate) fn reference(&self) -> &Reference {
        assert_eq!(self.formula, Formula::Mandelbrot, "perturbation");
        self.reference.0.get_or_init(|| Reference::new(self))
    }

    /// The real parts of all columns.
    pub fn real_parts(&self) -> &[f64] {
        &self.re
    }

    /// The tile with all points.
    pub fn tile(&self) -> Tile {
        Tile {
            x: 0,
            y: 0,
            width: self.width(),
            height: self.height(),
        }
    }

    /// The number of rows per band. The last band may have fewer.
    pub fn rows_per_band(&self) -> usize {
        POINTS_PER_BAND
            .div_ceil(self.width())
            .min(self.height() / LEAST_BANDS)
            .max(1)
    }

    /// The number of bands.
    pub fn bands(&self) -> usize {
        self.height().div_ceil(self.rows_per_band())
    }

    /// A band: some whole rows. Models hand out work in this unit.
    ///
    /// # Panics
    /// If there is no such band.
    pub fn band(&self, index: usize) -> Tile {
        let y = index * self.rows_per_band();
        assert!(y < self.height(), "band {index} of {}", self.bands());
        Tile {
            y,
            height: self.rows_per_band().min(self.height() - y),
            ..self.tile()
        }
    }
}
