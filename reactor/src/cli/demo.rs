//! The demonstration: a chat server and three scripted clients, in one process and on one thread.

use std::cell::RefCell;
use std::fmt::Write as _;
use std::io::Write;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use common::cli::{Outcome, OutputArgs};
use reactor::{Deferred, Error, LineHandler, LineReceiver, Reactor, Resolver, Transport, chat};
use serde_json::json;

use super::serve::stop_on_signals;

/// The demonstration takes milliseconds. If it takes longer than this, it is an error.
const LONGEST: Duration = Duration::from_secs(10);

const CAST: [&str; 3] = ["ann", "bob", "cid"];

/// The script: the number of the client, and the line that it sends.
const SCRIPT: [(usize, &str); 7] = [
    (0, "ann:"),
    (1, "bob:hello, is anybody here?"),
    (0, "ann:hello, bob"),
    (2, "cid:am I late?"),
    (1, "no colon, no name"),
    (1, "bob:not at all"),
    (2, "cid:good"),
];

/// What was received, and by whom. The next line is sent when all have received the last one.
#[derive(Default)]
struct Heard {
    lines: Vec<(&'static str, String)>,
    /// How many lines must be received before the script goes on.
    wanted: usize,
    go_on: Option<Resolver<()>>,
}

/// A client of the demonstration: it receives lines.
struct Actor {
    name: &'static str,
    heard: Rc<RefCell<Heard>>,
}

impl LineHandler for Actor {
    fn line_received(&mut self, _: &Transport, line: &[u8]) {
        let _span = tracing::info_span!("line_received by a client", name = self.name).entered();
        let mut heard = self.heard.borrow_mut();
        let line = String::from_utf8_lossy(line).into_owned();
        heard.lines.push((self.name, line));
        if heard.lines.len() >= heard.wanted
            && let Some(go_on) = heard.go_on.take()
        {
            drop(heard);
            let _ = go_on.callback(());
        }
    }
}

/// A deferred that fires when `more` lines have been received.
fn until(heard: &RefCell<Heard>, more: usize) -> Deferred<()> {
    let (deferred, go_on) = Deferred::new();
    let mut heard = heard.borrow_mut();
    heard.wanted += more;
    if heard.lines.len() >= heard.wanted {
        return Deferred::done(Ok(()));
    }
    heard.go_on = Some(go_on);
    deferred
}

async fn play(
    reactor: Reactor,
    server: SocketAddr,
    heard: Rc<RefCell<Heard>>,
) -> Result<(), Error> {
    let mut actors = Vec::new();
    for name in CAST {
        let heard = Rc::clone(&heard);
        let actor = LineReceiver::new(Actor { name, heard });
        actors.push(reactor.connect_tcp(server, actor).await?);
    }
    // Each client gets a welcome.
    until(&heard, CAST.len()).await?;
    let mut named = [false; CAST.len()];
    for (who, line) in SCRIPT {
        actors[who].write(format!("{line}\n").as_bytes());
        let others = CAST.len() - 1;
        let joins = line.contains(':') && !std::mem::replace(&mut named[who], true);
        let says = !line.ends_with(':');
        let lines = match line.contains(':') {
            true => others * (usize::from(joins) + usize::from(says)),
            // Only its sender gets the answer that it is not a message.
            false => 1,
        };
        until(&heard, lines).await?;
    }
    actors[1].close();
    until(&heard, CAST.len() - 1).await
}

pub(super) fn run(output: &OutputArgs) -> anyhow::Result<Outcome> {
    let reactor = super::reactor()?;
    let interrupted = stop_on_signals(&reactor)?;
    let here = ([127, 0, 0, 1], 0).into();
    let port = reactor.listen_tcp(here, chat::Server::default())?;
    let address = port.local_addr()?;
    let heard = Rc::default();
    let playing = reactor
        .spawn(play(reactor.clone(), address, Rc::clone(&heard)))
        .with_timeout(&reactor, LONGEST);
    match reactor.run_until(playing) {
        Err(_) if interrupted.get() => return Ok(Outcome::Interrupted),
        played => played?,
    }
    let waits = reactor.waits();
    let heard = heard.take().lines;
    let mut out = common::cli::stdout();
    if output.json {
        let heard: Vec<_> = heard
            .iter()
            .map(|(who, line)| json!({ "who": who, "line": line }))
            .collect();
        out.json(&json!({ "conversation": heard, "waits": waits }))?;
    } else {
        let mut text = String::new();
        if !output.quiet {
            text.push_str(
                "A chat server and three clients on one thread. Each line: the client that\n\
                 receives it, and the text. Look for: no client waits for a silent one.\n\n",
            );
        }
        for (who, line) in &heard {
            writeln!(text, "{who:>3} {line}")?;
        }
        write!(out, "{text}")?;
        if !output.quiet {
            writeln!(
                out,
                "\nA server and three clients, {} lines received: one thread, {waits} waits.\n\
                 Each time the thread waited for all sockets at once. Then it called the\n\
                 protocols of those that were ready.\n\n{}",
                heard.len(),
                common::cli::read_next("reactor")
            )?;
        }
    }
    out.flush()?;
    Ok(Outcome::Done)
}
