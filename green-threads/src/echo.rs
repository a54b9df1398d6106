//! An echo server: sends back what comes.

use std::io::{self, Read, Write};

/// Bytes for each read: small enough to stay on the green thread's stack.
const BUFFER: usize = 4096;

/// Sends back what comes, until the other end ends.
///
/// Takes whatever reads and writes: green threads' sockets, and those of the standard library too.
///
/// # Errors
///
/// What went wrong with the connection.
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
