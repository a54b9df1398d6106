//! What comes out: pictures, and lists.

use std::io::{self, IsTerminal, Write};
use std::path::Path;

use anyhow::{Context, bail};
use common::cli::{Outcome, RunArgs, Usage, files};
use mandelbrot::paint::Picture;
use mandelbrot::palette::Palette;
use mandelbrot::png_file::{self, Recipe};
use mandelbrot::view::PLACES;
use serde_json::json;

/// Whether a picture goes to standard output.
pub(super) fn is_stdout(output: &Path) -> bool {
    output.as_os_str() == "-"
}

/// Says beforehand what would go wrong after the work is done.
pub(super) fn check(output: &Path, run: &RunArgs) -> anyhow::Result<()> {
    if is_stdout(output) {
        if run.output.json {
            bail!(Usage(
                "--json: standard output is the picture's, by -o -".to_owned()
            ));
        }
        if io::stdout().is_terminal() {
            bail!(Usage(
                "-o -: standard output is a terminal; send it to a file".to_owned()
            ));
        }
        return Ok(());
    }
    let name = output.display();
    if output.is_dir() {
        bail!(Usage(format!("{name}: a folder; name a file in it")));
    }
    if output.exists() && !output.is_file() {
        // A device or a pipe: only writing tells.
        return Ok(());
    }
    files::check_folder_of(output).map_err(|error| Usage(error.to_string()))?;
    // To try is the only way to know: the right to write may be denied in many ways.
    let probe = output.with_file_name(format!(".mandelbrot.{}.tmp", std::process::id()));
    match std::fs::File::create_new(&probe) {
        Ok(_) => {
            // A leftover is harmless.
            let _ = std::fs::remove_file(&probe);
            Ok(())
        }
        Err(error) => bail!(Usage(format!("{name}: cannot be written: {error}"))),
    }
}

/// Writes a picture and how it was made.
pub(super) fn write(output: &Path, picture: &Picture, recipe: &Recipe) -> anyhow::Result<()> {
    let bytes = png_file::encode(picture, recipe)
        .with_context(|| format!("{}x{}", picture.width, picture.height))?;
    if is_stdout(output) {
        let mut out = common::cli::stdout();
        out.write_all(&bytes)?;
        out.flush()?;
    } else {
        files::write_atomically(output, bytes)?;
    }
    Ok(())
}

/// Lists the named views.
pub(super) fn views(run: &RunArgs) -> anyhow::Result<Outcome> {
    let mut out = common::cli::stdout();
    for place in PLACES {
        if run.output.json {
            out.json(&json!({
                "name": place.name,
                "about": place.about,
                "center": [place.center.re, place.center.im],
                "zoom": place.zoom,
                "iterations": place.limit,
            }))?;
        } else {
            writeln!(out, "{:10} {}", place.name, place.about)?;
        }
    }
    out.flush()?;
    Ok(Outcome::Done)
}

/// Prints a palette.
pub(super) fn palette(palette: &Palette) -> anyhow::Result<Outcome> {
    let mut out = common::cli::stdout();
    out.write_all(palette.to_gpl().as_bytes())?;
    out.flush()?;
    Ok(Outcome::Done)
}
