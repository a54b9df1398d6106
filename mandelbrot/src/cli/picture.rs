//! The flags for the contents of a picture.

use std::fs::File;
use std::io::{self, Read};
use std::num::NonZeroUsize;

use clap::ValueEnum;
use common::cli::numbers;
use mandelbrot::center::Center;
use mandelbrot::kernels::KernelName;
use mandelbrot::palette::{LARGEST_FILE, Palette};
use mandelbrot::plan::{DEEPEST_ZOOM, MOST_ITERATIONS};
use mandelbrot::view::{PLACES, Place};
use num_complex::Complex;

/// The contents of a picture. Each field is `None` if its flag is not given, so that the flags of
/// an earlier picture can fill the gaps.
#[derive(clap::Args, Clone, Debug, Default, PartialEq)]
#[command(next_help_heading = "The picture")]
pub(super) struct PictureArgs {
    /// Columns of pixels [default: 640]
    #[arg(short = 'W', long, value_name = "N", value_parser = side, allow_negative_numbers = true)]
    pub(super) width: Option<NonZeroUsize>,
    /// Rows of pixels [default: 480]
    #[arg(short = 'H', long, value_name = "N", value_parser = side, allow_negative_numbers = true)]
    pub(super) height: Option<NonZeroUsize>,
    /// The maximum iterations of a point [default: what the view needs, or 1000, and a thousand
    /// more for each factor of ten of the zoom]
    #[arg(short, long, value_name = "N", value_parser = iterations, allow_negative_numbers = true)]
    pub(super) niter: Option<u32>,
    /// A place by name: see `mandelbrot views`
    #[arg(long, value_name = "NAME", value_parser = place)]
    pub(super) view: Option<&'static Place>,
    /// The point in the middle, with as many digits as the zoom needs [default: -0.75,0]
    #[arg(long, value_name = "RE,IM", value_parser = center, allow_hyphen_values = true)]
    pub(super) center: Option<Center>,
    /// The magnification, relative to a width of 3.5; `2x` for twice the default
    #[arg(long, value_name = "ZOOM", value_parser = zoom, allow_negative_numbers = true)]
    pub(super) zoom: Option<Zoom>,
    /// The Julia set of a constant
    #[arg(long, value_name = "RE,IM", value_parser = complex, allow_hyphen_values = true)]
    pub(super) julia: Option<Complex<f64>>,
    /// The burning ship
    #[arg(long, conflicts_with = "julia")]
    pub(super) burning_ship: bool,
    /// A palette by name (workshop, ocean, fire, forest, twilight, gray), or a file: GIMP's .gpl,
    /// Fractint's .map, Ultra Fractal's .ugr
    #[arg(long, value_name = "NAME|FILE", value_parser = palette)]
    pub(super) palette: Option<Palette>,
    /// Smooth colours, by how far a point went in its last iteration
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true,
          default_missing_value = "true")]
    pub(super) smooth: Option<bool>,
    /// N by N points per pixel, of which the mean is shown [default: 1]
    #[arg(long, value_name = "N", value_parser = aa, allow_negative_numbers = true)]
    pub(super) aa: Option<NonZeroUsize>,
    /// Methods that skip iterations, separated by commas
    #[arg(long, value_enum, value_name = "WAYS", value_delimiter = ',')]
    pub(super) shortcuts: Option<Vec<Shortcut>>,
    /// The kernel that computes the counts [default: fast; perturbation where f64 would be wrong;
    /// textbook when models are compared]
    #[arg(long, value_enum)]
    pub(super) kernel: Option<Kernel>,
    /// The meaning of the colours [default: counts]
    #[arg(long, value_enum)]
    pub(super) paint: Option<Paint>,
}

/// A kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Kernel {
    /// The loop of every textbook
    Textbook,
    /// SIMD with exactly the textbook's counts
    Exact,
    /// SIMD with fused multiplication and addition
    Fast,
    /// Differences from one orbit with all digits, for zooms up to 1e290
    Perturbation,
}

