//! The command, from outside.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod shared;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use shared::{command, program, until_it_handles_signals};

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
fn a_timeline_has_lanes_for_green_threads() {
    let output = command(&["--timeline"]).assert().success();
    let picture = String::from_utf8_lossy(&output.get_output().stderr).into_owned();
    assert!(picture.contains("task green thread 2"), "{picture}");
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
        (&["ping-pong", "0"], "0: at least 1"),
        (&["echo", "--max-connections", "0"], "0: at least 1"),
        (&["fetch", "http://ann:secret@a b/"], "http://***@a b/: "),
    ] {
        let output = command(args).assert().code(2);
        let text = String::from_utf8_lossy(&output.get_output().stderr).into_owned();
        assert!(text.contains(expected), "{text}");
    }
}

fn serve(args: &[&str]) -> (Child, String) {
    let command = program();
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
fn ctrl_c_waits_for_no_quiet_client() {
    for args in [&["chat-server"][..], &["echo"], &["echo", "-j", "2"]] {
        let (mut server, address) = serve(&[args, &["--grace", "1h"]].concat());
        let mut quiet: Vec<_> = (0..3)
            .map(|_| TcpStream::connect(&address).unwrap())
            .collect();
        for stream in &mut quiet {
            // It is served: the chat does not understand this, and says so.
            stream.write_all(b"?\n").unwrap();
            stream.read_exact(&mut [0]).unwrap();
        }
        kill_process(Pid::from_child(&server), Signal::INT).unwrap();
        for mut stream in quiet {
            // Far more than it takes, and less than the grace.
            stream
                .set_read_timeout(Some(Duration::from_secs(60)))
                .unwrap();
            // To the end, which is no reset.
            stream.read_to_end(&mut Vec::new()).unwrap();
        }
        assert_eq!(server.wait().unwrap().code(), Some(130), "{args:?}");
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
    // Only the soft limit.
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
    let mut game = program()
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
    let fetch = program()
        .args(["fetch", &url, &url, "--at-once", "2"])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // One request is answered, the other never.
    let (mut answered, _) = listener.accept().unwrap();
    let (waiting, _) = listener.accept().unwrap();
    let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nthere";
    answered.write_all(answer).unwrap();
    // The client closes when it has the whole answer.
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
    let mut child = program()
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
    let demo = program()
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
    // The server sees the second connection before it sees these requests. Each round trip is a
    // turn in which it would have answered.
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
                    // Sends nothing more, and does not end.
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
        // Three descriptors are standard input, output and error.
        for limit in 4..=9 {
            let mut shell = Command::new("sh");
            common::cli::interrupt::with_usual_signals(&mut shell);
            shell.args(["-c", &format!("ulimit -n {limit} && exec \"$0\" \"$@\"")]);
            shell
                .arg(assert_cmd::cargo::cargo_bin!("green-threads"))
                .args(args);
            shell
                .stdin(Stdio::null())
                .stdout(Stdio::piped())
                .stderr(Stdio::piped());
            let mut child = shell.spawn().unwrap();
            // If the server prints a line, it has started.
            let mut first = String::new();
            let mut out = BufReader::new(child.stdout.take().unwrap());
            out.read_line(&mut first).unwrap();
            if !first.is_empty() {
                // If it has ended already, the signal fails.
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

#[test]
fn a_password_is_sent_and_never_printed() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://ann:secret@{}/", listener.local_addr().unwrap());
    for args in [&["fetch", &url][..], &["fetch", &url, "--json"]] {
        let fetching = program()
            .args(args)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (mut stream, _) = listener.accept().unwrap();
        let mut asked = String::new();
        for line in BufReader::new(stream.try_clone().unwrap()).lines() {
            let line = line.unwrap();
            if line.is_empty() {
                break;
            }
            asked += &line;
        }
        // By `printf ann:secret | base64`.
        assert!(asked.contains("Basic YW5uOnNlY3JldA=="), "{asked}");
        let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
        stream.write_all(answer).unwrap();
        let output = fetching.wait_with_output().unwrap();
        let text = [output.stdout, output.stderr].concat();
        let text = String::from_utf8(text).unwrap();
        assert!(
            text.contains("127.0.0.1") && !text.contains("secret"),
            "{text}"
        );
    }
    drop(listener);
    let assert = command(&["fetch", &url]).assert().code(1);
    let text = String::from_utf8_lossy(&assert.get_output().stderr).into_owned();
    assert!(
        text.contains("refused") && !text.contains("secret"),
        "{text}"
    );
}

#[test]
fn an_error_about_a_limit_names_its_flag() {
    for (answer, flag, value) in [
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n",
            "--max-size",
            "99",
        ),
        (
            "HTTP/1.1 302 Found\r\nLocation: /\r\n\r\n",
            "--redirects",
            "0",
        ),
        ("", "--timeout", "100ms"),
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            stream.write_all(answer.as_bytes()).unwrap();
            // Until the client closes the connection.
            let _ = stream.read_to_end(&mut Vec::new());
        });
        let assert = command(&["fetch", &url, flag, value]).assert().code(1);
        let text = String::from_utf8_lossy(&assert.get_output().stderr).into_owned();
        assert!(text.contains(flag) && text.contains(&url), "{text}");
        server.join().unwrap();
    }
}
