//! Turns the flags into a request to draw, and a request into flags for the PNG.

use std::fmt::Write;
use std::num::NonZeroUsize;

use anyhow::bail;
use clap::ValueEnum;
use common::cli::{Interrupt, Usage};
use common::timing::human_bytes;
use mandelbrot::center::Center;
use mandelbrot::kernels::perturbation::BYTES_PER_ITERATION;
use mandelbrot::kernels::{self, KernelName};
use mandelbrot::palette::Palette;
use mandelbrot::plan::{Depth, Formula, Plan, Shortcuts};
use mandelbrot::stop::Stop;
use mandelbrot::{View, png_file::Recipe};
use num_complex::Complex;

use super::picture::{Kernel, PictureArgs, Shortcut};

/// A picture to draw.
pub(super) struct Request {
    pub(super) plan: Plan,
    pub(super) palette: Palette,
    pub(super) aa: usize,
    pub(super) kernel: KernelName,
    /// Whether to colour by worker.
    pub(super) workers: bool,
    /// Whether to use border tracing.
    pub(super) borders: bool,
    pub(super) recipe: Recipe,
}

impl Request {
    /// Makes the plan stop when the interrupt is raised.
    pub(super) fn stopped_by(mut self, interrupt: &Interrupt) -> Request {
        let interrupt = interrupt.clone();
        self.plan = self.plan.with_stop(Stop::when(move || interrupt.raised()));
        self
    }

    /// Warns if the chosen kernel is probably wrong at this depth.
    pub(super) fn warn(&self) {
        if self.kernel != KernelName::Perturbation && self.plan.depth() == Depth::Rounded {
            common::remark!(
                "warning: at this depth f64 rounds too much: many counts are wrong{}",
                match self.plan.formula() {
                    Formula::Mandelbrot => "; see --kernel perturbation",
                    _ => "",
                }
            );
        }
    }

    /// The instruction set of the SIMD kernels, with a comma before it.
    pub(super) fn instructions(&self) -> String {
        match self.kernel {
            KernelName::Textbook | KernelName::Perturbation => String::new(),
            _ => format!(", {}", kernels::instructions()),
        }
    }

    /// Whether some of the iterations in the counts were skipped.
    pub(super) fn skips(&self) -> bool {
        self.borders
            || self.kernel == KernelName::Perturbation
            || self.plan.shortcuts() != Shortcuts::default()
    }
}

impl PictureArgs {
    /// Checks the flags and the memory, and returns the request.
    pub(super) fn request(&self, memory: Memory) -> anyhow::Result<Request> {
        let size = |given: Option<NonZeroUsize>, usual| given.map_or(usual, NonZeroUsize::get);
        let (width, height) = (size(self.width, 640), size(self.height, 480));
        let aa = size(self.aa, 1);
        memory.check(width, height, aa, 0)?;
        let usage = |error: mandelbrot::plan::PlanError| Usage(error.to_string());
        let formula = match (self.julia, self.burning_ship) {
            (Some(c), _) => Formula::Julia(c),
            (None, true) => Formula::BurningShip,
            (None, false) => Formula::Mandelbrot,
        };
        let shortcuts = self.shortcuts.as_deref().unwrap_or_default();
        let (columns, rows) = (width * aa, height * aa);
        let plan = match formula {
            Formula::Mandelbrot if self.is_moved() => {
                Plan::at(self.middle(), self.zoom(), columns, rows)
            }
            _ => Plan::new(self.view(width, height), columns, rows),
        };
        let plan = plan
            .and_then(|plan| plan.with_limit(self.iterations()))
            .and_then(|plan| plan.with_formula(formula))
            .map_err(usage)?
            .with_smooth(self.smooth == Some(true))
            .with_shortcuts(Shortcuts {
                bulbs: shortcuts.contains(&Shortcut::Bulbs),
                periodicity: shortcuts.contains(&Shortcut::Periodicity),
            });
        let kernel = self.kernel_for(&plan)?;
        if kernel == Kernel::Perturbation {
            let orbit = u64::from(plan.limit()) * BYTES_PER_ITERATION;
            memory.check(width, height, aa, orbit)?;
        }
        Ok(Request {
            plan,
            palette: self.palette.clone().unwrap_or_else(Palette::workshop),
            aa,
            kernel: kernel.named(),
            workers: self.shows_workers(),
            borders: shortcuts.contains(&Shortcut::Borders),
            recipe: self.recipe(width, height, kernel),
        })
    }

    /// Whether the flags name a place in the plane.
    fn is_moved(&self) -> bool {
        self.center.is_some() || self.zoom.is_some() || self.view.is_some()
    }

