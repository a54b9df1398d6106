//! Passwords and tokens go to their server, and to nobody else, not even to the screen.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[allow(dead_code, reason = "each test file uses a part of it")]
mod raw;

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use async_fetch::{Credentials, Fetcher, Request};
use raw::{Asked, Server, answer};

fn command() -> Command {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("async-fetch"));
    command.stdin(Stdio::null());
    for name in [
        "http_proxy",
        "HTTP_PROXY",
        "https_proxy",
        "all_proxy",
        "no_proxy",
        "NO_PROXY",
    ] {
        command.env_remove(name);
    }
    command
}

fn run(args: &[&str]) -> Output {
    command().args(args).output().unwrap()
}

fn all_text(output: &Output) -> String {
    let both = [&output.stdout[..], &output.stderr].concat();
    String::from_utf8_lossy(&both).into_owned()
}

fn echo() -> Server {
    Server::start(|_| answer("200 OK", &[], "ok"))
}

/// It redirects everything to there.
fn redirect(to: String) -> Server {
    Server::start(move |_: &Asked| answer("302 Found", &[&format!("Location: {to}")], ""))
}

#[test]
fn headers_that_log_in_stay_with_their_origin_however_they_were_given() {
    let elsewhere = echo();
    let first = redirect(elsewhere.url("/echo"));
    let output = run(&[
        "-H",
        "Authorization: Bearer secret",
        "-H",
        "Cookie: s=secret",
        "-H",
        "X-Api-Key: secret",
        "-b",
        "t=secret",
        "-u",
        "me:secret",
        "-H",
        "X-Mine: kept",
        &first.url("/"),
    ]);
    assert!(output.status.success(), "{}", all_text(&output));
    let (here, there) = (
        &first.heads()[0].to_ascii_lowercase(),
        &elsewhere.heads()[0].to_ascii_lowercase(),
    );
    for name in [
        "authorization: bearer secret",
        "s=secret",
        "t=secret",
        "x-api-key: secret",
    ] {
        assert!(here.contains(name), "{name}: {here}");
    }
    for name in ["secret", "authorization", "cookie", "x-api-key"] {
        assert!(!there.contains(name), "{name}: {there}");
    }
    assert!(there.contains("x-mine: kept"), "{there}");
    assert!(!all_text(&output).contains("secret"));
}

#[tokio::test]
async fn headers_of_a_fetcher_are_no_exception_and_are_there_again_at_home() {
    let home = Server::start(|asked: &Asked| match asked.path.split_once("?to=") {
        Some((_, to)) if asked.path.starts_with("/go") => {
            answer("302 Found", &[&format!("Location: {to}")], "")
        }
        _ => answer("200 OK", &[], "ok"),
    });
    let back = redirect(home.url("/end"));
    let fetcher = Fetcher::builder()
        .header("authorization".parse().unwrap(), "secret".parse().unwrap())
        .header("x-two".parse().unwrap(), "1".parse().unwrap())
        .header("x-two".parse().unwrap(), "2".parse().unwrap())
        .build()
        .unwrap();
    let url = home.url(&format!("/go?to={}", back.url("/")));
    let outcome = fetcher.fetch(Request::get(url).unwrap()).await;
    assert!(outcome.is_success(), "{:?}", outcome.result);
    assert!(!back.heads()[0].contains("secret"));
    for head in home.heads() {
        assert!(head.contains("secret"), "{head}");
        assert_eq!(head.matches("x-two").count(), 2, "{head}");
    }
}

#[test]
fn userinfo_is_sent_as_basic_and_is_nowhere_else() {
    let server = Server::start(|asked: &Asked| match asked.path.as_str() {
        "/fails" => answer("404 Not Found", &[], "no"),
        // So that a part is left.
        "/cut" => answer("200 OK", &["ETag: \"a\"", "Content-Length: 9"], "some"),
        _ => answer("200 OK", &[], "ok"),
    });
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().to_str().unwrap();
    let url = |path: &str| {
        format!(
            "http://Aladdin:open%20sesame@127.0.0.1:{}{path}",
            server.port()
        )
    };
    for path in ["/whole", "/fails", "/cut"] {
        for args in [&["--json"][..], &[], &["--json", "-s"], &["-I"]] {
            let url = url(path);
            let mut args = [
                args,
                &["--retries", "0", "--overwrite", "-o", out, url.as_str()],
            ]
            .concat();
            if args[0] == "-I" {
                args = vec!["-I", &url];
            }
            let text = all_text(&run(&args));
            assert!(
                !text.contains("sesame") && !text.contains("Aladdin") && !text.contains("QWxh"),
                "{text}"
            );
        }
    }
    // RFC 7617, section 2.
    for head in server.heads() {
        assert!(
            head.contains("authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="),
            "{head}"
        );
    }
    let mut files = 0;
    for_each_file(folder.path(), &mut |text| {
        files += 1;
        assert!(
            !text.contains("sesame") && !text.contains("Aladdin"),
            "{text}"
        );
    });
    assert!(files >= 4, "{files}");
    let wrong = run(&["http://Aladdin:sesame@127.0.0.1:port/"]);
    assert!(!all_text(&wrong).contains("sesame"), "{}", all_text(&wrong));
}

