//! `guidelines choose`.

use super::args::{self, ChooseArgs, YesNo};
use super::ask::ask;
use super::measure;
use common::cli::{Interrupt, Outcome, OutputArgs};
use common::text::{escaped, wrapped};
use guidelines::choose::{Advice, Needs, choose};
use guidelines::figure::Unit;
use guidelines::measure::{Options, ROUNDS};
use std::io::{self, IsTerminal, Write};

/// The default answers, used without a flag and without an answer.
const LENGTH: &str = "1ms";
const COUNT: &str = "1000";
const WAITING: &str = "0%";
const DATA: &str = "0";
const NO: &str = "no";
const ANY: &str = "any";

pub(super) fn run(
    args: &ChooseArgs,
    needs: &Needs,
    output: &OutputArgs,
    interrupt: &Interrupt,
) -> anyhow::Result<Outcome> {
    let report = args.from.as_deref().map(measure::read).transpose()?;
    let report = match report {
        Some(report) => report,
        None => {
            let options = Options {
                all: false,
                python: false,
                rounds: args.runs.unwrap_or(ROUNDS),
                cluster: None,
            };
            if !output.quiet {
                common::remark!("measuring this machine: about fifteen seconds");
            }
            measure::with_progress(&options, output, interrupt)?
        }
    };
    let advice = choose(needs, &report.view(), report.machine.usable);
    let mut out = common::cli::stdout();
    if output.json {
        let json = match &advice {
            Ok(advice) => serde_json::json!({"advice": advice}),
            Err(why) => serde_json::json!({"refused": why}),
        };
        out.json(&json)?;
    } else {
        out.write_all(text(needs, &advice).as_bytes())?;
    }
    out.flush()?;
    Ok(match advice {
        Ok(_) => Outcome::Done,
        Err(_) => Outcome::SomeFailed,
    })
}

/// The values of the flags. On a terminal the others are asked for.
///
/// To be called before Ctrl-C is handled: while this waits for an answer, Ctrl-C ends the program.
pub(super) fn needs(args: &ChooseArgs) -> anyhow::Result<Needs> {
    let terminal = io::stdin().is_terminal() && io::stderr().is_terminal();
    let mut asker = Asker {
        input: terminal.then(|| io::stdin().lock()),
        output: io::stderr(),
    };
    let length = "How long does a task take by itself?";
    let count = "How many tasks are there?";
    let waiting = "During which share of that time does a task wait?";
    let data = "How large are the input and output of a task?";
    let shared = "Do tasks change the same data?";
    let isolation = "Must the other tasks be safe if one crashes or leaks memory?";
    let library = "Its libraries: blocking, async or any?";
    Ok(Needs {
        length: asker.ask(args.length, length, LENGTH, args::length)?,
        count: asker.ask(args.count, count, COUNT, args::count)?,
        waiting: asker.ask(args.waiting, waiting, WAITING, args::share)?,
        data: asker.ask(args.data, data, DATA, args::size)?,
        shared: asker.ask(args.shared, shared, NO, args::yes_no)? == YesNo::Yes,
        isolation: asker.ask(args.isolation, isolation, NO, args::yes_no)? == YesNo::Yes,
        library: asker.ask(args.library, library, ANY, args::kind)?.into(),
    })
}

/// Asks on a terminal. Otherwise it uses the default answer.
struct Asker {
    input: Option<io::StdinLock<'static>>,
    output: io::Stderr,
}

impl Asker {
    /// The value of a flag, the answer to a question, or the default answer.
    fn ask<T>(
        &mut self,
        given: Option<T>,
        question: &str,
        usual: &str,
        read: fn(&str) -> Result<T, String>,
    ) -> io::Result<T> {
        match (given, &mut self.input) {
            (Some(value), _) => Ok(value),
            (None, Some(input)) => ask(question, usual, read, input, &mut self.output),
            (None, None) => read(usual).map_err(io::Error::other),
        }
    }
}

fn text(needs: &Needs, advice: &Result<Advice, String>) -> String {
    let work = format!(
        "{} tasks of {}, of which {:.0} % waiting.",
        Unit::Count.human(needs.count),
        Unit::Seconds.human(needs.length),
        needs.waiting * 100.0
    );
    let mut lines = vec![work];
    match advice {
        Ok(advice) => {
            lines.push(format!("Use: {}.", advice.model.name()));
            lines.push(advice.reason.clone());
            if let Some(gain) = advice.gain {
                lines.push(format!(
                    "Expected here: {} times as fast as one after another ({}), computed from \
                     this machine's figures.",
                    gain.human(gain.median),
                    gain.range()
                ));
            }
            lines.extend(advice.otherwise.iter().map(|it| format!("- {it}")));
            lines.push(format!("Copy: {}", advice.copy));
        }
        Err(why) => lines.push(format!("Nothing is recommended: {why}.")),
    }
    // A report may come from anybody.
    let printable = lines.iter().map(|line| wrapped(&escaped(line), 80) + "\n");
    printable.collect()
}
