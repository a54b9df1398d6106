//! The settings of thumbnails.

use serde::{Deserialize, Serialize};

use crate::limits::Limits;
use crate::picture::Format;
use crate::resize::{Filter, Fit, Plan};

/// The settings of thumbnails: the same for all pictures of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// The box in pixels.
    pub size: (u32, u32),
    /// How the picture is fitted into the box.
    pub fit: Fit,
    /// Whether a picture smaller than the box is enlarged.
    pub enlarge: bool,
    /// The format of the thumbnail; `None` means the picture's own.
    pub format: Option<Format>,
    /// The quality of JPEGs, and of lossy WebPs, 1 to 100.
    pub quality: u8,
    /// The resampling filter.
    pub filter: Filter,
    /// The background of a transparent picture, and around a padded one. `None` keeps alpha if the
    /// format supports it, and is white otherwise.
    pub background: Option<[u8; 3]>,
    /// Whether a damaged picture has no thumbnail, instead of one of its readable part.
    pub strict: bool,
    /// The limits of a picture.
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

/// A picture is decoded to at least this multiple of the thumbnail's size. Then the filter has
/// enough pixels; the blocks' means alone would look coarse. Measured by structural similarity with
/// a full decode: 2 gives 0.9985 and costs a third more; 1.4 gives 0.9977, and 0.9970 in the worst
/// case.
const MARGIN: f64 = 1.4;

/// Increase it when the same settings give different thumbnails.
const EDITION: u32 = 4;

impl Settings {
    /// The format of the thumbnail of a picture with format `own`.
    pub fn target(&self, own: Format) -> Format {
        self.format.unwrap_or(own.written())
    }

    /// The resize plan for a picture of the upright size `from`.
    pub fn plan(&self, from: (u32, u32)) -> Plan {
        Plan::new(from, self.size, self.fit, self.enlarge)
    }

    /// The minimum upright size of the decoded picture for that plan.
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

    /// A number that changes if the thumbnails would be different.
    pub fn fingerprint(&self) -> u64 {
        let look = Settings {
            limits: Limits::default(),
            // Damage is recorded for each thumbnail.
            strict: false,
            ..self.clone()
        };
        fnv1a(format!("{EDITION} {look:?}").as_bytes())
    }
}

/// FNV-1a (Fowler, Noll, Vo) with 64 bits: the same on every machine and in every release, which
/// `std`'s hashing does not guarantee.
pub(crate) fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}
