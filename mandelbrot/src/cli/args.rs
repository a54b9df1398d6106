//! The command line's grammar.

use std::path::PathBuf;

use clap::{Parser, Subcommand};
use common::cli::{Choice, RunArgs, numbers};
use mandelbrot::center::Center;

use super::cluster::Broker;
use super::model::Kind;
use super::picture::{self, PictureArgs};

/// Draws the Mandelbrot set by threads, OpenMP-style regions, rayon, async and SIMD, and shows the
/// speed of each.
///
/// Without a subcommand and flags: draws the workshop's picture in every model, compares the times
/// in a table, and writes mandelbrot.png.
#[derive(Parser, Debug)]
#[command(version, args_conflicts_with_subcommands = true, max_term_width = 100)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(super) command: Option<Command>,
    #[command(flatten)]
    pub(super) picture: PictureArgs,
    #[command(flatten)]
    pub(super) draw: DrawArgs,
    #[command(flatten)]
    pub(super) run: RunArgs,
}

#[derive(Subcommand, Debug)]
pub(super) enum Command {
    /// Draw a picture again as its PNG describes it, with changes
    Again(AgainArgs),
    /// Draw a sequence that zooms in, frames in parallel; an interrupted one is resumed
    Zoom(ZoomArgs),
    /// Serve a page on 127.0.0.1 for moving and zooming in the set
    #[cfg(feature = "explore")]
    Explore(super::explore::ExploreArgs),
    /// Draw for other machines, until Ctrl-C: run jobs of a broker
    #[cfg(feature = "cluster")]
    Agent(cluster::cli::AgentArgs),
    /// List the named views
    Views,
    /// Print a palette as a GIMP palette file
    Palette {
        /// A name, or a .gpl file
        #[arg(value_parser = picture::palette)]
        palette: mandelbrot::palette::Palette,
    },
}

/// How a picture is drawn, and where it is written.
#[derive(clap::Args, Debug)]
#[command(next_help_heading = "How to draw")]
pub(super) struct DrawArgs {
    /// The output: a PNG file, or - for standard output [default: mandelbrot.png; for `again
    /// x.png`: x-again.png]
    #[arg(short, long, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,
    /// The model [default: all for the unchanged workshop's picture, else threads]
    #[arg(long)]
    pub(super) model: Option<Choice<Kind>>,
    #[command(flatten)]
    pub(super) limits: LimitArgs,
    #[command(flatten)]
    pub(super) broker: Broker,
}

/// The limits for drawing.
#[derive(clap::Args, Debug)]
pub(super) struct LimitArgs {
    /// The maximum memory for pictures: `512MiB`, `8GiB`
    #[arg(long, value_name = "SIZE", value_parser = numbers::size, default_value = "2GiB")]
    pub(super) memory: u64,
}

#[derive(clap::Args, Debug)]
pub(super) struct AgainArgs {
    /// A picture that this program drew
    pub(super) picture: PathBuf,
    #[command(flatten)]
    pub(super) changes: PictureArgs,
    #[command(flatten)]
    pub(super) draw: DrawArgs,
}

#[derive(clap::Args, Debug)]
pub(super) struct ZoomArgs {
    /// The point to zoom in on
    #[arg(long, value_name = "RE,IM", value_parser = picture::center, allow_hyphen_values = true)]
    pub(super) to: Center,
    /// The number of frames
    #[arg(long, value_name = "N", value_parser = frames, default_value = "60")]
    pub(super) frames: u64,
    /// The zoom of the last frame; --zoom is that of the first
    #[arg(long, value_name = "ZOOM", value_parser = picture::positive, default_value = "1000")]
    pub(super) until: f64,
    /// The folder for the frames: frame-0001.png, …
    #[arg(short, long, value_name = "DIR", default_value = "frames")]
    pub(super) output: PathBuf,
    #[command(flatten)]
    pub(super) picture: PictureArgs,
    /// The maximum iterations of a point in the last frame; they grow with each step of the zoom
    /// [default: the usual number for that depth, at least that of the first frame]
    #[arg(long, value_name = "N", value_parser = picture::iterations)]
    pub(super) until_niter: Option<u32>,
    #[command(flatten)]
    pub(super) limits: LimitArgs,
    /// Have the frames drawn by other machines: their bands of rows, by agents of a broker
    #[cfg(feature = "cluster")]
    #[arg(long)]
    pub(super) model: Option<Elsewhere>,
    /// Which broker.
    #[cfg(feature = "cluster")]
    #[command(flatten)]
    pub(super) broker: Broker,
}

/// Where frames may be drawn, if not here.
#[cfg(feature = "cluster")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Elsewhere {
    /// On other machines
    Cluster,
}

/// One hour at 25 frames per second.
const MOST_FRAMES: u64 = 90_000;

fn frames(text: &str) -> Result<u64, String> {
    match numbers::number(text) {
        Ok(frames @ 1..=MOST_FRAMES) => Ok(frames),
        Ok(_) => Err(format!("{text}: from 1 to {MOST_FRAMES} frames")),
        Err(error) => Err(error.to_string()),
    }
}
