//! Where URLs come from: the command line, a file, or standard input.
//!
//! Reading blocks, and so it is done on a thread of its own. What it reads comes over in blocks of
//! whole lines, through a channel with a bound: a list of any length takes no more memory than a
//! few of them, but for the names of what is saved ([`Folder`]). Lines become requests where they
//! are sent from, so that nothing is allocated on one thread and freed on another; only if the disk
//! has to be asked what is there already, that is done where it may block.

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

/// Where a URL was given.
#[derive(Clone, Debug, Default)]
pub(super) struct Origin {
    /// The number of its line, or of its place on the command line, from 1.
    pub(super) line: u64,
    /// It is a line, and errors name it.
    pub(super) is_line: bool,
    /// As it was given, without a password, if that is another text than the URL is.
    pub(super) given: Option<String>,
}

/// What a line comes to.
pub(super) enum Item {
    /// It is to be fetched.
    Fetch(Request, Origin),
    /// It is there already.
    There {
        url: Url,
        path: PathBuf,
        bytes: u64,
        origin: Origin,
    },
    /// It is fetched already, for another line.
    Repeated { url: Url, origin: Origin },
    /// It can't be fetched.
    Bad { origin: Origin, error: Error },
}

/// What is to be fetched, as it is read.
pub(super) struct Items {
    blocks: mpsc::Receiver<source::Block>,
    /// Patterns of the command line that are not at their end.
    patterns: Vec<Globs>,
    /// `None` while it is lent.
    reader: Option<Reader>,
    saves: bool,
}

impl Items {
    /// Starts to read; with a folder for what is saved.
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

    /// What the next block comes to; `None` after the last.
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

/// Makes items of what was read.
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
                // Items are large: a list that grows would copy them a number of times.
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
