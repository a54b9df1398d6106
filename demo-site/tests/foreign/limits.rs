//! The limit of requests a second, beside nginx's.

use std::fs;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::{Child, Command};

use demo_site::Site;

use crate::support::{curl, program, skip, text};

/// Ended with its test.
struct Nginx(Child);

impl Drop for Nginx {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A rate so low that nothing leaks during the test, however slow the machine is.
const SETTINGS: &str = "
    daemon off; master_process off; pid HOME/pid; error_log HOME/error.log; events { }
    http {
        access_log off; client_body_temp_path HOME; proxy_temp_path HOME;
        fastcgi_temp_path HOME; uwsgi_temp_path HOME; scgi_temp_path HOME;
        limit_req_zone $server_port zone=one:1m rate=1r/m;
        server {
            listen 127.0.0.1:PORT;
            location / { limit_req zone=one burst=5 nodelay; return 200; }
            location /404 { limit_req zone=one burst=5 nodelay; root HOME; }
        }
    }";

#[test]
fn as_many_pass_as_with_nginx() {
    let name = "limits beside nginx";
    let Some(curl) = curl(name) else { return };
    let Some(nginx) = program("nginx") else {
        return skip(name, "nginx");
    };
    let home = tempfile::tempdir().unwrap();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let settings = home.path().join("nginx.conf");
    let text_of = SETTINGS.replace("HOME", home.path().to_str().unwrap());
    fs::write(&settings, text_of.replace("PORT", &port.to_string())).unwrap();
    let child = Command::new(nginx)
        .arg("-c")
        .arg(&settings)
        .spawn()
        .unwrap();
    let mut nginx = Nginx(child);
    while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
        assert!(nginx.0.try_wait().unwrap().is_none(), "nginx ended");
        std::thread::yield_now();
    }

    let site = Site::builder().pages(1).start().unwrap();
    let statuses = |url: &str| -> Vec<String> {
        let urls = vec![url; 20];
        let args = ["-o", "/dev/null", "-w", "%{http_code}\n"];
        let all: Vec<String> = urls
            .iter()
            .map(|url| {
                text(&curl(&[&args[..], &[url]].concat()).stdout)
                    .trim()
                    .to_owned()
            })
            .collect();
        all
    };
    // `return` comes before nginx's limit; a file that is not there comes after it.
    let theirs = statuses(&format!("http://127.0.0.1:{port}/404"));
    let ours = statuses(&site.url("/limited?rate=0.01&burst=5&nodelay=1"));
    let passed = |all: &[String]| all.iter().position(|status| status == "503");
    assert_eq!(passed(&theirs), Some(6), "{theirs:?}");
    assert_eq!(passed(&ours), Some(6), "{ours:?}");
    assert!(ours[6..].iter().all(|status| status == "503"), "{ours:?}");
}
