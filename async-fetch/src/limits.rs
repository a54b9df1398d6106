//! The limits of a fetcher, and its time-outs.

use std::time::Duration;

/// The limits of a fetcher. All can be set: see [`Builder`](crate::Builder).
#[derive(Clone, Debug, PartialEq)]
pub struct Limits {
    /// Requests in flight at once (default: 64): enough to hide the latency of most servers, and few enough
    /// for the usual limit of 256 to 1024 descriptors.
    pub jobs: usize,
    /// Requests in flight at once for one host, which is a scheme, a name and a port (default: 6): as many as
    /// browsers send, so that no server takes them for an attack.
    pub per_host: usize,
    /// Requests that are read ahead, beyond `jobs`, to find hosts that are not busy (default: 4000). Each
    /// takes about 300 bytes. In order, outcomes that wait for earlier ones count too. If a list begins with
    /// more requests than this for one slow host, other hosts have to wait.
    pub look_ahead: usize,
    /// Requests a second, of all hosts together (default: no limit).
    pub rate: Option<f64>,
    /// Time from the start of a request to the start of the next one for the same host, at least (default:
    /// none).
    pub host_delay: Duration,
    /// Bytes of bodies a second, of all together (default: no limit).
    pub bytes_a_second: Option<u64>,
    /// Bytes a second of each body, at least, and how long it may be slower (default: no limit).
    pub lowest_speed: Option<(u64, Duration)>,
    /// Redirects that are followed (default: 10), as many as in most clients.
    pub redirects: usize,
    /// Bytes of a body that is kept in memory, decoded (default: 16 MiB). Multiplied by `jobs`, it is the
    /// memory that bodies may take.
    pub body_in_memory: u64,
    /// Bytes of any other body (default: 1 TiB): only an endless body is longer.
    pub body: u64,
    /// Bytes of a range, at least, of a file that is fetched in several ranges (default: 1 MiB). Each range
    /// costs a round trip.
    pub segment: u64,
    /// Decoded bytes for each byte that came, beyond the first MiB (default: 1000): a little more than the
    /// best ratio of gzip.
    pub decoded_ratio: u64,
    /// Headers of one answer (default: 100). Their bytes are limited too, to some 400 KiB.
    pub headers: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            jobs: 64,
            per_host: 6,
            look_ahead: 4000,
            rate: None,
            host_delay: Duration::ZERO,
            bytes_a_second: None,
            lowest_speed: None,
            redirects: 10,
            body_in_memory: 16 << 20,
            body: 1 << 40,
            segment: 1 << 20,
            decoded_ratio: 1000,
            headers: 100,
        }
    }
}

/// The time-outs of a fetcher.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// For a connection, the look-up of the name and TLS included (default: 10 s).
    pub connect: Duration,
    /// For the header of an answer, from the start of an attempt (default: 30 s). A connection that has to
    /// be made first is included.
    pub first_byte: Duration,
    /// For the next part of a body (default: 30 s).
    pub idle: Duration,
    /// For all of a request, its redirects, its attempts and the waits between them (default: 1 hour). The
    /// wait until it may start is not included.
    pub total: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Timeouts {
            connect: Duration::from_secs(10),
            first_byte: Duration::from_secs(30),
            idle: Duration::from_secs(30),
            total: Duration::from_secs(3600),
        }
    }
}
