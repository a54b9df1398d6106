//! Entries in each of the formats.

use std::io::{self, Write};

use super::{CheckFormat, Entry, MOST, Place, SHOWN, Verdict};
use crate::report::{escaped, quoted};

/// See the module.
pub(super) struct Writer<'a> {
    format: CheckFormat,
    out: &'a mut dyn Write,
    /// Nothing was written in this section yet.
    first: bool,
    section: &'static str,
}

impl<'a> Writer<'a> {
    pub(super) fn new(format: CheckFormat, out: &'a mut dyn Write) -> Writer<'a> {
        Writer {
            format,
            out,
            first: true,
            section: "",
        }
    }

    pub(super) fn format(&self) -> CheckFormat {
        self.format
    }

    /// How many places of a target are wanted.
    pub(super) fn places(&self) -> u32 {
        match self.format {
            CheckFormat::Text
            | CheckFormat::GitHub
            | CheckFormat::Markdown
            | CheckFormat::JUnit => SHOWN,
            CheckFormat::Json | CheckFormat::JsonLines | CheckFormat::Csv => MOST,
        }
    }

    pub(super) fn begin(&mut self, verdict: &Verdict) -> io::Result<()> {
        match self.format {
            CheckFormat::Json => write!(self.out, "{{"),
            CheckFormat::Csv => {
                write!(
                    self.out,
                    "url,error,status,passing,page,line,column,element\r\n"
                )
            }
            CheckFormat::JUnit => {
                let tests = verdict.broken + 1;
                writeln!(
                    self.out,
                    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n\
                     <testsuite name=\"links\" tests=\"{tests}\" failures=\"{0}\" errors=\"0\">\n\
                     <testcase classname=\"links\" name=\"all links were checked\"/>",
                    verdict.broken
                )
            }
            CheckFormat::Markdown => writeln!(
                self.out,
                "| link | what is wrong | where it stands |\n|---|---|---|"
            ),
            CheckFormat::Text | CheckFormat::JsonLines | CheckFormat::GitHub => Ok(()),
        }
    }

    pub(super) fn entry(&mut self, section: &'static str, entry: &Entry) -> io::Result<()> {
        match self.format {
            CheckFormat::Text => self.text(entry),
            CheckFormat::Json => self.json(section, entry),
            CheckFormat::JsonLines => {
                serde_json::to_writer(&mut *self.out, entry)?;
                writeln!(self.out)
            }
            _ => match entry {
                Entry::Broken {
                    url,
                    error,
                    count,
                    places,
                    ..
                } => match self.format {
                    CheckFormat::JUnit => self.junit(url, error, *count, places),
                    CheckFormat::GitHub => self.github(url, error, *count, places),
                    _ => self.markdown(url, error, *count, places),
                },
                // These formats are for what is broken.
                _ => Ok(()),
            },
        }
    }

    fn text(&mut self, entry: &Entry) -> io::Result<()> {
        let out = &mut self.out;
        match entry {
            Entry::Broken {
                url,
                error,
                passing,
                count,
                places,
                ..
            } => {
                let again = if *passing { "; it may pass" } else { "" };
                writeln!(out, "broken {url}\n  {error}{again}")?;
                list(out, *count, places)
            }
            Entry::Redirected {
                url,
                target,
                count,
                places,
            } => {
                writeln!(out, "redirected {url}\n  to {target}")?;
                list(out, *count, places)
            }
            Entry::Slow { url, seconds } => writeln!(out, "slow {url}\n  {seconds:.1} s"),
            Entry::Cut { url, limit } => writeln!(out, "not read to its end {url}\n  {limit}"),
            Entry::Summary(_) => Ok(()),
        }
    }

    /// An entry of an array, which begins with its first entry.
    fn json(&mut self, section: &'static str, entry: &Entry) -> io::Result<()> {
        if section != self.section {
            let end = if self.section.is_empty() { "" } else { "]," };
            write!(self.out, "{end}\n\"{section}\": [")?;
            (self.section, self.first) = (section, true);
        }
        let gap = if self.first { "\n  " } else { ",\n  " };
        self.first = false;
        write!(self.out, "{gap}")?;
        Ok(serde_json::to_writer(&mut *self.out, entry)?)
    }

    pub(super) fn csv(
        &mut self,
        url: &str,
        error: &str,
        status: Option<u16>,
        passing: bool,
        place: &Place,
    ) -> io::Result<()> {
        let status = status.map_or(String::new(), |status| status.to_string());
        let Place {
            page,
            line,
            column,
            element,
        } = place;
        let page = quoted(page.as_deref().unwrap_or(""));
        let (url, error) = (quoted(url), quoted(error));
        write!(
            self.out,
            "{url},{error},{status},{passing},{page},{line},{column},{element}\r\n"
        )
    }

    fn junit(&mut self, url: &str, error: &str, count: u64, places: &[Place]) -> io::Result<()> {
        let mut text = Vec::new();
        list(&mut text, count, places)?;
        let text = String::from_utf8_lossy(&text);
        let (url, error) = (escaped(url), escaped(error));
        writeln!(
            self.out,
            "<testcase classname=\"links\" name=\"{url}\"><failure message=\"{error}\">{}</failure></testcase>",
            escaped(&text)
        )
    }

    /// `::error title=…::…`, an annotation for each place that is shown
    /// (docs.github.com, "Workflow commands").
    fn github(&mut self, url: &str, error: &str, count: u64, places: &[Place]) -> io::Result<()> {
        let data = |text: &str| {
            let text = text.replace('%', "%25").replace('\r', "%0D");
            text.replace('\n', "%0A")
        };
        let more = match count.saturating_sub(places.len() as u64) {
            0 => String::new(),
            more => format!(" (and {more} more places)"),
        };
        for place in places {
            let message = format!("{}: {url}: {error}{more}", place.text());
            writeln!(self.out, "::error title=Broken link::{}", data(&message))?;
        }
        Ok(())
    }

    fn markdown(&mut self, url: &str, error: &str, count: u64, places: &[Place]) -> io::Result<()> {
        let cell = |text: &str| text.replace('|', "\\|").replace('\n', " ");
        let shown: Vec<String> = places
            .iter()
            .map(|place| format!("<{}>", place.text()))
            .collect();
        let more = match count.saturating_sub(places.len() as u64) {
            0 => String::new(),
            more => format!(", and {more} more"),
        };
        let (url, error) = (cell(url), cell(error));
        writeln!(
            self.out,
            "| <{url}> | {error} | {}{more} |",
            cell(&shown.join(", "))
        )
    }

    pub(super) fn end(&mut self, verdict: &Verdict) -> io::Result<()> {
        match self.format {
            CheckFormat::Json => {
                let end = if self.section.is_empty() { "" } else { "]," };
                write!(self.out, "{end}\n\"summary\": ")?;
                serde_json::to_writer(&mut *self.out, verdict)?;
                writeln!(self.out, "\n}}")
            }
            CheckFormat::JsonLines => {
                serde_json::to_writer(&mut *self.out, &Entry::Summary(*verdict))?;
                writeln!(self.out)
            }
            CheckFormat::JUnit => writeln!(self.out, "</testsuite>\n</testsuites>"),
            _ => Ok(()),
        }
    }
}

/// Where links stand, a line each, and how many are not shown.
fn list(out: &mut dyn Write, count: u64, places: &[Place]) -> io::Result<()> {
    for place in places {
        writeln!(out, "    {} <{}>", place.text(), place.element)?;
    }
    match count.saturating_sub(places.len() as u64) {
        0 => Ok(()),
        more => writeln!(out, "    and {more} more: --format csv has them all"),
    }
}
