//! How a TLS connection begins: the protocol is told of it when the handshake is done.

use super::Connection;
use crate::stream::Stream;
use crate::tls::Shaken;
use crate::{Error, Reason, Resolver, Transport};

/// Tells the caller that waits for a connection why there is none.
type Failed = Box<dyn FnOnce(&Reason)>;

impl Connection {
    /// Begins the handshake, if the connection uses TLS.
    pub(super) fn begins_with_handshake(&self, transport: &Transport) -> bool {
        let Some(inner) = self.reactor.upgrade() else {
            return false;
        };
        let begins = self.stream.borrow_mut().begin_handshake(inner.now());
        if begins {
            // With TLS, a read that does not fill the buffer does not mean that nothing is left.
            self.reading.edge();
            self.arm(transport);
        }
        begins
    }

    /// Goes on with the handshake. Returns false if it is not done.
    pub(super) fn shake_hands(&self, transport: &Transport) -> bool {
        let shaken = self.stream.borrow_mut().shake();
        match shaken {
            Ok(Shaken::Before) => true,
            Ok(Shaken::Now(handshake)) => {
                // The time limit of the handshake ends here.
                self.arm(transport);
                let made = self.tell_made(transport);
                if let Some(waiting) = handshake.waiting {
                    let _ = waiting.fire(made.map(|()| transport.clone()));
                }
                !self.is_ending()
            }
            Ok(Shaken::NotYet) => {
                self.reading.drained();
                false
            }
            Err(error) => {
                self.cut(error.into());
                false
            }
        }
    }

    /// Fires `resolver` when the handshake is done. Without a handshake it returns `resolver`.
    pub(crate) fn fires_when_secure(
        &self,
        resolver: Resolver<Transport>,
    ) -> Option<Resolver<Transport>> {
        match self.stream.borrow_mut().handshake() {
            Some(handshake) => {
                handshake.waiting = Some(resolver);
                None
            }
            None => Some(resolver),
        }
    }

    /// What to call if the stream ends before its handshake is done.
    pub(super) fn failed_handshake(stream: &mut Stream) -> Option<Failed> {
        let waiting = stream.handshake()?.waiting.take();
        Some(Box::new(move |reason| {
            if let Some(waiting) = waiting {
                let _ = waiting.errback(Error::Handshake(reason.copy()));
            }
        }))
    }
}
