//! Sockets: a task waits for the system in the same way as for another task.
//!
//! Every operation is tried first. If the system says that it would block, the task waits until the
//! [event loop](event_loop) reports a change. A task whose sockets are always ready would never let
//! the others run, so it must yield after 64 operations in one poll. A socket belongs to the
//! executor that ran when it was made. Using it on another one is an error.
//!
//! ```
//! use scheduler::executor::{Executor, spawn};
//! use scheduler::io::{TcpListener, TcpStream};
//!
//! # fn main() -> std::io::Result<()> {
//! Executor::new()?.block_on(async {
//!     let listener = TcpListener::bind(([127, 0, 0, 1], 0).into())?;
//!     let address = listener.local_addr()?;
//!     let echo = spawn(async move {
//!         let (stream, _) = listener.accept().await?;
//!         let mut buffer = [0; 64];
//!         let length = stream.read(&mut buffer).await?;
//!         stream.write_all(&buffer[..length]).await
//!     });
//!     let stream = TcpStream::connect(address).await?;
//!     stream.write_all(b"hello").await?;
//!     let mut answer = [0; 64];
//!     let length = stream.read(&mut answer).await?;
//!     assert_eq!(&answer[..length], b"hello");
//!     echo.await.map_err(std::io::Error::other)?
//! })
//! # }
//! ```

mod lines;
mod source;
mod stream;
mod tcp;
mod udp;
mod unix;

pub use crate::executor::{SignalWait, signal};
pub use lines::{Line, Lines};
pub use tcp::{TcpListener, TcpStream};
pub use udp::UdpSocket;
pub use unix::{UnixListener, UnixStream};
