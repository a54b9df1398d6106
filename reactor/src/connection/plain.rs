//! Without the feature `tls`: every connection begins at once.

use super::Connection;
use crate::stream::Stream;
use crate::{Reason, Resolver, Transport};

impl Connection {
    pub(super) fn begins_with_handshake(&self, _: &Transport) -> bool {
        false
    }

    pub(super) fn shake_hands(&self, _: &Transport) -> bool {
        true
    }

    pub(crate) fn fires_when_secure(
        &self,
        resolver: Resolver<Transport>,
    ) -> Option<Resolver<Transport>> {
        Some(resolver)
    }

    pub(super) fn failed_handshake(_: &mut Stream) -> Option<fn(&Reason)> {
        None
    }
}
