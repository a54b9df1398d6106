//! The command line's grammar.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::bail;
use clap::{Parser, ValueEnum};
use common::cli::{Choice, RunArgs, Usage, numbers};
use thumbnails::names::Template;
use thumbnails::{Filter, Fit, Format, Limits, Settings, xdg};

use super::cluster::Broker;
use super::model::Kind;

/// Makes thumbnails of pictures and of whole folders, by threads, processes, rayon or async.
///
/// JPEG, PNG, GIF (its first frame), WebP, TIFF and BMP, recognized by their content. Orientation
/// is applied, colours become sRGB, and metadata are removed. Of a damaged picture the readable
/// part is shown.
/// A picture that is damaged or can't be decoded is reported, the others are done, and the exit
/// code is 1. Only new and changed pictures are processed.
///
/// Without arguments: creates a folder of pictures in thumbnails-demo, makes their thumbnails in
/// every model, compares the times in a table, and writes a contact sheet.
#[derive(Parser, Debug)]
#[command(version, max_term_width = 100, args_conflicts_with_subcommands = true)]
pub(crate) struct Args {
    /// Pictures and folders; `-` reads a list of them from standard input, one per line
    #[arg(value_name = "PATH")]
    pub(super) paths: Vec<PathBuf>,
    /// The folder for the thumbnails. Thumbnails of pictures in a folder keep their subfolders;
    /// that of a picture on the command line is directly in DIR
    #[arg(short, long, value_name = "DIR")]
    pub(super) output: Option<PathBuf>,
    /// The list on standard input is separated by zero bytes (`find -print0`)
    #[arg(short = '0', long)]
    pub(super) null: bool,
    /// The model [default: threads; without PATH: all]
    #[arg(long)]
    pub(super) model: Option<Choice<Kind>>,
    #[command(flatten)]
    pub(super) broker: Broker,
    #[command(flatten)]
    look: LookArgs,
    #[command(flatten)]
    pub(super) what: WhatArgs,
    #[command(flatten)]
    limits: LimitArgs,
    #[command(flatten)]
    pub(super) run: RunArgs,
    /// Watch the folders: make thumbnails of new and changed pictures, until Ctrl-C
    #[arg(long, help_heading = "What is done")]
    pub(super) watch: bool,
    #[cfg(feature = "cluster")]
    #[command(subcommand)]
    pub(super) command: Option<Command>,
}

#[cfg(feature = "cluster")]
#[derive(clap::Subcommand, Debug)]
pub(super) enum Command {
    /// Make thumbnails for other machines, until Ctrl-C: run tasks that come by a broker
    Agent(cluster::cli::AgentArgs),
}

#[derive(clap::Args, Debug)]
#[command(next_help_heading = "The thumbnails")]
struct LookArgs {
    /// The box: `256` or `320x200`, in pixels
    #[arg(short, long, value_name = "SIZE", value_parser = size, default_value = "256")]
    size: (u32, u32),
    /// How a picture is fitted into the box
    #[arg(long, value_enum, default_value = "contain")]
    fit: FitArg,
    /// Also enlarge pictures smaller than the box
    #[arg(long)]
    enlarge: bool,
    /// The format [default: jpeg]
    #[arg(short, long, value_enum)]
    format: Option<FormatArg>,
    /// The quality of JPEGs and WebPs, 1 to 100
    #[arg(long, value_name = "N", default_value = "80",
          value_parser = clap::value_parser!(u8).range(1..=100))]
    quality: u8,
    /// The resampling filter
    #[arg(long, value_enum, default_value = "lanczos3")]
    filter: FilterArg,
    /// The colour behind transparent pictures, and around padded ones: `white`, `black` or
    /// `#rrggbb`. [default: kept transparent in PNG and WebP, white in JPEG]
    #[arg(long, value_name = "COLOUR", value_parser = colour)]
    background: Option<[u8; 3]>,
    /// The file name of a thumbnail, from {stem}, {name}, {ext} and {size}. If the name is taken, a
    /// number is added
    #[arg(long, value_name = "NAME", default_value = "{stem}_thumb.{ext}")]
    pub(super) template: Template,
}

