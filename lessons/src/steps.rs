//! The steps of each room: its numbered examples, as cargo knows them.

use crate::house;
use serde_json::Value;
use std::path::PathBuf;
use std::process::Command;

/// An example of the workspace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Example {
    /// The room: its package's name.
    pub room: String,
    /// Its name for `cargo run --example`.
    pub name: String,
    /// Its file.
    pub path: PathBuf,
}

impl Example {
    /// Its number, if it is a step: `primes-3` in primes, from `examples/3_channel.rs`.
    pub fn number(&self) -> Option<usize> {
        let file = self.path.file_name()?.to_str()?;
        file.split_once('_')?.0.parse().ok()
    }
}

/// All examples of the workspace.
///
/// # Errors
///
/// When cargo can't tell, in its words.
pub fn examples() -> Result<Vec<Example>, String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["metadata", "--no-deps", "--format-version=1", "--offline"])
        .current_dir(house())
        .output()
        .map_err(|error| format!("cargo: {error}"))?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    let metadata: Value = serde_json::from_slice(&output.stdout)
        .map_err(|error| format!("cargo metadata: {error}"))?;
    let packages = metadata["packages"].as_array().into_iter().flatten();
    Ok(packages.flat_map(of_package).collect())
}

fn of_package(package: &Value) -> impl Iterator<Item = Example> {
    let targets = package["targets"].as_array().into_iter().flatten();
    let examples = targets.filter(|target| target["kind"][0] == "example");
    examples.map(|target| {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        Example {
            room: text(&package["name"]),
            name: text(&target["name"]),
            path: text(&target["src_path"]).into(),
        }
    })
}
