//! The input, read in blocks of whole lines.

use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::path::Path;
use std::{mem, thread};

use anyhow::{Context, bail};
use common::cli::Usage;
use tokio::sync::mpsc;

use crate::cli::args::Args;
use crate::cli::globs::Globs;
use crate::cli::lines::Text;

/// Bytes that are read at once, and blocks that may wait. A block has about 150 lines: their requests fit
/// into a cache. With the rest of a line a block stays below 8 KiB. mimalloc takes larger ones out of pages
/// of 512 KiB, and touches all of a page when one thread allocates and another one frees.
const BLOCK: usize = 6 * 1024;
const BLOCKS: usize = 4;

/// Bytes of the longest line. A longer one is no URL; perhaps the input is not text.
const LONGEST_LINE: usize = 64 * 1024;

/// Bytes of such a line that the error shows.
const TOLD: usize = 60;

/// The name of standard input in errors.
const STDIN: &str = "standard input";

/// Where URLs come from.
pub(in crate::cli) enum Source {
    /// The command line.
    Words(Vec<Globs>),
    /// Lines.
    Lines(Box<dyn Read + Send>, String),
}

/// A message of the thread that reads.
pub(super) enum Block {
    /// Each is a URL.
    Words(Vec<String>),
    /// Whole lines.
    Lines(Vec<u8>),
    /// The beginning of a line that is too long.
    TooLong(String),
    /// The input can't be read to its end.
    Broken(String, io::Error),
}

impl Source {
    /// The source that the command line names; `None` if it names none.
    pub(in crate::cli) fn of(args: &Args) -> anyhow::Result<Option<Source>> {
        let stdin = || Source::Lines(Box::new(io::stdin()), STDIN.to_owned());
        let source = match (&args.input, args.urls.as_slice()) {
            (Some(path), _) if path == Path::new("-") => stdin(),
            (Some(path), _) => {
                let name = path.display().to_string();
                let file = File::open(path).with_context(|| name.clone())?;
                if file.metadata().is_ok_and(|it| it.is_dir()) {
                    bail!(Usage(format!(
                        "--input {name}: is a folder, and no list of URLs"
                    )));
                }
                Source::Lines(Box::new(file), name)
            }
            (None, [word]) if word == "-" => stdin(),
            (None, []) if args.ask_for_urls() => {
                bail!(Usage(
                    "no URL: name one, or a file (-i), or - for standard input".into()
                ))
            }
            (None, []) => return Ok(None),
            (None, words) => {
                let globs = words.iter().map(|word| match args.globoff {
                    true => Ok(Globs::plain(word)),
                    false => Globs::new(word)
                        .map_err(|error| Usage(async_fetch::without_userinfo(&error))),
                });
                Source::Words(globs.collect::<Result<_, _>>()?)
            }
        };
        let single =
            matches!(&source, Source::Words(words) if words.len() == 1 && words[0].is_one());
        if args.saving.checksum.is_some() && !single {
            bail!(Usage(
                "--checksum: is for one URL: in a list it stands behind each URL".into()
            ));
        }
        if args.saving.document.is_some() && !single {
            bail!(Usage(
                "-O: is for one URL: -o names a folder for many".into()
            ));
        }
        Ok(Some(source))
    }

    /// Starts to read.
    pub(super) fn start(self) -> io::Result<(mpsc::Receiver<Block>, Vec<Globs>)> {
        let (sender, blocks) = mpsc::channel(BLOCKS);
        match self {
            Source::Words(words) => Ok((blocks, words)),
            Source::Lines(input, name) => {
                thread::Builder::new()
                    .name("input".to_owned())
                    .spawn(move || send_lines(input, name, &sender))?;
                Ok((blocks, Vec::new()))
            }
        }
    }
}

