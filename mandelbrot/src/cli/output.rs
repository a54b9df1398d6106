//! The output: pictures and lists.

use std::fs::File;
use std::io::{self, BufReader, IsTerminal, Write};
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

/// Endings of other picture formats than PNG.
const OTHER_FORMATS: [&str; 13] = [
    "jpg", "jpeg", "gif", "bmp", "webp", "tif", "tiff", "ppm", "pnm", "svg", "avif", "exr", "pdf",
];

/// Checks a default path: only a file of this program may be replaced.
pub(super) fn check_unnamed(output: &Path) -> anyhow::Result<()> {
    let Ok(file) = File::open(output) else {
        return Ok(());
    };
    match png_file::recipe(BufReader::new(file)) {
        Ok(_) => Ok(()),
        Err(_) => bail!(Usage(format!(
            "{}: exists, and is not from this program: name another file by -o FILE",
            output.display()
        ))),
    }
}

/// Refuses a trace with the same path as the picture. It is called before the trace starts, because
/// the trace is written even if other things fail.
pub(super) fn check_trace(output: &Path, run: &RunArgs) -> anyhow::Result<()> {
    let name = output.display();
    let timeline = run.trace.timeline.as_ref().and_then(Option::as_ref);
    for (flag, file) in [
        ("--trace", run.trace.trace.as_ref()),
        ("--timeline", timeline),
    ] {
        if file.is_some_and(|file| files::is_same(output, file)) {
            bail!(Usage(format!(
                "{name}: {flag} and the picture are two files: one would replace the other"
            )));
        }
    }
    Ok(())
}

/// Checks before the work what would fail after it.
pub(super) fn check(output: &Path, run: &RunArgs) -> anyhow::Result<()> {
    let name = output.display();
    let ending = output.extension().unwrap_or_default().to_ascii_lowercase();
    if OTHER_FORMATS.iter().any(|format| ending == *format) {
        bail!(Usage(format!(
            "{name}: pictures are written as PNG: name a .png"
        )));
    }
    if is_stdout(output) {
        if run.output.json {
            bail!(Usage(
                "--json: standard output is used for the picture (-o -)".to_owned()
            ));
        }
        if io::stdout().is_terminal() {
            bail!(Usage(
                "-o -: standard output is a terminal; send it to a file".to_owned()
            ));
        }
        return Ok(());
    }
    if output.is_dir() {
        bail!(Usage(format!("{name}: a folder; name a file in it")));
    }
    if output.exists() && !output.is_file() {
        // A device or a pipe: only a real write can show an error.
        return Ok(());
    }
    files::check_folder_of(output).map_err(|error| Usage(error.to_string()))?;
    // A test file is the only reliable check: write access may be denied in many ways.
    let probe = output.with_file_name(format!(".mandelbrot.{}.tmp", std::process::id()));
    match File::create_new(&probe) {
        Ok(_) => {
            // A left-over file does no harm.
            let _ = std::fs::remove_file(&probe);
            Ok(())
        }
        Err(error) => bail!(Usage(format!("{name}: cannot be written: {error}"))),
    }
}

/// Writes a picture with its recipe.
pub(super) fn write(output: &Path, picture: &Picture, recipe: &Recipe) -> anyhow::Result<()> {
    let mut file = files::PendingFile::create(output)?;
    png_file::encode(picture, recipe, &mut file).with_context(|| output.display().to_string())?;
    file.finish()?;
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
                "center": place.center,
                "zoom": place.zoom,
                "iterations": place.limit,
            }))?;
        } else {
            writeln!(out, "{:15} {}", place.name, place.about)?;
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
