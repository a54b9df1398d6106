//! The thumbnail cache that desktops share: freedesktop.org's Thumbnail Managing Standard 0.9.
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

/// Where this program's failures are noted, below `fail`.
const FAIL: &str = concat!("fail/many-hands-thumbnails-", env!("CARGO_PKG_VERSION"));

/// The cache of one user, for one size.
#[derive(Clone, Debug)]
pub struct Cache {
    root: PathBuf,
    folder: &'static str,
    size: u32,
}

/// What the cache says of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// There is nothing, or it is out of date.
    Missing,
    /// Its thumbnail is there.
    Current,
    /// It has been tried, and it can't be done.
    Failed,
}

impl Cache {
    /// The user's cache: `$XDG_CACHE_HOME/thumbnails`, or `~/.cache/thumbnails`. `size` is one of
    /// [`SIZES`]. `None` if there is no home either.
    pub fn of_user(size: u32) -> Option<Cache> {
        // The specification of those variables says that what is not absolute is to be ignored.
        let absolute = |name| {
            let path = PathBuf::from(std::env::var_os(name)?);
            path.is_absolute().then_some(path)
        };
        let cache =
            absolute("XDG_CACHE_HOME").or_else(|| Some(absolute("HOME")?.join(".cache")))?;
        Cache::at(cache.join("thumbnails"), size)
    }

    /// A cache anywhere. `None` if `size` is none of [`SIZES`].
    pub fn at(root: PathBuf, size: u32) -> Option<Cache> {
        let &(folder, size) = SIZES.iter().find(|(_, known)| *known == size)?;
        Some(Cache { root, folder, size })
    }

    /// The cache's folder: its own pictures have no thumbnails.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Makes the folders, for their owner alone.
    ///
    /// # Errors
    /// If that can't be done.
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
    /// If the picture isn't there.
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

    /// What there is for a task of [`Cache::task`].
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

    /// Notes that a picture can't be done, so that nobody tries again before it changes. Only of
    /// what is the picture's own fault.
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

/// A file's URI, as all programs that share the cache must write it.
///
/// # Errors
/// If there is no current folder to make the path absolute by.
pub fn uri(path: &Path) -> io::Result<String> {
    // Not by resolving links: a link has a thumbnail of its own, as the specification says.
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

/// Whether a thumbnail is of that URI, that time and, if it says so, that size: within a second a
/// picture can have been replaced.
fn is_current(thumbnail: &Path, text: &[(String, String)]) -> bool {
    // A pipe would be waited for.
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
            // The size is optional: other programs may leave it out.
            *keyword == "Thumb::Size" && found.is_none()
                || wanted.map(|(_, text)| text) == found.map(|chunk| &chunk.text)
        })
}
