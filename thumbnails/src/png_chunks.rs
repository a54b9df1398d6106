//! The orientation and the colours of a PNG, from any place in the file.
//!
//! The decoder stops after the picture, and would unpack a profile without a limit. So these chunks
//! are read here, with limits.

use std::borrow::Cow;
use std::io::Read;

use flate2::read::ZlibDecoder;

/// The maximum size of an unpacked profile. The largest ones in use have about 3 MB.
pub(crate) const LARGEST_PROFILE: u64 = 16 << 20;

/// The maximum size of EXIF. It fits in a JPEG's segment, and is rarely larger here.
const LARGEST_EXIF: u64 = 1 << 20;

/// The chunks that are used.
#[derive(Default)]
pub(crate) struct Chunks<'a> {
    /// EXIF, from its byte order mark on.
    pub(crate) exif: Option<Cow<'a, [u8]>>,
    /// The orientation in XMP, used if there is no EXIF.
    pub(crate) xmp_orientation: Option<u16>,
    /// The packed profile.
    profile: Option<&'a [u8]>,
}

impl<'a> Chunks<'a> {
    pub(crate) fn of(bytes: &'a [u8]) -> Chunks<'a> {
        let mut chunks = Chunks::default();
        let mut raw = None;
        let mut rest = bytes.get(8..).unwrap_or_default();
        while let Some((&length, behind)) = rest.split_first_chunk::<4>() {
            let length = u32::from_be_bytes(length) as usize;
            let Some((kind, behind)) = behind.split_first_chunk::<4>() else {
                break;
            };
            let data = behind.get(..length);
            match (kind, data) {
                (b"IEND", _) | (_, None) => break,
                (b"eXIf", Some(data)) => {
                    // Some programs write it as in a JPEG.
                    let exif = data.strip_prefix(b"Exif\0\0").unwrap_or(data);
                    chunks.exif.get_or_insert(Cow::Borrowed(exif));
                }
                (b"iCCP", Some(data)) => {
                    // A name, a zero byte, and the compression method, of which there is only one.
                    let name = data.iter().take(80).position(|&it| it == 0);
                    let packed = name.and_then(|name| data.get(name + 2..));
                    chunks.profile = chunks.profile.or(packed);
                }
                (b"iTXt", Some(data)) => {
                    // A keyword without compression. XMP has neither language nor translation.
                    if let Some(xmp) = data.strip_prefix(b"XML:com.adobe.xmp\0\0\0\0\0") {
                        chunks.xmp_orientation = xmp_orientation(xmp);
                    }
                }
                (b"tEXt" | b"zTXt", Some(data)) if raw.is_none() => raw = raw_exif(kind, data),
                _ => {}
            }
            rest = behind.get(length + 4..).unwrap_or_default();
        }
        chunks.exif = chunks.exif.or(raw.map(Cow::Owned));
        chunks
    }

    /// The profile, if it is no larger than [`LARGEST_PROFILE`].
    pub(crate) fn profile(&self) -> Option<Vec<u8>> {
        let size = self.profile_size()?;
        let mut profile = Vec::with_capacity(size as usize);
        let mut unpacked = ZlibDecoder::new(self.profile?).take(size);
        unpacked.read_to_end(&mut profile).ok()?;
        Some(profile)
    }

    /// The size of the profile in bytes, which is its first value (ICC.1, 7.2.2).
    pub(crate) fn profile_size(&self) -> Option<u64> {
        let mut size = [0; 4];
        ZlibDecoder::new(self.profile?).read_exact(&mut size).ok()?;
        let size = u32::from_be_bytes(size).into();
        (size <= LARGEST_PROFILE).then_some(size)
    }
}

/// Reads `tiff:Orientation`, as an attribute or an element.
fn xmp_orientation(xmp: &[u8]) -> Option<u16> {
    const NAME: &[u8] = b"tiff:Orientation";
    let at = xmp.windows(NAME.len()).position(|it| it == NAME)? + NAME.len();
    match xmp.get(at..)? {
        [b'>', digit @ b'1'..=b'8', ..] | [b'=', b'"' | b'\'', digit @ b'1'..=b'8', ..] => {
            Some(u16::from(digit - b'0'))
        }
        _ => None,
    }
}

/// Reads ImageMagick's format from before `eXIf`: a text named `Raw profile type exif`, with a
/// kind, a length, and the bytes in hexadecimal.
fn raw_exif(kind: &[u8; 4], data: &[u8]) -> Option<Vec<u8>> {
    let text = [&b"Raw profile type exif\0"[..], b"Raw profile type APP1\0"]
        .into_iter()
        .find_map(|name| data.strip_prefix(name))?;
    let text = if kind == b"zTXt" {
        let mut unpacked = Vec::new();
        let packed = ZlibDecoder::new(text.get(1..)?);
        packed
            .take(4 * LARGEST_EXIF)
            .read_to_end(&mut unpacked)
            .ok()?;
        Cow::Owned(unpacked)
    } else {
        Cow::Borrowed(text)
    };
    let mut lines = text
        .split(|&it| it == b'\n')
        .filter(|line| !line.is_empty());
    let (_kind, _length) = (lines.next()?, lines.next()?);
    let digits: Vec<u8> = lines
        .flatten()
        .filter_map(|&it| char::from(it).to_digit(16))
        .map(|it| it as u8)
        .collect();
    let bytes = digits
        .as_chunks::<2>()
        .0
        .iter()
        .map(|&[high, low]| 16 * high + low);
    let bytes: Vec<u8> = bytes.collect();
    Some(bytes.strip_prefix(b"Exif\0\0").unwrap_or(&bytes).to_vec())
}