    /// The view: the workshop's stretched one, unless the flags name a place in the plane.
    fn view(&self, width: usize, height: usize) -> View {
        if !self.is_moved() && self.julia.is_none() && !self.burning_ship {
            return View::WORKSHOP;
        }
        View::square(self.middle().rounded(), self.zoom(), width, height)
    }

    fn middle(&self) -> Center {
        let usual = match (self.julia, self.burning_ship) {
            (Some(_), _) => Complex::new(0.0, 0.0),
            (None, true) => Complex::new(-0.5, -0.5),
            (None, false) => View::WORKSHOP.center,
        };
        let place = self.view.map(|place| place.middle());
        let center = self.center.clone().or(place);
        center.unwrap_or_else(|| usual.into())
    }

    /// The maximum iterations: those of the flags, or of the view, or the usual number for the
    /// zoom.
    pub(super) fn iterations(&self) -> u32 {
        let place = self.view.map(|place| place.limit);
        self.niter
            .or(place)
            .unwrap_or_else(|| usual_iterations(self.zoom()))
    }

    /// The chosen kernel, or the fastest correct one.
    fn kernel_for(&self, plan: &Plan) -> Result<Kernel, Usage> {
        let deep = plan.formula() == Formula::Mandelbrot;
        let usual = match plan.depth() {
            Depth::Rounded | Depth::Deep if deep => Kernel::Perturbation,
            _ => Kernel::Fast,
        };
        let kernel = self.kernel.unwrap_or(usual);
        match kernel {
            Kernel::Perturbation if !deep => Err(Usage(
                "--kernel perturbation: for the Mandelbrot set only".to_owned(),
            )),
            Kernel::Perturbation if self.shortcuts.as_deref().is_some_and(does_not_fit) => Err(
                Usage("--shortcuts: --kernel perturbation supports only borders".to_owned()),
            ),
            Kernel::Perturbation => Ok(kernel),
            _ => match plan.check_depth() {
                Ok(()) => Ok(kernel),
                Err(error) if deep => Err(Usage(format!("{error}; see --kernel perturbation"))),
                Err(error) => Err(Usage(error.to_string())),
            },
        }
    }

    /// The flags to draw the picture again, independent of future defaults.
    fn recipe(&self, width: usize, height: usize, kernel: Kernel) -> Recipe {
        let mut flags = format!("-W {width} -H {height} -n {}", self.iterations());
        let mut add = |flag: std::fmt::Arguments<'_>| {
            // Writing to a string can't fail.
            let _ = flags.write_fmt(flag);
        };
        let pair = |c: Complex<f64>| format!("{:?},{:?}", c.re, c.im);
        if self.view(width, height) != View::WORKSHOP {
            add(format_args!(
                " --center {} --zoom {:?}",
                self.middle(),
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
        if let Some(name) = kernel.to_possible_value() {
            add(format_args!(" --kernel {}", name.get_name()));
        }
        if self.shows_workers() {
            add(format_args!(" --paint workers"));
        }
        Recipe {
            flags,
            palette: (!built_in).then(|| palette.to_gpl()),
        }
    }
}

/// A thousand iterations, and a thousand more for each factor of ten: structures repeat with depth,
/// and each repetition needs as many again.
pub(super) fn usual_iterations(zoom: f64) -> u32 {
    (1000.0 * (1.0 + zoom.log10().max(0.0))) as u32
}

/// Whether some of the shortcuts need the points themselves.
fn does_not_fit(shortcuts: &[Shortcut]) -> bool {
    shortcuts.contains(&Shortcut::Bulbs) || shortcuts.contains(&Shortcut::Periodicity)
}

/// The memory limit of a picture.
#[derive(Clone, Copy)]
pub(super) struct Memory {
    pub(super) most: u64,
    /// How many copies of the counts a model holds.
    pub(super) copies: usize,
}

impl Memory {
    /// Adds up the counts, the colours, the coordinates of columns and rows, and the orbit. The
    /// file needs no memory, because it is written piece by piece.
    fn check(self, width: usize, height: usize, aa: usize, orbit: u64) -> anyhow::Result<()> {
        let pixels = width as u128 * height as u128;
        let points = pixels * (aa * aa) as u128;
        let sides = (width as u128 + height as u128) * aa as u128;
        let needed = points * (self.copies * size_of::<u32>()) as u128
            + 3 * pixels
            + sides * size_of::<f64>() as u128
            + u128::from(orbit);
        if needed <= u128::from(self.most) {
            return Ok(());
        }
        let each = if aa > 1 {
            format!(" with --aa {aa}")
        } else {
            String::new()
        };
        bail!(Usage(format!(
            "{width}x{height}{each}: needs {} of memory, and {} is allowed: see --memory",
            u64::try_from(needed).map_or("more than 16 EiB".to_owned(), human_bytes),
            human_bytes(self.most)
        )))
    }
}
