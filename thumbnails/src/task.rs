//! A unit of work: one picture and its thumbnail. It is plain data, which can be given to a thread,
//! a task or another process.

use std::fs::File;
use std::io::{self, Read};
use std::panic::AssertUnwindSafe;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::colour;
use crate::decode::{Decoded, Reserve, decode};
use crate::encode::encode;
use crate::failure::Failure;
use crate::memory::{self, Share};
use crate::picture::{Format, Pixel};
use crate::quiet;
use crate::resize::{Fit, pad, resize};
use crate::settings::{Settings, fnv1a};

/// One picture, and the thumbnail to make of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Task {
    /// The picture.
    #[serde(with = "os_path")]
    pub source: PathBuf,
    /// The path of the thumbnail. Its folder must exist.
    #[serde(with = "os_path")]
    pub output: PathBuf,
    /// The settings of the thumbnail.
    pub settings: Settings,
    /// Keywords and texts for a PNG.
    pub text: Vec<(String, String)>,
    /// Whether only the user may read the thumbnail (on Unix).
    pub private: bool,
    /// The delay before reading, like that of a slow disk, for comparing models.
    pub latency: Duration,
}

/// A picture's file in memory, with its share of the common memory.
#[derive(Debug)]
pub(crate) struct Bytes {
    bytes: Vec<u8>,
    share: Share<'static>,
}

/// A thumbnail that was made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Made {
    /// The thumbnail's size in pixels.
    pub size: (u32, u32),
    /// The picture's upright size in pixels.
    pub source_size: (u32, u32),
    /// The size of the thumbnail's file in bytes.
    pub bytes: u64,
    /// A checksum of the thumbnail, for comparing models.
    pub checksum: u64,
    /// The time from the start of reading to the end of writing.
    pub time: Duration,
    /// The error in the picture's file, if a part of the picture could not be decoded.
    #[serde(default)]
    pub damage: Option<String>,
}

/// The outcome of a task.
pub type Outcome = Result<Made, Failure>;

/// A thumbnail's bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Thumbnail {
    /// The file.
    pub bytes: Vec<u8>,
    /// The size in pixels.
    pub size: (u32, u32),
    /// The picture's upright size in pixels.
    pub source_size: (u32, u32),
    /// The error in the picture's file, if a part of the picture could not be decoded.
    pub damage: Option<String>,
}

impl Task {
    /// A task with all defaults.
    pub fn new(source: impl Into<PathBuf>, output: impl Into<PathBuf>, settings: Settings) -> Task {
        Task {
            source: source.into(),
            output: output.into(),
            settings,
            text: Vec::new(),
            private: false,
            latency: Duration::ZERO,
        }
    }

    /// Reads, makes and writes. An existing file at `output` stays until the thumbnail is complete.
    ///
    /// All tasks of a process together use at most [`Limits::memory`]: this waits until enough is
    /// free.
    ///
    /// # Errors
    /// [`Failure`]: also for a decoder's panic.
    ///
    /// [`Limits::memory`]: crate::Limits::memory
    pub fn run(&self) -> Outcome {
        let start = Instant::now();
        let mut file = self.read_with(0)?;
        let thumbnail = match self.make_within(&mut file) {
            Err(Failure::NoRoom { bytes }) => {
                drop(file);
                file = self.read_with(bytes)?;
                self.make_within(&mut file)?
            }
            made => made?,
        };
        drop(file);
        self.write(&thumbnail, start)
    }

    /// The picture's file.
    ///
    /// # Errors
    /// [`Failure::Unreadable`]; [`Failure::OverLimit`] if it is too large.
    pub fn read(&self) -> Result<Vec<u8>, Failure> {
        Ok(self.read_with(0)?.bytes)
    }

    /// The picture's file, when there is memory for it and for `memory` further bytes, as in
    /// [`Failure::NoRoom`]. The caller must not hold another file, or it could wait forever.
    pub(crate) fn read_with(&self, memory: u64) -> Result<Bytes, Failure> {
        let unreadable = |error: io::Error| Failure::Unreadable(error.to_string());
        std::thread::sleep(self.latency);
        let file = File::open(&self.source).map_err(unreadable)?;
        let said = file.metadata().map_err(unreadable)?.len();
        let limits = &self.settings.limits;
        limits.check_file(said)?;
        let share = memory::PROCESS.take((said + 1).max(memory), limits.memory)?;
        let mut bytes = Vec::with_capacity(said as usize + 1);
        // The file may be growing.
        file.take(limits.file.saturating_add(1))
            .read_to_end(&mut bytes)
            .map_err(unreadable)?;
        limits.check_file(bytes.len() as u64)?;
        Ok(Bytes { bytes, share })
    }

    /// Makes the thumbnail of a picture's file: this is all of the computing.
    ///
    /// # Errors
    /// [`Failure`]: also for a decoder's panic.
    pub fn make(&self, bytes: &[u8]) -> Result<Thumbnail, Failure> {
        self.make_reserving(bytes, &mut |_| Ok(()))
    }

