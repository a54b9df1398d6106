//! Where URLs come from: the command line, a file, or standard input.
//!
//! Reading blocks, and so it is done on a thread of its own. What it reads comes over in blocks of
//! whole lines, through a channel with a bound: a list of any length takes no more memory than a
//! few of them, but for the names of what is saved ([`Claims`]). Lines become requests where they
//! are sent from, so that nothing is allocated on one thread and freed on another; only if the disk
//! has to be asked what is there already, that is done where it may block.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read};
use std::os::fd::AsFd;
use std::os::unix::fs::FileTypeExt;
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::{mem, thread};

use anyhow::{Context, bail};
use async_fetch::{Checksum, Error, Keep, Method, Request, Url};
use common::cli::Usage;
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;

use super::args::Args;
use super::claims::Claims;

/// Bytes that are read at once: some 200 lines, so that their requests fit into a cache; and blocks
/// that may wait.
const BLOCK: usize = 8 * 1024;
const BLOCKS: usize = 4;

/// A line longer than this is no URL, but perhaps no text at all.
const LONGEST_LINE: usize = 64 * 1024;

/// How errors name it.
const STDIN: &str = "standard input";

/// What a line comes to.
pub(super) enum Item {
    /// It is to be fetched.
    Fetch(Request),
    /// It is there already.
    There { url: Url, path: PathBuf, bytes: u64 },
    /// It can't be fetched.
    Bad { line: String, error: Error },
}

/// Where URLs come from.
pub(super) enum Source {
    /// The command line.
    Words(Vec<String>),
    /// Lines.
    Lines(Box<dyn Read + Send>, String),
}

impl Source {
    /// What the command line says; `None` if it says nothing.
    pub(super) fn of(args: &Args) -> anyhow::Result<Option<Source>> {
        let stdin = || Source::Lines(Box::new(io::stdin()), STDIN.to_owned());
        let source = match (&args.input, args.urls.as_slice()) {
            (Some(path), _) if path == Path::new("-") => stdin(),
            (Some(path), _) => {
                let name = path.display().to_string();
                let file = File::open(path).with_context(|| name.clone())?;
                Source::Lines(Box::new(file), name)
            }
            (None, [word]) if word == "-" => stdin(),
            (None, []) if args.ask_for_urls() => {
                bail!(Usage(
                    "no URL: name one, or a file (-i), or - for standard input".into()
                ))
            }
            (None, []) => return Ok(None),
            (None, words) => Source::Words(words.to_vec()),
        };
        let single = matches!(&source, Source::Words(words) if words.len() == 1);
        if args.checksum.is_some() && !single {
            bail!(Usage(
                "--checksum: is for one URL: in a list it stands behind each URL".into()
            ));
        }
        Ok(Some(source))
    }

    /// Starts to read.
    pub(super) fn start(self, args: &Args) -> anyhow::Result<Items> {
        let saved = match &args.folder {
            Some(folder) => Some((folder.clone(), Claims::open(folder)?)),
            None => None,
        };
        let reader = Reader {
            saved,
            overwrite: args.overwrite,
            method: if args.head { Method::HEAD } else { Method::GET },
            decode: args.compressed,
            checksum: args.checksum,
        };
        let (sender, blocks) = mpsc::channel(BLOCKS);
        match self {
            // There is room for one.
            Source::Words(words) => drop(sender.try_send(Block::Words(words))),
            Source::Lines(input, name) => {
                thread::Builder::new()
                    .name("input".to_owned())
                    .spawn(move || send_lines(input, name, &sender))?;
            }
        }
        Ok(Items {
            blocks,
            reader: Some(reader),
        })
    }
}

/// What comes from the thread that reads.
enum Block {
    /// Each is a URL.
    Words(Vec<String>),
    /// Whole lines, but for one that is too long.
    Lines(Vec<u8>),
    /// What was read can't be read to its end.
    Broken(String, io::Error),
}

