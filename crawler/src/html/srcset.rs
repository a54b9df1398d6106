//! `srcset`: one image in several sizes, each with a URL.

/// The URLs of a `srcset`. Each ends at white space or at a comma after it, and may contain commas (WHATWG
/// HTML, section 4.8.4.2.1).
pub(super) fn candidates(srcset: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = srcset;
    loop {
        rest = rest.trim_start_matches(|sign: char| sign.is_ascii_whitespace() || sign == ',');
        if rest.is_empty() {
            return found;
        }
        let end = rest
            .find(|sign: char| sign.is_ascii_whitespace())
            .unwrap_or(rest.len());
        let url = rest[..end].trim_end_matches(',');
        found.push(url);
        let had_comma = url.len() < end;
        rest = &rest[end..];
        if !had_comma {
            // The width or density follows.
            let end = rest.find(',').unwrap_or(rest.len());
            rest = &rest[end..];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn srcset_is_read_as_browsers_do() {
        assert_eq!(candidates("a 1x, b 2x"), ["a", "b"]);
        assert_eq!(candidates("a,b 1x"), ["a,b"]);
        assert_eq!(candidates(" a, b , "), ["a", "b"]);
        assert_eq!(candidates("data:,x 1x"), ["data:,x"]);
        assert_eq!(candidates(",,"), Vec::<&str>::new());
    }
}
