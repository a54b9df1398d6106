//! Watches requests, for the bars and for the folder of saved files.

use std::io;
use std::path::Path;
use std::sync::Arc;

use async_fetch::{Url, Watch};

use super::bars::Bars;
use super::folder::Folder;

pub(super) struct Watcher {
    pub(super) bars: Option<Arc<Bars>>,
    pub(super) folder: Option<Arc<Folder>>,
}

impl Watch for Watcher {
    fn started(&self, tag: u64, url: &Url, _attempt: u32) {
        if let Some(bars) = &self.bars {
            bars.started(tag, url);
        }
    }

    fn received(&self, tag: u64, bytes: u64, of: Option<u64>) {
        if let Some(bars) = &self.bars {
            bars.received(tag, bytes, of);
        }
    }

    fn saves(&self, _tag: u64, path: &Path, length: u64) -> io::Result<()> {
        match &self.folder {
            Some(folder) => folder.saves(path, length),
            None => Ok(()),
        }
    }

    fn finished(&self, tag: u64) {
        if let Some(bars) = &self.bars {
            bars.finished(tag);
        }
    }
}
