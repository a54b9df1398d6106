//! The command from outside, and what can only be tested in a process of its own.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

fn command(args: &[&str]) -> assert_cmd::Command {
    let mut command = assert_cmd::Command::cargo_bin("green-threads").unwrap();
    command.args(args);
    command
}

/// This test binary again, for what ends its process.
fn again(test: &str) -> std::process::Output {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env("GREEN_THREADS_FAULT", test)
        .output()
        .unwrap()
}

fn is_again(test: &str) -> bool {
    std::env::var("GREEN_THREADS_FAULT").is_ok_and(|fault| fault == test)
}

/// Deeper than any stack.
fn dive(depth: u64) -> u64 {
    let page = std::hint::black_box([depth; 64]);
    match depth {
        u64::MAX => 0,
        depth => dive(depth + 1) + page[(depth % 64) as usize],
    }
}

#[test]
fn an_overflow_ends_the_process_and_names_the_green_thread() {
    const TEST: &str = "an_overflow_ends_the_process_and_names_the_green_thread";
    if is_again(TEST) {
        let diver = green_threads::Builder::new().name("diver");
        let diver = diver.spawn(|| dive(0)).unwrap();
        diver.wait();
        unreachable!("nobody dives that deep");
    }
    let output = again(TEST);
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.signal(), Some(6), "it aborts: {text}");
    for expected in [
        "green thread 1 \"diver\" has overflowed its stack of 64 KiB",
        "it was spawned at green-threads/tests/faults.rs",
        "Builder::stack_size",
    ] {
        assert!(text.contains(expected), "{text}");
    }
}

#[test]
fn other_faults_are_left_to_whoever_handled_them_before() {
    const TEST: &str = "other_faults_are_left_to_whoever_handled_them_before";
    if is_again(TEST) {
        // The thread's own stack overflows: the standard library has words for that.
        std::thread::spawn(|| {
            green_threads::yield_now();
            dive(0)
        })
        .join()
        .unwrap();
    }
    let output = again(TEST);
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.signal(), Some(6), "{text}");
    assert!(
        text.contains("has overflowed its stack") && !text.contains("green thread"),
        "{text}"
    );
}

#[test]
#[allow(unsafe_code, reason = "what is tested is a fault")]
fn null_on_the_threads_own_stack_is_no_overflow() {
    const TEST: &str = "null_on_the_threads_own_stack_is_no_overflow";
    if is_again(TEST) {
        green_threads::yield_now();
        // A field of what is not there.
        let field = std::ptr::without_provenance::<u64>(std::hint::black_box(8));
        // SAFETY: it is not sound: it faults, as it should.
        unsafe { field.read_volatile() };
        unreachable!("there is nothing at null");
    }
    let output = again(TEST);
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.signal(), Some(11), "{text}");
    assert!(!text.contains("overflow"), "{text}");
}

#[test]
fn the_smallest_stack_holds_a_panic_with_its_backtrace() {
    const TEST: &str = "the_smallest_stack_holds_a_panic_with_its_backtrace";
    if is_again(TEST) {
        let small = green_threads::Builder::new().stack_size(0);
        let wrong = small.spawn(|| panic!("with a backtrace")).unwrap();
        wrong.wait();
        let used = green_threads::stats().stack_high_water;
        eprintln!("used {used} of {} bytes", green_threads::MIN_STACK_SIZE);
        return;
    }
    for backtrace in ["0", "1", "full"] {
        let output = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", TEST, "--nocapture"])
            .env("GREEN_THREADS_FAULT", TEST)
            .env("RUST_BACKTRACE", backtrace)
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(
            output.status.success() && text.contains("with a backtrace"),
            "RUST_BACKTRACE={backtrace}: {text}"
        );
        eprintln!("{}", text.lines().last().unwrap());
    }
}

#[test]
fn the_demonstration_is_three_lessons() {
    let output = command(&[]).assert().success();
    let text = String::from_utf8(output.get_output().stdout.clone()).unwrap();
    for expected in [
        "1. 1000 sleepers",
        "consumer 2:",
        "ann hears #[bob]>>> hello, ann",
        "one thread of the system",
    ] {
        assert!(text.contains(expected), "{text}");
    }
    let output = command(&["--json"]).assert().success();
    let json: serde_json::Value = serde_json::from_slice(&output.get_output().stdout).unwrap();
    assert_eq!(json["threads"], 1);
}

