//! https: what curl takes, and what it refuses.

use demo_site::{BAD_CERTIFICATES, Site};

use crate::support::{curl, text};

#[test]
fn the_good_certificate_is_taken_and_the_bad_ones_are_refused() {
    let Some(curl) = curl("certificates") else {
        return;
    };
    let site = Site::builder().pages(2).https(0).start().unwrap();
    let url = site.https_url("/landing").unwrap();
    let port = url
        .rsplit(':')
        .next()
        .unwrap()
        .trim_end_matches("/landing")
        .to_owned();
    let folder = tempfile::tempdir().unwrap();
    let authority = folder.path().join("ca.pem");
    let authority = authority.to_str().unwrap();
    // The authority comes from the site itself, as for any client.
    let pem = curl(&[&site.url("/certificate.pem")]).stdout;
    assert_eq!(text(&pem), site.authority().unwrap());
    std::fs::write(authority, pem).unwrap();

    let good = curl(&["--cacert", authority, "-w", "%{http_version}", &url]);
    assert_eq!(text(&good.stdout), "landed\n2");
    let old = curl(&["--cacert", authority, "--http1.1", "--tls-max", "1.2", &url]);
    assert_eq!(text(&old.stdout), "landed\n");
    // A client without the authority refuses the certificate.
    assert_eq!(curl(&[&url]).status.code(), Some(60));
    for (name, what) in BAD_CERTIFICATES {
        let there = format!("{name}:{port}:127.0.0.1");
        let url = format!("https://{name}:{port}/landing");
        let args = ["--cacert", authority, "--resolve", &there];
        let code = curl(&[&args[..], &[&url]].concat()).status.code();
        assert_eq!(code, Some(60), "{name} {what}");
        let output = curl(&[&args[..], &["-k", &url]].concat());
        assert_eq!(text(&output.stdout), "landed\n", "{name}");
    }
    assert!(site.counts().requests >= 7);
}

#[test]
fn a_site_without_https_has_no_certificate() {
    let site = Site::builder().pages(1).start().unwrap();
    assert_eq!((site.https_url("/"), site.authority()), (None, None));
}
