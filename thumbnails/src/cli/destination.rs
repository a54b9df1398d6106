//! Where thumbnails go: a folder with a manifest, or the desktops' cache.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use common::cli::Usage;
use thumbnails::decode::unknown;
use thumbnails::manifest::{Manifest, Stamp};
use thumbnails::names::{Names, Template};
use thumbnails::walk::Found;
use thumbnails::xdg::{Cache, State};
use thumbnails::{Failure, Made, Settings, Task};

use super::args::Args;

/// What is to be done for a picture.
pub(super) enum Plan {
    Make(Box<Task>),
    /// Its thumbnail is up to date.
    Unchanged,
    /// It could not be done before, and has not changed.
    FailedBefore,
}

/// Where thumbnails go.
pub(super) enum Destination {
    Folder(Box<Folder>),
    Cache(Cache, Settings),
}

/// A folder of thumbnails.
pub(super) struct Folder {
    root: PathBuf,
    canonical: Option<PathBuf>,
    template: Template,
    settings: Settings,
    fingerprint: u64,
    names: Names,
    pub(super) manifest: Manifest,
    /// The pictures that are being worked on, as they were before.
    stamps: HashMap<PathBuf, Stamp>,
    dry_run: bool,
}

impl Destination {
    pub(super) fn new(args: &Args) -> anyhow::Result<Destination> {
        let settings = args.settings();
        let Some(root) = &args.output else {
            let cache = Cache::of_user(settings.size.0)
                .context("--xdg: there is neither XDG_CACHE_HOME nor HOME")?;
            if !args.what.dry_run {
                let create = cache.create();
                create.with_context(|| cache.root().display().to_string())?;
            }
            return Ok(Destination::Cache(cache, settings));
        };
        let named = || root.display().to_string();
        if !args.what.dry_run {
            fs::create_dir_all(root).with_context(named)?;
        }
        let canonical = root.canonicalize().ok();
        for path in &args.paths {
            if let Ok(folder) = path.canonicalize()
                && canonical.as_deref() == Some(&folder)
            {
                bail!(Usage(format!(
                    "{}: the thumbnails would be among the pictures: give another -o",
                    root.display()
                )));
            }
        }
        Ok(Destination::Folder(Box::new(Folder {
            root: root.clone(),
            canonical,
            template: args.template().clone(),
            fingerprint: settings.fingerprint(),
            settings,
            names: Names::default(),
            manifest: Manifest::read(root).with_context(named)?,
            stamps: HashMap::new(),
            dry_run: args.what.dry_run,
        })))
    }

    /// What is not to be walked into.
    pub(super) fn root(&self) -> &Path {
        match self {
            Destination::Folder(folder) => &folder.root,
            Destination::Cache(cache, _) => cache.root(),
        }
    }

    /// What is to be done for a picture; with `force`, whatever there is.
    pub(super) fn plan(&mut self, found: &Found, force: bool) -> Result<Plan, Failure> {
        let unreadable = |error: std::io::Error| Failure::Unreadable(error.to_string());
        if found.format.is_none() {
            let mut start = Vec::new();
            let file = File::open(&found.path).map_err(unreadable)?;
            file.take(4).read_to_end(&mut start).map_err(unreadable)?;
            return Err(unknown(&start));
        }
        match self {
            Destination::Folder(folder) => folder.plan(found, force),
            Destination::Cache(cache, settings) => {
                let task = cache.task(&found.path, &settings.limits);
                let task = task.map_err(unreadable)?;
                Ok(match cache.state(&task) {
                    State::Current if !force => Plan::Unchanged,
                    State::Failed if !force => Plan::FailedBefore,
                    _ => Plan::Make(Box::new(task)),
                })
            }
        }
    }

    /// A task that was planned is not done.
    pub(super) fn forget(&mut self, task: &Task) {
        if let Destination::Folder(folder) = self {
            folder.stamps.remove(&task.output);
        }
    }

    /// Notes what was made.
    pub(super) fn made(&mut self, task: &Task, made: &Made) -> anyhow::Result<()> {
        if let Destination::Folder(folder) = self
            && let Some(stamp) = folder.stamps.remove(&task.output)
        {
            let output = task.output.strip_prefix(&folder.root)?;
            let added = folder
                .manifest
                .add(output, stamp, folder.fingerprint, made.clone());
            added.with_context(|| folder.root.display().to_string())?;
        }
        Ok(())
    }

    /// Notes what could not be made.
    pub(super) fn failed(&mut self, task: &Task, failure: &Failure) -> anyhow::Result<()> {
        self.forget(task);
        if let Destination::Cache(cache, _) = self {
            cache.note_failure(task, failure)?;
        }
        Ok(())
    }

    /// The thumbnails whose picture is no more.
    pub(super) fn stale(&self) -> Vec<PathBuf> {
        match self {
            Destination::Folder(folder) => folder.manifest.stale(),
            Destination::Cache(..) => Vec::new(),
        }
    }
}

impl Folder {
    fn plan(&mut self, found: &Found, force: bool) -> Result<Plan, Failure> {
        let Some(own) = found.format else {
            return Ok(Plan::Unchanged);
        };
        let format = self.settings.target(own);
        let output = self
            .names
            .give(found, &self.template, format, self.settings.size);
        let unreadable = |error: std::io::Error| Failure::Unreadable(error.to_string());
        let stamp = Stamp::of(&found.path).map_err(unreadable)?;
        if !force && self.manifest.is_current(&output, &stamp, self.fingerprint) {
            return Ok(Plan::Unchanged);
        }
        let path = self.root.join(&output);
        let unwritable = |error| Failure::Unwritable(format!("{}: {error}", path.display()));
        if self.is_in_here(&found.path) {
            return Err(unwritable(
                "would be among the pictures: give another -o".to_owned(),
            ));
        }
        if !self.dry_run
            && let Some(parent) = path.parent()
        {
            fs::create_dir_all(parent).map_err(|error| unwritable(error.to_string()))?;
        }
        self.stamps.insert(path.clone(), stamp);
        let task = Task::new(&found.path, path, self.settings.clone());
        Ok(Plan::Make(Box::new(task)))
    }

    /// Whether a picture named alone lies where its thumbnail would, and might be replaced by it.
    fn is_in_here(&self, picture: &Path) -> bool {
        let parent = picture.canonicalize().ok();
        let parent = parent.as_deref().and_then(Path::parent);
        parent.is_some() && parent == self.canonical.as_deref()
    }
}
