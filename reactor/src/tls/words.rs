//! TLS errors, and their texts in plain English.

use std::fmt::Debug;
use std::io;
use std::time::Duration;

use rustls::pki_types::pem;
use rustls::{AlertDescription, CertificateError};

/// An error of a TLS connection, or of the files for one.
///
/// # Examples
///
/// ```
/// use reactor::tls;
///
/// let error = tls::Client::trusting(b"no certificate at all").unwrap_err();
/// assert_eq!(error.to_string(), "there is no certificate in it (expected PEM)");
/// ```
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The other end's certificate is not accepted.
    #[error("{}", certificate(.0))]
    Certificate(CertificateError),
    /// The other end refuses the connection.
    #[error("the other end refused: {}", alert(*.0))]
    Refused(AlertDescription),
    /// The other end does not use TLS.
    #[error("the other end does not use TLS")]
    NotTls,
    /// The handshake timed out.
    #[error("the TLS handshake took over {0:?}")]
    TimedOut(Duration),
    /// The other end closed its connection in the middle of the handshake.
    #[error("the other end closed the connection during the TLS handshake")]
    LeftDuringHandshake,
    /// The connection ended without *close_notify*, which marks the end of the data.
    #[error("the connection was cut: TLS's close_notify is missing, so something may be lost")]
    Truncated,
    /// A name that no certificate can be for.
    #[error("{0:?} is neither a domain name nor an IP address")]
    Name(String),
    /// A file without a certificate.
    #[error("there is no certificate in it (expected PEM)")]
    NoCertificate,
    /// A file with the wrong contents.
    #[error("{what}: {why}")]
    File {
        /// The kind of file that was expected.
        what: &'static str,
        /// The reason.
        why: String,
    },
    /// Any other error.
    #[error("{}", other(.0))]
    Other(rustls::Error),
}

impl Error {
    pub(super) fn key(error: &pem::Error) -> Error {
        let why = match error {
            pem::Error::NoItemsFound => "there is none in it (expected PEM)".to_owned(),
            error => error.to_string(),
        };
        let what = "the private key";
        Error::File { what, why }
    }

    pub(super) fn certificates(error: &pem::Error) -> Error {
        let (what, why) = ("the certificates", error.to_string());
        Error::File { what, why }
    }
}

impl From<rustls::Error> for Error {
    fn from(error: rustls::Error) -> Self {
        match error {
            rustls::Error::InvalidCertificate(error) => Error::Certificate(error),
            rustls::Error::AlertReceived(alert) => Error::Refused(alert),
            rustls::Error::InvalidMessage(_) => Error::NotTls,
            error => Error::Other(error),
        }
    }
}

impl From<Error> for io::Error {
    fn from(error: Error) -> Self {
        io::Error::other(error)
    }
}

fn certificate(error: &CertificateError) -> String {
    let words = match error {
        CertificateError::BadEncoding => "cannot be read",
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => "has expired",
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "is not valid yet (is the clock of this machine right?)"
        }
        CertificateError::Revoked => "was revoked",
        CertificateError::UnknownIssuer => "is not signed by a trusted authority",
        CertificateError::BadSignature => "has a wrong signature",
        CertificateError::NotValidForName => "is for another name",
        CertificateError::NotValidForNameContext {
            expected,
            presented,
        } => {
            // These are the words of webpki.
            let presented = presented
                .iter()
                .map(|name| name.escape_default().to_string());
            let presented: Vec<_> = presented.map(|name| name.replace("\\\"", "\"")).collect();
            let expected = expected.to_str();
            let presented = presented.join(", ");
            return format!("the certificate is not for {expected}: it is for {presented}");
        }
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
            "is for another purpose"
        }
        CertificateError::Other(other) if other.to_string() == "CaUsedAsEndEntity" => {
            "is an authority's: a self-signed one must have CA:FALSE"
        }
        error => return format!("the certificate is not acceptable: {}", spaced(error)),
    };
    format!("the certificate {words}")
}

fn alert(alert: AlertDescription) -> String {
    match alert {
        AlertDescription::HandshakeFailure => "the two ends have no cipher in common".to_owned(),
        AlertDescription::ProtocolVersion => {
            "the two ends have no TLS version in common".to_owned()
        }
        AlertDescription::CertificateRequired => "it requires a certificate".to_owned(),
        AlertDescription::UnrecognisedName => "it does not know the name".to_owned(),
        AlertDescription::NoApplicationProtocol => {
            "it supports none of the offered protocols (ALPN)".to_owned()
        }
        AlertDescription::UnknownCA => "it does not trust the certificate's authority".to_owned(),
        AlertDescription::CertificateExpired => "the certificate has expired".to_owned(),
        AlertDescription::BadCertificate
        | AlertDescription::CertificateUnknown
        | AlertDescription::CertificateRevoked => "it does not accept the certificate".to_owned(),
        alert => spaced(&alert),
    }
}

fn other(error: &rustls::Error) -> String {
    match error {
        rustls::Error::PeerIncompatible(reason) => {
            format!("the two ends have nothing in common: {}", spaced(reason))
        }
        rustls::Error::PeerMisbehaved(reason) => {
            format!("the other end breaks the rules of TLS: {}", spaced(reason))
        }
        rustls::Error::NoCertificatesPresented => "the other end has no certificate".to_owned(),
        rustls::Error::NoApplicationProtocol => {
            "the two ends have no protocol in common (ALPN)".to_owned()
        }
        rustls::Error::InconsistentKeys(_) => {
            "the private key does not belong to the certificate".to_owned()
        }
        rustls::Error::DecryptError => "received data was changed in transit".to_owned(),
        error => error.to_string(),
    }
}

/// Splits the name of an error into words: `UnhandledCriticalExtension` is `unhandled critical
/// extension`.
fn spaced(name: &dyn Debug) -> String {
    let mut words = String::new();
    let mut before = ' ';
    for letter in format!("{name:?}").chars() {
        if letter.is_uppercase() && before.is_lowercase() {
            words.push(' ');
        }
        words.extend(letter.to_lowercase());
        before = letter;
    }
    words
}
