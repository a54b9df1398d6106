//! Reads palettes from files: GIMP's `.gpl`, Fractint's `.map`, Ultra Fractal's `.ugr`.

use super::{Palette, Rgb, mix};

/// The maximum number of colours in a palette file.
const MOST_COLORS: usize = 65_536;

/// The maximum size of a file: 65,536 lines of sixty letters.
pub const LARGEST_FILE: u64 = 4 << 20;

/// The number of steps of an Ultra Fractal gradient.
const UGR_STEPS: i64 = 400;

/// The reason why a text is not a palette.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PaletteError {
    /// The format is unknown.
    #[error(
        "not a palette: neither GIMP's (.gpl), nor Fractint's (.map), nor Ultra Fractal's (.ugr)"
    )]
    Unknown,
    /// A line is not a colour.
    #[error("line {number}: {text:?} is not a colour: {expected}")]
    Line {
        /// The line number, from 1.
        number: usize,
        /// The beginning of the line.
        text: String,
        /// A description of a valid colour.
        expected: &'static str,
    },
    /// There are no colours.
    #[error("a palette without colours")]
    Empty,
    /// There are more than 65536 colours.
    #[error("more than {MOST_COLORS} colours")]
    TooMany,
}

/// The format of a colour in `.gpl` and `.map` files.
const THREE: &str = "three numbers from 0 to 255";

/// The format of a colour in a `.gpl` file with `Channels: RGBA`.
const FOUR: &str = "four numbers from 0 to 255";

/// The format of a colour in a `.ugr` file.
const INDEXED: &str = "index=NUMBER color=NUMBER";

impl Palette {
    /// Reads a palette file in any of the three formats. From an Ultra Fractal file it reads the
    /// first gradient. Transparency is ignored.
    ///
    /// # Errors
    /// If the text is not a palette; with the line number.
    pub fn from_text(text: &str) -> Result<Palette, PaletteError> {
        let text = text.trim_start_matches('\u{feff}');
        let first = text.lines().next().unwrap_or_default().trim();
        let palette = if first == "GIMP Palette" {
            gimp(text)?
        } else if text.lines().any(|line| line.trim() == "gradient:") {
            ultra_fractal(text)?
        } else if color::<3>(first).is_some() {
            fractint(text)?
        } else {
            return Err(PaletteError::Unknown);
        };
        match palette.colors.len() {
            0 => Err(PaletteError::Empty),
            1..=MOST_COLORS => Ok(palette),
            _ => Err(PaletteError::TooMany),
        }
    }
}

fn wrong(number: usize, line: &str, expected: &'static str) -> PaletteError {
    PaletteError::Line {
        number,
        text: line.chars().take(40).collect(),
        expected,
    }
}

fn gimp(text: &str) -> Result<Palette, PaletteError> {
    let mut palette = Palette {
        name: "unnamed".to_owned(),
        colors: Vec::new(),
    };
    let mut has_alpha = false;
    for (number, line) in (1..).zip(text.lines()).skip(1) {
        let line = line.trim();
        if let Some(name) = line.strip_prefix("Name:") {
            palette.name = name.trim().to_owned();
        } else if let Some(channels) = line.strip_prefix("Channels:") {
            has_alpha = channels.trim() == "RGBA";
        } else if !(line.is_empty() || line.starts_with('#') || line.starts_with("Columns:")) {
            let color = match has_alpha {
                true => color::<4>(line).map(|[r, g, b, _]| [r, g, b]),
                false => color::<3>(line),
            };
            let expected = if has_alpha { FOUR } else { THREE };
            palette
                .colors
                .push(color.ok_or_else(|| wrong(number, line, expected))?);
        }
    }
    Ok(palette)
}

