//! Settings for https: trusted authorities, and the client's certificate.

use std::path::PathBuf;
#[cfg(feature = "tls")]
use std::{fs, path::Path};

use crate::error::Error;

/// The settings of TLS.
#[derive(Clone, Debug, Default)]
pub(crate) struct Security {
    /// Accept any certificate.
    pub(crate) insecure: bool,
    /// A file with the authorities that are trusted, instead of the system's.
    pub(crate) authorities: Option<PathBuf>,
    /// Files with this program's own certificate, and its key, which may be in the same one.
    pub(crate) own: Option<(PathBuf, Option<PathBuf>)>,
}

impl Security {
    /// Whether there is a file that could be wrong.
    pub(crate) fn is_set(&self) -> bool {
        self.authorities.is_some() || self.own.is_some()
    }

    /// # Errors
    /// If a file can't be read, or has the wrong content.
    #[cfg(feature = "tls")]
    pub(crate) fn apply(
        &self,
        mut builder: reqwest::ClientBuilder,
    ) -> Result<reqwest::ClientBuilder, Error> {
        if self.insecure {
            builder = builder.tls_danger_accept_invalid_certs(true);
        }
        if let Some(path) = &self.authorities {
            let all = reqwest::Certificate::from_pem_bundle(&read(path)?)
                .ok()
                .filter(|all| !all.is_empty());
            let all = all.ok_or_else(|| wrong(path, "no certificate in PEM is in it"))?;
            builder = builder.tls_certs_only(all);
        }
        if let Some((certificate, key)) = &self.own {
            let mut pem = read(certificate)?;
            if let Some(key) = key {
                pem.push(b'\n');
                pem.extend(read(key)?);
            }
            let identity = reqwest::Identity::from_pem(&pem).map_err(|_| {
                wrong(
                    certificate,
                    "no certificate with its key in PEM: --key names the file of the key",
                )
            })?;
            builder = builder.identity(identity);
        }
        Ok(builder)
    }

    #[cfg(not(feature = "tls"))]
    #[allow(clippy::unnecessary_wraps, reason = "with TLS it can fail")]
    pub(crate) fn apply(
        &self,
        builder: reqwest::ClientBuilder,
    ) -> Result<reqwest::ClientBuilder, Error> {
        let _ = (self.insecure, &self.own);
        Ok(builder)
    }
}

#[cfg(feature = "tls")]
fn read(path: &Path) -> Result<Vec<u8>, Error> {
    fs::read(path).map_err(Error::file(path))
}

#[cfg(feature = "tls")]
fn wrong(path: &Path, reason: &str) -> Error {
    Error::Setup(format!("{}: {reason}", path.display()))
}
