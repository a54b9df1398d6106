//! The cookies of a run: in memory, and in a file with `--cookie-jar`.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use async_fetch::{CookieJar, HeaderName, HeaderValue};
use common::files;

use super::args::Sending;

/// The jar, and the cookies that were given as a header.
pub(super) struct Cookies {
    pub(super) jar: Arc<CookieJar>,
    pub(super) given: Option<(HeaderName, HeaderValue)>,
}

impl Cookies {
    /// # Errors
    /// If a file can't be read.
    pub(super) fn of(args: &Sending) -> anyhow::Result<Cookies> {
        let load = |path: &Path| CookieJar::load(path).with_context(|| path.display().to_string());
        let mut jar = match &args.cookie_jar {
            Some(path) if path.exists() => load(path)?,
            _ => CookieJar::new(),
        };
        let mut given = None;
        match args.cookie.as_deref() {
            Some(text) if text.contains('=') => {
                let mut value = HeaderValue::from_bytes(text.as_bytes())
                    .context("--cookie: can't stand in a header")?;
                value.set_sensitive(true);
                given = Some((HeaderName::from_static("cookie"), value));
            }
            Some(path) => jar = load(Path::new(path))?,
            None => {}
        }
        Ok(Cookies {
            jar: Arc::new(jar),
            given,
        })
    }

    /// Writes the file, for its owner only.
    ///
    /// # Errors
    /// If it can't be written.
    pub(super) fn save(&self, args: &Sending) -> anyhow::Result<()> {
        if let Some(path) = &args.cookie_jar {
            files::write_privately(path, self.jar.to_text())?;
        }
        Ok(())
    }
}
