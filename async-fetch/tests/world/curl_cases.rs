//! Reads the files of curl's own tests: which replies a plain GET can be given, and their bytes.
//! Their format is described in curl's docs/tests/FILEFORMAT.md.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::path::Path;

use regex::bytes::{Captures, Regex};

/// A test of curl's whose server speaks HTTP and whose reply a plain GET can be given.
pub struct Case {
    pub number: u32,
    pub name: String,
    /// Whether compression is asked for.
    pub compressed: bool,
    /// The replies, by the part of the path's number: 0 is the first.
    replies: BTreeMap<u32, Vec<u8>>,
}

/// What needs more than a GET: these options, alone or with a value behind them.
const MORE_THAN_GET: &str = "-X|-d|-T|-F|--data|--form|-x|--proxy|-K|--ntlm|--digest|-z|-C|-r|-I|\
    --head|--unix|--socks|--anyauth|--negotiate|--preproxy|--haproxy|--json|--range|--http2|\
    --http3|--url-query|--get|-G|--upload|--next|-:";

/// The ordinary cases in a folder, and how many more there are: those that lead to hosts that are not
/// this machine, and those that leave HTTP by a 101 (WebSockets).
pub fn read(folder: &Path) -> (Vec<Case>, usize) {
    let patterns = Patterns::new();
    let mut cases = Vec::new();
    let mut left_out = 0;
    for file in std::fs::read_dir(folder).unwrap() {
        let file = file.unwrap();
        let name = file.file_name().into_string().unwrap();
        let Some(number) = name.strip_prefix("test").and_then(|it| it.parse().ok()) else {
            continue;
        };
        let text = std::fs::read(file.path()).unwrap();
        match patterns.case(number, &text) {
            Some(case) if case.leaves(&patterns) => left_out += 1,
            Some(case) => cases.push(case),
            None => {}
        }
    }
    cases.sort_by_key(|case| case.number);
    (cases, left_out)
}

struct Patterns {
    server: Regex,
    data: Regex,
    command: Regex,
    name: Regex,
    more_than_get: Regex,
    elsewhere: Regex,
    hex: Regex,
    base64: Regex,
    repeat: Regex,
    condition: Regex,
}

impl Patterns {
    fn new() -> Patterns {
        let regex = |text: &str| Regex::new(text).unwrap();
        Patterns {
            server: regex(r"(?-u)<server>\s*http\s*</server>"),
            data: regex(r"(?s-u)<data(\d*)( [^>]*)?>\n?(.*?)</data\d*>"),
            command: regex(r"(?s-u)<command[^>]*>(.*?)</command>"),
            name: regex(r"(?s-u)<name>\s*(.*?)\s*</name>"),
            more_than_get: regex(&format!(r"(?-u)(^|\s)({MORE_THAN_GET})(\s|$|[^\s-])")),
            elsewhere: regex(r"(?im-u)^location:\s*[a-z]*:?//([^/\s:?#]*)"),
            hex: regex(r"(?s-u)%hex\[(.*?)\]hex%"),
            base64: regex(r"(?s-u)%b64\[(.*?)\]b64%"),
            repeat: regex(r"(?s-u)%repeat\[(\d+) x (.*?)\]%"),
            condition: regex(r"(?s-u)%if (!?)(\S+)\n(.*?)(?:%else\n(.*?))?%endif\n"),
        }
    }

    fn case(&self, number: u32, text: &[u8]) -> Option<Case> {
        if !self.server.is_match(text) {
            return None;
        }
        let command = &self.command.captures(text)?[1];
        if self.more_than_get.is_match(command) {
            return None;
        }
        let mut replies = BTreeMap::new();
        for found in self.data.captures_iter(text) {
            let part = match &found[1] {
                b"" => 0,
                digits => std::str::from_utf8(digits).ok()?.parse().ok()?,
            };
            let attributes = found.get(2).map_or(&b""[..], |it| it.as_bytes());
            replies
                .entry(part)
                .or_insert(self.reply(attributes, &found[3]));
        }
        let first = replies.get(&0)?;
        let compressed = contains(command, b"--compressed") || contains(first, b"ontent-Encoding");
        let name = self
            .name
            .captures(text)
            .map(|it| it[1].to_vec())
            .unwrap_or_default();
        Some(Case {
            number,
            name: String::from_utf8_lossy(&name).into_owned(),
            compressed,
            replies,
        })
    }