/// Reads one colour per line; the rest of the line is ignored. Fractint itself uses 256 colours.
fn fractint(text: &str) -> Result<Palette, PaletteError> {
    let lines = (1..).zip(text.lines().map(str::trim));
    let colors = lines
        .filter(|(_, line)| !line.is_empty())
        .map(|(number, line)| color(line).ok_or_else(|| wrong(number, line, THREE)));
    Ok(Palette {
        name: "unnamed".to_owned(),
        colors: colors.collect::<Result<_, _>>()?,
    })
}

/// Reads the first gradient of a file: stops at positions on a circle of 400, with linear
/// interpolation between them, also for a smooth gradient. A colour is red + 256 green + 65536
/// blue.
fn ultra_fractal(text: &str) -> Result<Palette, PaletteError> {
    let mut name = "unnamed".to_owned();
    let mut stops: Vec<(i64, Rgb)> = Vec::new();
    let (mut rotation, mut in_gradient) = (0, false);
    for (number, line) in (1..).zip(text.lines().map(str::trim)) {
        match line {
            "gradient:" => in_gradient = true,
            "opacity:" | "}" if in_gradient => break,
            _ if in_gradient && !line.starts_with(';') => {
                if let Some(title) = quoted(line) {
                    name = title.to_owned();
                }
                let mut index = None;
                for word in line.split_ascii_whitespace() {
                    let error = || wrong(number, line, INDEXED);
                    match word.split_once('=') {
                        Some(("rotation", turns)) => {
                            rotation = turns.parse().map_err(|_| error())?;
                        }
                        Some(("index", at)) => index = Some(at.parse().map_err(|_| error())?),
                        Some(("color", value)) => {
                            let value: u32 = value.parse().map_err(|_| error())?;
                            let [r, g, b, _] = value.to_le_bytes();
                            stops.push((index.take().ok_or_else(error)?, [r, g, b]));
                        }
                        _ => {}
                    }
                    if stops.len() > MOST_COLORS {
                        return Err(PaletteError::TooMany);
                    }
                }
            }
            _ => {}
        }
    }
    let turn = |at: i64| at.saturating_add(rotation).rem_euclid(UGR_STEPS);
    for (at, _) in &mut stops {
        *at = turn(*at);
    }
    stops.sort_by_key(|&(at, _)| at);
    Ok(Palette {
        name,
        colors: around(&stops),
    })
}

/// The text between the quotation marks of `title="…"`.
fn quoted(line: &str) -> Option<&str> {
    let (_, rest) = line.split_once("title=\"")?;
    rest.split_once('"').map(|(title, _)| title)
}

/// The 400 colours of sorted stops. The last stop is followed by the first again.
fn around(stops: &[(i64, Rgb)]) -> Vec<Rgb> {
    let (Some(&first), Some(&last)) = (stops.first(), stops.last()) else {
        return Vec::new();
    };
    let after = (first.0 + UGR_STEPS, first.1);
    let before = (last.0 - UGR_STEPS, last.1);
    let mut colors = Vec::with_capacity(UGR_STEPS as usize);
    for at in 0..UGR_STEPS {
        let next = stops.partition_point(|&(stop, _)| stop <= at);
        let (from, color) = if next == 0 { before } else { stops[next - 1] };
        let (to, next_color) = stops.get(next).copied().unwrap_or(after);
        let way = (at - from) as f64 / (to - from).max(1) as f64;
        colors.push(mix(color, next_color, way));
    }
    colors
}