impl Kernel {
    pub(super) fn named(self) -> KernelName {
        match self {
            Kernel::Textbook => KernelName::Textbook,
            Kernel::Exact => KernelName::Exact,
            Kernel::Fast => KernelName::Fast,
            Kernel::Perturbation => KernelName::Perturbation,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Paint {
    /// The number of iterations until a point left
    Counts,
    /// The worker that computed the point
    Workers,
}

/// A method that skips iterations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Shortcut {
    /// None
    None,
    /// Skip the main cardioid and the disc beside it
    Bulbs,
    /// Stop a point that returns to where it was
    Periodicity,
    /// Fill rectangles whose border has a single count (Mariani-Silver)
    Borders,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Zoom {
    To(f64),
    /// A multiple of the default.
    Times(f64),
}

/// A colour has no more shades, so more points per pixel would be useless.
const MOST_AA: u64 = 16;

impl PictureArgs {
    /// Whether it is the unchanged workshop's picture, by any kernel.
    pub(super) fn is_untouched(&self) -> bool {
        let kernel = self.kernel;
        *self
            == PictureArgs {
                kernel,
                ..PictureArgs::default()
            }
    }

    /// Whether rectangles with a single count on their border are filled.
    pub(super) fn traces_borders(&self) -> bool {
        let shortcuts = self.shortcuts.as_deref().unwrap_or_default();
        shortcuts.contains(&Shortcut::Borders)
    }

    /// Whether the picture is coloured by worker.
    pub(super) fn shows_workers(&self) -> bool {
        self.paint == Some(Paint::Workers)
    }

    /// Combines these flags with those of an earlier picture: these have precedence.
    pub(super) fn over(self, old: PictureArgs) -> PictureArgs {
        let formula_is_new = self.julia.is_some() || self.burning_ship;
        // A new place has its own zoom and iterations, unless the flags say otherwise.
        let old = match self.view {
            Some(_) => PictureArgs {
                center: None,
                zoom: None,
                niter: None,
                ..old
            },
            None => old,
        };
        let zoom = match (self.zoom, old.zoom_or_place()) {
            (Some(Zoom::Times(times)), Some(old)) => Some(Zoom::To(old * times)),
            (None, _) => old.zoom,
            (zoom, _) => zoom,
        };
        PictureArgs {
            width: self.width.or(old.width),
            height: self.height.or(old.height),
            niter: self.niter.or(old.niter),
            view: self.view.or(old.view),
            center: self.center.or(old.center),
            zoom,
            julia: if formula_is_new {
                self.julia
            } else {
                old.julia
            },
            burning_ship: if formula_is_new {
                self.burning_ship
            } else {
                old.burning_ship
            },
            palette: self.palette.or(old.palette),
            smooth: self.smooth.or(old.smooth),
            aa: self.aa.or(old.aa),
            shortcuts: self.shortcuts.or(old.shortcuts),
            kernel: self.kernel.or(old.kernel),
            paint: self.paint.or(old.paint),
        }
    }

    /// Sets a palette that has no name.
    pub(super) fn with_palette(self, palette: Palette) -> PictureArgs {
        PictureArgs {
            palette: Some(palette),
            ..self
        }
    }

    /// Sets the centre, the zoom and the maximum iterations.
    pub(super) fn at(&self, center: Center, zoom: f64, iterations: u32) -> PictureArgs {
        PictureArgs {
            center: Some(center),
            zoom: Some(Zoom::To(zoom)),
            niter: Some(iterations),
            ..self.clone()
        }
    }

    /// The magnification, relative to a width of 3.5.
    pub(super) fn zoom(&self) -> f64 {
        match self.zoom {
            Some(Zoom::To(zoom)) => zoom,
            Some(Zoom::Times(times)) => self.view.map_or(1.0, |place| place.zoom) * times,
            None => self.view.map_or(1.0, |place| place.zoom),
        }
    }

    fn zoom_or_place(&self) -> Option<f64> {
        (self.zoom.is_some() || self.view.is_some()).then(|| self.zoom())
    }
}

fn side(text: &str) -> Result<NonZeroUsize, String> {
    let number = numbers::number(text).map_err(|error| error.to_string())?;
    let side = usize::try_from(number)
        .ok()
        // PNG's limit.
        .filter(|&side| side <= i32::MAX as usize)
        .ok_or_else(|| format!("{text}: at most 2^31-1 pixels"))?;
    NonZeroUsize::new(side).ok_or_else(|| format!("{text}: at least 1 pixel is needed"))
}

fn aa(text: &str) -> Result<NonZeroUsize, String> {
    match numbers::number(text) {
        Ok(n @ 1..=MOST_AA) => Ok(NonZeroUsize::new(n as usize).unwrap_or(NonZeroUsize::MIN)),
        Ok(_) => Err(format!("{text}: from 1 to {MOST_AA}")),
        Err(error) => Err(error.to_string()),
    }
}

pub(super) fn iterations(text: &str) -> Result<u32, String> {
    let number = numbers::number(text).map_err(|error| error.to_string())?;
    u32::try_from(number)
        .ok()
        .filter(|n| (1..=MOST_ITERATIONS).contains(n))
        .ok_or_else(|| format!("{text}: from 1 to {MOST_ITERATIONS} iterations"))
}

fn place(text: &str) -> Result<&'static Place, String> {
    PLACES
        .iter()
        .find(|place| place.name == text)
        .ok_or_else(|| {
            let names: Vec<_> = PLACES.iter().map(|place| place.name).collect();
            format!("{text}: no such view; there are {}", names.join(", "))
        })
}

/// Reads a palette by its name, or from a file.
pub(super) fn palette(text: &str) -> Result<Palette, String> {
    if let Some(palette) = Palette::named(text) {
        return Ok(palette);
    }
    read(text)
        .map_err(|error| format!("{text}: {error}; built-in palettes are {}", names()))
        .and_then(|bytes| {
            Palette::from_text(&String::from_utf8_lossy(&bytes))
                .map_err(|error| format!("{text}: {error}"))
        })
}

/// Reads a palette by its name only, for a picture from a stranger.
pub(super) fn built_in_palette(text: &str) -> Result<Palette, String> {
    Palette::named(text)
        .ok_or_else(|| format!("{text}: no such palette; built-in palettes are {}", names()))
}

fn names() -> String {
    let names: Vec<_> = Palette::names().collect();
    names.join(", ")
}

/// Reads a file up to a limit: a device may be endless.
fn read(path: &str) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?
        .take(LARGEST_FILE + 1)
        .read_to_end(&mut bytes)?;
    match bytes.len() as u64 > LARGEST_FILE {
        true => Err(io::Error::other("larger than 4 MiB: not a palette")),
        false => Ok(bytes),
    }
}

/// Reads `-0.75,0.1`: a real and an imaginary part.
pub(super) fn complex(text: &str) -> Result<Complex<f64>, String> {
    let error = || format!("{text}: not two numbers with a comma between them: RE,IM");
    let (re, im) = text.split_once(',').ok_or_else(error)?;
    let part = |text: &str| text.trim().parse::<f64>().map_err(|_| error());
    let c = Complex::new(part(re)?, part(im)?);
    match c.re.is_finite() && c.im.is_finite() {
        true => Ok(c),
        false => Err(format!("{text}: not finite")),
    }
}

/// The same, with all digits.
pub(super) fn center(text: &str) -> Result<Center, String> {
    let rounded = complex(text)?;
    let (re, im) = text.split_once(',').unwrap_or_default();
    match (re.parse(), im.parse()) {
        (Ok(re), Ok(im)) => Ok(Center { re, im }),
        _ => Err(format!("{rounded}: more than 1000 digits")),
    }
}

/// Reads a number above 0.
pub(super) fn positive(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() && number > 0.0 => Ok(number),
        Ok(_) => Err(format!("{text}: not a finite number above 0")),
        Err(_) => Err(format!("{text}: not a number")),
    }
}

fn zoom(text: &str) -> Result<Zoom, String> {
    // The text is a number, but too large for an `f64`.
    let starts_with_digit = text.starts_with(|it: char| it.is_ascii_digit());
    let number = text.strip_suffix('x').unwrap_or(text).parse::<f64>();
    if starts_with_digit && number.is_ok_and(f64::is_infinite) {
        return Err(format!("{text}: the deepest is {DEEPEST_ZOOM:.0e}"));
    }
    match text.strip_suffix('x') {
        Some(times) => positive(times).map(Zoom::Times),
        None => positive(text).map(Zoom::To),
    }
}