    /// The reply that a `<data>` means, but for the names of host and port.
    fn reply(&self, attributes: &[u8], text: &[u8]) -> Vec<u8> {
        // No feature is one of this server's.
        let text = self.condition.replace_all(text, |it: &Captures<'_>| {
            let kept = if it[1].is_empty() {
                it.get(4)
            } else {
                it.get(3)
            };
            kept.map_or_else(Vec::new, |it| it.as_bytes().to_vec())
        });
        let text = self
            .hex
            .replace_all(&text, |it: &Captures<'_>| bytes_of(&it[1]));
        let text = self
            .base64
            .replace_all(&text, |it: &Captures<'_>| base64(&bytes_of(&it[1])));
        let text = self.repeat.replace_all(&text, |it: &Captures<'_>| {
            let times = std::str::from_utf8(&it[1]).unwrap().parse().unwrap();
            bytes_of(&it[2]).repeat(times)
        });
        let mut text = text.into_owned();
        if contains(attributes, b"nonewline") && text.ends_with(b"\n") {
            text.pop();
        }
        let end = match (
            contains(attributes, b"crlf"),
            contains(attributes, b"headers"),
        ) {
            (false, _) => 0,
            (true, false) => text.len(),
            (true, true) => find(&text, b"\n\n").map_or(text.len(), |at| at + 2),
        };
        let body = text.split_off(end);
        let lines = replace(&text, b"\r\n", b"\n");
        [replace(&lines, b"\n", b"\r\n"), body].concat()
    }
}

impl Case {
    /// The reply to a request for the path whose last part begins with this number.
    pub fn reply(&self, asked: u32, host: Ipv4Addr, port: u16) -> Vec<u8> {
        let part = match asked {
            _ if asked == self.number => 0,
            10_000.. => asked % 10_000,
            _ => asked,
        };
        let reply = self.replies.get(&part).unwrap_or(&self.replies[&0]);
        let (host, port) = (host.to_string(), port.to_string());
        let number = self.number.to_string();
        [
            (&b"%HOSTIP"[..], host.as_str()),
            (b"%CLIENTIP", "127.0.0.1"),
            (b"%HTTPPORT", &port),
            (b"%NOLISTENPORT", "1"),
            (b"%TESTNUMBER", &number),
            (b"%SP", " "),
            (b"%TAB", "\t"),
            (b"%CR", "\r"),
            (b"%AMP", "&"),
        ]
        .iter()
        .fold(reply.clone(), |text, (name, value)| {
            replace(&text, name, value.as_bytes())
        })
    }

    /// Whether a reply leads away from this machine, or from HTTP.
    fn leaves(&self, patterns: &Patterns) -> bool {
        self.replies.values().any(|reply| {
            let mut all = patterns.elsewhere.captures_iter(reply);
            reply.starts_with(b"HTTP/1.1 101 ")
                || all.any(|found| {
                    !matches!(&found[1], b"%HOSTIP" | b"127.0.0.1" | b"localhost" | b"")
                })
        })
    }
}

/// `%41` becomes `A`.
fn bytes_of(text: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text;
    while let Some((&first, after)) = rest.split_first() {
        let digits = after.get(..2).and_then(|it| std::str::from_utf8(it).ok());
        match digits.and_then(|it| u8::from_str_radix(it, 16).ok()) {
            Some(byte) if first == b'%' => {
                bytes.push(byte);
                rest = &after[2..];
            }
            _ => {
                bytes.push(first);
                rest = after;
            }
        }
    }
    bytes
}

fn base64(bytes: &[u8]) -> Vec<u8> {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = Vec::new();
    for group in bytes.chunks(3) {
        let at = |place: usize| u32::from(group.get(place).copied().unwrap_or(0));
        let number = at(0) << 16 | at(1) << 8 | at(2);
        for digit in 0..4 {
            text.push(match digit <= group.len() {
                true => DIGITS[(number >> (18 - 6 * digit) & 63) as usize],
                false => b'=',
            });
        }
    }
    text
}

fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len())
        .position(|window| window == wanted)
}

fn contains(text: &[u8], wanted: &[u8]) -> bool {
    find(text, wanted).is_some()
}

fn replace(text: &[u8], old: &[u8], new: &[u8]) -> Vec<u8> {
    let mut result = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = find(rest, old) {
        result.extend_from_slice(&rest[..at]);
        result.extend_from_slice(new);
        rest = &rest[at + old.len()..];
    }
    result.extend_from_slice(rest);
    result
}
