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

/// Makes thumbnails of pictures and of folders of them, by threads, processes, rayon or async.
///
/// JPEG, PNG, GIF (its first frame), WebP, TIFF and BMP, told by their content. Orientation is
/// applied, colours become sRGB, metadata are left out. A damaged picture is shown as far as it goes.
/// A picture that is damaged or can't be done is reported, the rest is done, and the exit code is 1.
/// Only what changed is made again.
///
/// Without arguments: makes up a folder of pictures in thumbnails-demo, makes their thumbnails in
/// every model, compares them in a table, and writes a contact sheet.
#[derive(Parser, Debug)]
#[command(version, max_term_width = 100, args_conflicts_with_subcommands = true)]
pub(crate) struct Args {
    /// Pictures and folders; `-` reads a list of them from standard input, one a line
    #[arg(value_name = "PATH")]
    pub(super) paths: Vec<PathBuf>,
    /// The folder for the thumbnails. What was found in a folder keeps its place in it; a picture
    /// named alone goes straight into DIR
    #[arg(short, long, value_name = "DIR")]
    pub(super) output: Option<PathBuf>,
    /// The list on standard input is separated by zero bytes (`find -print0`)
    #[arg(short = '0', long)]
    pub(super) null: bool,
    /// Which model does it [default: threads; without PATH: all]
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
    /// Follow the folders: make thumbnails of what is new or changed, until Ctrl-C
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
    /// How a picture is put into the box
    #[arg(long, value_enum, default_value = "contain")]
    fit: FitArg,
    /// Enlarge pictures smaller than the box, too
    #[arg(long)]
    enlarge: bool,
    /// The format [default: jpeg]
    #[arg(short, long, value_enum)]
    format: Option<FormatArg>,
    /// The quality of JPEGs and WebPs, 1 to 100
    #[arg(long, value_name = "N", default_value = "80",
          value_parser = clap::value_parser!(u8).range(1..=100))]
    quality: u8,
    /// How pixels are put together
    #[arg(long, value_enum, default_value = "lanczos3")]
    filter: FilterArg,
    /// The colour behind pictures that are not opaque, and around padded ones: `white`, `black` or
    /// `#rrggbb`. [default: kept transparent in PNG and WebP, white in JPEG]
    #[arg(long, value_name = "COLOUR", value_parser = colour)]
    background: Option<[u8; 3]>,
    /// How a thumbnail's file is named, of {stem}, {name}, {ext} and {size}. A name that is taken
    /// gets a number
    #[arg(long, value_name = "NAME", default_value = "{stem}_thumb.{ext}")]
    pub(super) template: Template,
}

#[derive(clap::Args, Debug)]
#[command(next_help_heading = "What is done")]
pub(super) struct WhatArgs {
    /// Make all thumbnails, also those that are there
    #[arg(long)]
    pub(super) force: bool,
    /// Only tell what would be done
    #[arg(short = 'n', long)]
    pub(super) dry_run: bool,
    /// Delete thumbnails made earlier whose picture is no more
    #[arg(long)]
    pub(super) delete_stale: bool,
    /// Fill the thumbnail cache that desktops share, in place of -o; SIZE is then 128, 256, 512 or
    /// 1024
    #[arg(long, conflicts_with_all = ["output", "delete_stale", "sheet", "fit", "format",
          "template", "enlarge", "background", "quality", "filter"])]
    pub(super) xdg: bool,
    /// Wait so long before reading each picture, as for a slow disk: to compare models with
    #[arg(long, value_name = "TIME", value_parser = numbers::duration)]
    pub(super) latency: Option<Duration>,
    /// Write a contact sheet of all thumbnails in DIR
    #[arg(long, value_name = "FILE")]
    pub(super) sheet: Option<PathBuf>,
    /// A damaged picture fails: no thumbnail of the part that can be decoded
    #[arg(long)]
    pub(super) strict: bool,
    /// Decode in worker processes with a limit of memory and time: even a decoder that crashes or
    /// hangs costs one picture
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
    /// Memory for all that are worked on at a time; for processes each has an equal share [default:
    /// 512MiB, or 128MiB for each worker]
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
    /// Whole, and no larger than the box
    Contain,
    /// Fills the box; what stands over is cut off
    Cover,
    /// Whole, on a ground that fills the box
    Pad,
    /// As large as the box, whatever becomes of its shape
    Exact,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum FormatArg {
    Jpeg,
    Png,
    Webp,
    /// The picture's own
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
    /// The mean of what a pixel covers
    Box,
}

impl Args {
    /// Whether there is nothing to be done but to show what can be.
    pub(super) fn is_demonstration(&self) -> bool {
        self.paths.is_empty() && self.output.is_none()
    }

    /// The command for a folder, with nothing out of the ordinary.
    pub(super) fn for_folder(pictures: &Path, output: &Path, run: RunArgs) -> Args {
        Args {
            paths: vec![pictures.to_owned()],
            output: Some(output.to_owned()),
            run,
            ..Args::parse_from(["thumbnails"])
        }
    }

    /// What clap can't see.
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
                wrong("--isolate: is what the processes model can do")
            }
            _ if what.dry_run && self.watch => wrong("--dry-run: can't be watched"),
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

    /// What the thumbnails are to be like.
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

    /// So long reading a picture waits.
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
                // Enough for any photograph, however many are worked on.
                usual
                    .memory
                    .max(self.run.jobs().get() as u64 * FOR_A_WORKER)
            }),
            file: given.max_file.unwrap_or(usual.file),
            time: given.max_time.unwrap_or(usual.time),
        }
    }

    /// How the thumbnails' files are named.
    pub(super) fn template(&self) -> &Template {
        &self.look.template
    }
}

/// The memory that each worker adds to the limit, if none is given.
const FOR_A_WORKER: u64 = 128 << 20;

/// The largest box: more would be no thumbnail, and a slip of the keyboard should get an error.
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
