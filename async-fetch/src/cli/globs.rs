//! `[1-100]`, `[001-100:10]`, `[a-z]` and `{x,y}` in URLs, as curl has them.

/// A part of a pattern.
#[derive(Debug)]
enum Part {
    Text(String),
    /// `width` digits at least.
    Numbers {
        first: u64,
        last: u64,
        step: u64,
        width: usize,
    },
    Letters {
        first: u8,
        last: u8,
        step: u8,
    },
    Words(Vec<String>),
}

/// The URLs that a pattern stands for. It makes them one by one, so there may be any number.
#[derive(Debug)]
pub(super) struct Globs {
    parts: Vec<Part>,
    next: u64,
    count: u64,
}

impl Globs {
    /// # Errors
    /// If a bracket is not closed, or there are more URLs than 64 bits can count.
    pub(super) fn new(pattern: &str) -> Result<Globs, String> {
        let parts = parts(pattern)?;
        let count = parts
            .iter()
            .try_fold(1_u64, |count, part| count.checked_mul(part.count()));
        let count = count.ok_or_else(|| format!("{pattern}: stands for too many URLs"))?;
        Ok(Globs {
            parts,
            next: 0,
            count,
        })
    }

    /// A text without patterns.
    pub(super) fn plain(text: &str) -> Globs {
        Globs {
            parts: vec![Part::Text(text.to_owned())],
            next: 0,
            count: 1,
        }
    }

    /// Whether it stands for one URL only.
    pub(super) fn is_one(&self) -> bool {
        self.count == 1
    }
}

impl Iterator for Globs {
    type Item = String;

    fn next(&mut self) -> Option<String> {
        if self.next == self.count {
            return None;
        }
        let mut number = self.next;
        self.next += 1;
        // The last part changes fastest.
        let mut texts: Vec<String> = self
            .parts
            .iter()
            .rev()
            .map(|part| {
                let count = part.count();
                let text = part.nth(number % count);
                number /= count;
                text
            })
            .collect();
        texts.reverse();
        Some(texts.concat())
    }
}

impl Part {
    fn count(&self) -> u64 {
        match self {
            Part::Text(_) => 1,
            Part::Numbers {
                first, last, step, ..
            } => ((last - first) / step).saturating_add(1),
            Part::Letters { first, last, step } => u64::from((last - first) / step + 1),
            Part::Words(words) => words.len() as u64,
        }
    }

    fn nth(&self, at: u64) -> String {
        match self {
            Part::Text(text) => text.clone(),
            Part::Numbers {
                first, step, width, ..
            } => format!("{:0width$}", first + at * step),
            Part::Letters { first, step, .. } => char::from(first + at as u8 * step).to_string(),
            Part::Words(words) => words[at as usize].clone(),
        }
    }
}

fn parts(pattern: &str) -> Result<Vec<Part>, String> {
    let mut parts = Vec::new();
    let mut text = String::new();
    let mut rest = pattern;
    while let Some(at) = rest.find(['[', '{']) {
        let (before, from) = rest.split_at(at);
        text.push_str(before);
        let close = if from.starts_with('[') { ']' } else { '}' };
        let end = from.find(close).ok_or_else(|| {
            format!(
                "{pattern}: {} has no {close}: -g takes it as it is",
                &from[..1]
            )
        })?;
        let inner = &from[1..end];
        let part = match close {
            ']' => range(inner),
            _ => Some(Part::Words(inner.split(',').map(str::to_owned).collect())),
        };
        match part {
            Some(part) => {
                parts.push(Part::Text(std::mem::take(&mut text)));
                parts.push(part);
            }
            // An IPv6 address, or a bracket of the site's own.
            None => text.push_str(&from[..=end]),
        }
        rest = &from[end + 1..];
    }
    text.push_str(rest);
    parts.push(Part::Text(text));
    Ok(parts)
}

fn range(inner: &str) -> Option<Part> {
    let (span, step) = match inner.split_once(':') {
        Some((span, step)) => (span, step.parse::<u64>().ok().filter(|step| *step > 0)?),
        None => (inner, 1),
    };
    let (first, last) = span.split_once('-')?;
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|it| it.is_ascii_digit());
    if digits(first) && digits(last) {
        let (from, to) = (first.parse().ok()?, last.parse().ok()?);
        let width = if first.starts_with('0') {
            first.len()
        } else {
            1
        };
        return (from <= to).then_some(Part::Numbers {
            first: from,
            last: to,
            step,
            width,
        });
    }
    let letter = |text: &str| match text.as_bytes() {
        [letter] if letter.is_ascii_alphabetic() => Some(*letter),
        _ => None,
    };
    let (from, to) = (letter(first)?, letter(last)?);
    let same_case = from.is_ascii_uppercase() == to.is_ascii_uppercase();
    (from <= to && same_case).then_some(Part::Letters {
        first: from,
        last: to,
        step: u8::try_from(step).ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(pattern: &str) -> Vec<String> {
        Globs::new(pattern).unwrap().collect()
    }

    #[test]
    fn patterns_stand_for_what_curl_makes_of_them() {
        // As `curl -w '%{url}\n'` 7.88 has them.
        assert_eq!(all("h/[1-3]"), ["h/1", "h/2", "h/3"]);
        assert_eq!(all("h/[08-10]"), ["h/08", "h/09", "h/10"]);
        assert_eq!(all("h/[1-10:4]"), ["h/1", "h/5", "h/9"]);
        assert_eq!(all("h/[a-e:2]x"), ["h/ax", "h/cx", "h/ex"]);
        assert_eq!(all("{a,b}/[1-2]"), ["a/1", "a/2", "b/1", "b/2"]);
        for plain in [
            "http://[::1]/",
            "http://[::1]:80/x",
            "h/[x]",
            "h/[3-1]",
            "h",
        ] {
            assert_eq!(all(plain), [plain]);
        }
        // None is made before it is asked for.
        let mut many = Globs::new("h/[1-1000000000]").unwrap();
        many.next = 999_999_999;
        assert_eq!(many.next().as_deref(), Some("h/1000000000"));
        assert_eq!(many.next(), None);
    }

    #[test]
    fn what_has_no_end_is_an_error() {
        for pattern in ["h/[1-3", "h/{a", "h/[0-18446744073709551615][0-9]"] {
            assert!(
                Globs::new(pattern).unwrap_err().starts_with(pattern),
                "{pattern}"
            );
        }
    }
}
