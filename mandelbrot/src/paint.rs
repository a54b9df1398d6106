//! Turns counts into colours.

use crate::counts::Counts;
use crate::palette::{Palette, Rgb};
use crate::plan::Plan;
use crate::tile::Tile;

/// Colours, row by row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// The number of columns.
    pub width: usize,
    /// The number of rows.
    pub height: usize,
    /// Red, green and blue of each pixel.
    pub rgb: Vec<u8>,
}

/// Paints counts by a palette. Each pixel is the mean of `aa` by `aa` points.
///
/// The mean is computed from the light, not from the stored numbers, so that fine lines keep their
/// brightness.
///
/// # Panics
/// If `aa` does not divide the plan's width and height.
pub fn by_palette(plan: &Plan, counts: &Counts, palette: &Palette, aa: usize) -> Picture {
    paint(plan, aa, |index| {
        palette.color(plan, counts.values()[index])
    })
}

/// Paints each pixel in the colour of the worker that computed it. Points that never left are
/// darker.
///
/// `tiles` contains the worker of each tile, counted from 0. Later tiles cover earlier ones.
///
/// # Panics
/// If a tile does not belong to this plan.
pub fn by_worker(plan: &Plan, counts: &Counts, tiles: &[(Tile, usize)]) -> Picture {
    let mut rgb = vec![0; 3 * plan.points()];
    for &(tile, worker) in tiles {
        let color = WORKER_COLORS[worker % WORKER_COLORS.len()];
        for y in tile.y..tile.y + tile.height {
            let row = y * plan.width() + tile.x..y * plan.width() + tile.x + tile.width;
            let (pixels, _) = rgb[3 * row.start..3 * row.end].as_chunks_mut::<3>();
            for (pixel, &count) in pixels.iter_mut().zip(&counts.values()[row]) {
                *pixel = match count >= plan.inside() {
                    true => color.map(|part| part / 2),
                    false => color,
                };
            }
        }
    }
    Picture {
        width: plan.width(),
        height: plan.height(),
        rgb,
    }
}

/// Eight colours that people with any kind of colour vision can distinguish: Okabe and Ito, "Color
/// universal design", 2002, with grey instead of their black.
const WORKER_COLORS: [Rgb; 8] = [
    [230, 159, 0],
    [86, 180, 233],
    [0, 158, 115],
    [240, 228, 66],
    [0, 114, 178],
    [213, 94, 0],
    [204, 121, 167],
    [160, 160, 160],
];

fn paint(plan: &Plan, aa: usize, color: impl Fn(usize) -> Rgb) -> Picture {
    assert!(
        plan.width() % aa == 0 && plan.height() % aa == 0,
        "{aa}x{aa} points a pixel"
    );
    let (width, height) = (plan.width() / aa, plan.height() / aa);
    let mut rgb = Vec::with_capacity(3 * width * height);
    if aa == 1 {
        rgb.extend((0..width * height).flat_map(color));
        return Picture { width, height, rgb };
    }
    let light: [f64; 256] = std::array::from_fn(|value| to_light(value as f64 / 255.0));
    for y in 0..height {
        for x in 0..width {
            let mut sum = [0.0; 3];
            for row in y * aa..(y + 1) * aa {
                for column in x * aa..(x + 1) * aa {
                    let color = color(row * plan.width() + column);
                    for (sum, part) in sum.iter_mut().zip(color) {
                        *sum += light[usize::from(part)];
                    }
                }
            }
            let mean = sum.map(|sum| from_light(sum / (aa * aa) as f64));
            rgb.extend(mean.map(|part| (part * 255.0).round() as u8));
        }
    }
    Picture { width, height, rgb }
}

/// sRGB's transfer function (IEC 61966-2-1), from a stored value to light.
fn to_light(value: f64) -> f64 {
    match value <= 0.04045 {
        true => value / 12.92,
        false => ((value + 0.055) / 1.055).powf(2.4),
    }
}

fn from_light(light: f64) -> f64 {
    match light <= 0.003_130_8 {
        true => light * 12.92,
        false => 1.055 * light.powf(1.0 / 2.4) - 0.055,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{View, serial};
    use std::num::NonZeroUsize;

    fn plan(width: usize, height: usize) -> Plan {
        Plan::new(View::WORKSHOP, width, height).unwrap()
    }

    #[test]
    fn light_survives_there_and_back() {
        for value in 0..=255_u8 {
            let there = to_light(f64::from(value) / 255.0);
            assert_eq!((from_light(there) * 255.0).round() as u8, value);
        }
    }

    #[test]
    fn one_colour_is_its_own_mean_and_black_and_white_make_half_the_light() {
        let counts = |values: [u32; 4]| {
            let mut counts = Counts::new(&plan(2, 2));
            counts.values_mut().copy_from_slice(&values);
            counts
        };
        let gray = Palette::from_text("GIMP Palette\n0 0 0\n255 255 255\n9 99 199").unwrap();
        let mean = |values| by_palette(&plan(2, 2), &counts(values), &gray, 2).rgb;
        assert_eq!(mean([2; 4]), [9, 99, 199]);
        assert_eq!(mean([0, 1, 1, 0]), [188; 3]);
    }

    #[test]
    fn workers_have_their_colours_where_they_worked() {
        let plan = plan(4, 4);
        let one = NonZeroUsize::MIN;
        let counts = serial::run(&plan, crate::kernels::textbook::fill, one).unwrap();
        let right = Tile {
            x: 2,
            width: 2,
            ..plan.tile()
        };
        let picture = by_worker(&plan, &counts, &[(plan.tile(), 0), (right, 1)]);
        let first_row: Vec<&[u8]> = picture.rgb[..12].chunks(3).collect();
        assert_eq!(
            first_row,
            [[230, 159, 0], [230, 159, 0], [86, 180, 233], [86, 180, 233]]
        );
    }
}
