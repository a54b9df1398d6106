//! Where URLs come from: the command line, a file, or standard input.
//!
//! They are read on a thread of their own, for reading blocks, and so does looking at what is on
//! disk already. They come over in batches through a channel with a bound: a list of any length
//! takes no more memory than a few thousand lines.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, IsTerminal, Read};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::thread;
use std::time::Duration;

use anyhow::{Context, bail};
use async_fetch::{Checksum, Error, Keep, Method, Request, Url, file_name, numbered};
use common::cli::Usage;
use tokio::sync::mpsc;

use super::args::Args;

/// Lines that are handed over at once, and batches that may wait.
const BATCH: usize = 256;
const BATCHES: usize = 4;

/// A line longer than this is no URL, but perhaps no text at all.
const LONGEST_LINE: u64 = 64 * 1024;

/// How long a pipe without any argument may keep silent before it is taken for nobody's.
const PATIENCE: Duration = Duration::from_millis(500);

/// What a line comes to.
pub(super) enum Item {
    /// It is to be fetched.
    Fetch(Box<Request>),
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
    Lines(Box<dyn BufRead + Send>, String),
}

impl Source {
    /// What the command line says; `None` if it says nothing.
    pub(super) fn of(args: &Args) -> anyhow::Result<Option<Source>> {
        let stdin = || {
            Source::Lines(
                Box::new(BufReader::new(io::stdin())),
                "standard input".into(),
            )
        };
        let source = match (&args.input, args.urls.as_slice()) {
            (Some(path), _) if path == Path::new("-") => stdin(),
            (Some(path), _) => {
                let name = path.display().to_string();
                let file = File::open(path).with_context(|| name.clone())?;
                Source::Lines(Box::new(BufReader::with_capacity(1 << 16, file)), name)
            }
            (None, [word]) if word == "-" => stdin(),
            (None, []) => match piped()? {
                Some(source) => source,
                None if std::env::args_os().len() > 1 && asks_for_urls(args) => {
                    bail!(Usage(
                        "no URL: name one, or a file (-i), or - for standard input".into()
                    ))
                }
                None => return Ok(None),
            },
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
    pub(super) fn start(self, args: &Args) -> anyhow::Result<mpsc::Receiver<Vec<Item>>> {
        let mut reader = Reader {
            folder: args.output.clone(),
            overwrite: args.overwrite,
            method: if args.head { Method::HEAD } else { Method::GET },
            decode: args.compressed,
            checksum: args.checksum,
            names: HashSet::new(),
        };
        let (sender, receiver) = mpsc::channel(BATCHES);
        let read = move || match self {
            Source::Words(words) => {
                for words in words.chunks(BATCH) {
                    let batch = words.iter().map(|word| reader.item(word, None)).collect();
                    if sender.blocking_send(batch).is_err() {
                        return;
                    }
                }
            }
            Source::Lines(lines, name) => reader.lines(lines, &name, &sender),
        };
        thread::Builder::new()
            .name("input".to_owned())
            .spawn(read)?;
        Ok(receiver)
    }
}

/// Whether flags were given that make no sense without URLs.
fn asks_for_urls(args: &Args) -> bool {
    args.output.is_some() || args.checksum.is_some() || args.head || args.summary
}

/// Standard input, if it is not a terminal and somebody writes to it.
fn piped() -> anyhow::Result<Option<Source>> {
    if io::stdin().is_terminal() {
        return Ok(None);
    }
    let (sender, first) = sync_channel(1);
    thread::Builder::new()
        .name("input".to_owned())
        .spawn(move || {
            let mut lines = BufReader::with_capacity(1 << 16, io::stdin());
            let some = lines.fill_buf().is_ok_and(|bytes| !bytes.is_empty());
            let _ = sender.send(some.then_some(lines));
        })?;
    let first: Receiver<Option<_>> = first;
    match first.recv_timeout(PATIENCE) {
        Ok(Some(lines)) => Ok(Some(Source::Lines(
            Box::new(lines),
            "standard input".into(),
        ))),
        Ok(None) | Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => Ok(None),
    }
}

/// Makes items of lines.
struct Reader {
    folder: Option<PathBuf>,
    overwrite: bool,
    method: Method,
    decode: bool,
    checksum: Option<Checksum>,
    /// The names given so far, in small letters, for disks where capitals make no difference.
    names: HashSet<Box<str>>,
}

impl Reader {
    fn lines(
        &mut self,
        mut lines: Box<dyn BufRead + Send>,
        name: &str,
        sender: &mpsc::Sender<Vec<Item>>,
    ) {
        let mut batch = Vec::with_capacity(BATCH);
        let mut line = Vec::new();
        loop {
            line.clear();
            match (&mut lines).take(LONGEST_LINE).read_until(b'\n', &mut line) {
                Ok(0) => break,
                Ok(_) => {}
                Err(error) => {
                    let error = Error::Setup(error.to_string());
                    batch.push(Item::Bad {
                        line: name.to_owned(),
                        error,
                    });
                    break;
                }
            }
            let text = String::from_utf8_lossy(&line);
            let text = text.trim();
            if !text.is_empty() && !text.starts_with('#') {
                let (url, sum) = match text.split_once(char::is_whitespace) {
                    Some((url, sum)) => (url, Some(sum.trim())),
                    None => (text, None),
                };
                batch.push(self.item(url, sum));
            }
            // What comes slowly is not held back.
            let waits = lines.fill_buf().map_or(true, |bytes| bytes.is_empty());
            if batch.len() >= BATCH || waits {
                let full = std::mem::replace(&mut batch, Vec::with_capacity(BATCH));
                if sender.blocking_send(full).is_err() {
                    return;
                }
            }
        }
        let _ = sender.blocking_send(batch);
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
        let Some(folder) = &self.folder else {
            return Ok(Item::Fetch(Box::new(request.keep(Keep::Nothing))));
        };
        let mut name = file_name(request.url());
        if !self.names.insert(name.to_lowercase().into()) {
            name = numbered(&name, request.url().as_str());
            self.names.insert(name.to_lowercase().into());
        }
        let path = folder.join(name);
        if !self.overwrite
            && let Ok(known) = fs::metadata(&path)
            && known.is_file()
            && checksum.is_none_or(|wanted| checksum_of(&path).is_ok_and(|sum| sum == wanted))
        {
            let (url, bytes) = (request.url().clone(), known.len());
            return Ok(Item::There { url, path, bytes });
        }
        Ok(Item::Fetch(Box::new(request.keep(Keep::File(path)))))
    }
}

fn checksum_of(path: &Path) -> io::Result<Checksum> {
    Checksum::of_reader(File::open(path)?)
}
