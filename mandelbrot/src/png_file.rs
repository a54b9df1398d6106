//! PNG files that tell how they were made.

use std::io::{BufRead, Seek};

use png::{BitDepth, ColorType, Compression, Decoder, Encoder, Limits};

use crate::paint::Picture;

/// The text chunk that holds how a picture was made.
const RECIPE: &str = "mandelbrot";

/// The text chunk that holds its palette.
const PALETTE: &str = "mandelbrot palette";

/// Memory for reading what stands before and after a picture's pixels.
const MOST_BYTES: usize = 16 << 20;

/// How a picture was made, as its file tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipe {
    /// The command line's flags.
    pub flags: String,
    /// The palette, as a GIMP palette file.
    pub palette: Option<String>,
}

/// Why a file can't be written or tells nothing.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PngError {
    /// A picture that PNG can't hold.
    #[error("cannot be written as PNG")]
    Encode(#[from] png::EncodingError),
    /// Not a PNG, or a broken one.
    #[error("not a PNG that can be read")]
    Decode(#[from] png::DecodingError),
    /// A PNG without our text chunk.
    #[error("a PNG that does not say how it was made: it has no text chunk named \"{RECIPE}\"")]
    NoRecipe,
}

/// A picture and its recipe as the bytes of a PNG.
///
/// # Errors
/// If a side is beyond what PNG can hold.
pub fn encode(picture: &Picture, recipe: &Recipe) -> Result<Vec<u8>, PngError> {
    let side = |pixels: usize| u32::try_from(pixels).unwrap_or(u32::MAX);
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, side(picture.width), side(picture.height));
    encoder.set_color(ColorType::Rgb);
    encoder.set_depth(BitDepth::Eight);
    encoder.set_compression(Compression::Balanced);
    encoder.add_itxt_chunk(RECIPE.to_owned(), recipe.flags.clone())?;
    if let Some(palette) = &recipe.palette {
        encoder.add_itxt_chunk(PALETTE.to_owned(), palette.clone())?;
    }
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&picture.rgb)?;
    writer.finish()?;
    Ok(bytes)
}

/// Reads a PNG's recipe, and not its pixels.
///
/// # Errors
/// If it is no PNG, or has none.
pub fn recipe(file: impl BufRead + Seek) -> Result<Recipe, PngError> {
    let limits = Limits { bytes: MOST_BYTES };
    let reader = Decoder::new_with_limits(file, limits).read_info()?;
    let text = |keyword: &str| {
        let chunks = &reader.info().utf8_text;
        let chunk = chunks.iter().find(|chunk| chunk.keyword == keyword)?;
        chunk.get_text().ok()
    };
    Ok(Recipe {
        flags: text(RECIPE).ok_or(PngError::NoRecipe)?,
        palette: text(PALETTE),
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

    #[test]
    fn a_recipe_survives_with_its_palette_whatever_its_letters() {
        let recipe = Recipe {
            flags: "-W 2 -H 1 --center -0.75,0".to_owned(),
            palette: Some("GIMP Palette\nName: Meeresgrün 海\n0 0 0\n".to_owned()),
        };
        let bytes = encode(&picture(), &recipe).unwrap();
        assert_eq!(super::recipe(Cursor::new(bytes)).unwrap(), recipe);
    }

    #[test]
    fn pixels_are_written_as_they_are() {
        let recipe = Recipe {
            flags: String::new(),
            palette: None,
        };
        let bytes = encode(&picture(), &recipe).unwrap();
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
}