/// Reads to the end, or until the receiver is gone.
fn send_lines(mut input: impl Read, name: String, sender: &mpsc::Sender<Block>) {
    let mut decoder = Text::default();
    let mut text = Vec::new();
    // Of a line that is too long, the rest is left out.
    let mut too_long = false;
    let mut piece = vec![0; BLOCK];
    let broken = loop {
        match input.read(&mut piece) {
            Ok(0) => break None,
            Ok(read) => decoder.push(&piece[..read], &mut text),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => break Some(error),
        }
        if too_long {
            let end = text.iter().position(|byte| is_end(*byte));
            too_long = end.is_none();
            text.drain(..end.map_or(text.len(), |end| end + 1));
        }
        // Lines are sent at once, also if they come slowly. A last CR may be the first half of a CR LF.
        let whole = &text[..text.len() - usize::from(text.ends_with(b"\r"))];
        let block = match whole.iter().rposition(|byte| is_end(*byte)) {
            Some(end) => {
                let rest = text.split_off(end + 1);
                Block::Lines(mem::replace(&mut text, rest))
            }
            None if text.len() < LONGEST_LINE => continue,
            None => {
                too_long = true;
                let begin = String::from_utf8_lossy(&text[..TOLD]);
                let begin = async_fetch::without_userinfo(&begin)
                    .escape_debug()
                    .to_string();
                text.clear();
                Block::TooLong(begin)
            }
        };
        if sender.blocking_send(block).is_err() {
            return;
        }
    };
    decoder.finish(&mut text);
    if !text.is_empty() && !too_long {
        let _ = sender.blocking_send(Block::Lines(text));
    }
    if let Some(error) = broken {
        let _ = sender.blocking_send(Block::Broken(name, error));
    }
}

fn is_end(byte: u8) -> bool {
    matches!(byte, b'\n' | b'\r')
}

/// How many lines a text has, at most.
pub(super) fn most_lines(text: &[u8]) -> usize {
    text.iter().filter(|byte| is_end(**byte)).count() + 1
}

/// The lines of a text. They end with LF, CR LF, or CR.
pub(super) fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let end = rest
            .iter()
            .position(|byte| is_end(*byte))
            .unwrap_or(rest.len());
        let line = &rest[..end];
        let ends = match &rest[end..] {
            [b'\r', b'\n', ..] => 2,
            [] => 0,
            _ => 1,
        };
        rest = &rest[end + ends..];
        Some(line)
    })
}

/// Whether standard input is a pipe or a file: then it may be a list.
///
/// It is read only if `-` is given: a pipe that is silent may be slow, or may have no writer's data at all.
#[cfg(unix)]
pub(in crate::cli) fn may_hold_a_list() -> bool {
    use std::os::fd::AsFd;
    use std::os::unix::fs::FileTypeExt;

    let stdin = io::stdin().as_fd().try_clone_to_owned();
    stdin
        .and_then(|stdin| File::from(stdin).metadata())
        .is_ok_and(|it| it.file_type().is_fifo() || it.is_file())
}

/// Whether standard input is a file. (On Windows a pipe has no metadata.)
#[cfg(windows)]
pub(in crate::cli) fn may_hold_a_list() -> bool {
    use std::os::windows::io::AsHandle;

    let stdin = io::stdin().as_handle().try_clone_to_owned();
    stdin
        .and_then(|stdin| File::from(stdin).metadata())
        .is_ok_and(|it| it.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(input: &[u8]) -> Vec<String> {
        let (sender, mut blocks) = mpsc::channel(BLOCKS);
        let input = input.to_vec();
        let thread = thread::spawn(move || send_lines(input.as_slice(), String::new(), &sender));
        let mut all = Vec::new();
        while let Some(block) = blocks.blocking_recv() {
            match block {
                Block::Lines(text) => {
                    all.extend(lines(&text).map(|line| String::from_utf8_lossy(line).into_owned()));
                }
                Block::TooLong(begin) => all.push(format!("too long: {begin}")),
                Block::Words(_) | Block::Broken(..) => unreachable!(),
            }
        }
        thread.join().unwrap();
        all
    }

    #[test]
    fn lines_end_in_three_ways() {
        for end in ["\n", "\r\n", "\r"] {
            let text = ["a", "", "b", "c"].join(end);
            assert_eq!(read(text.as_bytes()), ["a", "", "b", "c"], "{end:?}");
            // Each end is met at the border of two blocks, too.
            let long = ["x".repeat(7), "y".repeat(6)].join(end);
            let many = vec![long; 5000].join(end);
            let lines = read(many.as_bytes());
            assert_eq!(lines.len(), 10_000, "{end:?}");
        }
    }

    #[test]
    fn a_line_that_is_too_long_is_one_error() {
        let text = format!("a\n{}\nb\n", "x".repeat(5 * LONGEST_LINE));
        let lines = read(text.as_bytes());
        assert_eq!(lines.len(), 3);
        assert!(lines[1].starts_with("too long: xxx"));
        assert_eq!((lines[0].as_str(), lines[2].as_str()), ("a", "b"));
    }
}
