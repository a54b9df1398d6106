//! Pages behind a password: Basic (RFC 7617), Digest (RFC 7616) and Bearer (RFC 6750).

use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::any;

use super::Shared;
use super::digest::{Algorithm, Digest};

/// The right user, password and token.
const USER: &str = "ann";
const PASSWORD: &str = "secret";
const TOKEN: &str = "s3cr3t";

const REALM: &str = "many hands";

/// The second nonce is for clients whose first is stale.
const NONCES: [&str; 2] = ["dcd98b7102dd", "f0e8e917765b"];

pub(super) fn router() -> Router<Shared> {
    Router::new()
        .route("/auth/basic", any(basic))
        .route("/auth/bearer", any(bearer))
        .route("/auth/digest", any(digest))
        .route("/auth/digest/{algorithm}", any(digest_by))
        .route("/auth/redirect", any(redirect))
}

fn given(headers: &HeaderMap) -> &str {
    let value = headers.get(header::AUTHORIZATION);
    value.and_then(|value| value.to_str().ok()).unwrap_or("")
}

/// 200 if the login is right, otherwise 401 with the challenge.
fn passed(right: bool, challenge: &str) -> Response {
    if right {
        return "welcome\n".into_response();
    }
    let mut response = (StatusCode::UNAUTHORIZED, "401: who are you?\n").into_response();
    if let Ok(value) = HeaderValue::from_str(challenge) {
        response
            .headers_mut()
            .insert(header::WWW_AUTHENTICATE, value);
    }
    response
}

async fn basic(headers: HeaderMap) -> Response {
    // base64 of "ann:secret".
    let right = given(&headers).split_once(' ').is_some_and(|(scheme, it)| {
        scheme.eq_ignore_ascii_case("basic") && it.trim() == "YW5uOnNlY3JldA=="
    });
    passed(
        right,
        &format!("Basic realm=\"{REALM}\", charset=\"UTF-8\""),
    )
}

async fn bearer(headers: HeaderMap) -> Response {
    let right = given(&headers) == format!("Bearer {TOKEN}");
    passed(right, &format!("Bearer realm=\"{REALM}\""))
}

async fn digest(
    method: Method,
    uri: Uri,
    query: Query<Vec<(String, String)>>,
    headers: HeaderMap,
) -> Response {
    checked(Algorithm::MD5, &method, &uri, &query, &headers)
}

async fn digest_by(
    method: Method,
    Path(name): Path<String>,
    uri: Uri,
    query: Query<Vec<(String, String)>>,
    headers: HeaderMap,
) -> Response {
    match Algorithm::read(&name) {
        Some(algorithm) => checked(algorithm, &method, &uri, &query, &headers),
        None => (
            StatusCode::NOT_FOUND,
            "md5, md5-sess, sha-256, sha-256-sess\n",
        )
            .into_response(),
    }
}

/// `?stale=1`: the first nonce is too old by the time it is used; `?qop=none`: as in RFC 2069.
fn checked(
    algorithm: Algorithm,
    method: &Method,
    uri: &Uri,
    query: &[(String, String)],
    headers: &HeaderMap,
) -> Response {
    let asked = |name: &str, value: &str| query.iter().any(|it| it.0 == name && it.1 == value);
    let target = uri.path_and_query().map_or("/", |it| it.as_str());
    let qop = !asked("qop", "none");
    let digest = Digest::read(given(headers)).filter(|digest| {
        NONCES.contains(&digest.nonce())
            && digest.is_right(
                algorithm,
                qop,
                method.as_str(),
                target,
                [USER, REALM, PASSWORD],
            )
    });
    let stale = digest
        .as_ref()
        .is_some_and(|digest| digest.nonce() == NONCES[0])
        && asked("stale", "1");
    let nonce = NONCES[usize::from(stale)];
    let (qop, old) = (
        if qop { ", qop=\"auth\"" } else { "" },
        if stale { ", stale=true" } else { "" },
    );
    let name = algorithm.name();
    let challenge =
        format!("Digest realm=\"{REALM}\", nonce=\"{nonce}\", algorithm={name}{qop}{old}");
    passed(digest.is_some() && !stale, &challenge)
}

/// A redirect to the other host, which must not get the password.
async fn redirect(State(shared): State<Shared>) -> Response {
    super::redirects::to(&format!("{}/landing", shared.raw_origin()), 302)
}
