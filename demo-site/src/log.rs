//! A line for each request, in the "combined" form of Apache and nginx, which many tools read.

use std::fmt;
use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use crate::counters::Seen;

/// Where the lines go; clones share it.
#[derive(Clone)]
pub(crate) struct Log(Arc<Mutex<dyn Write + Send>>);

impl Log {
    pub(crate) fn new(to: impl Write + Send + 'static) -> Log {
        Log(Arc::new(Mutex::new(to)))
    }

    /// Writes a line. Unknown fields are a dash. An error of writing is ignored: it must not affect clients.
    pub(crate) fn write(&self, seen: &Seen, status: Option<u16>, bytes: Option<u64>) {
        let mut to = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = to.write_all(line(seen, SystemTime::now(), status, bytes).as_bytes());
        let _ = to.flush();
    }
}

impl fmt::Debug for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Log")
    }
}

fn line(seen: &Seen, now: SystemTime, status: Option<u16>, bytes: Option<u64>) -> String {
    let quoted = |text: &str| text.escape_default().to_string();
    let header = |name| seen.header(name).map_or_else(|| "-".to_owned(), quoted);
    let number = |number: Option<u64>| number.map_or_else(|| "-".to_owned(), |it| it.to_string());
    format!(
        "127.0.0.1 - - [{}] \"{} {} {}\" {} {} \"{}\" \"{}\"\n",
        date(now),
        quoted(&seen.method),
        quoted(&seen.path),
        quoted(&seen.version),
        number(status.map(u64::from)),
        number(bytes),
        header("referer"),
        header("user-agent"),
    )
}

/// `06/Nov/1994:08:49:37 +0000`.
fn date(time: SystemTime) -> String {
    let text = httpdate::fmt_http_date(time);
    let words: Vec<&str> = text.split(' ').collect();
    match words[..] {
        [_, day, month, year, time, _] => format!("{day}/{month}/{year}:{time} +0000"),
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    #[test]
    fn a_line_is_in_the_combined_form() {
        let mut seen = Seen {
            at: Instant::now(),
            host: "localhost".to_owned(),
            method: "GET".to_owned(),
            path: "/apache_pb.gif".to_owned(),
            version: "HTTP/1.0".to_owned(),
            headers: vec![(
                "user-agent".to_owned(),
                "Mozilla/4.08 \"x\"\u{1b}[31m".to_owned(),
            )],
        };
        // As in Apache's documentation of its log files, but for the name of the user.
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(971_211_336);
        assert_eq!(
            line(&seen, time, Some(200), Some(2326)),
            "127.0.0.1 - - [10/Oct/2000:20:55:36 +0000] \"GET /apache_pb.gif HTTP/1.0\" 200 2326 \
             \"-\" \"Mozilla/4.08 \\\"x\\\"\\u{1b}[31m\"\n"
        );
        seen.headers.clear();
        assert!(line(&seen, time, None, None).ends_with("HTTP/1.0\" - - \"-\" \"-\"\n"));
    }
}
