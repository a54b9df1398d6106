//! Helpers for the tests of the command.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread;

use assert_cmd::cargo::cargo_bin;
use common::cli::interrupt::with_usual_signals;
use rustix::process::{Pid, Signal, kill_process};

pub fn reactor(args: &[&str]) -> assert_cmd::Command {
    let mut command = assert_cmd::Command::cargo_bin("reactor").unwrap();
    command.args(args);
    command
}

/// Answers each connection with the next of these answers, and closes it.
pub fn serve(answers: &'static [&str]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for answer in answers {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = BufReader::new(stream.try_clone().unwrap()).lines();
            while request.next().is_some_and(|line| !line.unwrap().is_empty()) {}
            stream.write_all(answer.as_bytes()).unwrap();
        }
    });
    format!("http://{address}/start")
}

/// A server: this command as a child process. It is killed if the test ends first.
pub struct Server {
    pub process: Child,
    pub address: SocketAddr,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Server {
    pub fn start(args: &[&str]) -> Server {
        Server::of(with_usual_signals(
            Command::new(cargo_bin!("reactor")).args(args),
        ))
    }

    pub fn of(command: &mut Command) -> Server {
        let mut process = command
            .arg("--json")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut out = BufReader::new(process.stdout.take().unwrap());
        out.read_line(&mut line).unwrap();
        let line: serde_json::Value = serde_json::from_str(&line).unwrap();
        let address = line["listening"].as_str().unwrap().parse().unwrap();
        Server { process, address }
    }

    pub fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).unwrap()
    }

    pub fn interrupt(&self) {
        kill_process(Pid::from_child(&self.process), Signal::INT).unwrap();
    }

    /// How many connections it has cut, by its log. The server must have ended.
    pub fn cuts(&mut self) -> usize {
        let mut log = String::new();
        let errors = self.process.stderr.as_mut().unwrap();
        errors.read_to_string(&mut log).unwrap();
        log.matches("a connection was cut").count()
    }

    /// How many descriptors it has open.
    #[cfg(target_os = "linux")]
    pub fn descriptors(&self) -> usize {
        let folder = format!("/proc/{}/fd", self.process.id());
        std::fs::read_dir(folder).unwrap().count()
    }

    /// The memory that only this process uses, in KiB.
    #[cfg(target_os = "linux")]
    pub fn memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id()));
        let status = status.unwrap();
        let line = status.lines().find(|line| line.starts_with("RssAnon"));
        let kib = line.unwrap().split_whitespace().nth(1).unwrap();
        kib.parse().unwrap()
    }

    /// Polls until it has this many descriptors.
    #[cfg(target_os = "linux")]
    pub fn until_descriptors(&self, count: usize) {
        while self.descriptors() != count {
            thread::yield_now();
        }
    }
}

pub fn ping(stream: &mut TcpStream) {
    stream.write_all(b"ping").unwrap();
    let mut answer = [0; 4];
    stream.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"ping");
}