#[test]
fn wrong_usage_is_named_in_one_line() {
    for (args, expected) in [
        (
            &["echo", "--listen", "nowhere"][..],
            "nowhere: expected HOST:PORT",
        ),
        (&["chat-client", "a:b"], "a:b: a name has"),
        (&["ping-pong", "-1"], "-1"),
        (&["echo", "--max-connections", "0"], "0: at least 1"),
    ] {
        let output = command(args).assert().code(2);
        let text = String::from_utf8_lossy(&output.get_output().stderr).into_owned();
        assert!(text.contains(expected), "{text}");
    }
}

/// Waits until its handlers are there, SIGTERM's being the last.
fn until_it_handles_signals(child: &Child) {
    let status = format!("/proc/{}/status", child.id());
    let handles = |line: &str| {
        let mask = line.strip_prefix("SigCgt:").map(str::trim)?;
        Some(u64::from_str_radix(mask, 16).unwrap() & 1 << (15 - 1) != 0)
    };
    while !std::fs::read_to_string(&status)
        .unwrap()
        .lines()
        .find_map(handles)
        .unwrap()
    {
        std::thread::yield_now();
    }
}

fn serve(args: &[&str]) -> (Child, String) {
    let command = Command::new(assert_cmd::cargo::cargo_bin!("green-threads"));
    serve_by(command, args)
}

