//! A socket that a signal handler writes to and the loop watches. So a signal wakes the loop.

pub(crate) use sys::Bell;

#[cfg(unix)]
mod sys {
    use std::io::{self, Read};
    use std::os::fd::OwnedFd;
    use std::os::unix::net::UnixStream;

    use mio::{Interest, Registry, Token};
    use signal_hook::SigId;
    use signal_hook::low_level::pipe;

    use crate::signals::Signal;

    pub(crate) struct Bell {
        receiver: mio::net::UnixStream,
        sender: UnixStream,
    }

    impl Bell {
        pub(crate) fn new(registry: &Registry, token: Token) -> io::Result<Bell> {
            let (receiver, sender) = UnixStream::pair()?;
            // A handler must not block. If the socket is full, the loop wakes just as well.
            sender.set_nonblocking(true)?;
            receiver.set_nonblocking(true)?;
            let mut receiver = mio::net::UnixStream::from_std(receiver);
            registry.register(&mut receiver, token, Interest::READABLE)?;
            Ok(Bell { receiver, sender })
        }

        pub(crate) fn ring_on(&self, signal: Signal) -> io::Result<SigId> {
            pipe::register(signal.number(), OwnedFd::from(self.sender.try_clone()?))
        }

        /// Reads until it would block, so that the next signal is an edge again.
        pub(crate) fn silence(&mut self) {
            while matches!(self.receiver.read(&mut [0; 64]), Ok(n) if n > 0) {}
        }
    }
}

/// Windows has no socket pairs. Two datagram sockets of the loopback address do the same.
#[cfg(windows)]
#[expect(unsafe_code, reason = "signal-hook has no safe way to run a closure")]
mod sys {
    use std::io;
    use std::net::{Ipv4Addr, UdpSocket};

    use mio::{Interest, Registry, Token};
    use signal_hook::SigId;
    use signal_hook::low_level;

    use crate::signals::Signal;

    pub(crate) struct Bell {
        receiver: mio::net::UdpSocket,
        sender: UdpSocket,
    }

    impl Bell {
        pub(crate) fn new(registry: &Registry, token: Token) -> io::Result<Bell> {
            let sender = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
            let receiver = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
            // Connected, each socket receives from the other only.
            sender.connect(receiver.local_addr()?)?;
            receiver.connect(sender.local_addr()?)?;
            sender.set_nonblocking(true)?;
            receiver.set_nonblocking(true)?;
            let mut receiver = mio::net::UdpSocket::from_std(receiver);
            registry.register(&mut receiver, token, Interest::READABLE)?;
            Ok(Bell { receiver, sender })
        }

        pub(crate) fn ring_on(&self, signal: Signal) -> io::Result<SigId> {
            let sender = self.sender.try_clone()?;
            // A full socket wakes the loop just as well.
            let ring = move || drop(sender.send(&[1]));
            // SAFETY: the limits of a Unix signal handler do not hold on Windows. There a thread of
            // its own handles SIGINT, and the thread that raised it handles SIGTERM. Sending
            // allocates nothing, takes no lock and does not panic.
            unsafe { low_level::register(signal.number(), ring) }
        }

        /// Reads until it would block, so that the next signal is an edge again.
        pub(crate) fn silence(&mut self) {
            while self.receiver.recv(&mut [0; 64]).is_ok() {}
        }
    }
}
