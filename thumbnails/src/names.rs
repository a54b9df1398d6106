//! Where thumbnails go: always below one folder, never two to one name.

use std::collections::HashSet;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use crate::picture::Format;
use crate::settings::fnv1a;
use crate::walk::Found;

/// How a thumbnail's file is named: `{stem}_thumb.{ext}`.
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
                "{template}: is for a file's name: folders are kept as they are"
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
                        "{template}: {{{word}}} is none of {{stem}}, {{name}}, {{ext}}, {{size}}"
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

impl Template {
    fn fill(&self, source: &Path, format: Format, size: (u32, u32)) -> OsString {
        let mut name = OsString::new();
        for part in &self.0 {
            match part {
                Part::Text(text) => name.push(text),
                Part::Stem => name.push(source.file_stem().unwrap_or_default()),
                Part::Name => name.push(source.file_name().unwrap_or_default()),
                Part::Ext => name.push(format.extension()),
                Part::Size => name.push(format!("{}x{}", size.0, size.1)),
            }
        }
        name
    }
}

/// Gives out names, each once: also where capitals make no difference. Keeps 8 bytes a name.
#[derive(Debug, Default)]
pub struct Names {
    given: HashSet<u64>,
}

impl Names {
    /// The thumbnail's path, below the output folder. The folder the picture is in is kept, if it
    /// was found in one that was asked for; a picture named alone has none. Where the name is
    /// taken, it gets a number.
    pub fn give(
        &mut self,
        found: &Found,
        template: &Template,
        format: Format,
        size: (u32, u32),
    ) -> PathBuf {
        let name = template.fill(&found.path, format, size);
        // A name of dots, or one of ours, would be no thumbnail's.
        let name = if name.as_encoded_bytes().starts_with(b".") {
            let mut plain = OsString::from("_");
            plain.push(name);
            plain
        } else {
            name
        };
        let plain = found.folder.join(&name);
        if self.given.insert(key(&plain)) {
            return plain;
        }
        let (stem, extension) = (
            plain.file_stem().unwrap_or_default().to_owned(),
            plain.extension().map(OsStr::to_owned),
        );
        let mut number = 2_u64;
        loop {
            let mut name = stem.clone();
            name.push(format!("-{number}"));
            if let Some(extension) = &extension {
                name.push(".");
                name.push(extension);
            }
            let path = found.folder.join(name);
            if self.given.insert(key(&path)) {
                return path;
            }
            number += 1;
        }
    }
}

fn key(path: &Path) -> u64 {
    // Two names of one hash would cost the second a number, and nothing else.
    match path.to_str() {
        Some(text) => fnv1a(text.to_lowercase().as_bytes()),
        None => fnv1a(path.as_os_str().as_encoded_bytes()),
    }
}
