//! `again`: draws a picture again from its file.

use std::fs::File;
use std::io::BufReader;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use anyhow::anyhow;
use clap::{CommandFactory, FromArgMatches, Parser};
use common::cli::{Choice, Interrupt, Outcome, RunArgs, Usage};
use mandelbrot::palette::Palette;
use mandelbrot::png_file::{self, PngError, Recipe};

use super::args::AgainArgs;
use super::draw;
use super::model::Kind;
use super::picture::{PictureArgs, built_in_palette};

/// Draws the picture again, with changes.
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
    let mut old = read(&recipe).map_err(usage)?;
    if args.changes.paint.is_some() {
        old.how = How::default();
    }
    let picture = args.changes.clone().over(old.picture);
    let output = output_of(args);
    let mut run = run.clone();
    run.jobs = run.jobs.or(old.how.jobs);
    let model = args.draw.model.or(old.how.model);
    draw::run_picture(&picture, &args.draw, output, model, &run, interrupt)
}

/// The path of the new picture.
pub(super) fn output_of(args: &AgainArgs) -> PathBuf {
    let named = args.draw.output.clone();
    named.unwrap_or_else(|| beside(&args.picture))
}

/// The default path of the new picture: `x-again.png` in the current folder. The original stays.
fn beside(picture: &Path) -> PathBuf {
    let mut name = picture.file_stem().unwrap_or_default().to_owned();
    name.push("-again.png");
    PathBuf::from(name)
}

/// The flags of a recipe.
#[derive(Parser)]
#[command(
    no_binary_name = true,
    disable_help_flag = true,
    disable_version_flag = true
)]
struct Flags {
    #[command(flatten)]
    picture: PictureArgs,
    #[command(flatten)]
    how: How,
}

/// The model and the number of workers. They matter only for a picture coloured by worker.
#[derive(clap::Args, Default)]
struct How {
    #[arg(long)]
    model: Option<Choice<Kind>>,
    #[arg(long)]
    jobs: Option<NonZeroUsize>,
}

/// The maximum number of workers in a recipe: a file from a stranger must not start more.
const MOST_JOBS: usize = 64;

/// Reads the flags of a recipe. The file may come from a stranger, so no file named in it is
/// opened.
fn read(recipe: &Recipe) -> Result<Flags, String> {
    let first_line = |text: String| text.lines().next().unwrap_or_default().to_owned();
    let words = recipe.flags.split_ascii_whitespace();
    let flags = Flags::command()
        .mut_arg("palette", |palette| palette.value_parser(built_in_palette))
        .try_get_matches_from(words)
        .and_then(|matches| Flags::from_arg_matches(&matches))
        .map_err(|error| format!("its text chunk: {}", first_line(error.to_string())))?;
    if let Some(jobs) = flags.how.jobs.filter(|jobs| jobs.get() > MOST_JOBS) {
        return Err(format!(
            "its text chunk: {jobs} workers: at most {MOST_JOBS}"
        ));
    }
    let Some(text) = &recipe.palette else {
        return Ok(flags);
    };
    let palette = Palette::from_text(text).map_err(|error| format!("its palette: {error}"))?;
    let picture = flags.picture.with_palette(palette);
    Ok(Flags { picture, ..flags })
}
