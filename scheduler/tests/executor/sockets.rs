use super::*;
use scheduler::io::UnixStream;

const HERE: ([u8; 4], u16) = ([127, 0, 0, 1], 0);

#[test]
fn more_goes_through_than_the_system_holds() {
    const BYTES: usize = 8 << 20;
    let received = executor().block_on(async {
        let listener = TcpListener::bind(HERE.into()).unwrap();
        let address = listener.local_addr().unwrap();
        let sending = spawn(async move {
            let stream = TcpStream::connect(address).await.unwrap();
            stream.write_all(&vec![7; BYTES]).await.unwrap();
            stream.shutdown(Shutdown::Write).unwrap();
            stream.read(&mut [0]).await.unwrap()
        });
        let (stream, _) = listener.accept().await.unwrap();
        let (mut received, mut buffer) = (0, vec![0; 10_000]);
        loop {
            match stream.read(&mut buffer).await.unwrap() {
                0 => break,
                length => received += length,
            }
        }
        drop(stream);
        assert_eq!(sending.await.unwrap(), 0);
        received
    });
    assert_eq!(received, BYTES);
}

#[test]
fn a_socket_that_is_always_ready_lets_others_run() {
    let others = executor().block_on(async {
        let listener = TcpListener::bind(HERE.into()).unwrap();
        let near = TcpStream::connect(listener.local_addr().unwrap())
            .await
            .unwrap();
        let (far, _) = listener.accept().await.unwrap();
        far.write_all(&[1; 1000]).await.unwrap();
        let turns = Rc::new(Cell::new(0));
        let counted = Rc::clone(&turns);
        let counting = spawn(async move {
            loop {
                counted.set(counted.get() + 1);
                yield_now().await;
            }
        });
        let mut byte = [0];
        for _ in 0..1000 {
            near.read(&mut byte).await.unwrap();
        }
        counting.abort();
        turns.get()
    });
    assert!(others >= 1000 / 64 - 1, "{others}");
}

#[test]
fn nobody_listening_is_an_error() {
    executor().block_on(async {
        let listener = TcpListener::bind(HERE.into()).unwrap();
        let address = listener.local_addr().unwrap();
        assert!(TcpListener::bind(address).is_err(), "in use");
        drop(listener);
        assert!(TcpStream::connect(address).await.is_err());
    });
}

/// While the backlog of a Unix socket is full, `connect` fails with "try again", and the system
/// sends no event when there is room.
#[test]
fn a_full_backlog_of_a_unix_socket_is_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("socket");
    let full = event_loop::listen_unix(&path, 0).unwrap();
    let more = std::iter::repeat_with(|| event_loop::net::UnixStream::connect(&path));
    let waiting: Vec<_> = more.map_while(Result::ok).collect();
    executor().block_on(async {
        let connecting = spawn(UnixStream::connect(path.clone()));
        sleep(Duration::from_millis(5)).await;
        assert!(!connecting.is_finished());
        while full.accept().is_ok() {}
        assert!(connecting.await.unwrap().is_ok());
    });
    drop((full, waiting));
}

#[test]
fn lines_are_cut_however_they_come() {
    executor().block_on(async {
        let listener = TcpListener::bind(HERE.into()).unwrap();
        let far = TcpStream::connect(listener.local_addr().unwrap())
            .await
            .unwrap();
        let (near, _) = listener.accept().await.unwrap();
        let sending = spawn(async move {
            for byte in b"one\r\ntw" {
                far.write_all(&[*byte]).await.unwrap();
                yield_now().await;
            }
            let long = [b"o\n\n1234567890\r\n12345678901\n", &[b'x'; 20_000][..]].concat();
            far.write_all(&long).await.unwrap();
            far.write_all(b"\nlast\nnever ended").await.unwrap();
        });
        let mut lines = Lines::new(&near, 10);
        for expected in [
            Line::Text(b"one"),
            Line::Text(b"two"),
            Line::Text(b""),
            Line::Text(b"1234567890"),
            Line::TooLong,
            Line::TooLong,
            Line::Text(b"last"),
        ] {
            assert_eq!(lines.next().await.unwrap(), Some(expected));
        }
        assert_eq!(lines.next().await.unwrap(), None);
        sending.await.unwrap();
    });
}

