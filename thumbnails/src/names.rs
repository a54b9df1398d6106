//! The paths of thumbnails: always below one folder, never one name for two thumbnails, never a
//! foreign file.

use std::collections::{HashMap, HashSet};
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use crate::paths::name_of;
use crate::picture::Format;
use crate::settings::fnv1a;
use crate::walk::Found;

/// The template of a thumbnail's file name: `{stem}_thumb.{ext}`.
///
/// `{stem}` is the picture's name without its extension, `{name}` with it; `{ext}` is the
/// thumbnail's extension, `{size}` the box as `256x256`.
///
/// ```
/// use thumbnails::names::Template;
/// assert!("{stem}_{size}.{ext}".parse::<Template>().is_ok());
/// assert!("../{stem}".parse::<Template>().is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Stem,
    Name,
    Ext,
    Size,
}

impl Default for Template {
    fn default() -> Template {
        let text = |text: &str| Part::Text(text.to_owned());
        Template(vec![Part::Stem, text("_thumb."), Part::Ext])
    }
}

impl FromStr for Template {
    type Err = String;

    fn from_str(template: &str) -> Result<Template, String> {
        if template.contains(['/', '\\', '\0']) {
            return Err(format!(
                "{template}: a template is for a file name, so it can't contain folders"
            ));
        }
        let mut parts = Vec::new();
        let mut rest = template;
        while let Some((text, behind)) = rest.split_once('{') {
            let (word, behind) = behind
                .split_once('}')
                .ok_or_else(|| format!("{template}: a {{ without its }}"))?;
            parts.push(Part::Text(text.to_owned()));
            parts.push(match word {
                "stem" => Part::Stem,
                "name" => Part::Name,
                "ext" => Part::Ext,
                "size" => Part::Size,
                _ => {
                    return Err(format!(
                        "{template}: {{{word}}} is not one of {{stem}}, {{name}}, {{ext}}, {{size}}"
                    ));
                }
            });
            rest = behind;
        }
        parts.push(Part::Text(rest.to_owned()));
        if !parts.contains(&Part::Stem) && !parts.contains(&Part::Name) {
            return Err(format!(
                "{template}: needs {{stem}} or {{name}}, or all thumbnails would have one name"
            ));
        }
        Ok(Template(parts))
    }
}

/// The maximum length of a name. Most disks allow 255 bytes; the rest is for a number, and for the
/// name of the temporary file.
const LONGEST: usize = 200;

impl Template {
    fn fill(&self, source: &Path, format: Format, size: (u32, u32)) -> OsString {
        let stem = source.file_stem().unwrap_or_default();
        let name = source.file_name().unwrap_or_default();
        let filled = self.fill_with(stem, name, format, size);
        let over = filled.len().saturating_sub(LONGEST);
        if over == 0 {
            return filled;
        }
        let cut = |name: &OsStr| {
            let bytes = name.as_encoded_bytes();
            let mut keep = bytes.len().saturating_sub(over).max(1);
            // Do not cut within a character.
            while keep > 1 && bytes.get(keep).is_some_and(|it| it & 0xc0 == 0x80) {
                keep -= 1;
            }
            name_of(bytes[..keep].to_vec())
        };
        self.fill_with(&cut(stem), &cut(name), format, size)
    }

    fn fill_with(&self, stem: &OsStr, whole: &OsStr, format: Format, size: (u32, u32)) -> OsString {
        let mut name = OsString::new();
        for part in &self.0 {
            match part {
                Part::Text(text) => name.push(text),
                Part::Stem => name.push(stem),
                Part::Name => name.push(whole),
                Part::Ext => name.push(format.extension()),
                Part::Size => name.push(format!("{}x{}", size.0, size.1)),
            }
        }
        name
    }

    /// The path of a picture's thumbnail, below the output folder. It contains the picture's
    /// folder, if the picture was found in a folder of the command line or is in a list. For a
    /// picture on the command line there is no folder.
    pub fn path(&self, found: &Found, format: Format, size: (u32, u32)) -> PathBuf {
        let name = self.fill(&found.path, format, size);
        // A hidden name, or one of this program, can't be a thumbnail's.
        if !name.as_encoded_bytes().starts_with(b".") {
            return found.folder.join(name);
        }
        let mut plain = OsString::from("_");
        plain.push(name);
        found.folder.join(plain)
    }
}

/// Hands out names, each once, also if upper and lower case are equal. It needs about 16 bytes per
/// name.
#[derive(Debug, Default)]
pub struct Names {
    given: HashSet<u64>,
    /// For a name that occurs often: the next number to try.
    next: HashMap<u64, u64>,
}

impl Names {
    /// Whether one of a picture's names, which is `plain` or has a number, was handed out.
    pub fn has_given(&self, plain: &Path, mut names: impl Iterator<Item = PathBuf>) -> bool {
        names.any(|path| is_form_of(plain, &path) && self.given.contains(&key(&path)))
    }

    /// Hands out a name that the same picture had `before`, if that is `plain` or has a number, and
    /// `may` accepts it.
    pub fn give_again(
        &mut self,
        plain: &Path,
        before: impl Iterator<Item = PathBuf>,
        may: impl Fn(&Path) -> bool,
    ) -> Option<PathBuf> {
        { before }
            .filter(|path| is_form_of(plain, path))
            .find(|path| may(path) && self.given.insert(key(path)))
    }

    /// Takes back a name that was not used.
    pub fn take_back(&mut self, path: &Path) {
        self.given.remove(&key(path));
    }

    /// Hands out a new path that `may` accepts: the `plain` one, or with a number. `before` are
    /// earlier paths of the same picture: it keeps the first one that is possible.
    pub fn give(
        &mut self,
        plain: PathBuf,
        before: impl Iterator<Item = PathBuf>,
        may: impl Fn(&Path) -> bool,
    ) -> PathBuf {
        if let Some(path) = self.give_again(&plain, before, &may) {
            return path;
        }
        let hint = key(&plain);
        if !self.next.contains_key(&hint) && may(&plain) && self.given.insert(hint) {
            return plain;
        }
        let mut number = self.next.get(&hint).copied().unwrap_or(2);
        loop {
            let path = numbered(&plain, number);
            number += 1;
            if may(&path) && self.given.insert(key(&path)) {
                self.next.insert(hint, number);
                return path;
            }
        }
    }
}

fn numbered(plain: &Path, number: u64) -> PathBuf {
    let mut name = plain.file_stem().unwrap_or_default().to_owned();
    name.push(format!("-{number}"));
    if let Some(extension) = plain.extension() {
        name.push(".");
        name.push(extension);
    }
    plain.with_file_name(name)
}

/// Whether `path` is `plain`, or `plain` with a number.
fn is_form_of(plain: &Path, path: &Path) -> bool {
    if path == plain {
        return true;
    }
    let (stem, own) = (plain.file_stem(), path.file_stem());
    let (Some(stem), Some(own)) = (stem, own) else {
        return false;
    };
    let number = own.as_encoded_bytes().strip_prefix(stem.as_encoded_bytes());
    let number = number.and_then(|rest| rest.strip_prefix(b"-"));
    plain.parent() == path.parent()
        && plain.extension() == path.extension()
        && number.is_some_and(|it| !it.is_empty() && it.iter().all(u8::is_ascii_digit))
}

fn key(path: &Path) -> u64 {
    // If two names have the same hash, the second only gets a number.
    match path.to_str() {
        Some(text) => fnv1a(text.to_lowercase().as_bytes()),
        None => fnv1a(path.as_os_str().as_encoded_bytes()),
    }
}
