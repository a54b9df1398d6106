//! A protocol: what to do with the bytes of one connection, apart from where they come from. Bytes
//! arrive in pieces of any size; the protocol makes lines of them. It needs no socket, so it can be
//! tested without one.

/// The calls that a connection makes, and the place where its answers go.
trait Protocol {
    fn data_received(&mut self, data: &[u8], transport: &mut Vec<u8>);
}

/// Makes lines of the pieces, and answers each line.
#[derive(Default)]
struct Greeter {
    /// The bytes since the last end of a line.
    rest: Vec<u8>,
}

/// A longer line is not kept: a client that never ends a line must not fill the memory.
const LONGEST_LINE: usize = 1000;

impl Greeter {
    fn line_received(&mut self, line: &[u8], transport: &mut Vec<u8>) {
        let name = String::from_utf8_lossy(line);
        transport.extend(format!("hello, {name}\n").bytes());
    }
}

impl Protocol for Greeter {
    fn data_received(&mut self, data: &[u8], transport: &mut Vec<u8>) {
        for &byte in data {
            match byte {
                b'\n' => {
                    let line = std::mem::take(&mut self.rest);
                    self.line_received(&line, transport);
                }
                _ if self.rest.len() < LONGEST_LINE => self.rest.push(byte),
                _ => {}
            }
        }
    }
}

fn main() {
    let mut protocol = Greeter::default();
    let mut transport = Vec::new();
    // The network may cut anywhere, even inside a character.
    let bytes = "Ann\nBjörn\nCarl".as_bytes();
    for piece in bytes.chunks(3) {
        println!("<- {:?}", String::from_utf8_lossy(piece));
        protocol.data_received(piece, &mut transport);
    }
    print!("{}", String::from_utf8_lossy(&transport));
    println!(
        "still waiting for the end of {:?}",
        String::from_utf8_lossy(&protocol.rest)
    );
}
