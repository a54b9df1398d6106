//! Thumbnails of pictures in memory.

use image::DynamicImage;
use thumbnails::task::thumbnail;
use thumbnails::{Format, Settings};

pub fn png_of(bytes: &[u8], settings: Settings) -> DynamicImage {
    let settings = Settings {
        format: Some(Format::Png),
        ..settings
    };
    let made = thumbnail(bytes, &settings, &[]).unwrap();
    let picture = image::load_from_memory(&made.bytes).unwrap();
    assert_eq!(made.size, (picture.width(), picture.height()));
    picture
}

pub fn box_of(width: u32, height: u32) -> Settings {
    Settings {
        size: (width, height),
        ..Settings::default()
    }
}
