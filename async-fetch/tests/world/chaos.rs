//! A file is fetched from a real server while the client is killed, the connection cut, the server
//! restarted and the file changed, all at random bytes. Whatever happens, the file appears whole or
//! not at all: as the server had it at some moment of the run that wrote it.
//!
//! A file is changed as real sites do it: the new one is written beside it and renamed, and has
//! another time to the second. A server that changes a file in place while it sends it mixes old and
//! new by itself, and so does one whose tag tells seconds only and whose file changes twice in one:
//! no client can tell. lighttpd by default remembers a file's size and time for a second: that is
//! switched off, as it sends a new file under the old one's header.
//!
//! ```text
//! cargo test -p async-fetch --test world chaos                      # up to 50 rounds a server
//! CHAOS_ROUNDS=500 cargo test -p async-fetch --test world chaos     # the full form
//! CHAOS_SEED=… CHAOS_ROUNDS=1 cargo test …                          # one round again
//! ```

mod verdict;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant, SystemTime};

use common::cli::interrupt::with_usual_signals;
use demo_site::content;
use rustix::process::{Pid, Signal, kill_process};

use crate::random::Random;
use crate::relay::{Event, Relay};
use crate::servers::{Kind, Server};
use crate::support::{async_fetch, skip};

/// Rounds for each server, and how long they may take together, unless CHAOS_ROUNDS says otherwise.
const ROUNDS: u64 = 50;
const TIME: Duration = Duration::from_secs(8);

/// Failures of one server that are told; after them it ends.
const TOLD: usize = 10;

/// The biggest file.
const BIGGEST: u64 = 3_000_000;

#[test]
fn nginx() {
    run(Kind::Nginx);
}

#[test]
fn apache() {
    run(Kind::Apache);
}

#[test]
fn lighttpd() {
    run(Kind::Lighttpd);
}

#[test]
fn caddy() {
    run(Kind::Caddy);
}

#[test]
fn aiohttp() {
    run(Kind::Aiohttp);
}

#[test]
fn tornado() {
    run(Kind::Tornado);
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap())
}

fn run(kind: Kind) {
    if let Some(missing) = kind.missing() {
        return skip(&format!("chaos with {kind:?}"), missing);
    }
    let asked = number("CHAOS_ROUNDS");
    let clock = SystemTime::UNIX_EPOCH.elapsed().unwrap().as_nanos() as u64;
    let seed = number("CHAOS_SEED").unwrap_or(clock % 1_000_000_000);
    let mut server = Server::start(kind);
    let relay = Relay::start(server.port());
    let start = Instant::now();
    let (mut rounds, mut failures) = (0, Vec::new());
    while rounds < asked.unwrap_or(ROUNDS) && (asked.is_some() || start.elapsed() < TIME) {
        let mut round = Round::new(seed + rounds, &mut server, &relay);
        if let Err(what) = round.run() {
            failures.push(format!("seed {}: {what}\n{}", seed + rounds, round.story()));
        }
        relay.cut(true);
        rounds += 1;
        if failures.len() == TOLD {
            break;
        }
    }
    eprintln!(
        "{kind:?}: {rounds} rounds from seed {seed} in {:.1?}",
        start.elapsed()
    );
    assert!(
        failures.is_empty(),
        "{kind:?}: {} of {rounds} rounds:\n{}",
        failures.len(),
        failures.join("\n")
    );
}

/// What happens to a transfer.
#[derive(Clone, Copy, Debug)]
enum Blow {
    Kill,
    Terminate,
    Interrupt,
    Reset,
    Close,
    Restart,
    Change,
}

/// One file, fetched against resistance.
struct Round<'a> {
    random: Random,
    server: &'a mut Server,
    relay: &'a Relay,
    folder: tempfile::TempDir,
    /// `etag` or `noetag`.
    part: &'static str,
    /// The file's, which no other round has.
    name: String,
    /// Every content that the file has had.
    versions: Vec<Vec<u8>>,
    story: Vec<String>,
}

/// The client, and what held when it was started.
struct Client {
    child: Child,
    /// The version that the server had then.
    since: usize,
    /// What was saved already.
    before: Option<Vec<u8>>,
}