/// Reads the first numbers of a line.
fn color<const N: usize>(line: &str) -> Option<[u8; N]> {
    let mut words = line.split_ascii_whitespace().map(|word| word.parse().ok());
    let mut color = [0; N];
    for part in &mut color {
        *part = words.next()??;
    }
    Some(color)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gimp_files_are_read_with_names_comments_and_columns() {
        let text = "GIMP Palette\r\nName: Two\r\nColumns: 2\r\n# made by hand\r\n255 0 0\tred\r\n\r\n  0   0 255 blue\r\n";
        let palette = Palette::from_text(text).unwrap();
        assert_eq!(palette.name(), "Two");
        assert_eq!(palette.colors, [[255, 0, 0], [0, 0, 255]]);
    }

    /// Aseprite writes "GIMP Palette" and an extra line for the channels (aseprite/aseprite,
    /// docs/gpl-palette-extension.md).
    #[test]
    fn gimp_files_with_alpha_are_read() {
        let text = "GIMP Palette\nChannels: RGBA\n#\n255 0 0 128 half red\n0 0 255 255\tBlue\n";
        let palette = Palette::from_text(text).unwrap();
        assert_eq!(palette.colors, [[255, 0, 0], [0, 0, 255]]);
        let three = Palette::from_text("GIMP Palette\nChannels: RGBA\n255 0 0\n");
        assert_eq!(three, Err(wrong(3, "255 0 0", FOUR)));
    }

    /// The first lines of Fractint's own `default.map`: the colours of the VGA.
    #[test]
    fn fractint_files_are_read() {
        let text =
            "  0   0   0    The default VGA color map\n  0   0 168\n  0 168   0\n  0 168 168\n";
        let palette = Palette::from_text(text).unwrap();
        assert_eq!(
            palette.colors,
            [[0, 0, 0], [0, 0, 168], [0, 168, 0], [0, 168, 168]]
        );
        assert_eq!(
            Palette::from_text("0 0 0\nend"),
            Err(wrong(2, "end", THREE))
        );
    }

    /// Ultra Fractal's standard gradient. Its stops are also known from another source: 0, 7, 100
    /// at the beginning, 32, 107, 203 at 0.16, 237, 255, 255 at 0.42, 255, 170, 0 at 0.6425.
    #[test]
    fn ultra_fractal_files_are_read() {
        let text = "Standard {\ngradient:\n  title=\"Standard\" smooth=yes\n  index=0 color=6555392\n  \
                    index=64 color=13331232\n  index=168 color=16777197\n  index=257 color=43775\n  \
                    index=343 color=512\nopacity:\n  smooth=no index=0 opacity=255\n}\n";
        let palette = Palette::from_text(text).unwrap();
        assert_eq!(
            (palette.name(), palette.colors.len()),
            ("Standard", UGR_STEPS as usize)
        );
        let at = |index: usize| palette.colors[index];
        assert_eq!(at(0), [0, 7, 100]);
        assert_eq!(at(64), [32, 107, 203]);
        assert_eq!(at(168), [237, 255, 255]);
        assert_eq!(at(257), [255, 170, 0]);
        assert_eq!(at(343), [0, 2, 0]);
        // Halfway between two stops, and between the last and the first.
        assert_eq!(at(32), [16, 57, 152]);
        let last = at(399);
        assert!(last[2] > 95 && last[0] == 0, "{last:?}");
        let turned = text.replace("smooth=yes", "smooth=yes rotation=-10");
        let turned = Palette::from_text(&turned).unwrap();
        assert_eq!(turned.colors[54], [32, 107, 203]);
        let wrong = text.replace("index=64 ", "");
        assert!(matches!(
            Palette::from_text(&wrong),
            Err(PaletteError::Line { number: 5, .. })
        ));
    }

    #[test]
    fn what_is_no_palette_is_told_with_its_line() {
        let text = |text: &str| Palette::from_text(text);
        assert_eq!(text(""), Err(PaletteError::Unknown));
        assert_eq!(text("JASC-PAL"), Err(PaletteError::Unknown));
        assert_eq!(text("GIMP Palette\n"), Err(PaletteError::Empty));
        assert_eq!(text("x {\ngradient:\n}\n"), Err(PaletteError::Empty));
        assert_eq!(text("GIMP Palette\n#\n1 2"), Err(wrong(3, "1 2", THREE)));
        assert_eq!(
            text("GIMP Palette\n1 2 256"),
            Err(wrong(2, "1 2 256", THREE))
        );
        let long = format!("GIMP Palette\n{}", "0 0 0\n".repeat(MOST_COLORS + 1));
        assert_eq!(text(&long), Err(PaletteError::TooMany));
    }
}
