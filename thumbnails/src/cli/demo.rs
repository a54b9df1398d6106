//! The demonstration: pictures made up here, their thumbnails in every model, a contact sheet.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use common::cli::{Choice, Interrupt, Outcome};
use common::comparison::Comparison;
use executors::ThreadPool;
use thumbnails::manifest::Manifest;
use thumbnails::{samples, sheet};

use super::args::Args;
use super::{compare, model};

/// Where it all goes.
const FOLDER: &str = "thumbnails-demo";

/// Makes up pictures, compares models, writes the sheet.
pub(super) fn run(args: &Args, interrupt: &Interrupt) -> anyhow::Result<Outcome> {
    let root = Path::new(FOLDER);
    let pictures = root.join("pictures");
    let output = root.join("thumbnails");
    let count = make_up(&pictures, args, interrupt)?;
    // The same command as anybody's.
    let own = Args::for_folder(&pictures, &output, args.run.clone());
    let models = model::models(args.model.unwrap_or(Choice::All));
    let comparison = Comparison::new("thumbnails of a folder").input(format!(
        "{count} pictures in {}: mostly JPEGs of six megapixels",
        pictures.display()
    ));
    let comparison = common::cli::compare::demonstrate(comparison, args.run.runs);
    let (outcome, _) = compare::run(comparison, &own, &models, interrupt)?;

    let page = root.join("index.html");
    let manifest = Manifest::read(&output)?;
    common::files::write_atomically(&page, sheet::html(&page, &output, manifest.entries()))?;
    if !args.run.output.quiet {
        common::remark!("\n{}: the contact sheet, for a browser", page.display());
    }
    Ok(outcome)
}

/// Writes the pictures that are not there yet; returns how many there are.
fn make_up(folder: &Path, args: &Args, interrupt: &Interrupt) -> anyhow::Result<usize> {
    let samples = samples::demonstration(folder);
    samples::create_folders(&samples).with_context(|| folder.display().to_string())?;
    let count = samples.len();
    let missing = |path: &PathBuf| fs::metadata(path).is_err();
    let missing: Vec<_> = samples.into_iter().filter(|it| missing(&it.path)).collect();
    let pool = ThreadPool::new(args.run.jobs().get())?;
    let written = pool.map_fn(missing, |sample| sample.write());
    for result in written {
        result??;
        if interrupt.raised() {
            anyhow::bail!("interrupted while making up pictures");
        }
    }
    Ok(count)
}
