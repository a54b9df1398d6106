//! A Redis server on a free port, with its data in a temporary folder. (The tests of other rooms take
//! this file, too.)
#![allow(dead_code, reason = "not all of them use all of it")]

#[path = "port.rs"]
mod port;

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use port::free_port;

/// An argument that is replaced by a free port.
pub const FREE_PORT: &str = "a free port";

/// Waits until something is so; fails if that takes a minute.
pub fn until(what: &str, mut condition: impl FnMut() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < Duration::from_secs(60), "never: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

pub struct Server {
    pub child: Child,
    pub port: u16,
    folder: tempfile::TempDir,
    args: Vec<String>,
    env: Vec<(String, String)>,
}

impl Server {
    /// `None` if there is no Redis here, which CI must have.
    pub fn start() -> Option<Server> {
        Self::start_with(&[], &[])
    }

    pub fn start_with(args: &[&str], env: &[(&str, &str)]) -> Option<Server> {
        if Command::new("redis-server")
            .arg("--version")
            .output()
            .is_err()
        {
            assert!(std::env::var_os("CI").is_none(), "redis-server is missing");
            println!("redis-server is not installed: skipped (apt-get install redis-server)");
            return None;
        }
        for _ in 0..5 {
            let folder = tempfile::tempdir().unwrap();
            let port = free_port();
            let args: Vec<String> = args
                .iter()
                .map(|&arg| match arg {
                    FREE_PORT => free_port().to_string(),
                    arg => arg.to_owned(),
                })
                .collect();
            let env: Vec<_> = env
                .iter()
                .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
                .collect();
            let child = spawn(port, folder.path(), &args, &env);
            let mut server = Server {
                child,
                port,
                folder,
                args,
                env,
            };
            if server.is_up() {
                return Some(server);
            }
        }
        panic!("redis-server does not start")
    }

    /// The value of one of its arguments.
    pub fn arg(&self, name: &str) -> &str {
        let at = self.args.iter().position(|arg| arg == name).unwrap();
        &self.args[at + 1]
    }

    /// Waits until it answers; false if it ends before that, as when another program has its port.
    fn is_up(&mut self) -> bool {
        let mut ended = false;
        until("redis-server answers", || {
            ended = self.child.try_wait().unwrap().is_some();
            ended || self.answers()
        });
        !ended
    }

    fn answers(&self) -> bool {
        let Ok(mut socket) = TcpStream::connect(("127.0.0.1", self.port)) else {
            return false;
        };
        let _ = socket.set_read_timeout(Some(Duration::from_secs(5)));
        let mut answer = [0; 5];
        // With a password it says no; while it reads its file, that it is loading.
        socket.write_all(b"PING\r\n").is_ok()
            && socket.read_exact(&mut answer).is_ok()
            && (&answer == b"+PONG" || &answer == b"-NOAU")
    }

    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// The path of a file in the server's folder.
    pub fn file(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    pub fn has(&self, name: &str) -> bool {
        self.folder.path().join(name).exists()
    }

    pub fn create(&self, name: &str) {
        fs::write(self.file(name), "").unwrap();
    }

    pub fn lines(&self, name: &str) -> Vec<String> {
        let text = fs::read_to_string(self.file(name)).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Starts it again, on its port and with its data.
    pub fn start_again(&mut self) {
        self.child = spawn(self.port, self.folder.path(), &self.args, &self.env);
        assert!(self.is_up(), "redis-server does not start again");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn(port: u16, folder: &Path, args: &[String], env: &[(String, String)]) -> Child {
    let log = fs::File::create(folder.join("redis.log")).unwrap();
    Command::new("redis-server")
        .args(["--port", &port.to_string(), "--bind", "127.0.0.1"])
        .args(["--appendonly", "yes", "--save", ""])
        .args(["--dir", folder.to_str().unwrap()])
        .args(args)
        .envs(env.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::null())
        .stdout(log.try_clone().unwrap())
        .stderr(log)
        .spawn()
        .unwrap()
}
