//! Certificates, a protocol that records its calls, and the wire between two ends.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::atomic::{AtomicU32, Ordering};

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use reactor::event_loop::FakeClock;
use reactor::testing::{self, Memory};
use reactor::tls::{Client, Server};
use reactor::{Protocol, Reactor, Reason, Transport};

static COUNT: AtomicU32 = AtomicU32::new(0);

/// An authority that signs certificates.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pub certificate: String,
}

impl Authority {
    pub fn new() -> Authority {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        // Two authorities must not have the same name.
        let name = format!("authority {}", COUNT.fetch_add(1, Ordering::Relaxed));
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap().pem();
        Authority {
            issuer: Issuer::new(params, key),
            certificate,
        }
    }

    /// Signs a certificate for `name`. Returns it and its key, as PEM.
    pub fn sign(&self, name: &str, change: impl FnOnce(&mut CertificateParams)) -> [String; 2] {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        change(&mut params);
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        [certificate.pem(), key.serialize_pem()]
    }

    pub fn server_with(&self, change: impl FnOnce(&mut CertificateParams)) -> Server {
        let [certificate, key] = self.sign("localhost", change);
        Server::from_pem(certificate.as_bytes(), key.as_bytes()).unwrap()
    }

    pub fn client(&self) -> Client {
        Client::trusting(self.certificate.as_bytes()).unwrap()
    }
}

/// The calls that a protocol got.
#[derive(Default)]
pub struct Seen {
    pub made: Cell<u32>,
    pub bytes: RefCell<Vec<u8>>,
    pub ended: Cell<u32>,
    pub pauses: Cell<u32>,
    pub lost: RefCell<Vec<String>>,
}

/// Records its calls, and stays half open when the other end closes its half.
#[derive(Clone, Default)]
pub struct Note(pub Rc<Seen>);

impl Protocol for Note {
    fn connection_made(&mut self, _: &Transport) {
        self.0.made.update(|made| made + 1);
    }

    fn data_received(&mut self, _: &Transport, data: &[u8]) {
        self.0.bytes.borrow_mut().extend_from_slice(data);
    }

    fn end_received(&mut self, _: &Transport) {
        self.0.ended.update(|ended| ended + 1);
    }

    fn pause_producing(&mut self, _: &Transport) {
        self.0.pauses.update(|pauses| pauses + 1);
    }

    fn connection_lost(&mut self, reason: &Reason) {
        self.0.lost.borrow_mut().push(reason.to_string());
    }
}

/// Two ends of one connection, and the wire between them.
pub struct Pair {
    pub reactor: Reactor,
    pub clock: FakeClock,
    pub client: Memory,
    pub server: Memory,
    /// The calls that each end got.
    pub at_client: Rc<Seen>,
    pub at_server: Rc<Seen>,
}

impl Pair {
    /// A new pair. Nothing was carried yet.
    pub fn new() -> Pair {
        let authority = Authority::new();
        Pair::of(&authority.client(), &authority.server_with(|_| ()))
    }

    pub fn of(client: &Client, server: &Server) -> Pair {
        let (reactor, clock) = testing::reactor().unwrap();
        let (here, there) = (Note::default(), Note::default());
        let client = client.session("localhost").unwrap();
        let server = server.session().unwrap();
        Pair {
            at_client: Rc::clone(&here.0),
            at_server: Rc::clone(&there.0),
            client: testing::connect_tls(&reactor, client, here),
            server: testing::connect_tls(&reactor, server, there),
            reactor,
            clock,
        }
    }

    /// A pair whose handshake is done.
    pub fn shaken() -> Pair {
        let pair = Pair::new();
        pair.carry(usize::MAX);
        assert_eq!(
            (pair.at_client.made.get(), pair.at_server.made.get()),
            (1, 1)
        );
        pair
    }

    /// Carries what is on the wire, at most `most` bytes at once, until it is empty. Returns how
    /// often.
    pub fn carry(&self, most: usize) -> usize {
        self.run();
        carry_pieces(&self.client, &self.server, most)
    }

    /// Runs both ends, so that what was written is on the wire.
    pub fn run(&self) {
        self.reactor.run_pending().unwrap();
    }

    /// Also carries the end of the TCP connection, if an end has closed it.
    pub fn carry_ends(&self) {
        self.carry(usize::MAX);
        for (from, to) in [(&self.client, &self.server), (&self.server, &self.client)] {
            if from.has_ended() {
                to.end();
            }
        }
        self.carry(usize::MAX);
    }
}

/// Carries what is on the wire between two ends, until it is empty.
pub fn carry(one: &Memory, other: &Memory) {
    carry_pieces(one, other, usize::MAX);
}

fn carry_pieces(one: &Memory, other: &Memory, most: usize) -> usize {
    let mut times = 0;
    loop {
        let mut moved = false;
        for (from, to) in [(one, other), (other, one)] {
            let bytes = from.received();
            for piece in bytes.chunks(most) {
                to.send(piece);
                times += 1;
                moved = true;
            }
        }
        if !moved {
            return times;
        }
    }
}
