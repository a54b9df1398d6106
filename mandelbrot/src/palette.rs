//! Palettes: the colour of each count.

use std::fmt::Write;

use crate::plan::Plan;

mod files;

pub use files::{LARGEST_FILE, PaletteError};

/// A colour: red, green, blue.
pub type Rgb = [u8; 3];

/// The number of colours from one stop of a built-in palette to the next.
const STEPS: usize = 16;

/// The colour of points that never left, except in the workshop's palette.
const INSIDE: Rgb = [0, 0, 0];

/// A rule that gives each count a colour.
///
/// # Examples
///
/// ```
/// use mandelbrot::{Plan, View, palette::Palette};
/// let plan = Plan::new(View::WORKSHOP, 640, 480)?;
/// assert_eq!(Palette::workshop().color(&plan, 9), [32, 144, 72]);
/// # Ok::<(), mandelbrot::plan::PlanError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Palette {
    name: String,
    /// The colours, repeated in a cycle. It is empty for the workshop's palette, which is a
    /// formula.
    colors: Vec<Rgb>,
}

/// The built-in palettes and their stops.
const BUILT_IN: [(&str, &[Rgb]); 5] = [
    (
        "ocean",
        &[
            [0, 7, 100],
            [32, 107, 203],
            [237, 255, 255],
            [255, 170, 0],
            [60, 20, 30],
        ],
    ),
    (
        "fire",
        &[
            [20, 0, 0],
            [130, 10, 0],
            [240, 80, 0],
            [255, 200, 60],
            [255, 250, 220],
            [90, 20, 10],
        ],
    ),
    (
        "forest",
        &[
            [5, 20, 15],
            [20, 80, 50],
            [120, 170, 60],
            [240, 235, 170],
            [110, 70, 40],
        ],
    ),
    (
        "twilight",
        &[[226, 217, 226], [98, 118, 186], [47, 20, 54], [178, 84, 80]],
    ),
    ("gray", &[[20, 20, 20], [240, 240, 240]]),
];

impl Palette {
    /// The workshop's: `(i % 8 * 32, i % 16 * 16, i % 32 * 8)`.
    pub fn workshop() -> Palette {
        Palette {
            name: "workshop".to_owned(),
            colors: Vec::new(),
        }
    }

    /// The names of the built-in palettes.
    pub fn names() -> impl Iterator<Item = &'static str> {
        std::iter::once("workshop").chain(BUILT_IN.iter().map(|(name, _)| *name))
    }

    /// A built-in palette.
    pub fn named(name: &str) -> Option<Palette> {
        if name == "workshop" {
            return Some(Palette::workshop());
        }
        let (_, stops) = BUILT_IN.iter().find(|(known, _)| *known == name)?;
        let steps = |at: usize| {
            let (from, to) = (stops[at], stops[(at + 1) % stops.len()]);
            (0..STEPS).map(move |step| mix(from, to, step as f64 / STEPS as f64))
        };
        Some(Palette {
            name: name.to_owned(),
            colors: (0..stops.len()).flat_map(steps).collect(),
        })
    }

    /// The palette's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The colour of a count of a plan's points.
    pub fn color(&self, plan: &Plan, count: u32) -> Rgb {
        let (whole, part) = (count / plan.scale(), count % plan.scale());
        if self.colors.is_empty() {
            // Each value is less than 256.
            return [whole % 8 * 32, whole % 16 * 16, whole % 32 * 8].map(|part| part as u8);
        }
        if count >= plan.inside() {
            return INSIDE;
        }
        let at = whole as usize % self.colors.len();
        let next = (at + 1) % self.colors.len();
        let fraction = f64::from(part) / f64::from(plan.scale());
        mix(self.colors[at], self.colors[next], fraction)
    }

    /// The palette as a GIMP palette file. The workshop's palette has the 32 colours of its
    /// formula.
    pub fn to_gpl(&self) -> String {
        let mut text = format!("GIMP Palette\nName: {}\nColumns: 16\n", self.name);
        let calculated =
            (0..32_u32).map(|i| [i % 8 * 32, i % 16 * 16, i % 32 * 8].map(|c| c as u8));
        let mut add = |[r, g, b]: Rgb| {
            // Writing to a string can't fail.
            let _ = writeln!(text, "{r:3} {g:3} {b:3}");
        };
        match self.colors.is_empty() {
            true => calculated.for_each(&mut add),
            false => self.colors.iter().copied().for_each(&mut add),
        }
        text
    }
}

fn mix(from: Rgb, to: Rgb, fraction: f64) -> Rgb {
    std::array::from_fn(|n| {
        let (from, to) = (f64::from(from[n]), f64::from(to[n]));
        (from + (to - from) * fraction).round() as u8
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_built_in_palette_survives_being_written() {
        for name in Palette::names() {
            let palette = Palette::named(name).unwrap();
            let again = Palette::from_text(&palette.to_gpl()).unwrap();
            assert_eq!(again.name(), name);
            if name != "workshop" {
                assert_eq!(again, palette);
            }
        }
    }
}