fn for_each_file(folder: &Path, check: &mut dyn FnMut(&str)) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => for_each_file(&path, check),
            false => check(&format!(
                "{path:?} {}",
                String::from_utf8_lossy(&fs::read(&path).unwrap())
            )),
        }
    }
}

#[tokio::test]
async fn a_digest_is_answered_and_the_password_never_sent() {
    let server = Server::start(|asked: &Asked| match asked.header("authorization") {
        Some(value) if value.starts_with("Digest ") && value.contains("response=") => {
            answer("200 OK", &[], "in")
        }
        _ => answer(
            "401 Unauthorized",
            &["WWW-Authenticate: Digest realm=\"r\", nonce=\"n\", qop=\"auth\""],
            "",
        ),
    });
    let fetcher = Fetcher::builder().build().unwrap();
    let request = Request::get(server.url("/x?y")).unwrap();
    let outcome = fetcher
        .fetch(request.credentials(Credentials::digest("me", "secret")))
        .await;
    assert!(
        outcome.is_success() && outcome.attempts == 1,
        "{:?}",
        outcome.result
    );
    // And by the command.
    let output = run(&["-u", "me:secret", "--digest", &server.url("/x?y")]);
    assert!(output.status.success(), "{}", all_text(&output));
    let heads = server.heads();
    assert_eq!(heads.len(), 4);
    for heads in heads.chunks(2) {
        assert!(
            !heads[0].contains("authorization") && heads[1].contains("uri=\"/x?y\""),
            "{}",
            heads[1]
        );
    }
    assert!(!heads.concat().contains("secret"));
    // RFC 7617, section 2.
    let server = echo();
    run(&["-u", "Aladdin:open sesame", &server.url("/")]);
    assert!(server.heads()[0].contains("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="));
}

#[tokio::test]
async fn each_server_has_its_own_challenge() {
    let challenge =
        |nonce: &str| format!("WWW-Authenticate: Digest realm=\"r\", nonce=\"{nonce}\"");
    let second = Server::start(move |asked: &Asked| match asked.header("authorization") {
        Some(_) => answer("200 OK", &[], "in"),
        None => answer("401 Unauthorized", &[&challenge("two")], ""),
    });
    let to = format!("Location: {}", second.url("/"));
    let first = Server::start(move |asked: &Asked| match asked.header("authorization") {
        Some(_) => answer("302 Found", &[&to], ""),
        None => answer("401 Unauthorized", &[&challenge("one")], ""),
    });
    let fetcher = Fetcher::builder().credentials(|_| Some(Credentials::digest("me", "secret")));
    let request = Request::get(first.url("/")).unwrap();
    let outcome = fetcher.build().unwrap().fetch(request).await;
    assert!(outcome.is_success(), "{:?}", outcome.result);
    let heads = second.heads();
    assert!(!heads[0].contains("authorization"), "{}", heads[0]);
    assert!(heads[1].contains("nonce=\"two\""), "{}", heads[1]);
}

