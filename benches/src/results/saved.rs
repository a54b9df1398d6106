//! Tables in files: one JSON file each in `benches/results`.

use super::{Made, Table, measured_paths};
use crate::versus::render;
use crate::versus::report::Report;
use anyhow::Context;
use common::files;
use std::path::{Path, PathBuf};

/// Their folder in the workspace.
pub const FOLDER: &str = "benches/results";

/// All tables of a workspace, by name.
///
/// # Errors
///
/// If a file can't be read, or is not a table. It names the file.
pub fn load(workspace: &Path) -> anyhow::Result<Vec<Table>> {
    let folder = workspace.join(FOLDER);
    let mut tables = Vec::new();
    let entries = std::fs::read_dir(&folder).with_context(|| folder.display().to_string())?;
    for entry in entries {
        let path = entry.with_context(|| folder.display().to_string())?.path();
        if path.extension().is_some_and(|it| it == "json") {
            tables.push(read(&path).with_context(|| path.display().to_string())?);
        }
    }
    tables.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(tables)
}

fn read(path: &Path) -> anyhow::Result<Table> {
    let table: Table = serde_json::from_str(&std::fs::read_to_string(path)?)?;
    let cells = table.columns.len();
    anyhow::ensure!(
        table.rows.iter().all(|row| row.len() == cells),
        "the number of cells of a row is not the number of columns"
    );
    Ok(table)
}

/// Writes a table, whole or not at all. It replaces an older one. Returns its path.
///
/// # Errors
///
/// If it can't be written. It names the file.
pub fn save(table: &Table, workspace: &Path) -> anyhow::Result<PathBuf> {
    let folder = workspace.join(FOLDER);
    std::fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
    let path = folder.join(format!("{}.json", table.name));
    let mut text = serde_json::to_string_pretty(table)?;
    text.push('\n');
    files::write_atomically(&path, text)?;
    Ok(path)
}

/// The table of a job of `versus`: all reports of its name.
pub fn of_job(job: &str, reports: &[&Report], made: Made) -> Table {
    let rows = reports.iter().flat_map(|report| render::short_rows(report));
    let notes = reports.iter().map(|report| {
        let noise = report.noise.map(|noise| format!("{:.1} %", noise * 100.0));
        let noise = noise.unwrap_or_else(|| "unknown".to_owned());
        format!(
            "{}: the noise (ours beside itself) was {noise}",
            report.title
        )
    });
    Table {
        name: format!("versus-{job}"),
        title: reports
            .first()
            .map_or(job, |report| &report.title)
            .to_owned(),
        made,
        measures: measured_paths::of(job),
        columns: render::SHORT_HEADER.map(str::to_owned).to_vec(),
        rows: rows.collect(),
        notes: notes.collect(),
    }
}