#[test]
fn the_chat_server_passes_the_conversation() {
    executor().block_on(async {
        let server = Server::new();
        let listener = TcpListener::bind(HERE.into()).unwrap();
        let address = listener.local_addr().unwrap();
        let serving = spawn({
            let server = server.clone();
            async move { server.serve(listener).await }
        });
        let (done, result) = futures_channel::oneshot::channel();
        thread::spawn(move || done.send(conversation::all(address)));
        result.await.unwrap().unwrap();
        server.end();
        serving.await.unwrap();
    });
}

#[test]
fn beyond_the_limit_connections_wait_to_be_accepted() {
    executor().block_on(async {
        let server = Server::with_max_connections(1);
        let listener = TcpListener::bind(HERE.into()).unwrap();
        let address = listener.local_addr().unwrap();
        drop(spawn({
            let server = server.clone();
            async move { server.serve(listener).await }
        }));
        let first = TcpStream::connect(address).await.unwrap();
        first.readable().await.unwrap();
        let second = TcpStream::connect(address).await.unwrap();
        let welcome = spawn(async move {
            second.readable().await.unwrap();
        });
        // Whole conversations take place meanwhile, and the second connection is not accepted.
        for n in 0..100 {
            first.write_all(format!("{n}\n").as_bytes()).await.unwrap();
            first.readable().await.unwrap();
            first.read(&mut [0; 4096]).await.unwrap();
        }
        assert!(!welcome.is_finished());
        drop(first);
        welcome.await.unwrap();
    });
}

#[test]
fn a_socket_of_another_executor_is_refused_with_a_reason() {
    let (one, other) = (executor(), executor());
    let listener = one.block_on(async { TcpListener::bind(HERE.into()).unwrap() });
    let address = listener.local_addr().unwrap();
    // A connection waits, so `accept` could succeed.
    let _waiting = std::net::TcpStream::connect(address).unwrap();
    let refused = other.block_on(listener.accept()).unwrap_err();
    assert!(
        refused.to_string().contains("belongs to another executor"),
        "{refused}"
    );
    assert!(one.block_on(listener.accept()).is_ok());
}

#[test]
fn what_comes_after_urgent_data_is_read() {
    executor().block_on(async {
        let listener = TcpListener::bind(HERE.into()).unwrap();
        let mut far = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (near, _) = listener.accept().await.unwrap();
        std::io::Write::write_all(&mut far, b"abc").unwrap();
        rustix::net::send(&far, b"X", rustix::net::SendFlags::OOB).unwrap();
        std::io::Write::write_all(&mut far, b"def").unwrap();
        // A std socket reads abc, and then def: a short read does not mean that nothing is left.
        let (mut read, mut buffer) = (Vec::new(), [0; 64]);
        while read.len() < 6 {
            let length = near.read(&mut buffer).await.unwrap();
            read.extend_from_slice(&buffer[..length]);
        }
        assert_eq!(read, b"abcdef");
    });
}

#[test]
fn a_buffer_without_room_is_not_waited_for() {
    executor().block_on(async {
        let listener = TcpListener::bind(HERE.into()).unwrap();
        let near = TcpStream::connect(listener.local_addr().unwrap())
            .await
            .unwrap();
        // POSIX, read(): "Before any action is taken, if nbyte is 0, read() may detect and return
        // errors; in the absence of errors it returns 0". No data ever comes here.
        assert_eq!(near.read(&mut []).await.unwrap(), 0);
        let mut reader = &near;
        assert_eq!(
            futures_util::AsyncReadExt::read(&mut reader, &mut [])
                .await
                .unwrap(),
            0
        );
    });
}
