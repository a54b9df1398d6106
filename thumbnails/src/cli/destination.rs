//! The destination of thumbnails: a folder with a manifest, or the desktop's cache.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use thumbnails::decode::unknown;
use thumbnails::manifest::{Manifest, Stamp};
use thumbnails::names::{Names, Template};
use thumbnails::walk::Found;
use thumbnails::xdg::{Cache, State};
use thumbnails::{Failure, Made, Settings, Task};

use super::args::Args;

/// The decision for a picture.
pub(super) enum Plan {
    Make(Box<Task>),
    /// The thumbnail is up to date. The text is the damage of the picture, if there is any.
    Unchanged(Option<String>),
    /// It failed before, and has not changed.
    FailedBefore,
    /// It is a thumbnail itself.
    Thumbnail,
    /// It was given before, and has the same thumbnail.
    Again,
}

/// The destination of thumbnails.
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
    latency: Duration,
    fingerprint: u64,
    names: Names,
    pub(super) manifest: Manifest,
    /// The stamps of the pictures in work, from before they were read.
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
        if fs::metadata(root).is_ok_and(|it| !it.is_dir()) {
            anyhow::bail!("{}: is not a folder", named());
        }
        if !args.what.dry_run {
            fs::create_dir_all(root).with_context(named)?;
        }
        let manifest = if args.what.dry_run {
            Manifest::read(root)
        } else {
            Manifest::open(root)
        };
        Ok(Destination::Folder(Box::new(Folder {
            root: root.clone(),
            canonical: root.canonicalize().ok(),
            template: args.template().clone(),
            fingerprint: settings.fingerprint(),
            settings,
            names: Names::default(),
            manifest: manifest.with_context(named)?,
            latency: args.latency(),
            stamps: HashMap::new(),
            dry_run: args.what.dry_run,
        })))
    }

    /// The folder that a walk must not enter.
    pub(super) fn root(&self) -> &Path {
        match self {
            Destination::Folder(folder) => &folder.root,
            Destination::Cache(cache, _) => cache.root(),
        }
    }

    /// Decides what to do for a picture. `force` makes the thumbnail again in any case.
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
                    State::Current if !force => Plan::Unchanged(None),
                    State::Failed if !force => Plan::FailedBefore,
                    _ => Plan::Make(Box::new(task)),
                })
            }
        }
    }

    /// A planned task was not done.
    pub(super) fn forget(&mut self, task: &Task) {
        if let Destination::Folder(folder) = self {
            folder.stamps.remove(&task.output);
        }
    }

    /// Records a thumbnail that was made.
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

    /// Records a picture that failed.
    pub(super) fn failed(&mut self, task: &Task, failure: &Failure) -> anyhow::Result<()> {
        self.forget(task);
        if let Destination::Cache(cache, _) = self {
            cache.note_failure(task, failure)?;
        }
        Ok(())
    }

    /// The thumbnails whose picture does not exist any more.
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
            return Ok(Plan::Unchanged(None));
        };
        if self.is_thumbnail(&found.path) {
            return Ok(Plan::Thumbnail);
        }
        let unreadable = |error: std::io::Error| Failure::Unreadable(error.to_string());
        let stamp = Stamp::of(&found.path).map_err(unreadable)?;
        let format = self.settings.target(own);
        let plain = self.template.path(found, format, self.settings.size);
        // `find PICTURES | thumbnails - -o OUT` lists a folder and the pictures in it.
        if (self.names).has_given(&plain, self.manifest.outputs_of(&stamp)) {
            return Ok(Plan::Again);
        }
        if !force && let Some(plan) = self.unchanged(&plain, &stamp) {
            return Ok(plan);
        }
        let names = &mut self.names;
        let claimed = self.manifest.claim(&stamp, self.fingerprint, |manifest| {
            let may = |path: &Path| manifest.may_write(path, &stamp);
            names.give(plain, manifest.outputs_of(&stamp), may)
        });
        let text = |path: &Path, error: &std::io::Error| format!("{}: {error}", path.display());
        let output = claimed.map_err(|error| match error.kind() {
            // Without an entry in the manifest no thumbnail can be written.
            ErrorKind::PermissionDenied => Failure::NoneWritable(text(&self.root, &error)),
            _ => Failure::of_writing(&error, text(&self.root, &error)),
        })?;
        let path = self.root.join(output);
        if !self.dry_run
            && let Some(parent) = path.parent()
        {
            fs::create_dir_all(parent)
                .map_err(|error| Failure::of_writing(&error, text(&path, &error)))?;
        }
        self.stamps.insert(path.clone(), stamp);
        let mut task = Task::new(&found.path, path, self.settings.clone());
        task.latency = self.latency;
        Ok(Plan::Make(Box::new(task)))
    }

    /// Whether a picture has an up-to-date thumbnail. If so, it keeps its name.
    fn unchanged(&mut self, plain: &Path, stamp: &Stamp) -> Option<Plan> {
        let (manifest, fingerprint) = (&self.manifest, self.fingerprint);
        let current = |path: &Path| manifest.current(path, stamp, fingerprint);
        let given = self
            .names
            .give_again(plain, manifest.outputs_of(stamp), |path| {
                current(path).is_some()
            })?;
        let damage = current(&given).and_then(|made| made.damage.clone());
        if damage.is_some() && self.settings.strict {
            self.names.take_back(&given);
            return None;
        }
        Some(Plan::Unchanged(damage))
    }

    /// Whether a picture is a thumbnail in this folder.
    fn is_thumbnail(&self, picture: &Path) -> bool {
        let real = picture.canonicalize().ok();
        let below = real.as_deref().zip(self.canonical.as_deref());
        let below = below.and_then(|(real, folder)| real.strip_prefix(folder).ok());
        below.is_some_and(|below| self.manifest.contains(below))
    }
}
