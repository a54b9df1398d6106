//! A program that does a job, and how to find it.

use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

/// A program that does a job.
#[derive(Clone, Debug)]
pub struct Contender {
    /// Its name in the table.
    pub name: &'static str,
    /// Which program it is.
    pub program: Program,
    /// The arguments that make it do the job.
    pub args: Vec<String>,
    /// The command that installs it.
    pub install: &'static str,
    /// Finds its answer in its standard output.
    pub answer: fn(&str) -> String,
}

/// Where a program comes from.
#[derive(Clone, Copy, Debug)]
pub enum Program {
    /// A package of this workspace, whose binary has the package's name. Cargo builds it; without cargo it
    /// must lie beside this program.
    Workspace(&'static str),
    /// Our crate in the folder of this name in `benches/peers`, which uses another crate. Its binary is called
    /// `peer-NAME`. Cargo builds it; without cargo it must lie beside this program.
    Peer(&'static str),
    /// This program.
    This,
    /// A C++ file of ours in `benches/peers`, compiled by the machine's `c++`.
    Compiled {
        /// Where it lies in the workspace.
        source: &'static str,
        /// Further flags of the compiler.
        flags: &'static [&'static str],
    },
    /// A Go file of ours in `benches/peers`, compiled by the machine's `go`.
    Go {
        /// Where it lies in the workspace.
        source: &'static str,
    },
    /// A shell script of ours in `benches/peers`, around another program on the PATH.
    Script {
        /// Where it lies in the workspace; programs are started in the workspace's folder.
        source: &'static str,
        /// The command that it needs.
        needs: &'static str,
        /// Arguments with which that command prints its version and does nothing else.
        version: &'static [&'static str],
    },
    /// Another program on the PATH.
    Installed {
        /// The command.
        name: &'static str,
        /// Arguments with which it prints its version and does nothing else.
        version: &'static [&'static str],
        /// Arguments with which it prints its own path. For a command that may be a script which starts
        /// the real program: the script is not measured.
        itself: Option<&'static [&'static str]>,
    },
}

/// A program that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The program to start.
    pub path: PathBuf,
    /// The version of another program.
    pub version: Option<String>,
}

impl Contender {
    /// The command, as a user types it.
    pub fn command(&self) -> String {
        let name = match self.program {
            Program::Peer(name) => format!("peer-{name}"),
            Program::Workspace(name) | Program::Installed { name, .. } => name.to_owned(),
            Program::This => env!("CARGO_PKG_NAME").to_owned(),
            Program::Compiled { source, .. }
            | Program::Go { source }
            | Program::Script { source, .. } => source.to_owned(),
        };
        let mut words = vec![name.as_str()];
        words.extend(self.args.iter().map(String::as_str));
        words.join(" ")
    }
}

impl Program {
    /// Finds the program, or builds it.
    ///
    /// # Errors
    /// If it is missing, does not run, or can't be built.
    ///
    /// # Examples
    /// ```
    /// use benches::contender::Program;
    ///
    /// let nobodys = Program::Installed {
    ///     name: "no-such-program",
    ///     version: &["--version"],
    ///     itself: None,
    /// };
    /// assert!(nobodys.find().is_err());
    /// ```
    pub fn find(self) -> io::Result<Found> {
        match self {
            Program::Workspace(name) => Ok(Found {
                path: match std::env::var_os("CARGO") {
                    Some(cargo) => build(Path::new(&cargo), name, &workspace(), None)?,
                    None => neighbour(name)?,
                },
                version: None,
            }),
            Program::Peer(name) => Ok(Found {
                path: match std::env::var_os("CARGO") {
                    Some(cargo) => build_peer(Path::new(&cargo), name)?,
                    None => neighbour(&format!("peer-{name}"))?,
                },
                version: None,
            }),
            Program::This => Ok(Found {
                path: std::env::current_exe()?,
                version: None,
            }),
            Program::Compiled { source, flags } => Ok(Found {
                version: version_of(&ask(COMPILER, &["-dumpfullversion", "-dumpversion"])?),
                path: compile(source, COMPILER, flags)?,
            }),
            Program::Go { source } => Ok(Found {
                version: version_of(&ask("go", &["version"])?),
                path: compile(source, "go", &["build"])?,
            }),
            Program::Script { needs, version, .. } => Ok(Found {
                version: version_of(&ask(needs, version)?),
                path: "sh".into(),
            }),
            Program::Installed {
                name,
                version,
                itself,
            } => Ok(Found {
                version: version_of(&ask(name, version)?),
                path: match itself {
                    Some(args) => ask(name, args)?.trim().into(),
                    None => name.into(),
                },
            }),
        }
    }
}

/// The C++ compiler. POSIX systems have one of this name.
const COMPILER: &str = "c++";

/// The workspace's folder.
fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("")
}

