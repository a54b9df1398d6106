//! `guidelines choose`.

use super::args::{self, ChooseArgs, Kind, YesNo};
use super::ask::ask;
use super::measure;
use clap::ValueEnum;
use common::cli::{Interrupt, Outcome, OutputArgs};
use common::text::wrapped;
use guidelines::choose::{Advice, Needs, choose};
use guidelines::figure::Unit;
use guidelines::measure::{Options, ROUNDS};
use std::io::{self, IsTerminal, Write};

/// What is assumed of what neither a flag nor an answer says.
const LENGTH: &str = "1ms";
const COUNT: &str = "1000";
const WAITING: &str = "0%";
const DATA: &str = "0";
const NO: &str = "no";
const ANY: &str = "any";

pub(super) fn run(
    args: &ChooseArgs,
    output: &OutputArgs,
    interrupt: &Interrupt,
) -> anyhow::Result<Outcome> {
    let report = args.from.as_deref().map(measure::read).transpose()?;
    let needs = needs(args)?;
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
    let advice = choose(&needs, &report.view(), report.machine.usable);
    let mut out = common::cli::stdout();
    if output.json {
        let json = match &advice {
            Ok(advice) => serde_json::json!({"advice": advice}),
            Err(why) => serde_json::json!({"refused": why}),
        };
        out.json(&json)?;
    } else {
        out.write_all(text(&needs, &advice).as_bytes())?;
    }
    out.flush()?;
    Ok(match advice {
        Ok(_) => Outcome::Done,
        Err(_) => Outcome::SomeFailed,
    })
}

/// What the flags say; on a terminal the rest is asked for.
fn needs(args: &ChooseArgs) -> anyhow::Result<Needs> {
    let terminal = io::stdin().is_terminal() && io::stderr().is_terminal();
    let (mut input, mut output) = (io::stdin().lock(), io::stderr());
    let mut number = |given: Option<f64>, question: &str, default: &str, read: Read| match given {
        Some(value) => Ok(value),
        None if terminal => ask(question, default, read, &mut input, &mut output),
        None => read(default).map_err(io::Error::other),
    };
    let length = number(
        args.length,
        "How long does a task take by itself?",
        LENGTH,
        args::length,
    )?;
    let count = number(args.count, "How many tasks are there?", COUNT, args::count)?;
    let waiting = "What share of that time does a task wait?";
    let waiting = number(args.waiting, waiting, WAITING, args::share)?;
    let data = "How much data goes into a task and comes out of it?";
    let data = number(args.data, data, DATA, args::size)?;
    let mut word = |question: &str, default: &str| match terminal {
        true => ask(
            question,
            default,
            |text| Ok(text.to_owned()),
            &mut input,
            &mut output,
        ),
        false => Ok(default.to_owned()),
    };
    let yes = |given: Option<YesNo>,
               question: &str,
               word: &mut dyn FnMut(&str, &str) -> io::Result<String>| {
        match given {
            Some(answer) => anyhow::Ok(answer == YesNo::Yes),
            None => Ok(word(question, NO)?.to_lowercase().starts_with('y')),
        }
    };
    let shared = yes(args.shared, "Do tasks change the same data?", &mut word)?;
    let isolation = "Must a task that crashes or leaks not harm the others?";
    let isolation = yes(args.isolation, isolation, &mut word)?;
    let library = match args.library {
        Some(kind) => kind,
        None => {
            let answer = word("Its libraries: blocking, async or any?", ANY)?;
            Kind::from_str(&answer, true).unwrap_or(Kind::Any)
        }
    };
    Ok(Needs {
        length,
        count,
        waiting,
        data,
        shared,
        isolation,
        library: library.into(),
    })
}

type Read = fn(&str) -> Result<f64, String>;

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
                    "To expect here: {} times as fast as one after another ({}), computed from \
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
    lines.iter().map(|line| wrapped(line, 80) + "\n").collect()
}
