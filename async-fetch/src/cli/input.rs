//! Where URLs come from: the command line, a file, or standard input.
//!
//! Reading blocks, so a thread of its own does it. It sends blocks of whole lines through a bounded
//! channel: a list of any length takes no more memory than a few blocks, and the names of saved files
//! ([`Folder`]). The thread that sends the requests makes them from the lines, so that no memory is
//! allocated on one thread and freed on another. Only if the disk has to be asked for existing files,
//! a thread for blocking work does it.

mod source;

use std::panic::resume_unwind;
use std::path::PathBuf;
use std::sync::Arc;

use async_fetch::{Error, Request, Url};
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;

use super::folder::Folder;
use super::globs::Globs;
use super::lines::{self, Wanted, Wrong};
use super::requests::Requests;

pub(super) use source::{Source, may_hold_a_list};

/// URLs of a pattern that are made at once.
const PATTERNS: usize = 256;

/// The place of a URL in the input.
#[derive(Clone, Debug, Default)]
pub(super) struct Origin {
    /// The number of its line, or of its place on the command line, from 1.
    pub(super) line: u64,
    /// It is a line, and errors name it.
    pub(super) is_line: bool,
    /// The text of the input, without a password, if it differs from the URL.
    pub(super) given: Option<String>,
}

/// The result of reading a line.
pub(super) enum Item {
    /// It is to be fetched.
    Fetch(Request, Origin),
    /// The file exists already.
    There {
        url: Url,
        path: PathBuf,
        bytes: u64,
        origin: Origin,
    },
    /// Another line has the same URL, which is fetched once.
    Repeated { url: Url, origin: Origin },
    /// It can't be fetched.
    Bad { origin: Origin, error: Error },
}

/// The input, item by item.
pub(super) struct Items {
    blocks: mpsc::Receiver<source::Block>,
    /// Patterns of the command line that have more URLs.
    patterns: Vec<Globs>,
    /// `None` while it is lent.
    reader: Option<Reader>,
    saves: bool,
}

impl Items {
    /// Starts to read. `folder` is where bodies are saved.
    pub(super) fn start(
        source: Source,
        requests: Requests,
        folder: Option<Arc<Folder>>,
    ) -> anyhow::Result<Items> {
        let (blocks, mut patterns) = source.start()?;
        patterns.reverse();
        let saves = folder.is_some();
        Ok(Items {
            blocks,
            patterns,
            reader: Some(Reader {
                requests,
                folder,
                line: 0,
            }),
            saves,
        })
    }

    /// The items of the next block; `None` after the last.
    pub(super) async fn next(&mut self) -> Option<Vec<Item>> {
        let block = match self.words() {
            Some(words) => source::Block::Words(words),
            None => self.blocks.recv().await?,
        };
        let mut reader = self.reader.take()?;
        let items = if self.saves {
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

    /// Some URLs of the command line.
    fn words(&mut self) -> Option<Vec<String>> {
        let mut words = Vec::new();
        while let Some(pattern) = self.patterns.last_mut() {
            words.extend(pattern.take(PATTERNS - words.len()));
            if words.len() == PATTERNS {
                break;
            }
            self.patterns.pop();
        }
        (!words.is_empty()).then_some(words)
    }
}

/// Makes items of lines.
struct Reader {
    requests: Requests,
    /// Where bodies are saved.
    folder: Option<Arc<Folder>>,
    line: u64,
}

impl Reader {
    /// Blocks if bodies are saved.
    fn items(&mut self, block: source::Block) -> Vec<Item> {
        match block {
            source::Block::Words(words) => words
                .iter()
                .map(|word| {
                    self.line += 1;
                    self.item(lines::url(word), false)
                })
                .collect(),
            source::Block::Lines(text) => {
                // Items are large: a vector that grows would copy them several times.
                let mut items = Vec::with_capacity(source::most_lines(&text));
                items.extend(source::lines(&text).filter_map(|line| {
                    self.line += 1;
                    Some(self.item(lines::read(line)?, true))
                }));
                items
            }
            source::Block::TooLong(begin) => {
                self.line += 1;
                vec![self.bad(
                    format!("{begin}…"),
                    Error::Setup("a line of more than 64 KiB is no URL".to_owned()),
                    true,
                )]
            }
            source::Block::Broken(name, error) => {
                vec![self.bad(name, Error::Setup(error.to_string()), false)]
            }
        }
    }

    fn bad(&self, given: String, error: Error, is_line: bool) -> Item {
        let line = self.line;
        Item::Bad {
            origin: Origin {
                line,
                is_line,
                given: Some(given),
            },
            error,
        }
    }

    fn item(&mut self, read: Result<Wanted, Wrong>, is_line: bool) -> Item {
        let line = self.line;
        let origin = |given| Origin {
            line,
            is_line,
            given,
        };
        match read {
            Ok(mut wanted) => {
                let origin = origin(wanted.given.take());
                self.requests.item(wanted, self.folder.as_deref(), origin)
            }
            Err(wrong) => Item::Bad {
                origin: origin(Some(wrong.given)),
                error: wrong.error,
            },
        }
    }
}
