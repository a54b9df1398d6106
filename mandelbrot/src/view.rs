//! Which part of the plane is looked at.

use num_complex::Complex;
use serde::{Deserialize, Serialize};

/// A rectangle of the complex plane. Imaginary parts grow downwards, as in the workshop's program.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct View {
    /// The point in the middle.
    pub center: Complex<f64>,
    /// From the left edge to the right.
    pub width: f64,
    /// From the upper edge to the lower.
    pub height: f64,
}

/// How wide a view is at zoom 1.
pub const WIDTH_AT_ZOOM_1: f64 = 3.5;

impl View {
    /// The workshop's view: from -2.5 to 1 and from -1 to 1, stretched to whatever size.
    pub const WORKSHOP: View = View {
        center: Complex::new(-0.75, 0.0),
        width: WIDTH_AT_ZOOM_1,
        height: 2.0,
    };

    /// The view of square pixels around `center` that is `3.5 / zoom` wide.
    pub fn square(center: Complex<f64>, zoom: f64, columns: usize, rows: usize) -> View {
        let width = WIDTH_AT_ZOOM_1 / zoom;
        View {
            center,
            width,
            height: width * rows as f64 / columns as f64,
        }
    }
}

/// A place worth seeing, by name.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Place {
    /// What it is called.
    pub name: &'static str,
    /// What is to be seen.
    pub about: &'static str,
    /// Its middle.
    pub center: Complex<f64>,
    /// How much it is magnified.
    pub zoom: f64,
    /// How many iterations it needs.
    pub limit: u32,
}

/// The places that have names.
pub const PLACES: [Place; 8] = [
    place("whole", "the whole set", (-0.75, 0.0), 1.0, 1000),
    place(
        "seahorse",
        "seahorse valley, between the cardioid and its largest disc",
        (-0.745, 0.113),
        120.0,
        2000,
    ),
    place(
        "elephant",
        "elephant valley, at the cardioid's cusp",
        (0.282, 0.0095),
        160.0,
        2000,
    ),
    place(
        "spiral",
        "a double spiral in seahorse valley",
        (-0.744_539_868_14, 0.121_723_779_94),
        60_000.0,
        4000,
    ),
    place(
        "minibrot",
        "the small copy on the needle",
        (-1.768_778_83, 0.0),
        60.0,
        2000,
    ),
    place(
        "triple",
        "a spiral of three arms",
        (-0.088, 0.654),
        160.0,
        2000,
    ),
    place(
        "needle",
        "where the real axis leaves the set",
        (-1.941_5, 0.000_2),
        1000.0,
        2000,
    ),
    place(
        "feather",
        "the antenna above the upper disc",
        (-0.1592, 1.0338),
        60.0,
        2000,
    ),
];

const fn place(
    name: &'static str,
    about: &'static str,
    (re, im): (f64, f64),
    zoom: f64,
    limit: u32,
) -> Place {
    Place {
        name,
        about,
        center: Complex::new(re, im),
        zoom,
        limit,
    }
}