#[derive(clap::Args, Debug)]
#[command(next_help_heading = "What is done")]
pub(super) struct WhatArgs {
    /// Make all thumbnails, also the existing ones
    #[arg(long)]
    pub(super) force: bool,
    /// Only print what would be done
    #[arg(short = 'n', long)]
    pub(super) dry_run: bool,
    /// Delete earlier thumbnails whose picture does not exist any more
    #[arg(long)]
    pub(super) delete_stale: bool,
    /// Fill the desktop's thumbnail cache instead of -o; SIZE is then 128, 256, 512 or 1024
    #[arg(long, conflicts_with_all = ["output", "delete_stale", "sheet", "fit", "format",
          "template", "enlarge", "background", "quality", "filter"])]
    pub(super) xdg: bool,
    /// Wait before reading each picture, like a slow disk, to compare models
    #[arg(long, value_name = "TIME", value_parser = numbers::duration)]
    pub(super) latency: Option<Duration>,
    /// Write a contact sheet of all thumbnails in DIR
    #[arg(long, value_name = "FILE")]
    pub(super) sheet: Option<PathBuf>,
    /// A damaged picture is an error: no thumbnail of its readable part
    #[arg(long)]
    pub(super) strict: bool,
    /// Decode in worker processes with limits of memory and time: a decoder that crashes or hangs
    /// costs only one picture
    #[arg(long)]
    pub(super) isolate: bool,
}

