//! Flags for the network.

use std::net::IpAddr;
use std::path::PathBuf;

use super::values;

#[derive(clap::Args, Debug, PartialEq)]
#[command(next_help_heading = "Network")]
pub(in crate::cli) struct Network {
    /// Use this proxy: http://…, socks5://…, socks5h://…, or none [default: as http_proxy,
    /// https_proxy and all_proxy say]. Hosts in no_proxy are asked directly
    #[arg(long, value_name = "URL")]
    pub(in crate::cli) proxy: Option<String>,
    /// Use ADDRESS for HOST at that port; may be given more than once
    #[arg(long, value_name = "HOST:PORT:ADDRESS", value_parser = values::resolve)]
    pub(in crate::cli) resolve: Vec<(String, u16, IpAddr)>,
    /// Speak HTTP/2 only, also to http://
    #[arg(long)]
    pub(in crate::cli) http2: bool,
    /// Trust the authorities in FILE (PEM) instead of the system's
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) cacert: Option<PathBuf>,
    /// Show servers this certificate (PEM)
    #[arg(short = 'E', long, value_name = "FILE")]
    pub(in crate::cli) cert: Option<PathBuf>,
    /// The key of --cert (PEM), if it is not in the same file
    #[arg(long, value_name = "FILE", requires = "cert")]
    pub(in crate::cli) key: Option<PathBuf>,
    /// Accept any certificate: then anybody on the network can read and change everything
    #[arg(short = 'k', long)]
    pub(in crate::cli) insecure: bool,
}
