//! Digest authentication (RFC 7616): the password is never sent.

use std::collections::HashMap;

use http::{HeaderMap, HeaderValue, header};
use sha2::{Digest, Sha256};

use crate::credentials::Credentials;
use crate::retry;

/// A server's challenge.
#[derive(Clone, Debug)]
pub(crate) struct Challenge {
    realm: String,
    nonce: String,
    opaque: Option<String>,
    algorithm: Algorithm,
    /// The server knows `qop=auth`. Servers from before 1999 don't.
    with_count: bool,
    count: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Algorithm {
    Md5,
    Sha256,
    Md5Session,
    Sha256Session,
}

impl Algorithm {
    fn of(name: &str) -> Option<Algorithm> {
        Some(match name.to_ascii_lowercase().as_str() {
            "md5" => Algorithm::Md5,
            "sha-256" => Algorithm::Sha256,
            "md5-sess" => Algorithm::Md5Session,
            "sha-256-sess" => Algorithm::Sha256Session,
            _ => return None,
        })
    }

    fn name(self) -> &'static str {
        match self {
            Algorithm::Md5 => "MD5",
            Algorithm::Sha256 => "SHA-256",
            Algorithm::Md5Session => "MD5-sess",
            Algorithm::Sha256Session => "SHA-256-sess",
        }
    }

    fn is_session(self) -> bool {
        matches!(self, Algorithm::Md5Session | Algorithm::Sha256Session)
    }

    fn hash(self, text: &str) -> String {
        match self {
            Algorithm::Md5 | Algorithm::Md5Session => format!("{:x}", md5::compute(text)),
            Algorithm::Sha256 | Algorithm::Sha256Session => Sha256::digest(text)
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect(),
        }
    }
}

impl Challenge {
    /// The strongest challenge of an answer; `None` if there is none for Digest that can be answered.
    pub(crate) fn of(headers: &HeaderMap) -> Option<Challenge> {
        headers
            .get_all(header::WWW_AUTHENTICATE)
            .iter()
            .filter_map(|value| Challenge::from_text(value.to_str().ok()?))
            .max_by_key(|it| matches!(it.algorithm, Algorithm::Sha256 | Algorithm::Sha256Session))
    }

    fn from_text(text: &str) -> Option<Challenge> {
        // Another scheme may stand before it in the same header.
        let at = text.to_ascii_lowercase().find("digest ")?;
        let mut fields = fields(&text[at + "digest ".len()..]);
        let qop = fields.remove("qop");
        let with_count = match &qop {
            None => false,
            Some(kinds)
                if kinds
                    .split(',')
                    .any(|kind| kind.trim().eq_ignore_ascii_case("auth")) =>
            {
                true
            }
            Some(_) => return None,
        };
        Some(Challenge {
            realm: fields.remove("realm")?,
            nonce: fields.remove("nonce")?,
            opaque: fields.remove("opaque"),
            algorithm: Algorithm::of(fields.get("algorithm").map_or("MD5", String::as_str))?,
            with_count,
            count: 0,
        })
    }

    /// The value of `Authorization` for the next message.
    pub(crate) fn answer(
        &mut self,
        credentials: &Credentials,
        method: &str,
        target: &str,
    ) -> Option<HeaderValue> {
        let nonce = format!("{:016x}{:016x}", retry::random(), retry::random());
        self.answer_with(credentials, method, target, &nonce)
    }

