//! Six servers that people run, each over one folder: `etag/` with its usual validators, `noetag/`
//! with Last-Modified only.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rustix::io::retry_on_intr;
use rustix::process::{
    Pid, Signal, WaitOptions, kill_process_group, set_child_subreaper, waitpgid,
};

use crate::support::{Running, folder, free_port, program, python_has, start_on};

/// A kind of server.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    Nginx,
    Apache,
    Lighttpd,
    Caddy,
    Aiohttp,
    Tornado,
}

impl Kind {
    /// What it needs and is not here.
    pub fn missing(self) -> Option<&'static str> {
        let (name, found) = match self {
            Kind::Nginx => ("nginx", program("nginx").is_some()),
            Kind::Apache => ("apache2", program("apache2").is_some()),
            Kind::Lighttpd => ("lighttpd", program("lighttpd").is_some()),
            Kind::Caddy => ("caddy", program("caddy").is_some()),
            Kind::Aiohttp => ("Python's aiohttp", python_has("aiohttp")),
            Kind::Tornado => ("Python's tornado", python_has("tornado")),
        };
        (!found).then_some(name)
    }
}

/// A server, and the folder that it serves.
pub struct Server {
    kind: Kind,
    /// Its settings, its logs, and `www`.
    home: tempfile::TempDir,
    port: u16,
    running: Option<Group>,
}

/// A server with its children, which a signal to the parent alone would leave behind.
struct Group(Running);

impl Drop for Group {
    /// Returns when all of them are gone, and with them the port that they share.
    fn drop(&mut self) {
        let group = Pid::from_child(&self.0.0);
        // Orphans become this process's children, so that they can be waited for.
        let _ = set_child_subreaper(Some(group));
        let _ = kill_process_group(group, Signal::KILL);
        let _ = self.0.0.wait();
        while retry_on_intr(|| waitpgid(group, WaitOptions::empty())).is_ok() {}
    }
}

impl Server {
    pub fn start(kind: Kind) -> Server {
        let home = tempfile::tempdir().unwrap();
        // A server that changes its user must be able to read it.
        let all = fs::Permissions::from_mode(0o755);
        fs::set_permissions(home.path(), all).unwrap();
        for folder in ["www/etag", "www/noetag", "temp"] {
            fs::create_dir_all(home.path().join(folder)).unwrap();
        }
        let mut server = Server {
            kind,
            home,
            port: 0,
            running: None,
        };
        for _ in 0..5 {
            server.port = free_port();
            if server.run() {
                return server;
            }
        }
        panic!("{kind:?} does not start");
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// The folder that it serves.
    pub fn www(&self) -> PathBuf {
        self.home.path().join("www")
    }

    /// Ends it at once, and starts it again on the same port.
    pub fn restart(&mut self) {
        drop(self.running.take());
        assert!(self.run(), "{:?} does not start again", self.kind);
    }

    fn run(&mut self) -> bool {
        let mut command = self.command();
        let log = fs::File::create(self.home.path().join("output.log")).unwrap();
        command
            .stdout(Stdio::from(log.try_clone().unwrap()))
            .stderr(Stdio::from(log))
            .process_group(0);
        self.running = start_on(self.port, command).map(Group);
        self.running.is_some()
    }

    fn command(&self) -> Command {
        let home = self.home.path();
        let settings = |name: &str, text: String| {
            let path = home.join(name);
            fs::write(&path, text).unwrap();
            path
        };
        let port = self.port;
        let home_text = home.display();
        match self.kind {
            Kind::Nginx => {
                let text = format!(
                    "daemon off; master_process off; pid {home_text}/nginx.pid;
                     error_log {home_text}/error.log;
                     events {{ }}
                     http {{
                         access_log off; sendfile on;
                         client_body_temp_path {home_text}/temp; proxy_temp_path {home_text}/temp;
                         fastcgi_temp_path {home_text}/temp; uwsgi_temp_path {home_text}/temp;
                         scgi_temp_path {home_text}/temp;
                         server {{
                             listen 127.0.0.1:{port}; root {home_text}/www;
                             location /noetag/ {{ etag off; }}
                         }}
                     }}\n"
                );
                with_path("nginx", &["-c"], &settings("nginx.conf", text))
            }
            Kind::Apache => {
                let user = match rustix::process::getuid().is_root() {
                    true => "User www-data\nGroup www-data\n",
                    false => "",
                };
                let text = format!(
                    "ServerRoot {home_text}\nServerName localhost\nListen 127.0.0.1:{port}\n{user}\
                     LoadModule mpm_event_module {APACHE}/mod_mpm_event.so\n\
                     LoadModule authz_core_module {APACHE}/mod_authz_core.so\n\
                     PidFile {home_text}/apache.pid\nErrorLog {home_text}/error.log\n\
                     DocumentRoot {home_text}/www\n\
                     <Directory {home_text}/www>\nRequire all granted\n</Directory>\n\
                     <Directory {home_text}/www/noetag>\nFileETag None\n</Directory>\n"
                );
                let mut command = with_path("apache2", &["-f"], &settings("apache.conf", text));
                command.arg("-DFOREGROUND");
                command
            }
            Kind::Lighttpd => {
                let text = format!(
                    "server.document-root = \"{home_text}/www\"\nserver.port = {port}\n\
                     server.bind = \"127.0.0.1\"\nserver.errorlog = \"{home_text}/error.log\"\n\
                     server.pid-file = \"{home_text}/lighttpd.pid\"\n\
                     server.stat-cache-engine = \"disable\"\n\
                     $HTTP[\"url\"] =~ \"^/noetag/\" {{ static-file.etags = \"disable\" }}\n"
                );
                with_path("lighttpd", &["-D", "-f"], &settings("lighttpd.conf", text))
            }
            Kind::Caddy => {
                let text = format!(
                    "{{\n admin off\n auto_https off\n}}\n\
                     http://127.0.0.1:{port} {{\n root * {home_text}/www\n file_server\n\
                     header /noetag/* -ETag\n}}\n"
                );
                let mut command = Command::new(program("caddy").unwrap());
                let path = settings("Caddyfile", text);
                command
                    .args(["run", "--adapter", "caddyfile", "--config"])
                    .arg(path);
                // Where it would keep certificates and its last settings.
                command
                    .env("XDG_DATA_HOME", home)
                    .env("XDG_CONFIG_HOME", home);
                command
            }
            Kind::Aiohttp => python("aiohttp_files.py", port, &self.www()),
            Kind::Tornado => python("tornado_files.py", port, &self.www()),
        }
    }
}

/// Where Debian keeps Apache's modules.
const APACHE: &str = "/usr/lib/apache2/modules";

fn with_path(name: &str, before: &[&str], path: &Path) -> Command {
    let mut command = Command::new(program(name).unwrap());
    command.args(before).arg(path);
    command
}

fn python(script: &str, port: u16, www: &Path) -> Command {
    let mut command = Command::new("python3");
    command
        .arg(folder().join(script))
        .arg(port.to_string())
        .arg(www);
    command
}