fn serve_by(mut command: Command, args: &[&str]) -> (Child, String) {
    let mut server = command
        .args(args)
        .args(["--listen", "0", "--json"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let mut out = BufReader::new(server.stdout.take().unwrap());
    out.read_line(&mut line).unwrap();
    let line: serde_json::Value = serde_json::from_str(&line).unwrap();
    (server, line["listening"].as_str().unwrap().to_owned())
}

#[test]
fn ctrl_c_ends_servers_in_good_order_on_one_thread_and_on_several() {
    for args in [&["echo"][..], &["echo", "-j", "3"]] {
        let (mut server, address) = serve(&[args, &["--grace", "0s"]].concat());
        let mut streams: Vec<_> = (0..10)
            .map(|n| {
                let mut stream = TcpStream::connect(&address).unwrap();
                stream.write_all(&[n]).unwrap();
                let mut answer = [0];
                stream.read_exact(&mut answer).unwrap();
                assert_eq!(answer, [n]);
                stream
            })
            .collect();
        kill_process(Pid::from_child(&server), Signal::INT).unwrap();
        for stream in &mut streams {
            assert_eq!(stream.read(&mut [0]).unwrap(), 0, "it is closed, not reset");
        }
        assert_eq!(server.wait().unwrap().code(), Some(130));
    }
}

#[test]
fn ctrl_c_is_heard_as_soon_as_the_address_is_told() {
    for args in [&["echo"][..], &["echo", "-j", "3"], &["chat-server"]] {
        for _ in 0..5 {
            let (mut server, _) = serve(args);
            kill_process(Pid::from_child(&server), Signal::INT).unwrap();
            assert_eq!(server.wait().unwrap().code(), Some(130), "{args:?}");
        }
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_server_takes_as_many_descriptors_as_it_may() {
    let mut fewer = Command::new("sh");
    // The soft limit only.
    fewer.args(["-c", "ulimit -S -n 64 && exec \"$0\" \"$@\""]);
    fewer.arg(assert_cmd::cargo::cargo_bin!("green-threads"));
    let (mut server, _) = serve_by(fewer, &["echo"]);
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", server.id())).unwrap();
    let files = limits
        .lines()
        .find(|line| line.starts_with("Max open files"));
    let words: Vec<_> = files.unwrap().split_whitespace().collect();
    assert_eq!(words[3], words[4]);
    server.kill().unwrap();
    server.wait().unwrap();
}

#[test]
fn ctrl_c_ends_a_long_game() {
    let mut game = Command::new(assert_cmd::cargo::cargo_bin!("green-threads"))
        .args(["ping-pong", "1e15"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    until_it_handles_signals(&game);
    kill_process(Pid::from_child(&game), Signal::INT).unwrap();
    assert_eq!(game.wait().unwrap().code(), Some(130));
}

#[test]
fn ctrl_c_ends_fetch_with_its_summary() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let fetch = Command::new(assert_cmd::cargo::cargo_bin!("green-threads"))
        .args(["fetch", &url, &url, "--at-once", "2"])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // One is answered; the other one never is.
    let (mut answered, _) = listener.accept().unwrap();
    let (waiting, _) = listener.accept().unwrap();
    let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nthere";
    answered.write_all(answer).unwrap();
    // It closes when it has it all.
    answered.read_to_end(&mut Vec::new()).unwrap();
    kill_process(Pid::from_child(&fetch), Signal::INT).unwrap();
    let output = fetch.wait_with_output().unwrap();
    drop(waiting);
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(130), "{text}");
    assert_eq!(text, "1 fetched, 5 bytes; 0 failed; 1 left\n");
}

#[test]
fn nobody_need_read_standard_error() {
    let mut child = Command::new(assert_cmd::cargo::cargo_bin!("green-threads"))
        .args(["fetch", "http://127.0.0.1:1/"])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stderr.take());
    assert_eq!(child.wait().unwrap().code(), Some(1));
}

#[test]
fn ctrl_c_ends_the_demonstration() {
    let demo = Command::new(assert_cmd::cargo::cargo_bin!("green-threads"))
        .stderr(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    until_it_handles_signals(&demo);
    kill_process(Pid::from_child(&demo), Signal::INT).unwrap();
    let output = demo.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130));
    assert!(output.stderr.is_empty());
}

#[test]
fn the_limit_of_connections_holds_and_the_next_one_is_served_when_one_ends() {
    let (mut server, address) = serve(&["echo", "--max-connections", "1"]);
    let ask = |stream: &mut TcpStream| {
        stream.write_all(b"?").unwrap();
        stream.read_exact(&mut [0]).map(drop)
    };
    let mut first = TcpStream::connect(&address).unwrap();
    ask(&mut first).unwrap();
    let mut second = TcpStream::connect(&address).unwrap();
    second.write_all(b"?").unwrap();
    // The server is told of the second before it is told of what comes now, and each round trip is
    // a turn in which it would have answered.
    (0..10).for_each(|_| ask(&mut first).unwrap());
    second.set_nonblocking(true).unwrap();
    let early = second.read(&mut [0]).unwrap_err();
    assert_eq!(early.kind(), std::io::ErrorKind::WouldBlock);
    second.set_nonblocking(false).unwrap();
    drop(first);
    second.read_exact(&mut [0]).unwrap();
    server.kill().unwrap();
    server.wait().unwrap();
}

#[test]
fn fetch_takes_many_and_says_which_failed() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            std::thread::spawn(move || {
                let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
                let request = lines.next().unwrap().unwrap();
                lines.find(|line| line.as_ref().unwrap().is_empty());
                let answer: &[u8] = match request.split(' ').nth(1) {
                    Some("/moved") => b"HTTP/1.1 302 Found\r\nLocation: /there\r\n\r\n",
                    Some("/there") => b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nthere",
                    Some("/cut") => b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhalf",
                    // Says nothing more, and does not end.
                    Some("/stall") => return std::thread::park(),
                    _ => b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
                };
                stream.write_all(answer).unwrap();
            });
        }
    });
    let folder = tempfile::tempdir().unwrap();
    let url = |path: &str| format!("http://{address}{path}");
    let (moved, cut, stall, missing) = (url("/moved"), url("/cut"), url("/stall"), url("/no"));
    let output = folder.path().to_str().unwrap();
    let args = [
        "fetch",
        &moved,
        &cut,
        &stall,
        &missing,
        "-o",
        output,
        "--timeout",
        "2s",
        "--json",
    ];
    let done = command(&args).assert().code(1);
    let answers: Vec<serde_json::Value> = String::from_utf8_lossy(&done.get_output().stdout)
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let answer = |number: u64| {
        answers
            .iter()
            .find(|answer| answer["number"] == number)
            .unwrap()
    };
    assert_eq!(answers.len(), 4);
    assert_eq!(
        (&answer(1)["status"], &answer(1)["bytes"]),
        (&200.into(), &5.into())
    );
    assert!(answer(2)["error"].as_str().unwrap().contains("cut off"));
    assert!(answer(3)["error"].as_str().unwrap().contains(&stall));
    assert_eq!(answer(4)["status"], 404);
    assert_eq!(std::fs::read(folder.path().join("1")).unwrap(), b"there");
    assert_eq!(
        std::fs::read_dir(folder.path()).unwrap().count(),
        1,
        "only what is whole"
    );
}

