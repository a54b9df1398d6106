//! Encodes a picture as a file, without metadata of the source.

#[cfg(not(feature = "webp"))]
use std::io::Cursor;

use image::codecs::gif::GifEncoder;

use crate::picture::{Format, Picture, Pixel};

/// Encodes a picture. `quality` is for JPEG and WebP, 1 to 100; without the feature `webp`, WebP is
/// lossless. `text` is written into PNGs, as keywords with their texts.
///
/// # Errors
/// The error of the encoder: the picture is too large for the format, or has inks.
pub fn encode(
    picture: &Picture,
    format: Format,
    quality: u8,
    text: &[(String, String)],
) -> Result<Vec<u8>, String> {
    match format {
        Format::Jpeg => jpeg(picture, quality),
        Format::Png => png(picture, text).map_err(|error| error.to_string()),
        Format::WebP => webp(picture, quality),
        Format::Gif => gif(picture),
        Format::Bmp | Format::Pnm | Format::Tiff => Err(format!("{format} is not written")),
    }
}

fn jpeg(picture: &Picture, quality: u8) -> Result<Vec<u8>, String> {
    let colour = match picture.pixel {
        Pixel::Gray => jpeg_encoder::ColorType::Luma,
        Pixel::Rgb => jpeg_encoder::ColorType::Rgb,
        Pixel::Rgba => jpeg_encoder::ColorType::Rgba,
        Pixel::Cmyk => return Err("a CMYK picture can't be encoded".to_owned()),
    };
    let (Ok(width), Ok(height)) = (picture.width.try_into(), picture.height.try_into()) else {
        return Err("too large for a JPEG".to_owned());
    };
    let mut bytes = Vec::new();
    let mut encoder = jpeg_encoder::Encoder::new(&mut bytes, quality);
    // No optimized tables, although they would make the file a tenth smaller: with them this
    // encoder writes one scan per component. No camera does that, and not every decoder supports
    // it.
    encoder.set_sampling_factor(jpeg_encoder::SamplingFactor::F_2_2);
    encoder.set_chroma_subsampling_method(jpeg_encoder::ChromaSubsamplingMethod::Average);
    encoder
        .encode(&picture.data, width, height, colour)
        .map_err(|error| error.to_string())?;
    Ok(bytes)
}

fn png(picture: &Picture, text: &[(String, String)]) -> Result<Vec<u8>, png::EncodingError> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, picture.width, picture.height);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_color(match picture.pixel {
        Pixel::Gray => png::ColorType::Grayscale,
        Pixel::Rgb => png::ColorType::Rgb,
        Pixel::Rgba | Pixel::Cmyk => png::ColorType::Rgba,
    });
    encoder.set_compression(png::Compression::Balanced);
    for (keyword, text) in text {
        encoder.add_text_chunk(keyword.clone(), text.clone())?;
    }
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&picture.data)?;
    writer.finish()?;
    Ok(bytes)
}

/// By libwebp, lossy.
#[cfg(feature = "webp")]
fn webp(picture: &Picture, quality: u8) -> Result<Vec<u8>, String> {
    let (width, height) = (picture.width, picture.height);
    let grey;
    let encoder = match picture.pixel {
        Pixel::Gray => {
            grey = crate::colour::to_rgb(picture.clone());
            webp::Encoder::from_rgb(&grey.data, width, height)
        }
        Pixel::Rgb => webp::Encoder::from_rgb(&picture.data, width, height),
        Pixel::Rgba => webp::Encoder::from_rgba(&picture.data, width, height),
        Pixel::Cmyk => return Err("a CMYK picture can't be encoded".to_owned()),
    };
    let bytes = encoder.encode_simple(false, quality.into());
    bytes
        .map(|bytes| bytes.to_vec())
        .map_err(|_| "libwebp refuses it".to_owned())
}

#[cfg(not(feature = "webp"))]
fn webp(picture: &Picture, _quality: u8) -> Result<Vec<u8>, String> {
    let colour = extended(picture)?;
    let mut bytes = Cursor::new(Vec::new());
    image::codecs::webp::WebPEncoder::new_lossless(&mut bytes)
        .encode(&picture.data, picture.width, picture.height, colour)
        .map_err(|error| error.to_string())?;
    Ok(bytes.into_inner())
}

fn gif(picture: &Picture) -> Result<Vec<u8>, String> {
    let colour = extended(picture)?;
    let mut bytes = Vec::new();
    GifEncoder::new(&mut bytes)
        .encode(&picture.data, picture.width, picture.height, colour)
        .map_err(|error| error.to_string())?;
    Ok(bytes)
}

fn extended(picture: &Picture) -> Result<image::ExtendedColorType, String> {
    match picture.pixel {
        Pixel::Gray => Ok(image::ExtendedColorType::L8),
        Pixel::Rgb => Ok(image::ExtendedColorType::Rgb8),
        Pixel::Rgba => Ok(image::ExtendedColorType::Rgba8),
        Pixel::Cmyk => Err("a CMYK picture can't be encoded".to_owned()),
    }
}
