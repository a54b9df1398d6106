//! Sockets of all kinds, connected with the standard library's.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::os::fd::{AsFd, AsRawFd};
use std::time::Duration;

use green_threads::net::{
    TcpListener, TcpStream, UdpSocket, UnixDatagram, UnixListener, UnixStream,
};
use green_threads::{sleep, spawn, stats, timeout, yield_now};

const MOMENT: Duration = Duration::from_millis(1);
const PATIENCE: Duration = Duration::from_secs(20);

#[test]
fn sockets_come_from_the_standard_librarys() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let listener = TcpListener::try_from(listener).unwrap();
    let address = listener.local_addr().unwrap();
    let accepting = spawn(move || listener.accept().unwrap().0);
    let mut here = TcpStream::try_from(std::net::TcpStream::connect(address).unwrap()).unwrap();
    let mut there = accepting.join().unwrap();
    let reading = spawn(move || {
        let mut word = [0; 5];
        there.read_exact(&mut word).map(|()| word)
    });
    // It waits, and does not block the thread.
    yield_now();
    assert!(!reading.ready());
    here.write_all(b"hello").unwrap();
    assert_eq!(reading.join().unwrap().unwrap(), *b"hello");

    let udp = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let udp = UdpSocket::try_from(udp).unwrap();
    assert!(timeout(MOMENT, || udp.recv_from(&mut [0])).is_err());
    let (one, other) = std::os::unix::net::UnixStream::pair().unwrap();
    let mut one = UnixStream::try_from(one).unwrap();
    assert!(timeout(MOMENT, || one.read(&mut [0])).is_err());
    drop(other);
    assert_eq!(one.read(&mut [0]).unwrap(), 0);
    let (one, _other) = std::os::unix::net::UnixDatagram::pair().unwrap();
    let one = UnixDatagram::try_from(one).unwrap();
    assert!(timeout(MOMENT, || one.recv(&mut [0])).is_err());
    let folder = tempfile::tempdir().unwrap();
    let listener = std::os::unix::net::UnixListener::bind(folder.path().join("it")).unwrap();
    let listener = UnixListener::try_from(listener).unwrap();
    assert!(timeout(MOMENT, || listener.accept()).is_err());
}

#[test]
fn descriptors_are_there_for_options() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    rustix::net::sockopt::set_socket_keepalive(stream.as_fd(), true).unwrap();
    assert!(rustix::net::sockopt::socket_keepalive(&stream).unwrap());
    let (one, other) = UnixStream::pair().unwrap();
    let datagram = UnixDatagram::unbound().unwrap();
    let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
    let mut all = [
        listener.as_raw_fd(),
        stream.as_raw_fd(),
        one.as_raw_fd(),
        other.as_raw_fd(),
        datagram.as_raw_fd(),
        udp.as_raw_fd(),
    ];
    all.sort_unstable();
    assert!(all.windows(2).all(|two| two[0] < two[1]), "{all:?}");
}

#[test]
fn unix_datagrams_arrive_whole_and_senders_wait_for_room() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("there");
    let there = UnixDatagram::bind(&path).unwrap();
    let here = UnixDatagram::bind(folder.path().join("here")).unwrap();
    here.send_to(b"one", &path).unwrap();
    let mut buffer = [0; 16];
    let (length, from) = there.recv_from(&mut buffer).unwrap();
    assert_eq!(&buffer[..length], b"one");
    assert_eq!(from.as_pathname(), Some(&*folder.path().join("here")));
    // Bytes that do not fit are lost.
    here.send_to(b"longer", &path).unwrap();
    assert_eq!(there.recv(&mut [0; 4]).unwrap(), 4);
    // A queue holds some ten (`net.unix.max_dgram_qlen`). Connected or not, the sender waits.
    for connected in [false, true] {
        if connected {
            here.connect(&path).unwrap();
        }
        let sending = spawn({
            let (here, path) = (here.try_clone().unwrap(), path.clone());
            move || {
                for n in 0..2000_u32 {
                    match connected {
                        true => here.send(&n.to_ne_bytes()).unwrap(),
                        false => here.send_to(&n.to_ne_bytes(), &path).unwrap(),
                    };
                }
            }
        });
        yield_now();
        assert!(!sending.ready(), "there is not room for all");
        for n in 0..2000_u32 {
            let mut number = [0; 4];
            let received = timeout(PATIENCE, || there.recv(&mut number)).unwrap();
            assert_eq!((received.unwrap(), u32::from_ne_bytes(number)), (4, n));
        }
        sending.join().unwrap();
    }
    here.set_write_timeout(Some(MOMENT)).unwrap();
    let full = std::iter::repeat_with(|| here.send_to(b"x", &path)).find_map(Result::err);
    assert_eq!(full.unwrap().kind(), io::ErrorKind::WouldBlock);
    assert!(here.send_to(b"x", folder.path().join("nobody")).is_err());
}

/// A listener with a full backlog: the system drops other attempts to connect, which are retried
/// for minutes. The caller must keep the connections that fill it.
fn silent() -> (std::net::TcpListener, SocketAddr, Vec<mio::net::TcpStream>) {
    let family = rustix::net::AddressFamily::INET;
    let socket = rustix::net::socket(family, rustix::net::SocketType::STREAM, None).unwrap();
    rustix::net::bind(&socket, &SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
    rustix::net::listen(&socket, 0).unwrap();
    let listener = std::net::TcpListener::from(socket);
    let address = listener.local_addr().unwrap();
    let filling = (0..3)
        .map(|_| mio::net::TcpStream::connect(address).unwrap())
        .collect();
    (listener, address, filling)
}

#[test]
fn connecting_does_not_wait_for_a_silent_address() {
    let (_listener, silent, _filling) = silent();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let good = listener.local_addr().unwrap();
    let connected = timeout(PATIENCE, || TcpStream::connect(&[silent, good][..]));
    assert_eq!(connected.unwrap().unwrap().peer_addr().unwrap(), good);
    // An address that refuses costs no time. Several silent ones are all tried.
    let refused = SocketAddr::from(([127, 0, 0, 1], 1));
    let addresses = [refused, silent, silent, good];
    let connected = timeout(PATIENCE, || TcpStream::connect(&addresses[..]));
    assert_eq!(connected.unwrap().unwrap().peer_addr().unwrap(), good);
    let failed = TcpStream::connect(&[refused, refused][..]).unwrap_err();
    assert_eq!(failed.kind(), io::ErrorKind::ConnectionRefused);
    assert_eq!(
        TcpStream::connect(&[][..]).unwrap_err().kind(),
        io::ErrorKind::InvalidInput
    );
    // A timed-out attempt leaves nothing behind.
    assert!(timeout(MOMENT, || TcpStream::connect(&[silent, silent][..])).is_err());
    sleep(MOMENT);
    assert_eq!(stats().green_threads, 0);
    drop(listener);
    assert_eq!((stats().sources, stats().timers), (0, 0));
}