#[derive(clap::Args, Debug)]
#[command(next_help_heading = "Limits for a picture")]
struct LimitArgs {
    /// The longest side, in pixels [default: 65535]
    #[arg(long, value_name = "N", value_parser = numbers::number)]
    max_side: Option<u64>,
    /// Pixels [default: 100_000_000]
    #[arg(long, value_name = "N", value_parser = numbers::number)]
    max_pixels: Option<u64>,
    /// Memory for all pictures in work; each worker process has an equal share [default: 512MiB, or
    /// 128MiB for each worker]
    #[arg(long, value_name = "SIZE", value_parser = numbers::size)]
    max_memory: Option<u64>,
    /// The file's size [default: 256MiB]
    #[arg(long, value_name = "SIZE", value_parser = numbers::size)]
    max_file: Option<u64>,
    /// Time [default: 30s]
    #[arg(long, value_name = "TIME", value_parser = numbers::duration)]
    max_time: Option<Duration>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum FitArg {
    /// The whole picture, no larger than the box
    Contain,
    /// Fills the box; the rest is cut off
    Cover,
    /// The whole picture, on a background that fills the box
    Pad,
    /// Exactly the box's size, with distortion
    Exact,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum FormatArg {
    Jpeg,
    Png,
    Webp,
    /// The picture's format
    Same,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum FilterArg {
    /// Sharpest
    Lanczos3,
    /// Softer, with less ringing
    CatmullRom,
    /// Softer still
    Bilinear,
    /// The mean of the covered pixels
    Box,
}

impl Args {
    /// Whether to run the demonstration.
    pub(super) fn is_demonstration(&self) -> bool {
        self.paths.is_empty() && self.output.is_none()
    }

    /// The arguments for a folder, with all defaults.
    pub(super) fn for_folder(pictures: &Path, output: &Path, run: RunArgs) -> Args {
        Args {
            paths: vec![pictures.to_owned()],
            output: Some(output.to_owned()),
            run,
            ..Args::parse_from(["thumbnails"])
        }
    }

    /// Checks that clap can't do.
    pub(super) fn check(&self) -> anyhow::Result<()> {
        let wrong = |text: &str| bail!(Usage(text.to_owned()));
        let lists = self
            .paths
            .iter()
            .filter(|path| path.as_os_str() == "-")
            .count();
        let what = &self.what;
        if self.is_demonstration() {
            return match self {
                _ if what.xdg || self.watch || what.isolate => wrong("which pictures? Give a PATH"),
                _ if what.sheet.is_some() || what.dry_run || what.delete_stale => {
                    wrong("which pictures? Give a PATH, and -o DIR")
                }
                _ => Ok(()),
            };
        }
        match self.model {
            _ if self.paths.is_empty() => wrong("which pictures? Give a PATH, or - for a list"),
            _ if self.output.is_none() && !what.xdg => {
                wrong("where do the thumbnails go? Give -o DIR, or --xdg")
            }
            _ if lists > 1 => wrong("-: standard input can be read once"),
            _ if lists > 0 && self.watch => wrong("-: a list can't be watched"),
            Some(Choice::All) if what.xdg || self.watch || what.dry_run => {
                wrong("--model all: compares models by making all thumbnails with each, into DIR")
            }
            Some(Choice::All) if lists > 0 => {
                wrong("--model all: a list on standard input can be read once, not by every model")
            }
            #[cfg(feature = "cluster")]
            Some(Choice::One(Kind::Cluster)) if what.xdg => {
                wrong("--xdg: the cache is this machine's; --model cluster writes into -o DIR")
            }
            Some(Choice::One(kind)) if what.isolate && kind != Kind::Processes => {
                wrong("--isolate: works only with the processes model")
            }
            _ if what.dry_run && self.watch => wrong("--dry-run: can't be combined with --watch"),
            _ if what.xdg
                && !xdg::SIZES
                    .iter()
                    .any(|(_, size)| self.look.size == (*size, *size)) =>
            {
                wrong("--xdg: the cache has the sizes 128, 256, 512 and 1024")
            }
            _ => Ok(()),
        }
    }

    /// The settings for the thumbnails.
    pub(super) fn settings(&self) -> Settings {
        let look = &self.look;
        Settings {
            size: look.size,
            fit: match look.fit {
                FitArg::Contain => Fit::Contain,
                FitArg::Cover => Fit::Cover,
                FitArg::Pad => Fit::Pad,
                FitArg::Exact => Fit::Exact,
            },
            enlarge: look.enlarge,
            format: match look.format {
                None | Some(FormatArg::Jpeg) => Some(Format::Jpeg),
                Some(FormatArg::Png) => Some(Format::Png),
                Some(FormatArg::Webp) => Some(Format::WebP),
                Some(FormatArg::Same) => None,
            },
            quality: look.quality,
            filter: match look.filter {
                FilterArg::Lanczos3 => Filter::Lanczos3,
                FilterArg::CatmullRom => Filter::CatmullRom,
                FilterArg::Bilinear => Filter::Bilinear,
                FilterArg::Box => Filter::Box,
            },
            background: look.background,
            strict: self.what.strict,
            limits: self.limits(),
        }
    }

    /// The delay before reading a picture.
    pub(super) fn latency(&self) -> Duration {
        self.what.latency.unwrap_or_default()
    }

    fn limits(&self) -> Limits {
        let (given, usual) = (&self.limits, Limits::default());
        Limits {
            side: given
                .max_side
                .map_or(usual.side, |side| side.try_into().unwrap_or(u32::MAX)),
            pixels: given.max_pixels.unwrap_or(usual.pixels),
            memory: given.max_memory.unwrap_or_else(|| {
                // Enough for any photograph, with any number of workers.
                usual
                    .memory
                    .max(self.run.jobs().get() as u64 * FOR_A_WORKER)
            }),
            file: given.max_file.unwrap_or(usual.file),
            time: given.max_time.unwrap_or(usual.time),
        }
    }

    /// The template for the thumbnails' file names.
    pub(super) fn template(&self) -> &Template {
        &self.look.template
    }
}

/// The memory per worker in the default limit.
const FOR_A_WORKER: u64 = 128 << 20;

/// The maximum size of the box. A larger one would not be a thumbnail, and is probably a typing
/// error.
const LARGEST: u32 = 8192;

fn size(text: &str) -> Result<(u32, u32), String> {
    let side = |text: &str| match text.parse() {
        Ok(side @ 1..=LARGEST) => Some(side),
        _ => None,
    };
    let size = match text.split_once(['x', 'X']) {
        Some((width, height)) => side(width).zip(side(height)),
        None => side(text).map(|side| (side, side)),
    };
    size.ok_or_else(|| format!("{text}: expected 256 or 320x200, of 1 to {LARGEST} pixels"))
}

fn colour(text: &str) -> Result<[u8; 3], String> {
    match text {
        "white" => return Ok([255; 3]),
        "black" => return Ok([0; 3]),
        _ => {}
    }
    let value = text
        .strip_prefix('#')
        .filter(|digits| digits.len() == 6 && digits.bytes().all(|it| it.is_ascii_hexdigit()))
        .and_then(|digits| u32::from_str_radix(digits, 16).ok())
        .ok_or_else(|| format!("{text}: expected white, black or #rrggbb"))?;
    let [_, red, green, blue] = value.to_be_bytes();
    Ok([red, green, blue])
}
