//! An echo: it sends back what it receives.

use crate::{Protocol, Transport};

/// Sends back what it receives. It stops reading while the other end does not read.
#[derive(Clone, Copy, Debug, Default)]
pub struct Echo;

impl Protocol for Echo {
    fn data_received(&mut self, transport: &Transport, data: &[u8]) {
        transport.write(data);
    }

    fn pause_producing(&mut self, transport: &Transport) {
        transport.pause_producing();
    }

    fn resume_producing(&mut self, transport: &Transport) {
        transport.resume_producing();
    }
}
