//! The steps of each room: its numbered examples, as cargo lists them.

use crate::house;
use serde_json::Value;
use std::path::PathBuf;
use std::process::Command;

/// A target of the workspace that cargo can build.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The room: its package's name.
    pub room: String,
    /// `example`, `bin`, `test`, `bench` or `lib`.
    pub kind: String,
    /// Its name for cargo.
    pub name: String,
    /// Its file.
    pub path: PathBuf,
}

/// An example of the workspace.
pub type Example = Target;

impl Target {
    /// Its number, if it is a step: 3 for `primes-3`, from `examples/3_channel.rs` of primes.
    pub fn number(&self) -> Option<usize> {
        let file = self.path.file_name()?.to_str()?;
        file.split_once('_')?.0.parse().ok()
    }

    /// Whether it shows a trap: `primes-trap-pieces`, from `examples/trap_pieces.rs` of primes.
    pub fn is_trap(&self) -> bool {
        let file = self.path.file_name().and_then(|it| it.to_str());
        file.is_some_and(|it| it.starts_with("trap_"))
    }
}

/// All examples of the workspace.
///
/// # Errors
///
/// If cargo fails; with its message.
pub fn examples() -> Result<Vec<Example>, String> {
    let mut targets = targets()?;
    targets.retain(|it| it.kind == "example");
    Ok(targets)
}

/// All targets of the workspace.
///
/// # Errors
///
/// If cargo fails; with its message.
pub fn targets() -> Result<Vec<Target>, String> {
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

fn of_package(package: &Value) -> impl Iterator<Item = Target> {
    let targets = package["targets"].as_array().into_iter().flatten();
    targets.map(|target| {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        Target {
            room: text(&package["name"]),
            kind: text(&target["kind"][0]),
            name: text(&target["name"]),
            path: text(&target["src_path"]).into(),
        }
    })
}