#[test]
fn userinfo_in_a_location_or_a_mirror_is_for_that_server_only() {
    let last = echo();
    let middle = redirect(last.url("/"));
    let named = middle.url("/").replace("://", "://Aladdin:open%20sesame@");
    let first = redirect(named.clone());
    let output = run(&["--json", &first.url("/")]);
    assert!(output.status.success(), "{}", all_text(&output));
    assert!(
        !all_text(&output).contains("sesame"),
        "{}",
        all_text(&output)
    );
    // As curl 7.88 sends it.
    let basic = "authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==";
    let sent = |server: &Server| server.heads()[0].contains(basic);
    assert_eq!(
        (sent(&first), sent(&middle), sent(&last)),
        (false, true, false)
    );

    let fails = || Server::start(|_| answer("404 Not Found", &[], "no"));
    let (one, two, three) = (fails(), fails(), echo());
    let folder = tempfile::tempdir().unwrap();
    let list = folder.path().join("list");
    let named = two.url("/").replace("://", "://Aladdin:open%20sesame@");
    let line = format!("{} {named} {}", one.url("/"), three.url("/"));
    fs::write(&list, line).unwrap();
    let output = run(&["--json", "-i", list.to_str().unwrap()]);
    assert!(output.status.success(), "{}", all_text(&output));
    assert!(
        !all_text(&output).contains("sesame"),
        "{}",
        all_text(&output)
    );
    assert_eq!((sent(&one), sent(&two), sent(&three)), (false, true, false));
}

#[test]
fn netrc_is_asked_for_each_host() {
    let (first, second) = (echo(), echo());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("netrc");
    fs::write(&path, "machine 127.0.0.1 login me password secret").unwrap();
    let path = path.to_str().unwrap();
    let local = second.url("/").replace("127.0.0.1", "localhost");
    let output = run(&["--netrc-file", path, &first.url("/"), &local]);
    assert!(output.status.success(), "{}", all_text(&output));
    assert!(first.heads()[0].contains("authorization: Basic"));
    assert!(!second.heads()[0].contains("authorization"));
}

#[test]
fn a_cookie_wall_lets_in_who_shows_the_cookie() {
    let server = Server::start(|asked: &Asked| match asked.header("cookie") {
        Some("s=1") => answer("200 OK", &[], "welcome"),
        _ => answer(
            "302 Found",
            &["Location: /wall", "Set-Cookie: s=1; Path=/"],
            "",
        ),
    });
    let folder = tempfile::tempdir().unwrap();
    let jar = folder.path().join("jar");
    let jar = jar.to_str().unwrap();
    let output = run(&["-O", "-", "--cookie-jar", jar, &server.url("/wall")]);
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        "welcome",
        "{}",
        all_text(&output)
    );
    assert!(fs::read_to_string(jar).unwrap().contains("\ts\t1"));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(
            fs::metadata(jar).unwrap().permissions().mode() & 0o777,
            0o600
        );
    }
    assert!(run(&["-b", jar, &server.url("/wall")]).status.success());
    assert_eq!(server.heads().len(), 3, "the second run has it already");
}

#[test]
fn a_proxy_that_is_none_is_an_error_and_one_that_refuses_is_named() {
    let server = echo();
    for (args, name) in [
        (vec!["--proxy", "sock5://me:secret@127.0.0.1:1"], None),
        (vec![], Some("http_proxy")),
    ] {
        let mut command = command();
        if let Some(name) = name {
            command.env(name, "tcp://me:secret@127.0.0.1:1");
        }
        let output = command.args(args).arg(server.url("/")).output().unwrap();
        let text = all_text(&output);
        assert!(
            !output.status.success() && text.contains("://***@127.0.0.1:1"),
            "{text}"
        );
        assert!(!text.contains("secret"), "{text}");
    }
    assert!(server.heads().is_empty());

    for scheme in ["http", "socks5h"] {
        let proxy = format!("{scheme}://127.0.0.1:1");
        let output = run(&["--json", "--proxy", &proxy, &server.url("/")]);
        let line: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(
            (&line["kind"], &line["attempts"]),
            (&"proxy".into(), &1.into()),
            "{line}"
        );
        assert!(line["error"].as_str().unwrap().contains(&proxy), "{line}");
    }
    for value in ["*", "127.0.0.1", "127.0.0.0/8"] {
        let output = command()
            .env("NO_PROXY", value)
            .args(["--proxy", "http://127.0.0.1:1", &server.url("/")])
            .output()
            .unwrap();
        assert!(output.status.success(), "{value}: {}", all_text(&output));
    }
    // What it wants a password for is its answer, and is not asked for again and again.
    let proxy = Server::start(|_| answer("407 Proxy Authentication Required", &[], "no"));
    for url in ["http://a.invalid/", "https://a.invalid/"] {
        let output = run(&["--json", "--proxy", &proxy.url(""), url]);
        let line: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(line["attempts"], 1, "{line}");
    }
    assert_eq!(proxy.heads().len(), 2);
}
