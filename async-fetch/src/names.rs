//! File names out of URLs: never a path, never a device, never too long.
//!
//! The name comes from the requested URL, so that a user knows which files will be written. The server's
//! name (`Content-Disposition`) is used only on request.

use percent_encoding::percent_decode_str;
use url::Url;

use crate::checksum::Checksum;

/// Bytes of a name, at most: most systems allow 255, and `.part` and the number need some.
const LONGEST: usize = 200;

/// The file name for a URL without one.
const NAMELESS: &str = "index";

/// Names that Windows reserves for devices, with any extension.
const DEVICES: [&str; 22] = [
    "aux", "com1", "com2", "com3", "com4", "com5", "com6", "com7", "com8", "com9", "con", "lpt1",
    "lpt2", "lpt3", "lpt4", "lpt5", "lpt6", "lpt7", "lpt8", "lpt9", "nul", "prn",
];

/// The file name of a URL's body: the last part of its path. Characters that mean something to a file
/// system are replaced by `_`. A query adds a number, so that `?id=1` and `?id=2` have different names.
///
/// # Examples
///
/// ```
/// use async_fetch::file_name;
///
/// let name = |url: &str| file_name(&url.parse().unwrap());
/// assert_eq!(name("http://example.org/files/a.tar.gz"), "a.tar.gz");
/// assert_eq!(name("http://example.org/..%2f..%2fetc%2fpasswd"), "_._.._etc_passwd");
/// assert_eq!(name("http://example.org/"), "index");
/// ```
pub fn file_name(url: &Url) -> String {
    let last = url.path_segments().and_then(|mut parts| parts.next_back());
    // Bytes that are not UTF-8 are replaced.
    let last = percent_decode_str(last.unwrap_or("")).decode_utf8_lossy();
    let mut name = safe(&last);
    if let Some(query) = url.query() {
        name = numbered(&name, query);
    }
    name
}

/// The name in a `Content-Disposition` (RFC 6266), made safe in the same way; `None` if there is none.
///
/// # Examples
///
/// ```
/// use async_fetch::name_of_disposition;
///
/// let name = |value: &str| name_of_disposition(value.as_bytes());
/// assert_eq!(name("attachment; filename=\"EURO rates\"; filename*=utf-8''%e2%82%ac%20rates").as_deref(),
///     Some("€ rates"));
/// assert_eq!(name("attachment; filename=\"../../etc/passwd\"").as_deref(), Some("passwd"));
/// assert_eq!(name("inline"), None);
/// ```
pub fn name_of_disposition(value: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(value);
    let mut plain = None;
    for (name, value) in parameters(&text) {
        match name.as_str() {
            "filename*" => {
                let mut parts = value.splitn(3, '\'');
                if parts
                    .next()
                    .is_some_and(|set| set.eq_ignore_ascii_case("utf-8"))
                    && let Some(name) = parts.nth(1)
                {
                    return of_path(&percent_decode_str(name).decode_utf8_lossy());
                }
            }
            "filename" => plain = plain.or(Some(value)),
            _ => {}
        }
    }
    of_path(&plain?)
}

/// The last part of a name that may be a path.
fn of_path(name: &str) -> Option<String> {
    let last = name.rsplit(['/', '\\']).next()?.trim();
    (!last.is_empty()).then(|| safe(last))
}

/// `; name=value; name="value"`, names in small letters.
fn parameters(text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some((_, after)) = rest.split_once(';') {
        let Some((name, value)) = after.split_once('=') else {
            break;
        };
        let value = value.trim_start();
        let (value, end) = match value.strip_prefix('"') {
            Some(quoted) => {
                let mut plain = String::new();
                let mut letters = quoted.char_indices();
                let mut end = quoted.len();
                while let Some((at, letter)) = letters.next() {
                    match letter {
                        '"' => {
                            end = at + 1;
                            break;
                        }
                        '\\' => plain.extend(letters.next().map(|(_, letter)| letter)),
                        letter => plain.push(letter),
                    }
                }
                (plain, &quoted[end..])
            }
            None => {
                let end = value.find(';').unwrap_or(value.len());
                (value[..end].trim().to_owned(), &value[end..])
            }
        };
        found.push((name.trim().to_ascii_lowercase(), value));
        rest = end;
    }
    found
}