/// A listener whose backlog is full: the system drops what else wants to connect, which waits for
/// minutes. What fills it must be kept.
fn silent() -> (TcpListener, std::net::SocketAddr, Vec<mio::net::TcpStream>) {
    let family = rustix::net::AddressFamily::INET;
    let socket = rustix::net::socket(family, rustix::net::SocketType::STREAM, None).unwrap();
    let any = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
    rustix::net::bind(&socket, &any).unwrap();
    rustix::net::listen(&socket, 0).unwrap();
    let listener = TcpListener::from(socket);
    let address = listener.local_addr().unwrap();
    let filling = (0..3)
        .map(|_| mio::net::TcpStream::connect(address).unwrap())
        .collect();
    (listener, address, filling)
}

#[test]
fn ctrl_c_ends_a_client_that_connects_in_vain() {
    let (_listener, address, _filling) = silent();
    for signal in [Signal::INT, Signal::TERM] {
        let mut client = Command::new(assert_cmd::cargo::cargo_bin!("green-threads"))
            .args(["chat-client", "ann", &address.to_string()])
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        until_it_handles_signals(&client);
        kill_process(Pid::from_child(&client), signal).unwrap();
        assert_eq!(client.wait().unwrap().code(), Some(130));
    }
}

#[test]
fn ctrl_c_ends_a_program_that_handles_it_no_longer() {
    const TEST: &str = "ctrl_c_ends_a_program_that_handles_it_no_longer";
    if is_again(TEST) {
        let interrupt = [green_threads::Signal::INTERRUPT];
        let first = green_threads::Signals::new(&interrupt).unwrap();
        let second = green_threads::Signals::new(&interrupt).unwrap();
        drop(first);
        kill_process(rustix::process::getpid(), Signal::INT).unwrap();
        assert_eq!(second.wait(), green_threads::Signal::INTERRUPT);
        eprintln!("handled");
        drop(second);
        kill_process(rustix::process::getpid(), Signal::INT).unwrap();
        green_threads::sleep(std::time::Duration::from_secs(20));
        unreachable!("nobody handles it");
    }
    let output = again(TEST);
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.signal(), Some(2), "{text}");
    assert!(text.contains("handled"), "{text}");
}

#[test]
fn a_name_cannot_be_more_than_a_name() {
    for name in [
        "",
        " ",
        "a:b",
        "a\nb:I am b",
        "a\rb",
        "a\u{1b}[31m",
        &"n".repeat(33),
    ] {
        let output = command(&["chat-client", name]).assert().code(2);
        let text = String::from_utf8_lossy(&output.get_output().stderr).into_owned();
        assert!(
            text.contains("a name has") && !text.contains('\u{1b}'),
            "{text}"
        );
    }
}

/// A chat client, what it hears by and what it says.
struct ChatClient {
    process: Child,
    server: BufReader<TcpStream>,
}

impl ChatClient {
    fn new() -> ChatClient {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let process = Command::new(assert_cmd::cargo::cargo_bin!("green-threads"))
            .args([
                "chat-client",
                "ann",
                &listener.local_addr().unwrap().to_string(),
            ])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let server = BufReader::new(listener.accept().unwrap().0);
        let mut client = ChatClient { process, server };
        assert_eq!(client.says(), b"ann:\n");
        client
    }

    /// The next line that the server gets.
    fn says(&mut self) -> Vec<u8> {
        let mut line = Vec::new();
        self.server.read_until(b'\n', &mut line).unwrap();
        line
    }

    fn ends(self) -> (Option<i32>, String, String) {
        drop(self.server);
        let output = self.process.wait_with_output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (
            output.status.code(),
            text(output.stdout),
            text(output.stderr),
        )
    }
}

