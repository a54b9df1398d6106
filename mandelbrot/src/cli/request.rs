//! What is to be drawn, made of the flags, and the flags again, for the PNG.

use std::fmt::Write;
use std::num::NonZeroUsize;

use anyhow::bail;
use clap::ValueEnum;
use common::cli::Usage;
use common::timing::human_bytes;
use mandelbrot::palette::Palette;
use mandelbrot::plan::{Formula, Plan, Shortcuts};
use mandelbrot::{View, png_file::Recipe};
use num_complex::Complex;

use super::picture::{PictureArgs, Shortcut};

/// A picture to be drawn.
pub(super) struct Request {
    pub(super) plan: Plan,
    pub(super) palette: Palette,
    pub(super) aa: usize,
    /// Whether to trace borders.
    pub(super) borders: bool,
    pub(super) recipe: Recipe,
}

impl PictureArgs {
    /// The picture, if it is one and takes no more than so much memory.
    pub(super) fn request(&self, memory: u64) -> anyhow::Result<Request> {
        let size = |given: Option<NonZeroUsize>, usual| given.map_or(usual, NonZeroUsize::get);
        let (width, height) = (size(self.width, 640), size(self.height, 480));
        let aa = size(self.aa, 1);
        check_memory(width, height, aa, memory)?;
        let usage = |error: mandelbrot::plan::PlanError| Usage(error.to_string());
        let formula = match (self.julia, self.burning_ship) {
            (Some(c), _) => Formula::Julia(c),
            (None, true) => Formula::BurningShip,
            (None, false) => Formula::Mandelbrot,
        };
        let shortcuts = self.shortcuts.as_deref().unwrap_or_default();
        let plan = Plan::new(self.view(width, height), width * aa, height * aa)
            .and_then(|plan| plan.with_limit(self.iterations()))
            .and_then(|plan| plan.with_formula(formula))
            .map_err(usage)?
            .with_smooth(self.smooth == Some(true))
            .with_shortcuts(Shortcuts {
                bulbs: shortcuts.contains(&Shortcut::Bulbs),
                periodicity: shortcuts.contains(&Shortcut::Periodicity),
            });
        Ok(Request {
            plan,
            palette: self.palette.clone().unwrap_or_else(Palette::workshop),
            aa,
            borders: shortcuts.contains(&Shortcut::Borders),
            recipe: self.recipe(width, height),
        })
    }

    /// The workshop's stretched view, unless a place in the plane is asked for.
    fn view(&self, width: usize, height: usize) -> View {
        let moved = self.center.is_some() || self.zoom.is_some() || self.view.is_some();
        if !moved && self.julia.is_none() && !self.burning_ship {
            return View::WORKSHOP;
        }
        View::square(self.middle(), self.zoom(), width, height)
    }

    fn middle(&self) -> Complex<f64> {
        let usual = match (self.julia, self.burning_ship) {
            (Some(_), _) => Complex::new(0.0, 0.0),
            (None, true) => Complex::new(-0.5, -0.5),
            (None, false) => View::WORKSHOP.center,
        };
        let place = self.view.map(|place| place.center);
        self.center.or(place).unwrap_or(usual)
    }

    fn iterations(&self) -> u32 {
        let place = self.view.map(|place| place.limit);
        self.niter.or(place).unwrap_or(1000)
    }

    /// All that is needed to draw it again, whatever the defaults will be then.
    fn recipe(&self, width: usize, height: usize) -> Recipe {
        let mut flags = format!("-W {width} -H {height} -n {}", self.iterations());
        let mut add = |flag: std::fmt::Arguments<'_>| {
            // Writing to a string can't fail.
            let _ = flags.write_fmt(flag);
        };
        let pair = |c: Complex<f64>| format!("{:?},{:?}", c.re, c.im);
        if self.view(width, height) != View::WORKSHOP {
            add(format_args!(
                " --center {} --zoom {:?}",
                pair(self.middle()),
                self.zoom()
            ));
        }
        if let Some(c) = self.julia {
            add(format_args!(" --julia {}", pair(c)));
        }
        if self.burning_ship {
            add(format_args!(" --burning-ship"));
        }
        let palette = self.palette.clone().unwrap_or_else(Palette::workshop);
        let built_in = Palette::named(palette.name()).as_ref() == Some(&palette);
        if built_in {
            add(format_args!(" --palette {}", palette.name()));
        }
        if self.smooth == Some(true) {
            add(format_args!(" --smooth"));
        }
        if let Some(aa) = self.aa {
            add(format_args!(" --aa {aa}"));
        }
        if let Some(shortcuts) = &self.shortcuts {
            let names: Vec<_> = shortcuts
                .iter()
                .filter_map(ValueEnum::to_possible_value)
                .collect();
            let names: Vec<_> = names.iter().map(|name| name.get_name()).collect();
            add(format_args!(" --shortcuts {}", names.join(",")));
        }
        Recipe {
            flags,
            palette: (!built_in).then(|| palette.to_gpl()),
        }
    }
}

/// What a picture takes: its counts, its colours, and the file made of them.
fn check_memory(width: usize, height: usize, aa: usize, most: u64) -> anyhow::Result<()> {
    let pixels = width as u128 * height as u128;
    let needed = pixels * (aa * aa) as u128 * size_of::<u32>() as u128 + 2 * 3 * pixels;
    if needed > u128::from(most) {
        let each = if aa > 1 {
            format!(" with --aa {aa}")
        } else {
            String::new()
        };
        bail!(Usage(format!(
            "{width}x{height}{each}: would take {} of memory, of {} allowed: see --memory",
            u64::try_from(needed).map_or("more than 16 EiB".to_owned(), human_bytes),
            human_bytes(most)
        )));
    }
    Ok(())
}
