//! An echo server: it sends back all bytes that come.

use std::io::{self, Read, Write};

/// The size of a read: small enough to stay on the green thread's stack.
const BUFFER: usize = 4096;

/// Sends back all bytes that come, until the other end closes its half.
///
/// It takes anything that reads and writes: sockets of green threads and of the standard library.
///
/// # Errors
///
/// The error of the connection.
///
/// # Examples
///
/// ```
/// use std::io::{Read, Write};
///
/// use green_threads::{echo::echo, net::UnixStream, spawn};
///
/// # fn main() -> std::io::Result<()> {
/// let (mut here, there) = UnixStream::pair()?;
/// spawn(move || echo(there));
/// here.write_all(b"again")?;
/// let mut answer = [0; 5];
/// here.read_exact(&mut answer)?;
/// assert_eq!(&answer, b"again");
/// # Ok(()) }
/// ```
pub fn echo(mut stream: impl Read + Write) -> io::Result<()> {
    let mut buffer = [0; BUFFER];
    loop {
        match stream.read(&mut buffer)? {
            0 => return Ok(()),
            length => stream.write_all(&buffer[..length])?,
        }
    }
}
