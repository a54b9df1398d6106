//! Finds the commands in a Markdown text, and the output that the text shows for them.

/// A command in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Printed {
    /// Its line, from 1.
    pub line: usize,
    /// The command, without its prompt and its remark.
    pub text: String,
    /// The lines of output that the text shows for it.
    pub output: Vec<String>,
    /// Whether it stands in a code block, not within a sentence.
    pub is_block: bool,
}

/// The programs of the house, and other words that begin a command.
const PROGRAMS: &[&str] = &[
    "cargo",
    "async-fetch",
    "benches",
    "cluster",
    "concepts",
    "crawler",
    "demo-site",
    "executors",
    "exercises",
    "green-threads",
    "guidelines",
    "mandelbrot",
    "primes",
    "reactor",
    "scheduler",
    "thumbnails",
    "apt-get",
    "find",
    "npm",
    "python3",
    "taskset",
];

/// The kind of the current block.
enum Block {
    /// A block with shell commands and output. Output before any command belongs to the next
    /// command.
    Shell,
    Other,
}

/// Finds the commands of a text: in blocks of text or shell, and in code within sentences.
///
/// A line of a block that is not a command is output of the command above it. Text after two spaces
/// or a `#` is a remark. A block without a command, in the section `Run it` or before any command,
/// is also output.
///
/// # Examples
///
/// ```
/// use lessons::commands::commands;
///
/// let text = "Try `primes nth 5`:\n```text\n$ primes nth 1e9   # soon\n22801763489\n```\n";
/// let found = commands(text);
/// assert_eq!(found[0].text, "primes nth 5");
/// assert_eq!(found[1].text, "primes nth 1e9");
/// assert_eq!(found[1].output, ["22801763489"]);
/// ```
pub fn commands(text: &str) -> Vec<Printed> {
    let mut found: Vec<Printed> = Vec::new();
    let (mut block, mut before, mut is_output) = (None, Vec::new(), false);
    let mut runs_it = false;
    for (line, text) in (1..).zip(text.lines()) {
        if let Some(language) = text.trim_start().strip_prefix("```") {
            block = match (block, language) {
                (Some(_), _) => {
                    is_output = runs_it && found.iter().any(|it| it.is_block);
                    None
                }
                (None, "text" | "sh") => Some(Block::Shell),
                (None, _) => Some(Block::Other),
            };
            continue;
        }
        match block {
            Some(Block::Other) => {}
            Some(Block::Shell) => match command(text) {
                Some(text) => {
                    let output = std::mem::take(&mut before);
                    let is_block = true;
                    found.push(Printed {
                        line,
                        text,
                        output,
                        is_block,
                    });
                    is_output = true;
                }
                None if !is_output => before.push(text.to_owned()),
                None => {
                    let last = found.iter_mut().rfind(|it| it.is_block);
                    last.into_iter()
                        .for_each(|it| it.output.push(text.to_owned()));
                }
            },
            None => {
                if text.starts_with('#') && text != "## Run it" {
                    before.clear();
                }
                if text.starts_with('#') {
                    // In this section a later block without a command is output of the last
                    // command.
                    runs_it = text == "## Run it";
                    is_output = false;
                }
                let inline = text.split('`').skip(1).step_by(2);
                let inline = inline.filter(|it| it.contains(' ')).filter_map(command);
                found.extend(inline.map(|text| Printed {
                    line,
                    text,
                    output: Vec::new(),
                    is_block: false,
                }));
            }
        }
    }
    found
}

/// The command of a line, without prompt and remark; `None` if the line is not a command.
fn command(line: &str) -> Option<String> {
    let line = line.trim();
    let line = line.strip_prefix("$ ").unwrap_or(line);
    let line = line.split("  ").next()?;
    let line = line.split(" #").next()?.trim_end();
    let first = line.split(' ').find(|word| !is_assignment(word))?;
    let is_script = [".ci/", "benches/peers/"]
        .iter()
        .any(|it| first.starts_with(it));
    // In a table of contents, a sentence may also begin with a program's name.
    let is_command = (is_script || PROGRAMS.contains(&first)) && !line.contains(" … ");
    is_command.then(|| line.to_owned())
}

/// Whether a word sets an environment variable: `NAME=value`.
pub fn is_assignment(word: &str) -> bool {
    let name = word.split_once('=').map(|(name, _)| name);
    name.is_some_and(|it| !it.is_empty() && it.chars().all(|c| c.is_ascii_uppercase() || c == '_'))
}

/// The part of an output line that is the same in every run: its first three words.
///
/// # Examples
///
/// ```
/// use lessons::commands::shape;
///
/// assert_eq!(shape("  worker 0: 62 pieces, done after 33ms"), "worker pieces done");
/// assert_eq!(shape("8 thumbnails, 156 ms"), "thumbnails");
/// ```
pub fn shape(line: &str) -> String {
    const UNITS: [&str; 6] = ["ms", "ns", "us", "KiB", "MiB", "GiB"];
    let words = line
        .split_whitespace()
        .map(|word| word.trim_matches(|c: char| c.is_ascii_punctuation()));
    let is_word = |word: &&str| {
        let letters = word.chars().all(char::is_alphabetic);
        letters
            && word.chars().count() > 1
            && word.chars().any(char::is_lowercase)
            && !UNITS.contains(word)
    };
    words.filter(is_word).take(3).collect::<Vec<_>>().join(" ")
}
