//! Flags for saved files.

use std::path::PathBuf;

use async_fetch::Checksum;

use super::values;

#[derive(clap::Args, Debug, PartialEq)]
#[command(next_help_heading = "Saving")]
pub(in crate::cli) struct Saving {
    /// Save bodies in DIR, under the last part of the URL's path. A file appears when it is
    /// complete. Incomplete downloads are resumed; complete ones are not fetched again
    #[arg(short = 'o', long = "output", value_name = "DIR")]
    pub(in crate::cli) folder: Option<PathBuf>,
    /// Save the body of one URL as FILE, or write it to standard output (-)
    #[arg(
        short = 'O',
        long = "output-document",
        value_name = "FILE",
        conflicts_with = "folder"
    )]
    pub(in crate::cli) document: Option<PathBuf>,
    /// Fetch files that exist again, and replace them
    #[arg(long, requires = "folder")]
    pub(in crate::cli) overwrite: bool,
    /// Resume files that another program left incomplete
    #[arg(short = 'c', long = "continue", conflicts_with = "overwrite")]
    pub(in crate::cli) go_on: bool,
    /// Fetch a file that exists only if the server has a newer one; files get the server's time
    #[arg(short = 'N', long, requires = "folder", conflicts_with = "overwrite")]
    pub(in crate::cli) timestamping: bool,
    /// Give files the server's time
    #[arg(short = 'R', long)]
    pub(in crate::cli) remote_time: bool,
    /// Use the server's file names (Content-Disposition), made safe
    #[arg(long, requires = "folder")]
    pub(in crate::cli) content_disposition: bool,
    /// Keep the URLs' folders below DIR: HOST/PATH/NAME
    #[arg(short = 'x', long, requires = "folder")]
    pub(in crate::cli) force_directories: bool,
    /// Fetch a big file in up to N ranges at once, from its mirrors too
    #[arg(long, value_name = "N", default_value = "1", value_parser = values::segments)]
    pub(in crate::cli) segments: usize,
    /// The checksum that the body must have: 64 digits of SHA-256; for one URL
    #[arg(long, value_name = "SUM")]
    pub(in crate::cli) checksum: Option<Checksum>,
    /// Ask for compression, and decompress
    #[arg(long)]
    pub(in crate::cli) compressed: bool,
}
