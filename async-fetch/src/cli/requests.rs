//! Makes requests from lines of input.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use async_fetch::{
    Bytes, Checksum, Credentials, Error, HeaderName, HeaderValue, Keep, Method, Request,
};
use tokio::sync::mpsc;

use super::args::{Args, Saving};
use super::folder::{Folder, Place};
use super::input::{Item, Origin};
use super::lines::Wanted;
use super::seen::Seen;

/// The parts that all requests have in common.
pub(super) struct Requests {
    method: Method,
    body: Option<Bytes>,
    user: Option<Credentials>,
    checksum: Option<Checksum>,
    /// What to do with bodies, if there is no folder.
    keep: Keep,
    /// Whether checksums are computed.
    summed: bool,
    decode: bool,
    segments: usize,
    /// The URLs of this run; `None` if equal requests are sent as often as they are listed.
    seen: Option<Mutex<Seen>>,
    rules: Rules,
}

/// What to do with a file that exists.
#[derive(Clone, Copy)]
struct Rules {
    overwrite: bool,
    go_on: bool,
    timestamping: bool,
    keep_time: bool,
}

impl Requests {
    /// The requests that the command line asks for; `document` is where the body of a single URL is written to.
    ///
    /// # Errors
    /// If the file with the body can't be read.
    pub(super) fn of(args: &Args, document: Option<&Document>) -> anyhow::Result<Requests> {
        let Saving {
            overwrite,
            go_on,
            timestamping,
            ..
        } = args.saving;
        let user = args.sending.user.as_deref().map(|user| {
            let (name, password) = user.split_once(':').unwrap_or((user, ""));
            match args.sending.digest {
                true => Credentials::digest(name, password),
                false => Credentials::basic(name, password),
            }
        });
        Ok(Requests {
            method: args.sending.method(),
            body: args.sending.body()?.map(Bytes::from),
            user,
            checksum: args.saving.checksum,
            keep: match document {
                None => Keep::Nothing,
                Some(Document::File(path)) => Keep::File(path.clone()),
                Some(Document::Stream(sender)) => Keep::Channel(sender.clone()),
            },
            summed: args.output.json && !args.summary,
            decode: args.saving.compressed,
            segments: args.saving.segments,
            seen: args.sending.method().is_safe().then(Mutex::default),
            rules: Rules {
                overwrite,
                go_on,
                timestamping,
                keep_time: timestamping || args.saving.remote_time,
            },
        })
    }

    /// The item of a line. Blocks, if there is a folder.
    pub(super) fn item(&self, wanted: Wanted, folder: Option<&Folder>, origin: Origin) -> Item {
        let checksum = wanted.checksum.or(self.checksum);
        let request = Request::new(self.method.clone(), wanted.url);
        let request = self.with_all(request, checksum, wanted.mirrors);
        let Some(folder) = folder else {
            if let Some(seen) = &self.seen
                && !seen
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .is_new(request.url())
            {
                let url = request.url().clone();
                return Item::Repeated { url, origin };
            }
            return Item::Fetch(request.keep(self.keep.clone()), origin);
        };
        let place = match folder.place(request.url()) {
            Ok(place) => place,
            Err(error) => return bad(&request, origin, error),
        };
        if place.repeated {
            let url = request.url().clone();
            return Item::Repeated { url, origin };
        }
        self.into(request, &place, checksum, origin)
    }

    fn with_all(
        &self,
        mut request: Request,
        checksum: Option<Checksum>,
        mirrors: Vec<async_fetch::Url>,
    ) -> Request {
        request = request.decode(self.decode).segments(self.segments);
        // A user in the URL comes before `-u`.
        if let Some(user) = &self.user
            && !request.has_credentials()
        {
            request = request.credentials(user.clone());
        }
        if let Some(body) = &self.body {
            request = request.body(body.clone());
        }
        if let Some(checksum) = checksum {
            request = request.checksum(checksum);
        }
        if !mirrors.is_empty() {
            request = request.mirrors(mirrors);
        }
        if self.summed {
            request = request.summed();
        }
        if self.rules.keep_time {
            request = request.keep_time();
        }
        if self.rules.go_on {
            request = request.adopt();
        }
        request
    }

    /// A request whose body is saved at this place, unless the file there is the right one.
    fn into(
        &self,
        request: Request,
        place: &Place,
        checksum: Option<Checksum>,
        origin: Origin,
    ) -> Item {
        let path = place.path.clone();
        let fetch =
            |request: Request, origin| Item::Fetch(request.keep(Keep::File(path.clone())), origin);
        let there = match fs::metadata(&path) {
            Ok(there) if there.is_dir() => return bad(&request, origin, Error::Exists(path)),
            Ok(there) if !self.rules.overwrite => there,
            _ => return fetch(request, origin),
        };
        let whole = place.saved == Some(there.len());
        let wanted = match checksum {
            Some(wanted) => checksum_of(&path).is_ok_and(|sum| sum == wanted),
            None => whole,
        };
        if self.rules.timestamping {
            let since = there.modified().unwrap_or(SystemTime::UNIX_EPOCH);
            return fetch(if_newer(request, since), origin);
        }
        if wanted {
            let (url, bytes) = (request.url().clone(), there.len());
            return Item::There {
                url,
                path,
                bytes,
                origin,
            };
        }
        // A file that was saved from this URL may be replaced, if its checksum is wrong.
        let mine = checksum.is_some() && place.saved.is_some();
        if self.rules.go_on || mine {
            return fetch(request, origin);
        }
        bad(&request, origin, Error::Exists(path))
    }
}

/// The item of a request that can't be sent.
fn bad(request: &Request, mut origin: Origin, error: Error) -> Item {
    let given = origin.given.take();
    origin.given = given.or_else(|| Some(request.url().to_string()));
    Item::Bad { origin, error }
}

fn if_newer(request: Request, since: SystemTime) -> Request {
    let date = HeaderValue::try_from(httpdate::fmt_http_date(since));
    match date {
        Ok(date) => request.header(HeaderName::from_static("if-modified-since"), date),
        Err(_) => request,
    }
}

fn checksum_of(path: &Path) -> std::io::Result<Checksum> {
    Checksum::of_reader(File::open(path)?)
}

/// Where the body of a single URL is written to.
pub(super) enum Document {
    /// A file that appears when it is complete.
    File(PathBuf),
    /// Standard output, a pipe, or a device: written piece by piece.
    Stream(mpsc::Sender<Bytes>),
}
