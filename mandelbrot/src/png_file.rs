//! PNG files that contain how they were made.

use std::io::{BufRead, Seek, Write};

use png::{BitDepth, ColorType, Compression, Decoder, Encoder, Limits};

use crate::paint::Picture;

/// The text chunk with the flags of the picture.
const RECIPE: &str = "mandelbrot";

/// The text chunk with its palette.
const PALETTE: &str = "mandelbrot palette";

/// The memory for reading the part before the pixels.
const MOST_BYTES: usize = 16 << 20;

/// The longest text that is read: a palette with the maximum number of colours is shorter. A text
/// may be compressed a thousandfold, so its unpacked size is limited too.
const LONGEST_TEXT: usize = 4 << 20;

/// How a picture was made, as stored in its file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipe {
    /// The command line's flags.
    pub flags: String,
    /// The palette, as a GIMP palette file.
    pub palette: Option<String>,
}

/// The reason why a file can't be written, or has no recipe.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PngError {
    /// PNG can't hold the picture.
    #[error("cannot be written as PNG")]
    Encode(#[from] png::EncodingError),
    /// The file is not a PNG, or is damaged.
    #[error("not a PNG that can be read")]
    Decode(#[from] png::DecodingError),
    /// The PNG has no text chunk of this program.
    #[error("a PNG that does not say how it was made: it has no text chunk named \"{RECIPE}\"")]
    NoRecipe,
    /// The text chunk can't be read, or is too long.
    #[error("its text chunk \"{0}\" can't be read, or is longer than 4 MiB")]
    Text(String),
    /// The file could not be written.
    #[error("cannot be written")]
    Write(#[from] std::io::Error),
}

/// Writes a picture and its recipe as a PNG, piece by piece, without keeping the compressed data.
///
/// # Errors
/// If a side is longer than PNG allows, or `out` returns an error.
pub fn encode(picture: &Picture, recipe: &Recipe, out: impl Write) -> Result<(), PngError> {
    let side = |pixels: usize| u32::try_from(pixels).unwrap_or(u32::MAX);
    let mut encoder = Encoder::new(out, side(picture.width), side(picture.height));
    encoder.set_color(ColorType::Rgb);
    encoder.set_depth(BitDepth::Eight);
    encoder.set_compression(Compression::Balanced);
    encoder.add_itxt_chunk(RECIPE.to_owned(), recipe.flags.clone())?;
    if let Some(palette) = &recipe.palette {
        encoder.add_itxt_chunk(PALETTE.to_owned(), palette.clone())?;
    }
    let mut writer = encoder.write_header()?;
    let mut pixels = writer.stream_writer_with_size(64 << 10)?;
    pixels.write_all(&picture.rgb)?;
    pixels.finish()?;
    writer.finish()?;
    Ok(())
}

/// Reads a PNG's recipe, but not its pixels.
///
/// # Errors
/// If the file is not a PNG, or has no recipe, or one longer than 4 MiB.
pub fn recipe(file: impl BufRead + Seek) -> Result<Recipe, PngError> {
    let limits = Limits { bytes: MOST_BYTES };
    let reader = Decoder::new_with_limits(file, limits).read_info()?;
    let text = |keyword: &str| {
        let chunks = &reader.info().utf8_text;
        let Some(chunk) = chunks.iter().find(|chunk| chunk.keyword == keyword) else {
            return Ok(None);
        };
        let mut chunk = chunk.clone();
        chunk
            .decompress_text_with_limit(LONGEST_TEXT)
            .and_then(|()| chunk.get_text())
            .map(Some)
            .map_err(|_| PngError::Text(keyword.to_owned()))
    };
    Ok(Recipe {
        flags: text(RECIPE)?.ok_or(PngError::NoRecipe)?,
        palette: text(PALETTE)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    fn picture() -> Picture {
        Picture {
            width: 2,
            height: 1,
            rgb: vec![1, 2, 3, 4, 5, 6],
        }
    }

    fn encoded(recipe: &Recipe) -> Vec<u8> {
        let mut bytes = Vec::new();
        encode(&picture(), recipe, &mut bytes).unwrap();
        bytes
    }

    #[test]
    fn a_recipe_survives_with_its_palette_whatever_its_letters() {
        let recipe = Recipe {
            flags: "-W 2 -H 1 --center -0.75,0".to_owned(),
            palette: Some("GIMP Palette\nName: Meeresgrün 海\n0 0 0\n".to_owned()),
        };
        let bytes = encoded(&recipe);
        assert_eq!(super::recipe(Cursor::new(bytes)).unwrap(), recipe);
    }

    #[test]
    fn pixels_are_written_as_they_are() {
        let recipe = Recipe {
            flags: String::new(),
            palette: None,
        };
        let bytes = encoded(&recipe);
        let mut reader = Decoder::new(Cursor::new(bytes)).read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        reader.next_frame(&mut pixels).unwrap();
        assert_eq!(pixels, picture().rgb);
    }

    #[test]
    fn other_files_are_refused() {
        let read = |bytes: &[u8]| recipe(Cursor::new(bytes.to_vec()));
        assert!(matches!(read(b""), Err(PngError::Decode(_))));
        assert!(matches!(read(b"GIF89a"), Err(PngError::Decode(_))));
        let mut bytes = Vec::new();
        let mut plain = Encoder::new(&mut bytes, 1, 1).write_header().unwrap();
        plain.write_image_data(&[0]).unwrap();
        plain.finish().unwrap();
        assert!(matches!(read(&bytes), Err(PngError::NoRecipe)));
    }

    /// A recipe from a stranger: 64 MiB of zeros, compressed.
    #[test]
    fn a_recipe_that_unpacks_to_more_than_it_may_is_refused() {
        let mut bytes = Vec::new();
        let mut encoder = Encoder::new(&mut bytes, 1, 1);
        let mut chunk = png::text_metadata::ITXtChunk::new(RECIPE, "\0".repeat(64 << 20));
        chunk.compressed = true;
        chunk.compress_text().unwrap();
        encoder.set_depth(BitDepth::Eight);
        let mut writer = encoder.write_header().unwrap();
        writer.write_text_chunk(&chunk).unwrap();
        writer.write_image_data(&[0]).unwrap();
        writer.finish().unwrap();
        assert!(bytes.len() < MOST_BYTES);
        let error = recipe(Cursor::new(bytes)).unwrap_err();
        assert!(matches!(error, PngError::Text(_)), "{error}");
    }
}
