//! Which proxy a request goes through.

use hyper_util::client::proxy::matcher::Matcher;
use url::Url;

use crate::credentials::without_userinfo;
use crate::error::Error;

/// Which proxy is used.
#[derive(Clone, Default, PartialEq, Eq)]
pub enum Proxy {
    /// No proxy.
    #[default]
    None,
    /// The proxy of the environment: `http_proxy`, `https_proxy`, `all_proxy` and `no_proxy`.
    Environment,
    /// This proxy, for all hosts that are not in `no_proxy`: `http://…`, `https://…`, `socks4://…`,
    /// `socks5://…` (names are looked up here), `socks4a://…` or `socks5h://…` (the proxy looks names up).
    Url(String),
}

impl std::fmt::Debug for Proxy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Proxy::None => f.write_str("None"),
            Proxy::Environment => f.write_str("Environment"),
            Proxy::Url(url) => f.debug_tuple("Url").field(&without_userinfo(url)).finish(),
        }
    }
}

/// The schemes of a proxy's URL.
const SCHEMES: [&str; 6] = ["http", "https", "socks4", "socks4a", "socks5", "socks5h"];

const NAMES: [&str; 3] = ["http_proxy", "https_proxy", "all_proxy"];

/// The proxies of a fetcher. The client uses them; they are kept here so that errors can name them.
pub(crate) struct Proxies {
    matcher: Option<Matcher>,
    /// The proxy, as the client takes it.
    proxy: Option<reqwest::Proxy>,
}

impl Proxies {
    pub(crate) fn new(proxy: &Proxy) -> Result<Proxies, Error> {
        match proxy {
            Proxy::None => Ok(Proxies::none()),
            Proxy::Environment if is_for_nobody() => Ok(Proxies::none()),
            Proxy::Environment => {
                let mut named = false;
                for name in NAMES {
                    for name in [name.to_owned(), name.to_uppercase()] {
                        let value = std::env::var(&name).unwrap_or_default();
                        if !value.trim().is_empty() {
                            named = true;
                            check(&value).map_err(|reason| wrong(&name, &value, &reason))?;
                        }
                    }
                }
                if !named {
                    // Then no request has to be compared with it.
                    return Ok(Proxies::none());
                }
                Ok(Proxies {
                    matcher: Some(Matcher::from_env()),
                    proxy: None,
                })
            }
            Proxy::Url(url) => {
                let wrong = |reason: &str| wrong("--proxy", url, reason);
                check(url).map_err(|reason| wrong(&reason))?;
                if is_for_nobody() {
                    return Ok(Proxies::none());
                }
                let proxy = reqwest::Proxy::all(url).map_err(|_| wrong("not a proxy"))?;
                let mut matcher = Matcher::builder().all(url.clone());
                if let Some(hosts) = not_for() {
                    matcher = matcher.no(hosts);
                }
                Ok(Proxies {
                    matcher: Some(matcher.build()),
                    proxy: Some(proxy.no_proxy(reqwest::NoProxy::from_env())),
                })
            }
        }
    }

    fn none() -> Proxies {
        Proxies {
            matcher: None,
            proxy: None,
        }
    }

    /// Sets the proxy of a client.
    pub(crate) fn setter(
        &self,
    ) -> impl Fn(reqwest::ClientBuilder) -> reqwest::ClientBuilder + Send + Sync + 'static {
        let (proxy, any) = (self.proxy.clone(), self.matcher.is_some());
        move |client| match &proxy {
            Some(proxy) => client.proxy(proxy.clone()),
            // By default it uses the environment's.
            None if any => client,
            None => client.no_proxy(),
        }
    }

    /// Whether the connection to the proxy uses TLS, even for http.
    pub(crate) fn is_secure(&self) -> bool {
        let example = "http://a.invalid/".parse();
        let matcher = self.matcher.as_ref();
        let proxy = matcher
            .zip(example.ok())
            .and_then(|(it, uri)| it.intercept(&uri));
        proxy.is_some_and(|proxy| proxy.uri().scheme_str() == Some("https"))
    }

    /// The proxy that a request for this URL goes through, without its password.
    pub(crate) fn of(&self, url: &Url) -> Option<String> {
        let matcher = self.matcher.as_ref()?;
        let uri = url.as_str().parse().ok()?;
        let uri = matcher.intercept(&uri)?.uri().to_string();
        Some(without_userinfo(uri.trim_end_matches('/')))
    }
}

/// The value of `no_proxy`. The name in small letters comes first, as in curl.
fn not_for() -> Option<String> {
    let value = std::env::var("no_proxy").or_else(|_| std::env::var("NO_PROXY"));
    value.ok()
}

/// Whether no host is asked through a proxy. (The client's own `*` covers names only.)
fn is_for_nobody() -> bool {
    not_for().is_some_and(|hosts| hosts.split(',').any(|host| host.trim() == "*"))
}

fn wrong(name: &str, value: &str, reason: &str) -> Error {
    Error::Setup(format!("{name} {}: {reason}", without_userinfo(value)))
}

/// Checks a proxy's URL: a host and a port, with one of the schemes or without.
fn check(text: &str) -> Result<(), String> {
    let text = text.trim();
    let Some((scheme, _)) = text.split_once("://") else {
        return match Url::parse(&format!("http://{text}")) {
            Ok(url) if url.has_host() => Ok(()),
            _ => Err("not a proxy: try http://host:port".to_owned()),
        };
    };
    if !SCHEMES.contains(&scheme) {
        return Err(format!(
            "no proxy is spoken with by {scheme}: there are {}",
            SCHEMES.join(", ")
        ));
    }
    match Url::parse(text) {
        Ok(url) if url.has_host() => Ok(()),
        _ => Err("not a proxy: try http://host:port".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_that_is_none_is_an_error_that_names_it_and_not_its_password() {
        for (url, reason) in [
            ("sock5://me:secret@a.example:1080", "sock5"),
            ("tcp://a.example", "tcp"),
            ("http://", "not a proxy"),
            ("", "not a proxy"),
        ] {
            let Err(error) = Proxies::new(&Proxy::Url(url.to_owned())) else {
                panic!("{url} is taken");
            };
            let text = error.to_string();
            assert!(text.contains(reason) && !text.contains("secret"), "{text}");
        }
        for url in [
            "a.example:3128",
            "http://a.example",
            "socks5h://u:p@a.example:1",
        ] {
            let proxies = Proxies::new(&Proxy::Url(url.to_owned())).unwrap();
            let named = proxies.of(&"http://b.example/".parse().unwrap()).unwrap();
            assert!(
                named.contains("a.example") && !named.contains("u:p"),
                "{named}"
            );
        }
    }
}
