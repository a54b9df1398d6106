//! What a thumbnail is to be like.

use serde::{Deserialize, Serialize};

use crate::limits::Limits;
use crate::picture::Format;
use crate::resize::{Filter, Fit, Plan};

/// What thumbnails are to be like; the same for all pictures of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// The box, in pixels.
    pub size: (u32, u32),
    /// How the picture is put into it.
    pub fit: Fit,
    /// Whether a picture smaller than the box is made larger.
    pub enlarge: bool,
    /// The thumbnail's format; `None` is the picture's own.
    pub format: Option<Format>,
    /// Of JPEGs, and of WebPs with loss, 1 to 100.
    pub quality: u8,
    /// How pixels are put together.
    pub filter: Filter,
    /// What shows through a picture that is not opaque, and around one that is padded. `None`
    /// keeps alpha where the format has it, and is white where it has not.
    pub background: Option<[u8; 3]>,
    /// Whether a damaged picture has no thumbnail, rather than one of what is there.
    pub strict: bool,
    /// What a picture may cost.
    pub limits: Limits,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            size: (256, 256),
            fit: Fit::Contain,
            enlarge: false,
            format: Some(Format::Jpeg),
            quality: 80,
            filter: Filter::Lanczos3,
            background: None,
            strict: false,
            limits: Limits::default(),
        }
    }
}

/// A picture is decoded to at least so many times the thumbnail's size: the filter then has
/// something to work on, where the blocks' means alone would look coarse. Measured by structural
/// similarity with a full decode: 2 gives 0.9985 and costs a third more, 1.4 gives 0.9977, at worst
/// 0.9970.
const MARGIN: f64 = 1.4;

/// Changes when the same settings begin to give other thumbnails.
const EDITION: u32 = 4;

impl Settings {
    /// The format of the thumbnail of a picture of format `own`.
    pub fn target(&self, own: Format) -> Format {
        self.format.unwrap_or(own.written())
    }

    /// How a picture of upright size `from` becomes a thumbnail.
    pub fn plan(&self, from: (u32, u32)) -> Plan {
        Plan::new(from, self.size, self.fit, self.enlarge)
    }

    /// How large, upright, a picture must be decoded for that.
    pub fn least(&self, from: (u32, u32)) -> (u32, u32) {
        let plan = self.plan(from);
        let least = |whole: u32, part: f64, size: u32| {
            (f64::from(size) / part * f64::from(whole) * MARGIN).ceil() as u32
        };
        (
            least(from.0, plan.part.0, plan.size.0),
            least(from.1, plan.part.1, plan.size.1),
        )
    }

    /// A number that is another when thumbnails would come out otherwise.
    pub fn fingerprint(&self) -> u64 {
        let look = Settings {
            limits: Limits::default(),
            // What is damaged is known of each thumbnail.
            strict: false,
            ..self.clone()
        };
        fnv1a(format!("{EDITION} {look:?}").as_bytes())
    }
}

/// FNV-1a (Fowler, Noll, Vo), 64 bits: the same on every machine and in every release, which
/// `std`'s hashing doesn't promise.
pub(crate) fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}