#[test]
fn a_client_sends_any_bytes_and_no_line_without_end() {
    let mut client = ChatClient::new();
    let mut input = client.process.stdin.take().unwrap();
    input.write_all(b"gr\xfcn\n").unwrap();
    assert_eq!(client.says(), b"ann:gr\xfcn\n");
    // A gigabyte would do as well: nothing of it is kept.
    let piece = vec![b'x'; 1 << 20];
    (0..100).for_each(|_| input.write_all(&piece).unwrap());
    input.write_all(b"\nshort\nwithout an end").unwrap();
    assert_eq!(client.says(), b"ann:short\n");
    #[cfg(target_os = "linux")]
    {
        let status = std::fs::read_to_string(format!("/proc/{}/status", client.process.id()));
        let status = status.unwrap();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kib: u64 = peak
            .unwrap()
            .trim()
            .trim_end_matches(" kB")
            .parse()
            .unwrap();
        assert!(kib < 50_000, "{kib} KiB");
    }
    drop(input);
    assert_eq!(client.says(), b"ann:without an end\n");
    assert_eq!(client.says(), b"", "it has said all");
    let (code, _, errors) = client.ends();
    assert_eq!(code, Some(0), "{errors}");
    assert!(
        errors.contains("over 1020 bytes: it was not sent"),
        "{errors}"
    );
}

#[test]
fn a_client_shows_what_is_harmless_and_tells_when_its_server_dies() {
    // Its input stays open: it has not said all when the server goes.
    let mut client = ChatClient::new();
    let input = client.process.stdin.take();
    let mut server = client.server.get_ref();
    server.write_all(b"a\x1b[31mb\xff\n").unwrap();
    let long = vec![b'y'; 10_000_000];
    server.write_all(&long).unwrap();
    server.write_all(b"\nlast").unwrap();
    let (code, shown, errors) = client.ends();
    assert_eq!(code, Some(1));
    let lines: Vec<_> = shown.lines().collect();
    assert_eq!(lines[0], "a\\u{1b}[31mb\u{fffd}");
    assert!(
        lines[1].contains("over 4096 bytes") && lines[2] == "last",
        "{lines:?}"
    );
    assert!(errors.contains("the server has gone"), "{errors}");
    drop(input);
    // A reset.
    let mut client = ChatClient::new();
    let input = client.process.stdin.take();
    rustix::net::sockopt::set_socket_linger(
        client.server.get_ref(),
        Some(std::time::Duration::ZERO),
    )
    .unwrap();
    let (code, _, errors) = client.ends();
    assert_eq!(code, Some(1));
    assert!(errors.contains("the server has gone"), "{errors}");
    drop(input);
}

#[cfg(target_os = "linux")]
#[test]
fn too_few_descriptors_are_an_error() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let url = format!("http://{address}/");
    let uses: [&[&str]; 6] = [
        &[],
        &["echo", "--listen", "0"],
        &["echo", "--listen", "0", "-j", "3"],
        &["chat-server", "--listen", "0"],
        &["chat-client", "ann", &address],
        &["fetch", &url, "--timeout", "1s"],
    ];
    for args in uses {
        // Three are standard input, output and error.
        for limit in 4..=9 {
            let mut shell = Command::new("sh");
            shell.args(["-c", &format!("ulimit -n {limit} && exec \"$0\" \"$@\"")]);
            shell
                .arg(assert_cmd::cargo::cargo_bin!("green-threads"))
                .args(args);
            shell
                .stdin(Stdio::null())
                .stdout(Stdio::piped())
                .stderr(Stdio::piped());
            let mut child = shell.spawn().unwrap();
            // A server that could begin is a server.
            let mut first = String::new();
            let mut out = BufReader::new(child.stdout.take().unwrap());
            out.read_line(&mut first).unwrap();
            if !first.is_empty() {
                // Ended already, it cannot be told to.
                let _ = kill_process(Pid::from_child(&child), Signal::INT);
            }
            let output = child.wait_with_output().unwrap();
            let text = String::from_utf8_lossy(&output.stderr).into_owned();
            let code = output.status.code();
            assert!(!text.contains("panicked"), "{args:?} with {limit}: {text}");
            match first.is_empty() {
                true => assert!(
                    code == Some(1) && !text.is_empty(),
                    "{args:?} with {limit}: {code:?}"
                ),
                false => assert!(
                    matches!(code, Some(0 | 1 | 130)),
                    "{args:?} with {limit}: {code:?} {text}"
                ),
            }
        }
    }
}
