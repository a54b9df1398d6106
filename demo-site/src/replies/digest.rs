//! Digest access authentication (RFC 7616), as a server checks it.

use sha2::{Digest as _, Sha256};

/// The hash, and whether it is a session's (`-sess`).
#[derive(Clone, Copy, Debug)]
pub(super) struct Algorithm {
    name: &'static str,
    sha: bool,
    session: bool,
}

const ALGORITHMS: [Algorithm; 4] = [
    algorithm("MD5", false, false),
    algorithm("MD5-sess", false, true),
    algorithm("SHA-256", true, false),
    algorithm("SHA-256-sess", true, true),
];

const fn algorithm(name: &'static str, sha: bool, session: bool) -> Algorithm {
    Algorithm { name, sha, session }
}

impl Algorithm {
    /// The default, if none is named.
    pub(super) const MD5: Algorithm = ALGORITHMS[0];

    /// By its name, in small or large letters.
    pub(super) fn read(name: &str) -> Option<Algorithm> {
        let mut all = ALGORITHMS.into_iter();
        all.find(|known| known.name.eq_ignore_ascii_case(name))
    }

    pub(super) fn name(self) -> &'static str {
        self.name
    }

    fn hash(self, parts: &[&str]) -> String {
        let text = parts.join(":");
        match self.sha {
            true => hex(&Sha256::digest(text)),
            false => hex(&md5::compute(text).0),
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The value of `Authorization`.
#[derive(Debug)]
pub(super) struct Digest(Vec<(String, String)>);

impl Digest {
    /// Reads the header's value; `None` if it is of another scheme.
    pub(super) fn read(value: &str) -> Option<Digest> {
        let (scheme, rest) = value.split_once(' ')?;
        scheme
            .eq_ignore_ascii_case("digest")
            .then(|| Digest(pairs(rest)))
    }

    fn get(&self, name: &str) -> &str {
        let pair = self.0.iter().find(|(known, _)| known == name);
        pair.map_or("", |(_, value)| value)
    }

    pub(super) fn nonce(&self) -> &str {
        self.get("nonce")
    }

    /// Whether its response is right for this password and request.
    pub(super) fn is_right(
        &self,
        algorithm: Algorithm,
        qop: bool,
        method: &str,
        target: &str,
        [user, realm, password]: [&str; 3],
    ) -> bool {
        let mut secret = algorithm.hash(&[user, realm, password]);
        if algorithm.session {
            secret = algorithm.hash(&[&secret, self.nonce(), self.get("cnonce")]);
        }
        let request = algorithm.hash(&[method, target]);
        let expected = match qop {
            true => {
                let [count, cnonce, qop] = ["nc", "cnonce", "qop"].map(|name| self.get(name));
                algorithm.hash(&[&secret, self.nonce(), count, cnonce, qop, &request])
            }
            false => algorithm.hash(&[&secret, self.nonce(), &request]),
        };
        self.get("username") == user
            && self.get("uri") == target
            && (!qop || self.get("qop") == "auth")
            && self.get("response") == expected
    }
}

/// Reads `a=b, c="d, e"`.
fn pairs(text: &str) -> Vec<(String, String)> {
    let mut pairs = Vec::new();
    let mut rest = text;
    while let Some((name, after)) = rest.split_once('=') {
        let after = after.trim_start();
        let (value, end) = match after.strip_prefix('"') {
            Some(quoted) => {
                let mut value = String::new();
                let mut chars = quoted.char_indices();
                let mut end = after.len();
                while let Some((at, char)) = chars.next() {
                    match char {
                        '"' => {
                            // Behind both quotes.
                            end = at + 2;
                            break;
                        }
                        '\\' => value.extend(chars.next().map(|(_, char)| char)),
                        _ => value.push(char),
                    }
                }
                (value, end)
            }
            None => {
                let end = after.find(',').unwrap_or(after.len());
                (after[..end].trim().to_owned(), end)
            }
        };
        let name = name.trim_start_matches([',', ' ', '\t']).trim_end();
        pairs.push((name.to_ascii_lowercase(), value));
        rest = &after[end..];
    }
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of RFC 7616, section 3.9.1.
    #[test]
    fn the_example_of_the_rfc_is_right() {
        for (name, response) in [
            ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
            (
                "SHA-256",
                "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1",
            ),
        ] {
            let value = format!(
                "Digest username=\"Mufasa\", realm=\"http-auth@example.org\", uri=\"/dir/index.html\", \
                 algorithm={name}, nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", nc=00000001, \
                 cnonce=\"f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ\", qop=auth, \
                 response=\"{response}\", opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\""
            );
            let digest = Digest::read(&value).unwrap();
            let algorithm = Algorithm::read(name).unwrap();
            let who = ["Mufasa", "http-auth@example.org", "Circle of Life"];
            assert!(digest.is_right(algorithm, true, "GET", "/dir/index.html", who));
            assert!(!digest.is_right(algorithm, true, "POST", "/dir/index.html", who));
        }
    }
}
