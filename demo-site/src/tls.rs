//! https with certificates that are made at start: a good one, and bad ones that clients must refuse. The server
//! name of the client (SNI) chooses.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::serve::Listener;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::PrivatePkcs8KeyDer;
use tokio_rustls::rustls::server::{ClientHello, ResolvesServerCert};
use tokio_rustls::rustls::sign::CertifiedKey;
use tokio_rustls::rustls::{self, ServerConfig};
use tokio_rustls::server::TlsStream;

/// The longest time for a handshake.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// Connections that wait to be served after their handshake, at most.
const WAITING: usize = 64;

/// The names of the good certificate.
const NAMES: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// The server names with bad certificates, and the fault of each.
pub const BAD_CERTIFICATES: [(&str, &str); 5] = [
    ("expired.localhost", "was valid until 1991"),
    ("other-name.localhost", "is for elsewhere.example"),
    ("self-signed.localhost", "is signed by itself"),
    (
        "unknown.localhost",
        "is signed by an authority that nobody knows",
    ),
    ("authority.localhost", "is the authority's own"),
];

/// The certificates, and the authority that signed the good one.
pub(crate) struct Identity {
    /// The authority's certificate, for clients to trust.
    pub(crate) authority: String,
    pub(crate) acceptor: TlsAcceptor,
}

impl Identity {
    /// Makes all of them.
    pub(crate) fn make() -> io::Result<Identity> {
        Identity::try_make().map_err(io::Error::other)
    }

    fn try_make() -> Result<Identity, Box<dyn std::error::Error + Send + Sync>> {
        let (known, known_pem, known_key) = authority("many hands: a demo authority")?;
        let (unknown, ..) = authority("many hands: an unknown authority")?;
        let usual = signed(leaf(&NAMES)?, &known)?;
        let mut bad = Vec::new();
        for (name, _) in BAD_CERTIFICATES {
            let mut params = leaf(&[name])?;
            let certificate = match name {
                "expired.localhost" => {
                    params.not_before = rcgen::date_time_ymd(1990, 1, 1);
                    params.not_after = rcgen::date_time_ymd(1991, 1, 1);
                    signed(params, &known)?
                }
                "other-name.localhost" => signed(leaf(&["elsewhere.example"])?, &known)?,
                "unknown.localhost" => signed(params, &unknown)?,
                "self-signed.localhost" => {
                    let key = KeyPair::generate()?;
                    certified(params.self_signed(&key)?.der().to_vec(), &key)?
                }
                _ => Arc::clone(&known_key),
            };
            bad.push((name, certificate));
        }
        let provider = Arc::new(aws_lc_rs::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(ByName { usual, bad }));
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Identity {
            authority: known_pem,
            acceptor: TlsAcceptor::from(Arc::new(config)),
        })
    }
}

type Authority = (Issuer<'static, KeyPair>, String, Arc<CertifiedKey>);

fn authority(name: &str) -> Result<Authority, Box<dyn std::error::Error + Send + Sync>> {
    let mut params = CertificateParams::new(Vec::new())?;
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![
        KeyUsagePurpose::KeyCertSign,
        KeyUsagePurpose::DigitalSignature,
    ];
    params.distinguished_name.push(DnType::CommonName, name);
    let key = KeyPair::generate()?;
    let certificate = params.self_signed(&key)?;
    let own = certified(certificate.der().to_vec(), &key)?;
    Ok((Issuer::new(params, key), certificate.pem(), own))
}

fn leaf(names: &[&str]) -> Result<CertificateParams, rcgen::Error> {
    let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
    let mut params = CertificateParams::new(names)?;
    params
        .distinguished_name
        .push(DnType::CommonName, "a demo site");
    params.use_authority_key_identifier_extension = true;
    Ok(params)
}

fn signed(
    params: CertificateParams,
    by: &Issuer<'static, KeyPair>,
) -> Result<Arc<CertifiedKey>, Box<dyn std::error::Error + Send + Sync>> {
    let key = KeyPair::generate()?;
    let certificate = params.signed_by(&key, by)?;
    Ok(certified(certificate.der().to_vec(), &key)?)
}

fn certified(der: Vec<u8>, key: &KeyPair) -> Result<Arc<CertifiedKey>, rustls::Error> {
    let key = PrivatePkcs8KeyDer::from(key.serialize_der());
    let key = aws_lc_rs::sign::any_supported_type(&key.into())?;
    Ok(Arc::new(CertifiedKey::new(vec![der.into()], key)))
}

/// The certificate for the name that a client asks for.
#[derive(Debug)]
struct ByName {
    usual: Arc<CertifiedKey>,
    bad: Vec<(&'static str, Arc<CertifiedKey>)>,
}

impl ResolvesServerCert for ByName {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let asked = hello.server_name().unwrap_or("");
        let bad = self.bad.iter().find(|(name, _)| *name == asked);
        Some(Arc::clone(
            bad.map_or(&self.usual, |(_, certificate)| certificate),
        ))
    }
}

/// A listener of connections after their handshake. Handshakes run side by side.
pub(crate) struct TlsListener<IO> {
    ready: mpsc::Receiver<(TlsStream<IO>, SocketAddr)>,
    address: SocketAddr,
}

impl<IO: AsyncRead + AsyncWrite + Send + Unpin + 'static> TlsListener<IO> {
    pub(crate) fn new(
        mut listener: impl Listener<Io = IO, Addr = SocketAddr>,
        acceptor: TlsAcceptor,
    ) -> io::Result<Self> {
        let address = listener.local_addr()?;
        let (sender, ready) = mpsc::channel(WAITING);
        tokio::spawn(async move {
            loop {
                let (stream, address) = listener.accept().await;
                let (acceptor, sender) = (acceptor.clone(), sender.clone());
                tokio::spawn(async move {
                    // A client may refuse the certificate.
                    let done = tokio::time::timeout(HANDSHAKE, acceptor.accept(stream)).await;
                    if let Ok(Ok(stream)) = done {
                        let _ = sender.send((stream, address)).await;
                    }
                });
            }
        });
        Ok(TlsListener { ready, address })
    }
}

impl<IO: AsyncRead + AsyncWrite + Send + Unpin + 'static> Listener for TlsListener<IO> {
    type Io = TlsStream<IO>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, SocketAddr) {
        match self.ready.recv().await {
            Some(ready) => ready,
            // The task that sends never ends before the runtime does.
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.address)
    }
}
