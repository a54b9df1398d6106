//! What can be wrong with a secure connection, in words.

use std::fmt::Debug;
use std::io;
use std::time::Duration;

use rustls::pki_types::pem;
use rustls::{AlertDescription, CertificateError};

/// What is wrong with a secure connection, or with what is to make one.
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
    /// The other end refuses.
    #[error("the other end refused: {}", alert(*.0))]
    Refused(AlertDescription),
    /// The other end speaks something else.
    #[error("the other end does not speak TLS")]
    NotTls,
    /// The handshake was not done in time.
    #[error("the TLS handshake took over {0:?}")]
    TimedOut(Duration),
    /// The other end closed its connection in the middle of the handshake.
    #[error("the other end closed the connection during the TLS handshake")]
    LeftDuringHandshake,
    /// The connection ended without the *close_notify* that says that all was sent.
    #[error("the connection was cut: TLS's close_notify is missing, so something may be lost")]
    Truncated,
    /// No name that a certificate can be for.
    #[error("{0:?} is neither a domain name nor an IP address")]
    Name(String),
    /// A certificate file without one.
    #[error("there is no certificate in it (expected PEM)")]
    NoCertificate,
    /// A file that cannot be read as what it should be.
    #[error("{what}: {why}")]
    File {
        /// What it should be.
        what: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// Whatever else.
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
        CertificateError::UnknownIssuer => "is signed by nobody who is trusted here",
        CertificateError::BadSignature => "has a wrong signature",
        CertificateError::NotValidForName => "is for another name",
        CertificateError::NotValidForNameContext {
            expected,
            presented,
        } => {
            // These are another's words.
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
            "is one of an authority: one that is signed by itself must say CA:FALSE"
        }
        error => return format!("the certificate is not acceptable: {}", spaced(error)),
    };
    format!("the certificate {words}")
}

fn alert(alert: AlertDescription) -> String {
    match alert {
        AlertDescription::HandshakeFailure => "no cipher is accepted by both".to_owned(),
        AlertDescription::ProtocolVersion => "no version of TLS is spoken by both".to_owned(),
        AlertDescription::CertificateRequired => "it wants a certificate".to_owned(),
        AlertDescription::UnrecognisedName => "it does not know the name".to_owned(),
        AlertDescription::NoApplicationProtocol => {
            "it speaks none of the protocols offered (ALPN)".to_owned()
        }
        AlertDescription::UnknownCA => {
            "it does not trust who has signed the certificate".to_owned()
        }
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
            "none of the protocols offered is spoken by both (ALPN)".to_owned()
        }
        rustls::Error::InconsistentKeys(_) => {
            "the private key does not belong to the certificate".to_owned()
        }
        rustls::Error::DecryptError => "what came was changed on its way".to_owned(),
        error => error.to_string(),
    }
}

/// The name of another's error as words: `UnhandledCriticalExtension` is `unhandled critical extension`.
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
