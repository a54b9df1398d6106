//! A contact sheet: all thumbnails of a folder on one page, with their sizes and times.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use common::timing::{human_bytes, human_duration};

use crate::manifest::{Entry, escape, unescape};
use crate::paths;
use crate::task::Made;

const HEAD: &str = r#"<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Contact sheet</title>
<style>
:root { color-scheme: light dark; }
body { margin: 2rem; font: 14px/1.4 system-ui, sans-serif; background: Canvas; color: CanvasText; }
h1 { font-size: 1.3rem; margin: 0 0 .2rem; }
p { margin: 0 0 1.5rem; opacity: .7; }
main { display: grid; grid-template-columns: repeat(auto-fill, minmax(14rem, 1fr)); gap: 1.5rem; }
figure { margin: 0; }
a { display: flex; height: 14rem; align-items: center; justify-content: center;
    background: color-mix(in srgb, CanvasText 6%, transparent); border-radius: 6px; }
img { max-width: 100%; max-height: 100%; object-fit: contain; border-radius: 3px; }
figcaption { margin-top: .4rem; overflow-wrap: anywhere; font-size: 12px; }
figcaption span { opacity: .65; display: block; font-variant-numeric: tabular-nums; }
</style>
"#;

/// The page for a file at `sheet`, with thumbnails below `output`.
pub fn html<'a>(
    sheet: &Path,
    output: &Path,
    entries: impl Iterator<Item = (&'a Entry, &'a Made)>,
) -> String {
    let from = absolute(sheet.parent().unwrap_or(Path::new("")));
    let output = absolute(output);
    let (mut figures, mut count, mut bytes) = (String::new(), 0_u64, 0_u64);
    for (entry, made) in entries {
        count += 1;
        bytes += made.bytes;
        figure(&mut figures, &from, &output, entry, made);
    }
    let s = if count == 1 { "" } else { "s" };
    format!(
        "{HEAD}<h1>Contact sheet</h1>\n<p>{count} thumbnail{s}, {}</p>\n<main>\n{figures}</main>\n\
         </html>\n",
        human_bytes(bytes)
    )
}

fn figure(page: &mut String, from: &Path, output: &Path, entry: &Entry, made: &Made) {
    let thumbnail = href(from, &output.join(unescape(&entry.output)));
    let source = unescape(&entry.source);
    let picture = href(from, &source);
    let name = text(&source.file_name().unwrap_or_default().to_string_lossy());
    // Writing to a string can't fail.
    let _ = writeln!(
        page,
        "<figure><a href=\"{picture}\"><img src=\"{thumbnail}\" width=\"{}\" height=\"{}\" \
         loading=\"lazy\" alt=\"{name}\"></a>\n<figcaption>{name}<span>{}×{}, {} → {}×{}, {}; \
         {}</span></figcaption></figure>",
        made.size.0,
        made.size.1,
        made.source_size.0,
        made.source_size.1,
        human_bytes(entry.length),
        made.size.0,
        made.size.1,
        human_bytes(made.bytes),
        human_duration(made.time),
    );
}

fn absolute(path: &Path) -> PathBuf {
    let path = if path.as_os_str().is_empty() {
        Path::new(".")
    } else {
        path
    };
    paths::absolute(path).unwrap_or_else(|_| path.to_owned())
}

/// A relative reference if both are below a common folder, so that they can be moved together.
fn href(from: &Path, to: &Path) -> String {
    let shared = from
        .components()
        .zip(to.components())
        .take_while(|(a, b)| a == b)
        .count();
    let up = from.components().count() - shared;
    let path: PathBuf = std::iter::repeat_n(Path::new(".."), up)
        .map(Path::as_os_str)
        .chain(to.components().skip(shared).map(|part| part.as_os_str()))
        .collect();
    // A colon in the first part would make it a scheme.
    text(&format!("./{}", escape(&path)))
}

fn text(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
