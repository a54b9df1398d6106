//! The HTTP clients: one for http, and one for https, which is made when it is needed. Each host and port
//! with a given address has two of its own, as a client's look-up does not know the port.
//!
//! A client for https reads all certificates of the system, and there may be none. A run that fetches only
//! `http://` neither waits for that nor fails because of it.

use std::sync::OnceLock;

use url::Url;

use super::Security;
use crate::error::Error;

pub(crate) struct Clients {
    /// The clients for a host and a port with a given address.
    given: Vec<(String, u16, Clients)>,
    plain: reqwest::Client,
    secure: OnceLock<Result<reqwest::Client, String>>,
    make: Box<dyn Fn() -> reqwest::ClientBuilder + Send + Sync>,
    security: Security,
}

impl Clients {
    /// Clients that `make` configures.
    pub(crate) fn new(
        make: impl Fn() -> reqwest::ClientBuilder + Send + Sync + 'static,
        security: Security,
        secure_proxy: bool,
    ) -> Result<Clients, Error> {
        let setup = |error: reqwest::Error| Error::Setup(format!("the client: {}", last(&error)));
        let builder = match secure_proxy {
            true => security.apply(make())?,
            false => without_certificates(make()),
        };
        let it = Clients {
            given: Vec::new(),
            plain: builder.build().map_err(setup)?,
            secure: OnceLock::new(),
            make: Box::new(make),
            security,
        };
        if it.security.is_set() {
            // A certificate that can't be read is an error before the first request.
            let _ = it.security.apply((it.make)())?;
        }
        Ok(it)
    }

    /// Sets other clients for a host and a port.
    pub(crate) fn give(&mut self, host: String, port: u16, clients: Clients) {
        self.given.push((host, port, clients));
    }

    /// The client for a URL.
    pub(crate) fn of(&self, url: &Url) -> Result<&reqwest::Client, Error> {
        let is_meant = |host: &str, port| {
            url.host_str() == Some(host) && url.port_or_known_default() == Some(port)
        };
        let given = self
            .given
            .iter()
            .find(|(host, port, _)| is_meant(host, *port));
        if let Some((.., clients)) = given {
            return clients.of(url);
        }
        if url.scheme() != "https" {
            return Ok(&self.plain);
        }
        let secure = self.secure.get_or_init(|| {
            let builder = self.security.apply((self.make)());
            let builder = builder.map_err(|error| error.to_string())?;
            builder.build().map_err(|error| {
                format!(
                    "there are no certificates of authorities on this system ({}): install \
                     ca-certificates, or name a file by --cacert or SSL_CERT_FILE",
                    last(&error).trim_start_matches("unexpected error: ")
                )
            })
        });
        secure.as_ref().map_err(|reason| Error::Tls(reason.clone()))
    }
}

#[cfg(feature = "tls")]
fn without_certificates(builder: reqwest::ClientBuilder) -> reqwest::ClientBuilder {
    builder.tls_certs_only([])
}

#[cfg(not(feature = "tls"))]
fn without_certificates(builder: reqwest::ClientBuilder) -> reqwest::ClientBuilder {
    builder
}

fn last(error: &reqwest::Error) -> String {
    let first: &(dyn std::error::Error + 'static) = error;
    std::iter::successors(Some(first), |error| (*error).source())
        .last()
        .map_or_else(String::new, ToString::to_string)
}
