//! What must hold once a client has ended.

use std::io::Read;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

use super::{Client, Round, read};

impl Round<'_> {
    /// What must hold once a client has ended.
    pub(super) fn check(
        &mut self,
        client: Option<Client>,
        status: ExitStatus,
    ) -> Result<(), String> {
        let Some(mut client) = client else {
            return Ok(());
        };
        let mut said = String::new();
        for pipe in [
            client
                .child
                .stdout
                .take()
                .map(|it| Box::new(it) as Box<dyn Read>),
            client
                .child
                .stderr
                .take()
                .map(|it| Box::new(it) as Box<dyn Read>),
        ] {
            pipe.unwrap().read_to_string(&mut said).unwrap();
        }
        self.story.push(format!("ended: {status}: {}", said.trim()));
        if said.contains("panicked") {
            return Err("a panic".into());
        }
        let done = status.code() == Some(0);
        match (status.code(), status.signal()) {
            (Some(0 | 1 | 130), _) | (None, Some(9)) => {}
            _ => return Err("an exit of no known kind".into()),
        }
        match (read(&self.target()), &client.before) {
            (None, _) if done => Err("exit 0, and there is no file".into()),
            (None, _) => Ok(()),
            (Some(now), Some(before)) if now == *before => Ok(()),
            (Some(now), _) => self.is_whole(&now, client.since),
        }
    }

    /// Whether this is the file as the server had it once the client was there.
    fn is_whole(&self, now: &[u8], since: usize) -> Result<(), String> {
        if self.versions[since..].iter().any(|version| version == now) {
            return Ok(());
        }
        if let Some(old) = self.versions.iter().position(|version| version == now) {
            return Err(format!(
                "it is version {}, which the server had no more",
                old + 1
            ));
        }
        let begins: Vec<_> = self
            .versions
            .iter()
            .map(|version| alike(version, now))
            .collect();
        Err(format!(
            "{} bytes that are no version; alike from the start: {begins:?}",
            now.len()
        ))
    }
}

/// How many bytes are the same from the start.
fn alike(one: &[u8], other: &[u8]) -> usize {
    one.iter()
        .zip(other)
        .take_while(|(one, other)| one == other)
        .count()
}
