//! The request of a job, for both fetchers.

use async_fetch::{HeaderMap, Method, Request, Url};

/// See the module.
#[derive(Clone, Debug)]
pub(crate) struct Ask {
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) headers: HeaderMap,
    /// Bytes of the body, at most.
    pub(crate) limit: u64,
    /// A longer body is cut, and that is no error.
    pub(crate) cuts: bool,
    /// Compression is requested and decoded.
    pub(crate) decode: bool,
}

impl Ask {
    /// The same request for async-fetch.
    pub(crate) fn into_request(self) -> Request {
        let request = Request::new(self.method, self.url)
            .body_limit(self.limit)
            .decode(self.decode);
        let request = match self.cuts {
            true => request.cut_at_limit(),
            false => request,
        };
        let headers = self.headers.iter();
        headers.fold(request, |request, (name, value)| {
            request.header(name.clone(), value.clone())
        })
    }
}
