//! The desktop's thumbnail cache: freedesktop.org's Thumbnail Managing Standard 0.9.
//!
//! <https://specifications.freedesktop.org/thumbnail-spec/latest/>

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use crate::failure::Failure;
use crate::limits::Limits;
use crate::manifest::escape;
use crate::picture::{Format, Picture, Pixel};
use crate::settings::Settings;
use crate::task::Task;

/// The folders of the cache, and the boxes of their thumbnails in pixels.
pub const SIZES: [(&str, u32); 4] = [
    ("normal", 128),
    ("large", 256),
    ("x-large", 512),
    ("xx-large", 1024),
];

/// The folder below `fail` for this program's failures.
const FAIL: &str = concat!("fail/many-hands-thumbnails-", env!("CARGO_PKG_VERSION"));

/// The cache of one user, for one size.
#[derive(Clone, Debug)]
pub struct Cache {
    root: PathBuf,
    folder: &'static str,
    size: u32,
}

/// The state of a picture in the cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// There is no thumbnail, or it is out of date.
    Missing,
    /// The thumbnail is current.
    Current,
    /// The picture failed before.
    Failed,
}

impl Cache {
    /// The user's cache: `$XDG_CACHE_HOME/thumbnails`, or `~/.cache/thumbnails`. `size` is one of
    /// [`SIZES`]. `None` if there is no home folder either.
    pub fn of_user(size: u32) -> Option<Cache> {
        // The specification of these variables says that a relative path must be ignored.
        let absolute = |name| {
            let path = PathBuf::from(std::env::var_os(name)?);
            path.is_absolute().then_some(path)
        };
        let cache =
            absolute("XDG_CACHE_HOME").or_else(|| Some(absolute("HOME")?.join(".cache")))?;
        Cache::at(cache.join("thumbnails"), size)
    }

    /// A cache in any folder. `None` if `size` is not one of [`SIZES`].
    pub fn at(root: PathBuf, size: u32) -> Option<Cache> {
        let &(folder, size) = SIZES.iter().find(|(_, known)| *known == size)?;
        Some(Cache { root, folder, size })
    }

    /// The cache's folder. Pictures in it have no thumbnails.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Creates the folders, accessible only to their owner.
    ///
    /// # Errors
    /// If that fails.
    pub fn create(&self) -> io::Result<()> {
        for folder in [self.folder, FAIL] {
            let mut builder = fs::DirBuilder::new();
            builder.recursive(true);
            #[cfg(unix)]
            std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
            builder.create(self.root.join(folder))?;
        }
        Ok(())
    }

    /// The task that fills the cache with a picture's thumbnail.
    ///
    /// # Errors
    /// If the picture does not exist.
    pub fn task(&self, source: &Path, limits: &Limits) -> io::Result<Task> {
        let uri = uri(source)?;
        let settings = Settings {
            size: (self.size, self.size),
            format: Some(Format::Png),
            limits: limits.clone(),
            ..Settings::default()
        };
        Ok(Task {
            private: true,
            text: text(source, &uri)?,
            ..Task::new(source, self.thumbnail(&uri), settings)
        })
    }

    /// The state of a task from [`Cache::task`].
    pub fn state(&self, task: &Task) -> State {
        if is_current(&task.output, &task.text) {
            State::Current
        } else if let Some(fail) = self.fail(&task.output)
            && is_current(&fail, &task.text)
        {
            State::Failed
        } else {
            State::Missing
        }
    }

    /// Records that a picture failed, so that no program tries again before it changes. Call it
    /// only if the picture itself is the reason.
    ///
    /// # Errors
    /// If that can't be written.
    pub fn note_failure(&self, task: &Task, failure: &Failure) -> io::Result<()> {
        let own_fault = matches!(
            failure,
            Failure::Broken { .. } | Failure::Unknown { .. } | Failure::Crashed(_)
        );
        let Some(path) = self.fail(&task.output).filter(|_| own_fault) else {
            return Ok(());
        };
        let nothing = Picture {
            width: 1,
            height: 1,
            pixel: Pixel::Rgba,
            data: vec![0; 4],
        };
        let png = crate::encode::encode(&nothing, Format::Png, 0, &task.text);
        common::files::write_privately(path, png.map_err(io::Error::other)?)
    }

    fn thumbnail(&self, uri: &str) -> PathBuf {
        let name = format!("{:x}.png", md5::compute(uri));
        self.root.join(self.folder).join(name)
    }

    fn fail(&self, thumbnail: &Path) -> Option<PathBuf> {
        Some(self.root.join(FAIL).join(thumbnail.file_name()?))
    }
}

/// A file's URI, in the form that all programs using the cache must write.
///
/// # Errors
/// If there is no current folder.
pub fn uri(path: &Path) -> io::Result<String> {
    // Links are not resolved: the specification gives a link its own thumbnail.
    let path = crate::paths::absolute(path)?;
    Ok(format!("file://{}", escape(&path)))
}

fn text(source: &Path, uri: &str) -> io::Result<Vec<(String, String)>> {
    let metadata = fs::metadata(source)?;
    let since = metadata.modified()?.duration_since(UNIX_EPOCH);
    let seconds = since.map_or(0, |since| since.as_secs());
    Ok([
        ("Thumb::URI", uri.to_owned()),
        ("Thumb::MTime", seconds.to_string()),
        ("Thumb::Size", metadata.len().to_string()),
        ("Software", "many-hands-thumbnails".to_owned()),
    ]
    .map(|(keyword, text)| (keyword.to_owned(), text))
    .into())
}

/// Whether a thumbnail has this URI, this time and, if it is recorded, this size: a picture can be
/// replaced within a second.
fn is_current(thumbnail: &Path, text: &[(String, String)]) -> bool {
    // Opening a pipe would block.
    if !fs::metadata(thumbnail).is_ok_and(|it| it.is_file()) {
        return false;
    }
    let Ok(file) = fs::File::open(thumbnail) else {
        return false;
    };
    let Ok(reader) = png::Decoder::new(io::BufReader::new(file)).read_info() else {
        return false;
    };
    let there = &reader.info().uncompressed_latin1_text;
    ["Thumb::URI", "Thumb::MTime", "Thumb::Size"]
        .iter()
        .all(|keyword| {
            let wanted = text.iter().find(|(name, _)| name == keyword);
            let found = there.iter().find(|chunk| chunk.keyword == *keyword);
            // The size is optional: other programs may omit it.
            *keyword == "Thumb::Size" && found.is_none()
                || wanted.map(|(_, text)| text) == found.map(|chunk| &chunk.text)
        })
}
