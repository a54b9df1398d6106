//! `.netrc`: users and passwords by host, as ftp, curl and wget read it.

use std::path::{Path, PathBuf};
use std::{env, fs};

use anyhow::{Context, bail};
use async_fetch::{Credentials, Url};

/// Users and passwords by host.
pub(super) struct Netrc(Vec<Machine>);

struct Machine {
    /// `None` for all hosts that are not named.
    host: Option<String>,
    user: String,
    password: String,
}

impl Netrc {
    /// The file named, or that in the home folder.
    ///
    /// # Errors
    /// If it can't be read.
    pub(super) fn load(path: Option<&Path>) -> anyhow::Result<Netrc> {
        let path = match (path, env::var_os("HOME")) {
            (Some(path), _) => path.to_owned(),
            (None, Some(home)) => PathBuf::from(home).join(".netrc"),
            (None, None) => bail!("--netrc: HOME is not set: name a file by --netrc-file"),
        };
        let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        Ok(Netrc::read(&text))
    }

    fn read(text: &str) -> Netrc {
        let mut machines: Vec<Machine> = Vec::new();
        let begin = |host| Machine {
            host,
            user: String::new(),
            password: String::new(),
        };
        let mut words = words(text).into_iter();
        while let Some(word) = words.next() {
            match word.as_str() {
                "machine" => machines.push(begin(words.next().map(|it| it.to_ascii_lowercase()))),
                "default" => machines.push(begin(None)),
                "login" | "password" => {
                    let value = words.next().unwrap_or_default();
                    if let Some(machine) = machines.last_mut() {
                        match word.as_str() {
                            "login" => machine.user = value,
                            _ => machine.password = value,
                        }
                    }
                }
                "account" => drop(words.next()),
                _ => {}
            }
        }
        Netrc(machines)
    }

    pub(super) fn of(&self, url: &Url) -> Option<Credentials> {
        let host = url.host_str()?;
        let named = self.0.iter().find(|it| it.host.as_deref() == Some(host));
        let machine = named.or_else(|| self.0.iter().find(|it| it.host.is_none()))?;
        Some(Credentials::basic(&machine.user, &machine.password))
    }
}

/// The words, without comments and macros. A word in quotes may contain spaces.
fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut in_macro = false;
    for line in text.lines() {
        // A macro ends with an empty line.
        in_macro &= !line.trim().is_empty();
        if in_macro {
            continue;
        }
        let mut rest = line.trim();
        if rest.starts_with('#') {
            continue;
        }
        while !rest.is_empty() {
            let (word, after) = word(rest);
            if word == "macdef" {
                in_macro = true;
                break;
            }
            words.push(word);
            rest = after.trim_start();
        }
    }
    words
}

fn word(text: &str) -> (String, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find(char::is_whitespace).unwrap_or(text.len());
        return (text[..end].to_owned(), &text[end..]);
    };
    let mut word = String::new();
    let mut letters = quoted.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return (word, &quoted[at + 1..]),
            '\\' => word.extend(letters.next().map(|(_, letter)| letter)),
            letter => word.push(letter),
        }
    }
    (word, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_host_has_its_own_password() {
        let netrc = Netrc::read(
            "# a remark\nmachine a.example login me password \"two \\\"words\"\n\
             macdef init\nmachine evil login x password y\n\n\
             machine B.example\n\tlogin you\n\tpassword #1\naccount x\n\
             default login anonymous password guest",
        );
        for (url, user, password) in [
            ("http://a.example/", "me", "two \"words"),
            ("http://b.example:81/", "you", "#1"),
            ("http://evil/", "anonymous", "guest"),
        ] {
            let found = netrc.of(&url.parse().unwrap());
            assert_eq!(found, Some(Credentials::basic(user, password)), "{url}");
        }
        assert!(
            Netrc::read("")
                .of(&"http://a.example/".parse().unwrap())
                .is_none()
        );
    }
}
