//! A picture drawn again from what its file says.

use std::fs::File;
use std::io::BufReader;

use anyhow::anyhow;
use clap::{CommandFactory, FromArgMatches, Parser};
use common::cli::{Interrupt, Outcome, RunArgs, Usage};
use mandelbrot::palette::Palette;
use mandelbrot::png_file::{self, PngError, Recipe};

use super::args::AgainArgs;
use super::draw;
use super::picture::PictureArgs;

/// Draws it, with changes.
pub(super) fn run(
    args: &AgainArgs,
    run: &RunArgs,
    interrupt: &Interrupt,
) -> anyhow::Result<Outcome> {
    let name = args.picture.display();
    let usage = |reason: String| anyhow!(Usage(format!("{name}: {reason}")));
    let file = File::open(&args.picture).map_err(|error| usage(error.to_string()))?;
    let recipe = png_file::recipe(BufReader::new(file)).map_err(|error| match error {
        PngError::Decode(reason) => usage(format!("not a PNG that can be read: {reason}")),
        error => usage(error.to_string()),
    })?;
    let old = read(&recipe).map_err(usage)?;
    let picture = args.changes.clone().over(old);
    draw::run_picture(&picture, &args.draw, run, interrupt)
}

/// The flags that a recipe holds.
fn read(recipe: &Recipe) -> Result<PictureArgs, String> {
    #[derive(Parser)]
    #[command(no_binary_name = true)]
    struct Flags {
        #[command(flatten)]
        picture: PictureArgs,
    }
    let first_line = |text: String| text.lines().next().unwrap_or_default().to_owned();
    let flags = recipe.flags.split_ascii_whitespace();
    let picture = Flags::command()
        .try_get_matches_from(flags)
        .and_then(|matches| Flags::from_arg_matches(&matches))
        .map_err(|error| format!("its text chunk: {}", first_line(error.to_string())))?
        .picture;
    match &recipe.palette {
        None => Ok(picture),
        Some(gpl) => Palette::from_gpl(gpl)
            .map(|palette| picture.with_palette(palette))
            .map_err(|error| format!("its palette: {error}")),
    }
}
