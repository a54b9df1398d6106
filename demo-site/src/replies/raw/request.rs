//! A request's head: the first line, and the headers.

pub(super) struct Request<'a> {
    /// The method, the target and the version.
    pub(super) line: [&'a str; 3],
    rest: &'a str,
}

impl<'a> Request<'a> {
    pub(super) fn read(head: &'a str) -> Request<'a> {
        let (first, rest) = head.split_once("\r\n").unwrap_or((head, ""));
        let mut words = first.split(' ');
        Request {
            line: std::array::from_fn(|_| words.next().unwrap_or("")),
            rest,
        }
    }

    /// The path and the query.
    pub(super) fn target(&self) -> &'a str {
        self.line[1]
    }

    /// The target without its query.
    pub(super) fn path(&self) -> &'a str {
        self.target().split('?').next().unwrap_or("")
    }

    pub(super) fn headers(&self) -> impl Iterator<Item = (&'a str, &'a str)> {
        let lines = self.rest.split("\r\n");
        lines.filter_map(|line| {
            line.split_once(':')
                .map(|(name, value)| (name, value.trim()))
        })
    }

    pub(super) fn header(&self, name: &str) -> Option<&'a str> {
        let mut headers = self.headers();
        headers
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }

    /// A number in the query.
    pub(super) fn number(&self, name: &str) -> Option<u64> {
        number_in(self.target(), name)
    }
}

/// A number in the query of a target.
pub(super) fn number_in(target: &str, name: &str) -> Option<u64> {
    let query = target.split_once('?')?.1;
    let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    pairs.find(|(known, _)| *known == name)?.1.parse().ok()
}
