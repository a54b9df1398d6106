//! The report as one HTML page without other files: plots, tables and decisions.

use super::plots::{self, Plot};
use super::{Report, text};
use crate::book::{Row, Section};
use crate::crossover::Crossover;
use crate::decisions::{Decision, Verdict};
use common::text::html as plain;
use std::fmt::Write;

const STYLE: &str = include_str!("page.css");

/// The page.
pub fn page(report: &Report) -> String {
    let mut body = heading(report);
    body.push_str("<h2>What to use when</h2>\n");
    for decision in &report.decisions {
        body.push_str(&shown(decision));
    }
    for section in &report.sections.sections {
        body.push_str(&figures(section));
    }
    body.push_str(&crossovers(&report.crossovers));
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>Guidelines: concurrency on this machine</title>\n\
         <link rel=\"icon\" href=\"data:,\">\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n\
         {body}</main>\n</body>\n</html>\n"
    )
}

fn heading(report: &Report) -> String {
    let machine = &report.machine;
    let class = if report.busy.is_empty() {
        "quiet"
    } else {
        "busy"
    };
    let frequency = machine
        .frequency
        .as_deref()
        .unwrap_or("the frequency is not known");
    format!(
        "<h1>What concurrency costs on this machine</h1>\n<p>{}.<br>{}; {}.<br>{}, in {:.0} s, by \
         guidelines {}.</p>\n<p class=\"{class}\">{}</p>\n<p>Each figure is the median of several \
         runs, with its range. If two ranges overlap, the difference may be noise.</p>\n",
        plain(&machine.cpus),
        plain(&machine.system),
        plain(frequency),
        plain(&machine.date),
        report.took,
        plain(&machine.version),
        plain(&text::busy(report)),
    )
}

fn shown(decision: &Decision) -> String {
    let mut html = format!(
        "<section id=\"{}\">\n<h3>{}</h3>\n<p>{}</p>\n<ul>\n",
        plain(&decision.id),
        plain(&decision.question),
        plain(&decision.advice)
    );
    for ruling in &decision.rules {
        let (class, why) = match &ruling.verdict {
            Verdict::Backed => ("backed", String::new()),
            Verdict::Contradicted => ("contradicted", String::new()),
            Verdict::Undecided(why) => ("undecided", format!(" ({})", plain(why))),
        };
        let _infallible = writeln!(
            html,
            "<li><b class=\"{class}\">{}</b>{why}: {} <cite>{}</cite><br><small>{}</small></li>",
            ruling.verdict.word(),
            plain(&ruling.rule),
            plain(&ruling.source),
            plain(&ruling.figures),
        );
    }
    html.push_str("</ul>\n</section>\n");
    html
}

fn figures(section: &Section) -> String {
    let mut html = format!(
        "<section id=\"section-{}\">\n<h2>{}</h2>\n",
        plain(&section.id),
        plain(&section.title)
    );
    // What has other units stands in plots of its own.
    let mut units = Vec::new();
    for row in &section.rows {
        let unit = row.figure.map(|it| it.unit);
        if unit.is_some() && !units.contains(&unit) {
            units.push(unit);
        }
    }
    for unit in &units {
        let of_unit = section
            .rows
            .iter()
            .filter(|row| row.figure.map(|it| it.unit) == *unit);
        let rows: Vec<Row> = of_unit.cloned().collect();
        if let Some(plot) = plots::bars(&rows, "what is measured") {
            html.push_str(&figure(&plot, &section.caption));
        }
    }
    if units.is_empty() {
        let _infallible = writeln!(html, "<p>{}</p>", plain(&section.caption));
    }
    if !section.rows.is_empty() {
        html.push_str(&table(&section.rows));
    }
    html.push_str("</section>\n");
    html
}

fn figure(plot: &Plot, caption: &str) -> String {
    format!(
        "<figure data-x=\"{}\" data-y=\"{}\">\n{}\n<figcaption>{}</figcaption>\n</figure>\n",
        plain(&plot.x),
        plain(&plot.y),
        plot.svg,
        plain(caption)
    )
}

fn table(rows: &[Row]) -> String {
    let mut html = "<table>\n<tr><th>what</th><th>median</th><th>range</th></tr>\n".to_owned();
    for row in rows {
        let (median, range) = match &row.figure {
            Some(figure) => (figure.human(figure.median), figure.range()),
            None => ("no figure".to_owned(), String::new()),
        };
        let remark = row
            .remark
            .as_deref()
            .map(|it| format!("<br><small>{}</small>", plain(it)));
        let _infallible = writeln!(
            html,
            "<tr><td>{}{}</td><td>{}</td><td>{}</td></tr>",
            plain(&row.title),
            remark.unwrap_or_default(),
            plain(&median),
            plain(&range)
        );
    }
    html.push_str("</table>\n");
    html
}

/// Cross-overs by the same kind of size share a plot.
fn crossovers(all: &[Crossover]) -> String {
    let mut html = "<h2>Cross-over points</h2>\n".to_owned();
    let mut groups: Vec<Vec<&Crossover>> = Vec::new();
    for crossover in all {
        match groups.last_mut() {
            Some(group) if group[0].size == crossover.size && group[0].ratio == crossover.ratio => {
                group.push(crossover);
            }
            _ => groups.push(vec![crossover]),
        }
    }
    for group in groups {
        if let Some(plot) = plots::curves(&group) {
            let caption = format!(
                "The curves show a ratio: {}. The cross-over is where a curve rises above the line at \
                 1. The thin lines are ranges.",
                group[0].ratio
            );
            html.push_str(&figure(&plot, &caption));
        }
        html.push_str("<table>\n<tr><th>what</th><th>by</th><th>cross-over</th></tr>\n");
        for crossover in group {
            let _infallible = writeln!(
                html,
                "<tr><td>{}</td><td>{}</td><td>{}</td></tr>",
                plain(&crossover.title),
                plain(&crossover.size),
                plain(&crossover.place())
            );
        }
        html.push_str("</table>\n");
    }
    html
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::book::Book;
    use crate::figure::{Figure, Unit};
    use crate::machine::Machine;

    #[test]
    fn what_comes_from_the_machine_can_not_become_markup() {
        let machine = Machine {
            cpus: "<script>alert(1)</script> & \u{1b}[2J".to_owned(),
            ..Machine::default()
        };
        let report = Report::new(machine, Vec::new(), 1.0, Book::default(), Vec::new());
        let page = page(&report);
        assert!(!page.contains("<script"));
        assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt; &amp; \\u{1b}[2J"));
    }

    #[test]
    fn figures_of_two_units_stand_in_two_plots() {
        let mut section = Section::new("mixed", "Mixed", "Look.");
        for (id, unit) in [
            ("a", Unit::Seconds),
            ("b", Unit::Bytes),
            ("c", Unit::Seconds),
        ] {
            section.add(id, id, Ok(Figure::exactly(unit, 1.0)));
        }
        section.add("d", "d", Err("python3 is not on the PATH".to_owned()));
        let html = figures(&section);
        assert_eq!(html.matches("<svg").count(), 2);
        assert_eq!(html.matches("<figcaption>Look.</figcaption>").count(), 2);
        assert!(html.contains("python3 is not on the PATH"));
    }
}
