//! A port forwarder, with back pressure both ways.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;

use crate::{Error, Factory, Peer, Protocol, Reactor, Reason, Transport};

/// The factory of a forwarder: each connection gets its own connection to the target.
#[derive(Clone, Debug)]
pub struct Proxy {
    reactor: Reactor,
    target: SocketAddr,
}

impl Proxy {
    /// A factory that forwards to `target`.
    pub fn new(reactor: &Reactor, target: SocketAddr) -> Proxy {
        Proxy {
            reactor: reactor.clone(),
            target,
        }
    }
}

impl Factory for Proxy {
    fn build(&self, _: Peer) -> Option<Box<dyn Protocol>> {
        let ends = Ends::default();
        Some(Box::new(Side {
            here: 0,
            ends: Rc::clone(&ends),
            target: Some(self.clone()),
        }))
    }
}

type Ends = Rc<RefCell<[Option<Transport>; 2]>>;

/// One of the two ends. Bytes that arrive here are written to the other end.
struct Side {
    here: usize,
    ends: Ends,
    /// On the client's side: where to connect.
    target: Option<Proxy>,
}

impl Side {
    fn other(&self) -> Option<Transport> {
        self.ends.borrow()[1 - self.here].clone()
    }
}

impl Protocol for Side {
    fn connection_made(&mut self, transport: &Transport) {
        self.ends.borrow_mut()[self.here] = Some(transport.clone());
        let Some(proxy) = self.target.take() else {
            // On the target's side: bytes that the client has sent meanwhile can be forwarded now.
            match self.other() {
                Some(client) => client.resume_producing(),
                None => transport.abort(),
            }
            return;
        };
        transport.pause_producing();
        let server = Side {
            here: 1,
            ends: Rc::clone(&self.ends),
            target: None,
        };
        let client = transport.clone();
        let target = proxy.target;
        proxy
            .reactor
            .connect_tcp(target, server)
            .add_both(move |connected| {
                if let Err(error) = connected {
                    tracing::warn!(%target, %error, "no connection to the target");
                    client.abort();
                }
                Ok::<_, Error>(())
            })
            .detach();
    }

    fn data_received(&mut self, transport: &Transport, data: &[u8]) {
        match self.other() {
            Some(other) => other.write(data),
            None => transport.abort(),
        }
    }

    fn end_received(&mut self, transport: &Transport) {
        // This half has ended, so it ends on the other side too. The other half goes on.
        match self.other() {
            Some(other) => other.close_write(),
            None => transport.close(),
        }
        let ended =
            |transport: &Option<Transport>| transport.as_ref().is_some_and(Transport::has_ended);
        if self.ends.borrow().iter().all(ended) {
            for end in self.ends.borrow().iter().flatten() {
                end.close();
            }
        }
    }

    fn pause_producing(&mut self, _: &Transport) {
        // This end accepts no more for now, so the other end is not read.
        if let Some(other) = self.other() {
            other.pause_producing();
        }
    }

    fn resume_producing(&mut self, _: &Transport) {
        if let Some(other) = self.other() {
            other.resume_producing();
        }
    }

    fn connection_lost(&mut self, reason: &Reason) {
        let other = self.other();
        *self.ends.borrow_mut() = [None, None];
        if let Some(other) = other {
            match reason {
                Reason::Closed | Reason::EndOfStream => other.close(),
                _ => other.abort(),
            }
        }
    }
}