    fn answer_with(
        &mut self,
        credentials: &Credentials,
        method: &str,
        target: &str,
        cnonce: &str,
    ) -> Option<HeaderValue> {
        use std::fmt::Write;
        self.count += 1;
        let (realm, nonce, count) = (&self.realm, &self.nonce, format!("{:08x}", self.count));
        let hash = |text: &str| self.algorithm.hash(text);
        let user = &credentials.user;
        let mut secret = hash(&format!("{user}:{realm}:{}", credentials.password));
        if self.algorithm.is_session() {
            secret = hash(&format!("{secret}:{nonce}:{cnonce}"));
        }
        let asked = hash(&format!("{method}:{target}"));
        let response = match self.with_count {
            true => hash(&format!("{secret}:{nonce}:{count}:{cnonce}:auth:{asked}")),
            false => hash(&format!("{secret}:{nonce}:{asked}")),
        };
        let mut value = format!(
            "Digest username=\"{}\", realm=\"{}\", nonce=\"{nonce}\", uri=\"{target}\", \
             algorithm={}, response=\"{response}\"",
            quoted(user),
            quoted(realm),
            self.algorithm.name(),
        );
        // Writing into a text does not fail.
        if self.with_count {
            let _ = write!(value, ", qop=auth, nc={count}, cnonce=\"{cnonce}\"");
        }
        if let Some(opaque) = &self.opaque {
            let _ = write!(value, ", opaque=\"{opaque}\"");
        }
        let mut value = HeaderValue::try_from(value).ok()?;
        value.set_sensitive(true);
        Some(value)
    }
}

fn quoted(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"")
}

/// `name=value, name="value"`, names in small letters.
fn fields(mut text: &str) -> HashMap<String, String> {
    let mut fields = HashMap::new();
    while let Some((name, rest)) = text.split_once('=') {
        let name = name.trim_matches([' ', ',', '\t']).to_ascii_lowercase();
        let rest = rest.trim_start();
        let (value, after) = match rest.strip_prefix('"') {
            Some(rest) => unquoted(rest),
            None => {
                let end = rest.find(',').unwrap_or(rest.len());
                (rest[..end].trim().to_owned(), &rest[end..])
            }
        };
        fields.entry(name).or_insert(value);
        text = after;
    }
    fields
}

/// The text before the closing quote, and the text after it.
fn unquoted(text: &str) -> (String, &str) {
    let mut value = String::new();
    let mut letters = text.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return (value, &text[at + 1..]),
            '\\' => value.extend(letters.next().map(|(_, letter)| letter)),
            letter => value.push(letter),
        }
    }
    (value, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7616, section 3.9.1.
    #[test]
    fn the_standards_own_example_is_answered_as_there() {
        let nonce = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v";
        let cnonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";
        let user = Credentials::digest("Mufasa", "Circle of Life");
        for (algorithm, response) in [
            ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
            (
                "SHA-256",
                "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1",
            ),
        ] {
            let text = format!(
                "Digest realm=\"http-auth@example.org\", qop=\"auth, auth-int\", \
                 algorithm={algorithm}, nonce=\"{nonce}\", \
                 opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\""
            );
            let mut challenge = Challenge::from_text(&text).unwrap();
            let value = challenge.answer_with(&user, "GET", "/dir/index.html", cnonce);
            let value = value.unwrap();
            assert!(value.is_sensitive());
            let value = value.to_str().unwrap();
            assert!(
                value.contains(&format!("response=\"{response}\"")),
                "{value}"
            );
            assert!(value.contains("nc=00000001"), "{value}");
        }
    }

    #[test]
    fn the_strongest_is_taken_and_what_is_not_known_is_left() {
        let mut headers = HeaderMap::new();
        for value in [
            "Basic realm=\"x\"",
            "Digest realm=\"a \\\"b\\\"\", nonce=\"1\"",
            "Digest realm=\"x\", nonce=\"2\", algorithm=SHA-256, qop=auth",
            "Digest realm=\"x\", nonce=\"3\", algorithm=SHA-512-256, qop=auth",
            "Digest realm=\"x\", nonce=\"4\", qop=\"auth-int\"",
        ] {
            headers.append(header::WWW_AUTHENTICATE, value.parse().unwrap());
        }
        assert_eq!(Challenge::of(&headers).unwrap().nonce, "2");
        assert_eq!(fields("realm=\"a \\\"b\\\"\", nonce=1")["realm"], "a \"b\"");
        assert!(Challenge::of(&HeaderMap::new()).is_none());
    }
}