/// The same name with a number before its extension: the beginning of the SHA-256 of `of`. So it is the same
/// in every version of this program.
pub fn numbered(name: &str, of: &str) -> String {
    let number = Checksum::of(of).prefix() >> 32;
    match name.rsplit_once('.') {
        Some((stem, extension)) if !stem.is_empty() => format!("{stem}-{number:08x}.{extension}"),
        _ => format!("{name}-{number:08x}"),
    }
}

/// The folders of a URL: the host with its port, and those of the path, each made safe.
///
/// # Examples
///
/// ```
/// use async_fetch::folders;
///
/// let folders = folders(&"http://example.org:81/a/%2e%2e%2fb/c.txt".parse().unwrap());
/// assert_eq!(folders, ["example.org_81", "a", "_._b"]);
/// ```
pub fn folders(url: &Url) -> Vec<String> {
    let host = &url[url::Position::BeforeHost..url::Position::AfterPort];
    let mut parts: Vec<String> = url
        .path_segments()
        .into_iter()
        .flatten()
        .map(str::to_owned)
        .collect();
    parts.pop();
    let path = parts.iter().filter(|part| !part.is_empty());
    let path = path.map(|part| safe(&percent_decode_str(part).decode_utf8_lossy()));
    std::iter::once(safe(host)).chain(path).collect()
}

fn safe(name: &str) -> String {
    let mut safe: String = name
        .chars()
        .map(|it| if is_safe(it) { it } else { '_' })
        .collect();
    // `.`, `..` and hidden files; and other programs take a leading `-` for a flag.
    if safe.starts_with(['.', '-', '~']) {
        safe.replace_range(..1, "_");
    }
    // Windows removes these silently.
    while safe.ends_with(['.', ' ']) {
        safe.pop();
    }
    let stem = safe
        .split('.')
        .next()
        .unwrap_or("")
        .trim_end()
        .to_ascii_lowercase();
    if DEVICES.contains(&stem.as_str()) {
        safe.insert(0, '_');
    }
    if safe.len() > LONGEST {
        let whole = numbered("", name);
        let keep = safe.floor_char_boundary(LONGEST - whole.len());
        safe.truncate(keep);
        safe.push_str(&whole);
    }
    if safe.is_empty() {
        safe.push_str(NAMELESS);
    }
    safe
}

fn is_safe(it: char) -> bool {
    !it.is_control()
        && !matches!(it, '/' | '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|' | '\u{fffd}')
        // Marks that change the writing direction make `gpj.exe` look like `exe.jpg`.
        && !matches!(it, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;
    use std::path::{Component, Path};

    #[test]
    fn no_name_leads_out_of_its_folder() {
        for name in demo_site::NAMES {
            let url: Url = format!("http://a.example/attack/{name}").parse().unwrap();
            let name = file_name(&url);
            let mut parts = Path::new(&name).components();
            assert!(
                matches!(parts.next(), Some(Component::Normal(_))),
                "{name:?}"
            );
            assert_eq!(parts.next(), None, "{name:?}");
            assert!(!name.starts_with(['.', '-', '~']), "{name:?}");
            assert!(!name.chars().any(char::is_control), "{name:?}");
        }
    }

    #[test]
    fn long_names_are_cut_and_stay_apart() {
        let name = |end: &str| {
            let long = "%e2%82%ac".repeat(100);
            file_name(&format!("http://a.example/{long}{end}").parse().unwrap())
        };
        assert!(name("a").len() <= LONGEST);
        assert_ne!(name("a"), name("b"));
    }

    #[test]
    fn queries_tell_names_apart() {
        let names: HashSet<String> = ["page.html", "page.html?id=1", "page.html?id=2"]
            .iter()
            .map(|path| file_name(&format!("http://a.example/{path}").parse().unwrap()))
            .collect();
        assert_eq!(names.len(), 3);
        // The number is part of names on disks: it may not change.
        assert!(names.contains("page-d9fc91d4.html"), "{names:?}");
        assert!(
            names
                .iter()
                .all(|name| name.starts_with("page") && name.ends_with(".html"))
        );
    }
}
