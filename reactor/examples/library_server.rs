//! A server in one page: it greets each line, and counts its greetings.
//!
//! cargo run --release -p reactor --example server         # then: nc 127.0.0.1 4001

use std::cell::Cell;
use std::rc::Rc;

use reactor::{LineHandler, LineReceiver, Reactor, Reason, Transport};

struct Greeter {
    greeted: Rc<Cell<u32>>,
}

impl LineHandler for Greeter {
    fn connection_made(&mut self, transport: &Transport) {
        transport.write(b"who are you?\n");
    }

    fn line_received(&mut self, transport: &Transport, line: &[u8]) {
        self.greeted.update(|greeted| greeted + 1);
        let name = String::from_utf8_lossy(line);
        transport.write(format!("hello, {name}, number {}\n", self.greeted.get()).as_bytes());
    }

    fn connection_lost(&mut self, reason: &Reason) {
        println!("a connection has ended: {reason}");
    }
}

fn main() -> std::io::Result<()> {
    let reactor = Reactor::new()?;
    let greeted = Rc::new(Cell::new(0));
    // A closure is a factory: it is called for each connection.
    let factory = move || {
        LineReceiver::new(Greeter {
            greeted: Rc::clone(&greeted),
        })
    };
    let port = reactor.listen_tcp(([127, 0, 0, 1], 4001).into(), factory)?;
    println!("nc {}", port.local_addr()?.to_string().replace(':', " "));
    reactor.run()
}
