//! Which gains more, SIMD or a second core: the Mandelbrot set by plain code on two threads, and by SIMD on
//! one.

use super::{About, Crossover, find, sizes};
use crate::book::Section;
use crate::costs::{Kit, try_timed};
use crate::figure::{Figure, Unit};
use crate::sample::Run;
use mandelbrot::{Plan, View, kernels, par_iter, serial};
use std::io;
use std::num::NonZeroUsize;

const ROUNDS: usize = 5;

/// A picture that suits both.
const WIDTH: usize = 192;

/// The cross-over by the picture's width, and a section with the gain of each alone.
///
/// # Errors
///
/// If the user asked to stop, or a picture can't be planned.
pub fn measure(kit: &Kit, run: &Run<'_>) -> io::Result<(Crossover, Section)> {
    let about = About {
        id: "simd",
        title: "a second core with plain code, beside SIMD on one core",
        size: "width of a square picture of the Mandelbrot set, in pixels",
        ratio: "SIMD's time on one core over plain code's on all cores",
        unit: Unit::Count,
    };
    let crossover = find(
        about,
        &sizes(8.0, 256.0, 2.0),
        run.at_most(ROUNDS),
        run,
        |width| {
            let plan = plan(width as usize)?;
            Ok(simd(&plan)? / all_cores(kit, &plan)?)
        },
    )?;
    let mut section = Section::new(
        "gain",
        "The gain of SIMD, and the gain of more cores",
        "The Mandelbrot set, 192 x 192. A program that uses both has the product of the two gains.",
    );
    let (mut by_simd, mut by_cores) = (Vec::new(), Vec::new());
    let plan = plan(WIDTH)?;
    for round in 1..=run.at_most(ROUNDS) {
        run.step(&format!("SIMD and cores, round {round}"))?;
        let one = plain(&plan)?;
        by_simd.push(one / simd(&plan)?);
        by_cores.push(one / all_cores(kit, &plan)?);
    }
    let title = format!("SIMD ({}), one core", kernels::instructions());
    let figure =
        |gains: Vec<f64>| Figure::of(Unit::Times, gains).ok_or_else(|| "not measured".to_owned());
    section.add("gain/simd", &title, figure(by_simd));
    let title = format!("plain code, {} threads", kit.rayon.current_num_threads());
    section.add("gain/cores", &title, figure(by_cores));
    Ok((crossover, section))
}

fn plan(width: usize) -> io::Result<Plan> {
    Plan::new(View::WORKSHOP, width, width).map_err(io::Error::other)
}

fn plain(plan: &Plan) -> io::Result<f64> {
    let run = || serial::run(plan, kernels::textbook::fill, NonZeroUsize::MIN).map(drop);
    Ok(try_timed(run)?.as_secs_f64())
}

fn simd(plan: &Plan) -> io::Result<f64> {
    let run = || serial::run(plan, kernels::fast::fill, NonZeroUsize::MIN).map(drop);
    Ok(try_timed(run)?.as_secs_f64())
}

fn all_cores(kit: &Kit, plan: &Plan) -> io::Result<f64> {
    let run = || {
        drop(par_iter::run_on(&kit.rayon, plan, kernels::textbook::fill));
        io::Result::Ok(())
    };
    Ok(try_timed(run)?.as_secs_f64())
}