/// Compiles a source of the workspace to a program beside this one.
fn compile(source: &str, compiler: &str, flags: &[&str]) -> io::Result<PathBuf> {
    let mut name = Path::new(source).file_name().unwrap_or_default().to_owned();
    name.push("-peer");
    let path = std::env::current_exe()?.with_file_name(name);
    let output = Command::new(compiler)
        .args(flags)
        .arg("-o")
        .arg(&path)
        .arg(workspace().join(source))
        .stdin(Stdio::null())
        .output()?;
    if output.status.success() {
        return Ok(path);
    }
    let reason = String::from_utf8_lossy(&output.stderr);
    let first = reason.lines().find(|line| line.contains("error"));
    let first = first.unwrap_or("no reason given");
    Err(io::Error::other(format!("{compiler}: {first}")))
}

/// Builds a binary as `cargo run --release` does, and returns its path. Cargo prints the path, for any
/// target folder and profile.
fn build(cargo: &Path, package: &str, folder: &Path, target: Option<&Path>) -> io::Result<PathBuf> {
    let mut command = Command::new(cargo);
    command
        .args([
            "build",
            "--release",
            "--quiet",
            "--locked",
            "--package",
            package,
        ])
        .args(["--message-format", "json-render-diagnostics"])
        .arg("--manifest-path")
        .arg(folder.join("Cargo.toml"));
    if let Some(target) = target {
        command.arg("--target-dir").arg(target);
    }
    let output = command
        // What the compiler has to say is for people.
        .stderr(Stdio::inherit())
        .output()?;
    if !output.status.success() {
        return Err(io::Error::other(format!("cargo build: {}", output.status)));
    }
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter_map(|line| executable(line, package))
        .next_back()
        .ok_or_else(|| io::Error::other(format!("cargo built no program named {package}")))
}

/// Builds a peer into the folder of this program, `TARGET/release`.
fn build_peer(cargo: &Path, name: &str) -> io::Result<PathBuf> {
    let folder = workspace().join("benches/peers").join(name);
    let this = std::env::current_exe()?;
    let target = this.parent().and_then(Path::parent);
    build(cargo, &format!("peer-{name}"), &folder, target)
}

/// The path of the binary `name`, if this line of cargo's output contains it.
fn executable(line: &str, name: &str) -> Option<PathBuf> {
    let message: Value = serde_json::from_str(line).ok()?;
    let wanted = message["reason"] == "compiler-artifact" && message["target"]["name"] == name;
    let path = message["executable"].as_str().filter(|_| wanted)?;
    Some(path.into())
}

fn neighbour(name: &str) -> io::Result<PathBuf> {
    let path = std::env::current_exe()?
        .with_file_name(name)
        .with_extension(std::env::consts::EXE_EXTENSION);
    if !path.is_file() {
        return Err(io::Error::new(
            io::ErrorKind::NotFound,
            format!("not built: no {}", path.display()),
        ));
    }
    Ok(path)
}

/// Runs a program that prints one line and ends.
fn ask(name: &str, args: &[&str]) -> io::Result<String> {
    let output = Command::new(name)
        .args(args)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => io::Error::new(error.kind(), "not on the PATH"),
            _ => error,
        })?;
    if !output.status.success() {
        let reason = format!("{name} {}: {}", args.join(" "), output.status);
        return Err(io::Error::other(reason));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The first word that starts with a digit: `primesieve 11.0, <https://...>` has version 11.0.
fn version_of(text: &str) -> Option<String> {
    text.split_whitespace()
        .map(|word| word.trim_start_matches("go").trim_start_matches('v'))
        .map(|word| word.trim_end_matches([',', ';']))
        .find(|word| word.starts_with(|c: char| c.is_ascii_digit()))
        .map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_found_in_what_programs_say() {
        for (text, expected) in [
            (
                "primesieve 11.0, <https://github.com>\nCopyright",
                Some("11.0"),
            ),
            ("Python 3.11.7\n", Some("3.11.7")),
            ("tool v2", Some("2")),
            ("go version go1.19.8 linux/amd64", Some("1.19.8")),
            ("who knows", None),
            ("", None),
        ] {
            assert_eq!(version_of(text).as_deref(), expected, "{text:?}");
        }
    }

    #[test]
    fn a_made_up_program_is_not_there() {
        let program = Program::Installed {
            name: "many-hands-no-such-program",
            version: &["--version"],
            itself: None,
        };
        let error = program.find().unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
        assert_eq!(error.to_string(), "not on the PATH");
    }

    #[test]
    fn cargo_tells_where_the_binary_is() {
        let line = |reason: &str, name: &str, executable: Value| {
            let target = serde_json::json!({ "name": name });
            serde_json::json!({"reason": reason, "target": target, "executable": executable})
                .to_string()
        };
        let path = || Value::from("/t/primes");
        for (line, expected) in [
            (
                line("compiler-artifact", "primes", path()),
                Some("/t/primes"),
            ),
            (line("compiler-artifact", "primes", Value::Null), None),
            (line("compiler-artifact", "common", path()), None),
            (line("build-finished", "primes", path()), None),
            ("not JSON".to_owned(), None),
        ] {
            assert_eq!(
                executable(&line, "primes"),
                expected.map(PathBuf::from),
                "{line}"
            );
        }
    }
}
