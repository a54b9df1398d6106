//! Runs every command in every README and TOOL.md, and compares the shape of its output. A command
//! that takes minutes, or needs the network, is checked by `--help` and by cargo's metadata.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use lessons::commands::{Printed, commands, is_assignment, shape};
use lessons::house;
use lessons::steps::{Target, targets};
use std::collections::HashSet;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{LazyLock, mpsc};
use std::time::Duration;

/// More time than any demonstration needs on a busy machine.
const TIME_LIMIT: Duration = Duration::from_secs(120);

/// Arguments of commands that are slow without optimisation.
const LONG: &[&str] = &["--runs", "1e10", "1e15"];

static TARGETS: LazyLock<Vec<Target>> = LazyLock::new(|| targets().unwrap());

fn is_target(kind: &str, room: Option<&str>, name: &str) -> bool {
    let is_it =
        |it: &Target| it.kind == kind && it.name == name && room.is_none_or(|room| it.room == room);
    TARGETS.iter().any(is_it)
}

/// The path of a binary or an example: `cargo test --workspace` builds both.
fn binary(name: &str, is_example: bool) -> Option<PathBuf> {
    let mut path = std::env::current_exe().unwrap();
    path.pop();
    path.pop();
    if is_example {
        path.push("examples");
    }
    path.push(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    let is_there = path.exists() || std::env::var_os("CI").is_some();
    is_there.then_some(path)
}

/// The check that was done for a command, or the error.
type Verdict = Result<String, String>;

fn check(printed: &Printed) -> Verdict {
    let parts = split(&printed.text);
    let done: Result<Vec<String>, String> =
        parts.iter().map(|part| check_part(part, printed)).collect();
    Ok(done?.join("; "))
}

/// Splits a line into commands, and each into words. Quotes keep words together.
fn split(line: &str) -> Vec<Vec<String>> {
    let (mut commands, mut quoted) = (vec![vec![String::new()]], None);
    for sign in line.chars() {
        let words = commands.last_mut().unwrap();
        match (sign, quoted) {
            (_, Some(quote)) if quote == sign => quoted = None,
            ('\'' | '"', None) => quoted = Some(sign),
            (' ', None) => words.push(String::new()),
            ('&' | ';', None) => commands.push(vec![String::new()]),
            ('|', None) if words.last().unwrap().is_empty() => commands.push(vec![String::new()]),
            _ => words.last_mut().unwrap().push(sign),
        }
    }
    let not_empty = |words: Vec<String>| {
        words
            .into_iter()
            .filter(|it| !it.is_empty())
            .collect::<Vec<_>>()
    };
    commands
        .into_iter()
        .map(not_empty)
        .filter(|it| !it.is_empty())
        .collect()
}

fn check_part(words: &[String], printed: &Printed) -> Verdict {
    let mut words: Vec<&str> = words.iter().map(String::as_str).collect();
    words.retain(|word| !is_assignment(word));
    if let ["taskset", "-c", _, rest @ ..] = &words[..] {
        words = rest.to_vec();
    }
    let room = |name: &str| is_target("bin", None, name);
    match &words[..] {
        ["cargo", verb, rest @ ..] => cargo(verb, rest, printed),
        [script, ..] if script.contains('/') => match house().join(script).exists() {
            true if script.starts_with(".ci") => as_ci_runs(&printed.text),
            true => Ok(format!("skipped: {script} starts a server")),
            false => Err(format!("no script {script}")),
        },
        [name, arguments @ ..] if room(name) => run(name, false, arguments, printed),
        [name, ..] => Ok(format!("skipped: {name} is not ours")),
        [] => Ok(String::new()),
    }
}

fn cargo(verb: &str, words: &[&str], printed: &Printed) -> Verdict {
    let end = words
        .iter()
        .position(|it| *it == "--")
        .unwrap_or(words.len());
    let (own, rest) = (&words[..end], words.get(end + 1..).unwrap_or_default());
    let value = |flag: &str| {
        own.iter()
            .position(|it| *it == flag)
            .and_then(|at| own.get(at + 1).copied())
    };
    let package = value("-p").or_else(|| value("--path"));
    let exists = |kind: &str, name: &str| match name.chars().any(char::is_uppercase)
        || is_target(kind, package, name)
    {
        true => Ok(format!("{kind} {name} exists")),
        false => Err(format!("no {kind} {name}")),
    };
    match verb {
        "run" => match (value("--example"), package) {
            (Some(example), _) if exists("example", example)?.contains(char::is_uppercase) => {
                exists("example", example)
            }
            (Some(example), _) => run(example, true, rest, printed),
            (None, Some(package)) if package.chars().any(char::is_uppercase) => {
                Ok("a placeholder".to_owned())
            }
            (None, Some(package)) => {
                exists("bin", package).and_then(|_| run(package, false, rest, printed))
            }
            (None, None) => Err("of which package?".to_owned()),
        },
        "test" if value("--test").is_some() => exists("test", value("--test").unwrap()),
        // It is part of `cargo test --workspace`.
        "test" if own.len() == 2 && package.is_some() => {
            exists("lib", &package.unwrap_or_default().replace('-', "_"))
        }
        "bench" => exists("bench", value("--bench").unwrap_or("primes")),
        "build" if value("--manifest-path").is_some() => {
            let manifest = value("--manifest-path").unwrap_or_default();
            match house().join(manifest).is_file() {
                true => Ok(format!("{manifest} exists")),
                false => Err(format!("no {manifest}")),
            }
        }
        "install" | "build" => exists("bin", package.unwrap_or_default()),
        "fetch" => Ok("skipped: needs the network".to_owned()),
        _ => as_ci_runs(&printed.text),
    }
}

/// Whether `.ci/run` contains the command. A loop there runs it for several rooms.
fn as_ci_runs(command: &str) -> Verdict {
    let script = fs::read_to_string(house().join(".ci/run")).unwrap();
    let plain = |text: &str| {
        text.replace(" --locked", "")
            .replace(" --check", "")
            .replace('"', "")
    };
    let script = plain(&script);
    let is_there = script.contains(&plain(command))
        || script
            .lines()
            .filter_map(|it| it.strip_prefix("for room in "))
            .any(|rooms| {
                let mut rooms = rooms.trim_end_matches("; do").split(' ');
                rooms.any(|room| {
                    script.contains(&plain(command).replace(&format!("-p {room} "), "-p $room "))
                        && command.contains(room)
                })
            });
    let first_words = |line: &str| line.split(' ').next().map(str::to_owned);
    let is_there = is_there
        || script.lines().any(|line| {
            first_words(line) == first_words(command)
                && command.split(' ').all(|word| line.contains(word))
        });
    match is_there {
        true => Ok("as .ci/run has it".to_owned()),
        false => Err("not what .ci/run runs".to_owned()),
    }
}

/// Whether a word is a placeholder for the reader's input, or a host that a test must not contact.
fn is_placeholder(word: &str) -> bool {
    let letters = || word.chars().filter(|it| it.is_alphabetic());
    let is_name = letters().count() > 2 && letters().all(char::is_uppercase);
    let has_sign = word.contains(['[', ']', '…', '|', '<']) && !word.contains("://");
    is_name
        || has_sign
        || word.contains("FILE")
        || word.contains("example.org")
        || word.contains("localhost")
        || word.ends_with(".txt")
        || word == "-"
}

fn run(name: &str, is_example: bool, arguments: &[&str], printed: &Printed) -> Verdict {
    if is_example && name.starts_with("cluster") {
        return Ok("skipped: needs a Redis server; `tests/steps.rs` starts one".to_owned());
    }
    if name != "cluster" && arguments.contains(&"--broker") {
        return Ok(format!(
            "skipped: needs the feature `cluster`; tests/cluster.rs of {name} runs it"
        ));
    }
    let Some(path) = binary(name, is_example) else {
        return Ok(format!(
            "skipped: {name} is not built (`cargo test --workspace` builds it)"
        ));
    };
    let takes_long =
        ["benches", "guidelines"].contains(&name) || arguments.iter().any(|it| LONG.contains(it));
    if takes_long || !printed.is_block || arguments.iter().any(|it| is_placeholder(it)) {
        return by_help(&path, arguments);
    }
    let serves = name == "demo-site"
        || arguments
            .iter()
            .any(|it| ["chat-server", "echo", "explore"].contains(it));
    if serves {
        return serve(&path, arguments);
    }
    let folder = std::env::temp_dir().join(format!(
        "lessons-{}-{}-{name}",
        std::process::id(),
        printed.line
    ));
    fs::create_dir_all(&folder).unwrap();
    let result = run_in(&folder, &path, arguments);
    fs::remove_dir_all(&folder).unwrap();
    let shown = result?;
    let there: HashSet<String> = shown.lines().map(shape).collect();
    let missing: Vec<&String> = printed
        .output
        .iter()
        .filter(|line| !there.contains(&shape(line)) && !shape(line).is_empty())
        .collect();
    match missing.is_empty() {
        true => Ok(format!("run; {} lines compared", printed.output.len())),
        false => Err(format!("does not print {missing:?}, but:\n{shown}")),
    }
}

/// Runs a program to its end, and returns its output.
fn run_in(folder: &Path, path: &Path, arguments: &[&str]) -> Result<String, String> {
    let (out, err) = (folder.join("stdout"), folder.join("stderr"));
    let mut child = Command::new(path)
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(fs::File::create(&out).unwrap())
        .stderr(fs::File::create(&err).unwrap())
        .spawn()
        .map_err(|error| format!("{}: {error}", path.display()))?;
    let (ended, end) = mpsc::channel();
    let id = child.id();
    let waiting = std::thread::spawn(move || {
        let status = child.wait();
        let _ = ended.send(());
        status
    });
    if end.recv_timeout(TIME_LIMIT).is_err() {
        kill("KILL", id);
        return Err(format!("did not end within {TIME_LIMIT:?}"));
    }
    let status = waiting.join().unwrap().unwrap();
    let text = fs::read_to_string(out).unwrap() + &fs::read_to_string(err).unwrap();
    match status.success() {
        true => Ok(text),
        false => Err(format!("{status}\n{text}")),
    }
}

/// Starts a server, waits until it prints its address, and stops it.
fn serve(path: &Path, arguments: &[&str]) -> Verdict {
    let mut command = Command::new(path);
    let mut child = command
        .args(arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut first = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut first)
        .unwrap();
    kill("TERM", child.id());
    let status = child.wait().unwrap();
    match first.contains("127.0.0.1:") && status.code() == Some(130) {
        true => Ok("started and stopped".to_owned()),
        false => Err(format!("{status}: {first}")),
    }
}

fn kill(signal: &str, id: u32) {
    let done = Command::new("kill")
        .args([&format!("-{signal}"), &id.to_string()])
        .status();
    assert!(done.unwrap().success());
}

/// Whether the help of a command contains its flags.
fn by_help(path: &Path, arguments: &[&str]) -> Verdict {
    let is_subcommand = |it: &&&str| {
        it.starts_with(|c: char| c.is_ascii_lowercase()) && !it.contains(['.', ':', '/', '|'])
    };
    let subcommand = arguments.first().filter(is_subcommand);
    let output = Command::new(path).args(subcommand).arg("--help").output();
    let output = output.map_err(|error| format!("{}: {error}", path.display()))?;
    let help = String::from_utf8_lossy(&output.stdout);
    if !output.status.success() {
        return Err(format!(
            "no such command: {}",
            String::from_utf8_lossy(&output.stderr)
        ));
    }
    let flags = arguments.iter().map(|it| it.trim_start_matches('['));
    for flag in flags.filter(|it| it.starts_with('-') && it.len() > 1 && !it.starts_with("-1")) {
        let flag = flag.split(['=', '[', ']', '…']).next().unwrap();
        let is_known = help
            .split(|c: char| !(c.is_alphanumeric() || c == '-'))
            .any(|word| word == flag);
        if !is_known {
            return Err(format!("--help does not know {flag}"));
        }
    }
    Ok("checked by --help".to_owned())
}

/// Checks the README.md and TOOL.md of a folder.
fn check_folder(folder: &str) {
    let mut faults = Vec::new();
    for document in ["README.md", "TOOL.md"] {
        let Ok(text) = fs::read_to_string(house().join(folder).join(document)) else {
            continue;
        };
        for printed in commands(&text) {
            let place = format!("{folder}/{document}:{}: {}", printed.line, printed.text);
            match check(&printed) {
                Ok(done) => println!("{place}: {done}"),
                Err(fault) => faults.push(format!("{place}\n    {fault}")),
            }
        }
    }
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

macro_rules! folders {
    ($($name:ident $folder:literal)*) => {$(
        #[test]
        fn $name() {
            check_folder($folder);
        }
    )*
        /// Checks the folders that have no test of their own above.
        #[test]
        fn the_other_folders() {
            for entry in fs::read_dir(house()).unwrap().map(Result::unwrap) {
                let name = entry.file_name().into_string().unwrap();
                let is_checked = [$($folder),*].contains(&&*name);
                if !is_checked && entry.path().join("README.md").exists() {
                    check_folder(&name);
                }
            }
        }
    };
}

folders! {
    the_house "."
    async_fetch "async-fetch"
    benches "benches"
    common "common"
    concepts "concepts"
    crawler "crawler"
    demo_site "demo-site"
    event_loop "event-loop"
    executors "executors"
    green_threads "green-threads"
    guidelines "guidelines"
    mandelbrot "mandelbrot"
    primes "primes"
    protocols "protocols"
    reactor "reactor"
    scheduler "scheduler"
    thumbnails "thumbnails"
}
