//! To sRGB: by the picture's own profile where it has one.

use moxcms::{ColorProfile, DataColorSpace, Layout, TransformOptions};

use crate::picture::{Picture, Pixel};

/// Converts a picture to sRGB: grey stays grey, inks become red, green and blue.
///
/// A profile that is broken, or is for other colours than the picture has, is taken for none: a
/// picture without one is sRGB already. Inks without a profile are mixed by the plain formula.
pub fn to_srgb(picture: Picture, profile: Option<&[u8]>) -> Picture {
    let converted = profile.and_then(|profile| convert(&picture, profile));
    match (converted, picture.pixel) {
        (Some(converted), _) => converted,
        (None, Pixel::Cmyk) => mix(&picture),
        (None, _) => picture,
    }
}

fn convert(picture: &Picture, profile: &[u8]) -> Option<Picture> {
    let profile = ColorProfile::new_from_slice(profile).ok()?;
    let (space, from, to, pixel) = match picture.pixel {
        Pixel::Gray => (DataColorSpace::Gray, Layout::Gray, Layout::Rgb, Pixel::Rgb),
        Pixel::Rgb => (DataColorSpace::Rgb, Layout::Rgb, Layout::Rgb, Pixel::Rgb),
        Pixel::Rgba => (DataColorSpace::Rgb, Layout::Rgba, Layout::Rgba, Pixel::Rgba),
        // Four values, whatever they are called.
        Pixel::Cmyk => (DataColorSpace::Cmyk, Layout::Rgba, Layout::Rgb, Pixel::Rgb),
    };
    if profile.color_space != space {
        return None;
    }
    let srgb = ColorProfile::new_srgb();
    let transform = profile
        .create_transform_8bit(from, &srgb, to, TransformOptions::default())
        .ok()?;
    let size = picture.width as usize * picture.height as usize;
    let mut data = vec![0; size * pixel.bytes()];
    transform.transform(&picture.data, &mut data).ok()?;
    Some(Picture {
        pixel,
        data,
        ..*picture
    })
}

fn mix(picture: &Picture) -> Picture {
    let mut data = Vec::with_capacity(picture.data.len() / 4 * 3);
    for &[cyan, magenta, yellow, key] in picture.data.as_chunks::<4>().0 {
        let light = |ink: u8| u32::from(255 - ink);
        let mixed = |ink| ((light(ink) * light(key) + 127) / 255) as u8;
        data.extend([mixed(cyan), mixed(magenta), mixed(yellow)]);
    }
    Picture {
        pixel: Pixel::Rgb,
        data,
        ..*picture
    }
}

/// Lays a picture with alpha on a ground of one colour.
pub fn flatten(picture: Picture, ground: [u8; 3]) -> Picture {
    if picture.pixel != Pixel::Rgba {
        return picture;
    }
    let mut data = Vec::with_capacity(picture.data.len() / 4 * 3);
    for &[red, green, blue, alpha] in picture.data.as_chunks::<4>().0 {
        for (value, under) in [red, green, blue].into_iter().zip(ground) {
            let (over, under) = (u16::from(value) * u16::from(alpha), u16::from(under));
            data.push(((over + under * (255 - u16::from(alpha)) + 127) / 255) as u8);
        }
    }
    Picture {
        pixel: Pixel::Rgb,
        data,
        ..picture
    }
}

/// Grey as red, green and blue; all else as it is.
pub fn to_rgb(picture: Picture) -> Picture {
    if picture.pixel != Pixel::Gray {
        return picture;
    }
    Picture {
        pixel: Pixel::Rgb,
        data: picture.data.iter().flat_map(|&it| [it; 3]).collect(),
        ..picture
    }
}