/// Reads to the end, or until nobody wants any more.
fn send_lines(mut input: impl Read, name: String, sender: &mpsc::Sender<Block>) {
    let mut text = Vec::new();
    let broken = loop {
        let start = text.len();
        text.resize(start + BLOCK, 0);
        let read = input.read(&mut text[start..]);
        text.truncate(start + *read.as_ref().unwrap_or(&0));
        match read {
            Ok(0) => break None,
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => break Some(error),
        }
        // What comes slowly is not held back.
        let rest = match text.iter().rposition(|byte| *byte == b'\n') {
            Some(end) => text.split_off(end + 1),
            None if text.len() < LONGEST_LINE => continue,
            None => Vec::new(),
        };
        let lines = mem::replace(&mut text, rest);
        if sender.blocking_send(Block::Lines(lines)).is_err() {
            return;
        }
    };
    let _ = sender.blocking_send(Block::Lines(text));
    if let Some(error) = broken {
        let _ = sender.blocking_send(Block::Broken(name, error));
    }
}

/// Whether standard input is a pipe or a file: perhaps a list that somebody meant to be read.
///
/// It is not read unasked: whether a pipe that is silent is slow or nobody's can't be known.
pub(super) fn may_hold_a_list() -> bool {
    let stdin = io::stdin().as_fd().try_clone_to_owned();
    stdin
        .and_then(|stdin| File::from(stdin).metadata())
        .is_ok_and(|it| it.file_type().is_fifo() || it.is_file())
}

/// What is to be fetched, as it is read.
pub(super) struct Items {
    blocks: mpsc::Receiver<Block>,
    /// `None` while it is lent.
    reader: Option<Reader>,
}

impl Items {
    /// What the next block comes to; `None` after the last.
    pub(super) async fn next(&mut self) -> Option<Vec<Item>> {
        let block = self.blocks.recv().await?;
        let mut reader = self.reader.take()?;
        let items = if reader.saved.is_some() {
            let blocking = spawn_blocking(move || (reader.items(block), reader));
            let items;
            (items, reader) = match blocking.await {
                Ok(both) => both,
                Err(error) => resume_unwind(error.into_panic()),
            };
            items
        } else {
            reader.items(block)
        };
        self.reader = Some(reader);
        Some(items)
    }
}

/// Makes items of what was read.
struct Reader {
    /// Where bodies are saved, and under which names.
    saved: Option<(PathBuf, Claims)>,
    overwrite: bool,
    method: Method,
    decode: bool,
    checksum: Option<Checksum>,
}

impl Reader {
    /// Blocks if bodies are saved.
    fn items(&mut self, block: Block) -> Vec<Item> {
        match block {
            Block::Words(words) => words.iter().map(|word| self.item(word, None)).collect(),
            Block::Lines(text) => {
                let text = String::from_utf8_lossy(&text);
                text.lines().filter_map(|line| self.line(line)).collect()
            }
            Block::Broken(line, error) => {
                let error = Error::Setup(error.to_string());
                vec![Item::Bad { line, error }]
            }
        }
    }

    /// `None` if nothing stands in it.
    fn line(&mut self, line: &str) -> Option<Item> {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            return None;
        }
        let (url, sum) = match line.split_once(char::is_whitespace) {
            Some((url, sum)) => (url, Some(sum.trim())),
            None => (line, None),
        };
        Some(self.item(url, sum))
    }

    fn item(&mut self, url: &str, sum: Option<&str>) -> Item {
        self.request(url, sum).unwrap_or_else(|error| Item::Bad {
            line: url.escape_debug().to_string(),
            error,
        })
    }

    fn request(&mut self, url: &str, sum: Option<&str>) -> Result<Item, Error> {
        let url: Url = url.parse()?;
        let sum = sum.map(str::parse).transpose();
        let sum = sum.map_err(|error: async_fetch::NoChecksum| Error::Setup(error.to_string()))?;
        let checksum = sum.or(self.checksum);
        let mut request = Request::new(self.method.clone(), url).decode(self.decode);
        if let Some(checksum) = checksum {
            request = request.checksum(checksum);
        }
        let Some((folder, claims)) = &mut self.saved else {
            return Ok(Item::Fetch(request.keep(Keep::Nothing)));
        };
        let path = folder.join(claims.name(request.url())?);
        if !self.overwrite
            && let Ok(known) = fs::metadata(&path)
            && known.is_file()
            && checksum.is_none_or(|wanted| checksum_of(&path).is_ok_and(|sum| sum == wanted))
        {
            let (url, bytes) = (request.url().clone(), known.len());
            return Ok(Item::There { url, path, bytes });
        }
        Ok(Item::Fetch(request.keep(Keep::File(path))))
    }
}

fn checksum_of(path: &Path) -> io::Result<Checksum> {
    Checksum::of_reader(File::open(path)?)
}
