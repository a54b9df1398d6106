//! The visible part of the complex plane.

use num_complex::Complex;
use serde::{Deserialize, Serialize};

use crate::center::{Center, Decimal};

/// A rectangle of the complex plane. Imaginary parts grow downwards, as in the workshop's program.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct View {
    /// The point in the middle.
    pub center: Complex<f64>,
    /// The distance from the left edge to the right.
    pub width: f64,
    /// The distance from the upper edge to the lower.
    pub height: f64,
}

/// The width of a view at zoom 1.
pub const WIDTH_AT_ZOOM_1: f64 = 3.5;

impl View {
    /// The workshop's view: from -2.5 to 1 and from -1 to 1, stretched to any size.
    pub const WORKSHOP: View = View {
        center: Complex::new(-0.75, 0.0),
        width: WIDTH_AT_ZOOM_1,
        height: 2.0,
    };

    /// The view around `center` with square pixels, `3.5 / zoom` wide.
    pub fn square(center: Complex<f64>, zoom: f64, columns: usize, rows: usize) -> View {
        let width = WIDTH_AT_ZOOM_1 / zoom;
        View {
            center,
            width,
            height: width * rows as f64 / columns as f64,
        }
    }
}

/// A named place.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Place {
    /// The name.
    pub name: &'static str,
    /// A description.
    pub about: &'static str,
    /// Its middle: a real and an imaginary part.
    pub center: (&'static str, &'static str),
    /// The magnification.
    pub zoom: f64,
    /// The number of iterations that it needs.
    pub limit: u32,
}

/// The named places.
pub const PLACES: [Place; 12] = [
    place("whole", "the whole set", ("-0.75", "0.0"), 1.0, 1000),
    place(
        "seahorse",
        "seahorse valley, between the cardioid and its largest disc",
        ("-0.745", "0.113"),
        120.0,
        2000,
    ),
    place(
        "elephant",
        "elephant valley, at the cardioid's cusp",
        ("0.282", "0.0095"),
        160.0,
        2000,
    ),
    place(
        "spiral",
        "a double spiral in seahorse valley",
        ("-0.74453986814", "0.12172377994"),
        60_000.0,
        4000,
    ),
    place(
        "minibrot",
        "the small copy on the needle",
        ("-1.76877883", "0.0"),
        60.0,
        2000,
    ),
    place(
        "triple",
        "a spiral of three arms",
        ("-0.088", "0.654"),
        160.0,
        2000,
    ),
    place(
        "needle",
        "where the real axis leaves the set",
        ("-1.9415", "0.0002"),
        1000.0,
        2000,
    ),
    place(
        "feather",
        "the antenna above the upper disc",
        ("-0.1592", "1.0338"),
        60.0,
        2000,
    ),
    place(
        "spiral-1e30",
        "a spiral of two arms, as deep as it is small",
        (
            "-0.77661059259970185656403950255299474932817032143987",
            "0.13460896167502816605673727023305780954118749622040",
        ),
        1e30,
        20000,
    ),
    place(
        "minibrot-1e30",
        "a copy of the whole set at 6e30, period 1415",
        (
            "-0.7766105925997017869306650036920640346249936227429972378959760325708613",
            "0.1346089616750282494442161192626976968808810849007363267110807182447654",
        ),
        6.440e30,
        20000,
    ),
    place(
        "spiral-1e100",
        "the same spiral, seventy digits deeper",
        (
            "-0.776610592599701856564039502552994749328170321439866000969243657852046860904598708786961428032050414291329374438518119187",
            "0.134608961675028166056737270233057809541187496220403617339979232755439969261824346863746737537208675713465421561764115587",
        ),
        1e100,
        100000,
    ),
    place(
        "minibrot-1e100",
        "a copy of the whole set at 5e100, period 5217",
        (
            "-0.77661059259970185656403950255299474932817032143986487534961920943968381959238811721630133097896021232076221881412575332009290632042731673903",
            "0.13460896167502816605673727023305780954118749622040407238036591661445083291903786374353120257774476214508196754833899018576844915845030137193",
        ),
        5.156e100,
        100000,
    ),
];

impl Place {
    /// The place's middle, with all digits.
    pub fn middle(&self) -> Center {
        // All of them are numbers: a test reads them.
        let part = |text: &str| text.parse().unwrap_or_else(|_| Decimal::from(0.0));
        let (re, im) = self.center;
        Center {
            re: part(re),
            im: part(im),
        }
    }
}

const fn place(
    name: &'static str,
    about: &'static str,
    center: (&'static str, &'static str),
    zoom: f64,
    limit: u32,
) -> Place {
    Place {
        name,
        about,
        center,
        zoom,
        limit,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_places_are_numbers() {
        for place in PLACES {
            let middle = place.middle();
            let text = (middle.re.to_string(), middle.im.to_string());
            assert_eq!((text.0.as_str(), text.1.as_str()), place.center);
        }
    }
}
