//! nginx with `limit_req` and no burst: it refuses what comes sooner than its rate allows, by its own clock.

use std::fs;
use std::process::Command;

use crate::support::{async_fetch, program, skip, start};

/// 25 requests a second.
const SETTINGS: &str = "
    daemon off; master_process off; pid HOME/pid; error_log HOME/error.log; events { }
    http {
        access_log off; client_body_temp_path HOME; proxy_temp_path HOME;
        fastcgi_temp_path HOME; uwsgi_temp_path HOME; scgi_temp_path HOME;
        limit_req_zone $server_port zone=one:1m rate=25r/s; limit_req_status STATUS;
        server {
            listen 127.0.0.1:PORT; root HOME;
            location /limited/ { limit_req zone=one; }
        }
    }";

#[test]
fn sixty_of_sixty_get_through() {
    let name = "nginx's limit_req";
    let Some(nginx) = program("nginx") else {
        return skip(name, "nginx");
    };
    for status in ["503", "429"] {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().to_str().unwrap();
        fs::create_dir(home.path().join("limited")).unwrap();
        for page in 0..60 {
            fs::write(home.path().join(format!("limited/{page}")), "page").unwrap();
        }
        let (_running, port) = start(name, |port| {
            let settings = SETTINGS
                .replace("HOME", folder)
                .replace("STATUS", status)
                .replace("PORT", &port.to_string());
            let path = home.path().join("nginx.conf");
            fs::write(&path, settings).unwrap();
            let mut command = Command::new(&nginx);
            command.arg("-c").arg(path);
            command
        });
        let url = format!("http://127.0.0.1:{port}/limited/[0-59]");
        let output = async_fetch().args(["--summary", &url]).output().unwrap();
        let told = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{told}");
        assert!(told.starts_with("60 fetched, 0 failed"), "{told}");
    }
}
