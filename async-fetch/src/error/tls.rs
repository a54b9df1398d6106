//! Errors of TLS, in words.

use std::error::Error as StdError;
use std::io;
use std::net::IpAddr;

use rustls::{AlertDescription, CertificateError, Error};

/// The words for an error of TLS; `None` if it is another one.
pub(super) fn words(cause: &(dyn StdError + 'static)) -> Option<String> {
    if let Some(error) = cause.downcast_ref::<Error>() {
        return Some(of(error));
    }
    // An `io::Error` does not return the error that it wraps as its source.
    let mut io = cause.downcast_ref::<io::Error>()?;
    loop {
        let inner = io.get_ref()?;
        if let Some(error) = inner.downcast_ref::<Error>() {
            return Some(of(error));
        }
        io = inner.downcast_ref()?;
    }
}

fn of(error: &Error) -> String {
    match error {
        Error::InvalidCertificate(error) => of_certificate(error),
        Error::AlertReceived(alert) => of_alert(*alert),
        Error::InvalidMessage(_) => "the server does not speak TLS".to_owned(),
        Error::PeerIncompatible(reason) => format!(
            "the server offers nothing that this program accepts ({}); it accepts TLS 1.2 and 1.3",
            spaced(&format!("{reason:?}"))
        ),
        Error::PeerMisbehaved(reason) => {
            format!(
                "the server breaks the rules of TLS ({})",
                spaced(&format!("{reason:?}"))
            )
        }
        Error::NoCertificatesPresented => "the server has no certificate".to_owned(),
        Error::NoApplicationProtocol => "the server speaks none of the versions of HTTP".to_owned(),
        Error::InconsistentKeys(_) => {
            "the key given does not belong to the certificate given".to_owned()
        }
        Error::General(reason) => reason.clone(),
        other => spaced(&other.to_string()),
    }
}

fn of_certificate(error: &CertificateError) -> String {
    match error {
        CertificateError::BadEncoding => "the certificate can't be read".to_owned(),
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "the certificate has expired".to_owned()
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "the certificate is not valid yet (is the clock of this machine right?)".to_owned()
        }
        CertificateError::Revoked => "the certificate was revoked".to_owned(),
        CertificateError::UnknownIssuer => {
            "the certificate is signed by nobody who is trusted here: --cacert adds an authority"
                .to_owned()
        }
        CertificateError::BadSignature => "the certificate's signature is wrong".to_owned(),
        CertificateError::NotValidForName => {
            "the certificate is for another name than the URL's".to_owned()
        }
        CertificateError::NotValidForNameContext { presented, .. } => format!(
            "the certificate is for another name than the URL's: it is for {}",
            names(presented)
        ),
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
            "the certificate is not for a server".to_owned()
        }
        CertificateError::ApplicationVerificationFailure => {
            "the certificate was refused by this system".to_owned()
        }
        CertificateError::Other(other) => match other.to_string().as_str() {
            "CaUsedAsEndEntity" => "the certificate is one of an authority, not of a server: \
                 one that is signed by itself must say CA:FALSE"
                .to_owned(),
            reason => format!("the certificate is not acceptable: {}", spaced(reason)),
        },
        other => format!(
            "the certificate is not acceptable: {}",
            spaced(&format!("{other:?}"))
        ),
    }
}

/// The names of a certificate. They come as the `Debug` text of a type: `DnsName("localhost")`.
fn names(presented: &[String]) -> String {
    let names = presented.iter().filter_map(|name| {
        let name = name.strip_suffix(')')?;
        let host = name.strip_prefix("DnsName(");
        let name = host.or_else(|| name.strip_prefix("IpAddress("))?;
        let name = name.trim_matches('"');
        let address = name.parse().map(|it: IpAddr| it.to_string());
        Some(address.unwrap_or_else(|_| name.to_owned()))
    });
    match names.collect::<Vec<_>>() {
        names if names.is_empty() => "no host".to_owned(),
        names => names.join(", "),
    }
}

