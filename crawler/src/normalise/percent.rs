//! One form of percent-encoding (RFC 3986, section 6.2.2).

/// The text with its percent-encoding in one form; `None` if nothing changes.
pub(super) fn unescaped(text: &str) -> Option<String> {
    if !text.contains('%') {
        return None;
    }
    let bytes = text.as_bytes();
    let mut better = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        match (byte, escaped(&bytes[at..])) {
            (b'%', Some(value)) => {
                if value.is_ascii_alphanumeric() || b"-._~".contains(&value) {
                    better.push(value);
                } else {
                    better.push(b'%');
                    better.extend(bytes[at + 1..at + 3].iter().map(u8::to_ascii_uppercase));
                }
                at += 3;
            }
            _ => {
                better.push(byte);
                at += 1;
            }
        }
    }
    (better != bytes).then(|| String::from_utf8_lossy(&better).into_owned())
}

fn escaped(bytes: &[u8]) -> Option<u8> {
    let digit = |at: usize| (*bytes.get(at)? as char).to_digit(16);
    u8::try_from(digit(1)? * 16 + digit(2)?).ok()
}