impl Round<'_> {
    fn new<'a>(seed: u64, server: &'a mut Server, relay: &'a Relay) -> Round<'a> {
        let mut random = Random(seed);
        Round {
            part: random.of(&["etag", "noetag"]),
            name: format!("{seed}.bin"),
            random,
            server,
            relay,
            folder: tempfile::tempdir().unwrap(),
            versions: Vec::new(),
            story: Vec::new(),
        }
    }

    fn run(&mut self) -> Result<(), String> {
        self.relay.allow(u64::MAX);
        self.change();
        let mut client = None;
        for _ in 0..=self.random.below(4) {
            let running = match &mut client {
                Some(running) => running,
                none => none.insert(self.start()),
            };
            let size = self.versions[self.versions.len() - 1].len() as u64;
            let bytes = self.random.below(size + 2000);
            self.relay.allow(bytes);
            match self.relay.wait(&mut running.child) {
                Event::Spent => {
                    self.story.push(format!("after {bytes} bytes"));
                    self.strike(&mut client)?;
                }
                Event::Ended(status) => {
                    self.check(client.take(), status)?;
                    if self.target().exists() {
                        return Ok(());
                    }
                }
                Event::Hangs => return Err("the client hangs".into()),
            }
        }
        self.undisturbed(client)
    }

    /// Does something to the transfer.
    fn strike(&mut self, client: &mut Option<Client>) -> Result<(), String> {
        let blow = self.random.of(&[
            Blow::Kill,
            Blow::Kill,
            Blow::Terminate,
            Blow::Interrupt,
            Blow::Reset,
            Blow::Close,
            Blow::Restart,
            Blow::Change,
        ]);
        self.story.push(format!("{blow:?}"));
        let changes = matches!(blow, Blow::Change) || self.random.below(2) == 0;
        match blow {
            Blow::Kill => self.stop(client, Signal::KILL)?,
            Blow::Terminate => self.stop(client, Signal::TERM)?,
            Blow::Interrupt => self.stop(client, Signal::INT)?,
            // In this order: the client's next attempt must find what it is to find.
            Blow::Reset | Blow::Close if changes => {
                self.change();
                self.relay.cut(matches!(blow, Blow::Reset));
                return Ok(());
            }
            Blow::Reset => self.relay.cut(true),
            Blow::Close => self.relay.cut(false),
            Blow::Restart => self.server.restart(),
            Blow::Change => {}
        }
        if changes {
            self.change();
        }
        Ok(())
    }

    /// Lets the client end, or starts another one: without disturbance it must succeed.
    fn undisturbed(&mut self, mut client: Option<Client>) -> Result<(), String> {
        self.relay.allow(u64::MAX);
        for _ in 0..2 {
            if let Some(mut running) = client.take() {
                match self.relay.wait(&mut running.child) {
                    Event::Ended(status) => self.check(Some(running), status)?,
                    _ => return Err("the client hangs".into()),
                }
            }
            if self.target().exists() {
                return Ok(());
            }
            client = Some(self.start());
        }
        let mut running = client.ok_or("no client")?;
        match self.relay.wait(&mut running.child) {
            Event::Ended(status) => self.check(Some(running), status)?,
            _ => return Err("the client hangs".into()),
        }
        match self.target().exists() {
            true => Ok(()),
            false => Err("an undisturbed run does not bring the file".into()),
        }
    }

    fn target(&self) -> PathBuf {
        self.folder.path().join(&self.name)
    }

    /// Puts another version in the file's place.
    fn change(&mut self) {
        let number = self.versions.len() as u64 + 1;
        let last = self.versions.last().map_or(0, |last| last.len() as u64);
        let size = match self.random.below(8) {
            0 => self.random.of(&[0, 1, 65_536, 262_144, 1_048_576]),
            1..4 if last > 0 => last,
            _ => self.random.below(BIGGEST),
        };
        let bytes = content::part(number, 0..size);
        // Long ago, so that Last-Modified is a strong validator; another second each time, and not
        // always a later one: backups are put back.
        let hour = Duration::from_secs(3600);
        let second = Duration::from_secs(number * 7);
        let time = SystemTime::now() - 2 * hour;
        let time = match self.random.below(4) {
            0 => time - second,
            _ => time + second,
        };
        let folder = self.server.www().join(self.part);
        let new = folder.join("new");
        fs::write(&new, &bytes).unwrap();
        let file = fs::File::options().append(true).open(&new).unwrap();
        file.set_modified(time).unwrap();
        fs::rename(&new, folder.join(&self.name)).unwrap();
        self.versions.push(bytes);
        self.story.push(format!("version {number}: {size} bytes"));
    }

    fn start(&mut self) -> Client {
        let url = format!(
            "http://127.0.0.1:{}/{}/{}",
            self.relay.port(),
            self.part,
            self.name
        );
        let mut command = async_fetch();
        // In one range, or in several.
        if self.random.below(2) == 0 {
            command.args(["--segments", "4", "--segment-size", "50KiB"]);
            self.story.push("in segments".to_owned());
        }
        command
            .args(["--quiet", "--json", "--backoff", "10ms", "-o"])
            .arg(self.folder.path())
            .arg(&url)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        self.story.push("start".to_owned());
        Client {
            child: with_usual_signals(&mut command).spawn().unwrap(),
            since: self.versions.len() - 1,
            before: read(&self.target()),
        }
    }

    /// Ends the client by a signal.
    fn stop(&mut self, client: &mut Option<Client>, signal: Signal) -> Result<(), String> {
        let Some(mut running) = client.take() else {
            return Ok(());
        };
        // It may have ended by itself.
        let _ = kill_process(Pid::from_child(&running.child), signal);
        let ended = self.relay.wait_end(&mut running.child);
        // What is left of its answers is not the next client's.
        self.relay.cut(true);
        match ended {
            Some(status) => self.check(Some(running), status),
            None => Err(format!("the client goes on after {signal:?}")),
        }
    }

    fn story(&self) -> String {
        format!("    {}: {}", self.part, self.story.join("\n    "))
    }
}

fn read(path: &Path) -> Option<Vec<u8>> {
    fs::read(path).ok()
}
