//! The tables as Markdown for the repository, and as one HTML page without other files.

use super::Table;
use common::text::html as plain;

/// The text above all tables.
const HEAD: &str = "\
`benches report` made this page of the files in [results](results): don't edit it. `benches report
--check` says which tables are older than the code that they measure. Each table says by which command,
version and date it was made. The ratio is the other program's median time divided by ours: above 1, ours
is faster; beside it is the range of all pairs. [README.md](README.md) says how the programs are measured,
and which jobs need a server.";

/// `RESULTS.md`.
pub fn markdown(tables: &[Table]) -> String {
    let mut text = format!("# Results\n\n{HEAD}\n");
    for table in tables {
        let line = |cells: &[String]| {
            let cells: Vec<String> = cells.iter().map(|it| it.replace('|', "\\|")).collect();
            format!("| {} |\n", cells.join(" | "))
        };
        text.push_str(&format!("\n## {}\n\n", table.title));
        text.push_str(&line(&table.columns));
        text.push_str(&format!("|{}\n", "---|".repeat(table.columns.len())));
        table.rows.iter().for_each(|row| text.push_str(&line(row)));
        text.push_str(&format!("\n{}\n\n", made(table)));
        for note in &table.notes {
            text.push_str(&format!("- {note}\n"));
        }
    }
    text
}

/// The command, version and date of a table.
fn made(table: &Table) -> String {
    let made = &table.made;
    let date = made.date.as_deref().unwrap_or("date unknown");
    format!(
        "`{}`, {}, {date}, on {}.",
        made.command, made.version, made.machine
    )
}

const STYLE: &str = "\
body { margin: 0; color: #1b1f26; background: #fff; font: 16px/1.45 system-ui, sans-serif; }
main { max-width: 60rem; margin: 0 auto; padding: 1rem; }
h2 { margin: 2rem 0 0.3rem; font-size: 1.15rem; }
.wide { overflow-x: auto; }
table { width: 100%; border-collapse: collapse; font-size: 0.9rem; }
th, td { padding: 0.2rem 0.5rem; border-bottom: 1px solid #e1e5ec; text-align: left; }
small { color: #4a5362; overflow-wrap: anywhere; }
@media print { main { max-width: none; } section { break-inside: avoid; } }
";

/// `RESULTS.html`.
pub fn html(tables: &[Table]) -> String {
    let mut body =
        "<h1>Results</h1>\n<p>The ratio is the other program's median time divided by ours: \
                    above 1, ours is faster; beside it is the range of all pairs.</p>\n"
            .to_owned();
    for table in tables {
        let cells = |row: &[String], tag: &str| {
            let cells = row
                .iter()
                .map(|cell| format!("<{tag}>{}</{tag}>", plain(cell)));
            format!("<tr>{}</tr>\n", cells.collect::<String>())
        };
        body.push_str(&format!("<section>\n<h2>{}</h2>\n", plain(&table.title)));
        body.push_str("<div class=\"wide\"><table>\n");
        body.push_str(&cells(&table.columns, "th"));
        table
            .rows
            .iter()
            .for_each(|row| body.push_str(&cells(row, "td")));
        body.push_str("</table></div>\n");
        let made = plain(&made(table)).replacen('`', "<code>", 1);
        let made = made.replacen('`', "</code>", 1);
        body.push_str(&format!("<p><small>{}</small></p>\n", made));
        for note in &table.notes {
            body.push_str(&format!("<p><small>{}</small></p>\n", plain(note)));
        }
        body.push_str("</section>\n");
    }
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta \
         name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>Results</title>\n\
         <link rel=\"icon\" href=\"data:,\">\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n{body}\
         </main>\n</body>\n</html>\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::Made;

    fn table() -> Table {
        Table {
            name: "versus-count".to_owned(),
            title: "primes <b>".to_owned(),
            made: Made {
                command: "benches versus count".to_owned(),
                version: "0.1.0, commit abc".to_owned(),
                date: Some("2026-11-30T16:20:00Z".to_owned()),
                machine: "two CPUs".to_owned(),
            },
            measures: vec!["primes/src".to_owned()],
            columns: ["beside", "ratio"].map(str::to_owned).to_vec(),
            rows: vec![["a | b", "1.32"].map(str::to_owned).to_vec()],
            notes: Vec::new(),
        }
    }

    #[test]
    fn each_table_says_what_made_it() {
        let text = markdown(&[table()]);
        assert!(text.contains("| a \\| b | 1.32 |"), "{text}");
        let made =
            "`benches versus count`, 0.1.0, commit abc, 2026-11-30T16:20:00Z, on two CPUs.\n";
        assert!(text.contains(made), "{text}");
    }

    #[test]
    fn the_page_needs_nothing_else_and_its_words_mean_themselves() {
        let page = html(&[table()]);
        assert!(page.contains("<h2>primes &lt;b&gt;</h2>"), "{page}");
        assert!(
            page.contains("<code>benches versus count</code>, 0.1.0"),
            "{page}"
        );
        assert!(page.contains(", on two CPUs.</small>"), "{page}");
        for elsewhere in ["<script", "http", "src=", "@import"] {
            assert!(!page.contains(elsewhere), "{elsewhere}");
        }
    }
}
