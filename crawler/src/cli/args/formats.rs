//! The formats of reports.

use clap::ValueEnum;
use crawler::report::{CheckFormat, Format};

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(in crate::cli) enum CheckFormatArg {
    /// For people: an entry for each target, with the places of its links
    Text,
    /// One JSON document
    Json,
    /// A JSON document on each line: one for each entry, and a summary at the end
    Jsonl,
    /// A line for each broken link
    Csv,
    /// Test results, for Jenkins, GitLab and others
    Junit,
    /// Annotations, for GitHub's workflows
    Github,
    /// A table
    Markdown,
}

impl From<CheckFormatArg> for CheckFormat {
    fn from(format: CheckFormatArg) -> CheckFormat {
        match format {
            CheckFormatArg::Text => CheckFormat::Text,
            CheckFormatArg::Json => CheckFormat::Json,
            CheckFormatArg::Jsonl => CheckFormat::JsonLines,
            CheckFormatArg::Csv => CheckFormat::Csv,
            CheckFormatArg::Junit => CheckFormat::JUnit,
            CheckFormatArg::Github => CheckFormat::GitHub,
            CheckFormatArg::Markdown => CheckFormat::Markdown,
        }
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(in crate::cli) enum FormatArg {
    /// A line for each page
    Pages,
    /// Broken links with their places, redirected links, and slow pages
    Broken,
    /// The same as one JSON document
    BrokenJson,
    /// The graph of links for Graphviz
    Dot,
    /// The graph of links for Gephi and yEd
    Graphml,
    /// A line of JSON for each page
    Jsonl,
    /// For spreadsheets
    Csv,
    /// A sitemap of the pages that exist
    Sitemap,
}

impl From<FormatArg> for Format {
    fn from(format: FormatArg) -> Format {
        match format {
            FormatArg::Pages => Format::Pages,
            FormatArg::Broken => Format::Check(CheckFormat::Text),
            FormatArg::BrokenJson => Format::Check(CheckFormat::Json),
            FormatArg::Dot => Format::Dot,
            FormatArg::Graphml => Format::GraphMl,
            FormatArg::Jsonl => Format::JsonLines,
            FormatArg::Csv => Format::Csv,
            FormatArg::Sitemap => Format::Sitemap,
        }
    }
}