    /// Like [`make`](Self::make), within the common memory. [`Failure::NoRoom`] if others use it:
    /// drop `file`, and read it by [`read_with`](Self::read_with) again.
    pub(crate) fn make_within(&self, file: &mut Bytes) -> Result<Thumbnail, Failure> {
        let Bytes { bytes, share } = file;
        let length = bytes.len() as u64;
        let limit = self.settings.limits.memory;
        self.make_reserving(bytes, &mut |decoding| share.grow(length + decoding, limit))
    }

    fn make_reserving(&self, bytes: &[u8], reserve: Reserve<'_>) -> Result<Thumbnail, Failure> {
        let name = self.source.file_name().unwrap_or_default().display();
        let _span = tracing::info_span!("thumbnail", picture = %name).entered();
        // `make` changes only data that it owns, so nothing is left half changed.
        quiet::catch(AssertUnwindSafe(|| {
            reserving(bytes, &self.settings, &self.text, reserve)
        }))
        .unwrap_or_else(|panic| Err(Failure::Crashed(panic)))
    }

    /// Writes a thumbnail, completely or not at all. `start` is the start of the work.
    ///
    /// # Errors
    /// [`Failure::Unwritable`].
    pub fn write(&self, thumbnail: &Thumbnail, start: Instant) -> Outcome {
        let written = if self.private {
            common::files::write_privately(&self.output, &thumbnail.bytes)
        } else {
            common::files::write_atomically(&self.output, &thumbnail.bytes)
        };
        written.map_err(|error| Failure::of_writing(&error, error.to_string()))?;
        Ok(Made {
            size: thumbnail.size,
            source_size: thumbnail.source_size,
            bytes: thumbnail.bytes.len() as u64,
            checksum: fnv1a(&thumbnail.bytes),
            time: start.elapsed(),
            damage: thumbnail.damage.clone(),
        })
    }
}

/// A process gets tasks as jobs.
impl executors::Job for Task {
    type Output = Outcome;

    fn run(self) -> Outcome {
        Task::run(&self)
    }
}

/// Makes a thumbnail: decode at reduced scale, resize, convert, turn, encode.
///
/// # Errors
/// [`Failure`].
pub fn thumbnail(
    bytes: &[u8],
    settings: &Settings,
    text: &[(String, String)],
) -> Result<Thumbnail, Failure> {
    reserving(bytes, settings, text, &mut |_| Ok(()))
}

/// Like [`thumbnail`], but calls `reserve` before memory is allocated.
fn reserving(
    bytes: &[u8],
    settings: &Settings,
    text: &[(String, String)],
    reserve: Reserve<'_>,
) -> Result<Thumbnail, Failure> {
    let decoded = decode(
        bytes,
        &settings.limits,
        |size| settings.least(size),
        reserve,
    )?;
    let Decoded {
        picture,
        full_size,
        scale,
        orientation,
        profile,
        format,
        damage,
    } = decoded;
    let broken = |reason| Failure::Broken { format, reason };
    if let Some(reason) = damage.clone().filter(|_| settings.strict) {
        return Err(broken(reason));
    }
    let source_size = orientation.size(full_size);
    let plan = settings.plan(source_size);
    // The part in pixels of the decoded picture, and its size, in the orientation of the file.
    let part = orientation.size(plan.part);
    let part = (part.0 * scale, part.1 * scale);
    let extent = (
        f64::from(full_size.0) * scale,
        f64::from(full_size.1) * scale,
    );
    let size = orientation.size(plan.size);
    let small = resize(&picture, extent, part, size, settings.filter).map_err(broken)?;
    drop(picture);
    let mut small = orientation.apply(colour::to_srgb(small, profile.as_deref()));

    let target = settings.target(format);
    let ground = settings.background.unwrap_or([255; 3]);
    if settings.background.is_some() || target == Format::Jpeg {
        small = colour::flatten(small, ground);
    }
    if settings.fit == Fit::Pad {
        small = colour::to_rgb(small);
        // If alpha is kept, the area around the picture is transparent.
        let [red, green, blue] = ground;
        small = pad(small, settings.size, &[red, green, blue, 0]);
    }
    if target == Format::Gif && small.pixel == Pixel::Gray {
        small = colour::to_rgb(small);
    }
    let bytes = encode(&small, target, settings.quality, text).map_err(broken)?;
    Ok(Thumbnail {
        bytes,
        size: (small.width, small.height),
        source_size,
        damage,
    })
}

/// Serializes a path as its bytes, because not every name is valid text.
mod os_path {
    use std::path::{Path, PathBuf};

    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(path: &Path, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_bytes(path.as_os_str().as_encoded_bytes())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<PathBuf, D::Error> {
        Vec::deserialize(from).map(|bytes| crate::paths::name_of(bytes).into())
    }
}