fn of_alert(alert: AlertDescription) -> String {
    let reason = match alert {
        AlertDescription::HandshakeFailure => "it offers no cipher that this program accepts",
        AlertDescription::ProtocolVersion => {
            "it offers no version of TLS that this program accepts"
        }
        AlertDescription::CertificateRequired => {
            "it wants a certificate: --cert and --key give one"
        }
        AlertDescription::UnrecognisedName => "it does not know the URL's name",
        AlertDescription::BadCertificate
        | AlertDescription::UnknownCA
        | AlertDescription::CertificateUnknown
        | AlertDescription::CertificateExpired
        | AlertDescription::CertificateRevoked => "it does not accept the certificate given",
        other => return format!("the server refused: {}", spaced(&format!("{other:?}"))),
    };
    format!("the server refused: {reason}")
}

/// Makes words of the name of a library's error: `CaUsedAsEndEntity` is `ca used as end entity`.
fn spaced(name: &str) -> String {
    let mut words = String::with_capacity(name.len() + 8);
    let mut before = ' ';
    for letter in name.chars() {
        if letter.is_uppercase() && before.is_lowercase() {
            words.push(' ');
        }
        words.extend(letter.to_lowercase());
        before = letter;
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_of_a_certificate_are_told_as_they_are_written() {
        // As rustls 0.23 gives those of a certificate of openssl.
        let presented = [
            "DnsName(\"localhost\")",
            "DnsName(\"*.a.example\")",
            "IpAddress(127.0.0.1)",
            "IpAddress(0::1)",
            "UniformResourceIdentifier(\"x\")",
        ];
        let told = |presented: &[&str]| {
            let error = CertificateError::NotValidForNameContext {
                expected: "b.example".try_into().unwrap(),
                presented: presented.iter().map(ToString::to_string).collect(),
            };
            words(&io::Error::other(Error::InvalidCertificate(error))).unwrap()
        };
        let all = told(&presented);
        assert!(
            all.ends_with(": it is for localhost, *.a.example, 127.0.0.1, ::1"),
            "{all}"
        );
        assert!(told(&[]).ends_with("it is for no host"));
    }

    #[test]
    fn no_error_is_told_by_the_name_of_a_type() {
        use rustls::{InvalidMessage, OtherError, PeerIncompatible, PeerMisbehaved};
        #[derive(Debug)]
        struct CaUsedAsEndEntity;
        impl std::fmt::Display for CaUsedAsEndEntity {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("CaUsedAsEndEntity")
            }
        }
        impl StdError for CaUsedAsEndEntity {}
        let other = OtherError(std::sync::Arc::new(CaUsedAsEndEntity));
        for error in [
            Error::InvalidCertificate(CertificateError::Other(other)),
            Error::InvalidCertificate(CertificateError::UnknownIssuer),
            Error::InvalidCertificate(CertificateError::UnhandledCriticalExtension),
            Error::InvalidMessage(InvalidMessage::InvalidContentType),
            Error::PeerIncompatible(PeerIncompatible::NoCipherSuitesInCommon),
            Error::PeerMisbehaved(PeerMisbehaved::TooMuchEarlyDataReceived),
            Error::AlertReceived(AlertDescription::InternalError),
            Error::AlertReceived(AlertDescription::HandshakeFailure),
        ] {
            let wrapped = io::Error::other(io::Error::other(error));
            let words = words(&wrapped).unwrap();
            // A capital after a small letter, as in `UnknownIssuer`.
            let pairs = words.as_bytes().windows(2);
            let is_name =
                |pair: &[u8]| pair[0].is_ascii_lowercase() && pair[1].is_ascii_uppercase();
            assert!(!pairs.into_iter().any(is_name), "{words}");
        }
        assert!(words(&io::Error::other("else")).is_none());
        let other = OtherError(std::sync::Arc::new(CaUsedAsEndEntity));
        let error = Error::InvalidCertificate(CertificateError::Other(other));
        // With a remedy: many make such certificates for tests.
        assert!(
            words(&io::Error::other(error))
                .unwrap()
                .contains("CA:FALSE")
        );
    }
}
