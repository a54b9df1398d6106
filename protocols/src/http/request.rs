//! Makes an HTTP request.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use percent_encoding::percent_decode_str;
use url::Url;

use super::Error;

/// A request, and the address to send it to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// A name or an address, without brackets.
    pub host: String,
    /// The port.
    pub port: u16,
    /// The text to send.
    pub text: String,
}

impl Request {
    /// A GET request for `url`. A user and password in the URL are sent as Basic authorization (RFC
    /// 7617).
    ///
    /// # Errors
    ///
    /// When the URL is not http, or has no host.
    ///
    /// # Examples
    ///
    /// ```
    /// let url = "http://127.0.0.1:8000/a?b".parse()?;
    /// let request = protocols::http::Request::get(&url)?;
    /// assert_eq!((request.host.as_str(), request.port), ("127.0.0.1", 8000));
    /// assert!(request.text.starts_with("GET /a?b HTTP/1.1\r\nHost: 127.0.0.1:8000\r\n"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn get(url: &Url) -> Result<Request, Error> {
        Request::new("GET", url)
    }

    /// A HEAD request for `url`: the server answers with the header only. See
    /// [`get`](Request::get).
    ///
    /// # Errors
    ///
    /// As for [`get`](Request::get).
    pub fn head(url: &Url) -> Result<Request, Error> {
        Request::new("HEAD", url)
    }

    fn new(method: &str, url: &Url) -> Result<Request, Error> {
        let shown = || without_userinfo(url);
        if url.scheme() != "http" {
            let (shown, scheme) = (shown(), url.scheme());
            return Err(Error::other(format!(
                "{shown}: {scheme} is not supported, only http"
            )));
        }
        let host = url
            .host_str()
            .ok_or_else(|| Error::other(format!("{}: no host", shown())))?;
        let authority = match url.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        };
        let query = url.query().map(|query| format!("?{query}"));
        // `Url` has percent-encoded every character that could end a line.
        let mut text = format!(
            "{method} {}{} HTTP/1.1\r\nHost: {authority}\r\nUser-Agent: many-hands\r\n\
             Accept: */*\r\nConnection: close\r\n",
            url.path(),
            query.unwrap_or_default()
        );
        if !url.username().is_empty() || url.password().is_some() {
            let mut secret: Vec<u8> = percent_decode_str(url.username()).collect();
            secret.push(b':');
            secret.extend(percent_decode_str(url.password().unwrap_or_default()));
            text += &format!(
                "Authorization: Basic {}\r\n",
                BASE64_STANDARD.encode(secret)
            );
        }
        text += "\r\n";
        Ok(Request {
            // An IPv6 address is written in brackets.
            host: host.trim_matches(['[', ']']).to_owned(),
            port: url.port_or_known_default().unwrap_or(80),
            text,
        })
    }

    /// Adds a header field. A field of the same name is replaced.
    ///
    /// # Errors
    ///
    /// When the name is not valid, the value contains the end of a line, or the field describes how
    /// the message is sent, which this type decides itself.
    ///
    /// # Examples
    ///
    /// ```
    /// let url = "http://127.0.0.1:8000/".parse()?;
    /// let request = protocols::http::Request::get(&url)?.with_field("Accept", "text/plain")?;
    /// assert!(request.text.contains("\r\nAccept: text/plain\r\n"));
    /// assert!(request.with_field("X", "a\r\nInjected: b").is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn with_field(mut self, name: &str, value: &str) -> Result<Request, Error> {
        const OURS: [&str; 4] = ["connection", "content-length", "te", "transfer-encoding"];
        // RFC 9110, section 5.6.2.
        let token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
        let shown = name.escape_debug();
        if name.is_empty() || !name.chars().all(token) {
            return Err(Error::other(format!(
                "{shown:?} is not a valid name of a header field"
            )));
        }
        if value.contains(['\r', '\n', '\0']) {
            return Err(Error::other(format!(
                "{shown}: its value has more than one line"
            )));
        }
        if OURS.iter().any(|ours| name.eq_ignore_ascii_case(ours)) {
            return Err(Error::other(format!(
                "{shown}: this field is set by the program"
            )));
        }
        let same = |line: &str| {
            let field = line.split_once(':').map(|(name, _)| name);
            field.is_some_and(|field| field.eq_ignore_ascii_case(name))
        };
        let (first, rest) = self.text.split_once("\r\n").unwrap_or((&self.text, ""));
        let mut text = format!("{first}\r\n");
        for line in rest
            .split("\r\n")
            .filter(|line| !line.is_empty() && !same(line))
        {
            text += line;
            text += "\r\n";
        }
        self.text = format!("{text}{name}: {}\r\n\r\n", value.trim());
        Ok(self)
    }
}

/// Whether a header field tells who sends the request (cookies, authorization). It is sent to the
/// first server only, never to another one after a redirect.
///
/// # Examples
///
/// ```
/// use protocols::http::tells_who_asks;
///
/// assert!(tells_who_asks("authorization") && tells_who_asks("Cookie"));
/// assert!(!tells_who_asks("Accept"));
/// ```
pub fn tells_who_asks(name: &str) -> bool {
    let names = ["authorization", "cookie", "proxy-authorization"];
    names.iter().any(|secret| name.eq_ignore_ascii_case(secret))
}

/// A URL that may be printed: without user and password.
///
/// # Examples
///
/// ```
/// let url = "http://ann:secret@example.org/".parse()?;
/// assert_eq!(protocols::http::without_userinfo(&url).as_str(), "http://example.org/");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn without_userinfo(url: &Url) -> Url {
    let mut url = url.clone();
    // It fails for URLs that cannot have a user.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn userinfo_is_sent_as_basic_and_never_printed() {
        // The example of RFC 7617, section 2.
        let url = "http://Aladdin:open%20sesame@127.0.0.1/".parse().unwrap();
        let request = Request::get(&url).unwrap();
        let expected = "Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n";
        assert!(request.text.contains(expected), "{}", request.text);
        let url = "https://ann:secret@127.0.0.1/".parse().unwrap();
        let error = Request::get(&url).unwrap_err().to_string();
        assert!(
            !error.contains("secret") && !error.contains("ann"),
            "{error}"
        );
    }

    #[test]
    fn fields_are_added_or_replaced_and_never_break_the_message() {
        let url = "http://127.0.0.1/".parse().unwrap();
        let request = Request::head(&url).unwrap();
        assert!(request.text.starts_with("HEAD / HTTP/1.1\r\n"));
        let request = request.with_field("user-agent", " mine ").unwrap();
        assert!(request.text.ends_with("\r\nuser-agent: mine\r\n\r\n"));
        assert!(!request.text.contains("many-hands"));
        for (name, value) in [
            ("", "a"),
            ("a b", "c"),
            ("a", "b\nc"),
            ("Content-Length", "3"),
        ] {
            assert!(request.clone().with_field(name, value).is_err(), "{name:?}");
        }
    }
}
