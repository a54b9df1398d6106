//! A part of the DevTools protocol: enough for a test to control a headless Chromium.

use std::fs;
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

/// A browser starts slowly on a busy machine. If it does not answer for this long, it hangs.
const PATIENCE: Duration = Duration::from_secs(120);

/// A headless Chromium with one page open.
pub struct Browser {
    child: Child,
    socket: BufReader<TcpStream>,
    last: u64,
    /// The console messages and the exceptions of the page.
    pub console: Vec<String>,
    _profile: TempDir,
}

impl Drop for Browser {
    fn drop(&mut self) {
        // The browser may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Browser {
    /// Starts the browser; `None` if it is not installed.
    pub fn start() -> Option<Browser> {
        let profile = tempfile::tempdir().unwrap();
        let child = Command::new("chromium")
            .args(["--headless=new", "--no-sandbox", "--disable-gpu"])
            .args(["--disable-dev-shm-usage", "--no-first-run"])
            .args([
                "--disable-background-networking",
                "--disable-component-update",
            ])
            .args(["--remote-debugging-port=0", "--window-size=900,700"])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .arg("about:blank")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn();
        let mut child = match child {
            Ok(child) => child,
            Err(error) if error.kind() == ErrorKind::NotFound => return None,
            Err(error) => panic!("chromium: {error}"),
        };
        // It prints its address. After that it must not block on a full pipe.
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        let browser = loop {
            line.clear();
            assert!(stderr.read_line(&mut line).unwrap() > 0, "chromium ended");
            if let Some(url) = line.trim().strip_prefix("DevTools listening on ws://") {
                break url.split('/').next().unwrap().to_owned();
            }
        };
        std::thread::spawn(move || std::io::copy(&mut stderr, &mut std::io::sink()));
        let pages: Value = serde_json::from_slice(&get(&browser, "/json/list")).unwrap();
        let page = pages
            .as_array()
            .unwrap()
            .iter()
            .find(|it| it["type"] == "page");
        let url = page.unwrap()["webSocketDebuggerUrl"].as_str().unwrap();
        let path = &url[url.find("/devtools").unwrap()..];
        let mut browser = Browser {
            child,
            socket: BufReader::new(upgrade(&browser, path)),
            last: 0,
            console: Vec::new(),
            _profile: profile,
        };
        // Read the rest of the reply's head, after the first read.
        loop {
            let mut line = String::new();
            browser.socket.read_line(&mut line).unwrap();
            if line.trim().is_empty() {
                break;
            }
        }
        for domain in ["Runtime", "Log", "Page"] {
            browser.call(&format!("{domain}.enable"), json!({}));
        }
        Some(browser)
    }

    /// Calls a method and waits for its result. Events that arrive meanwhile are checked for
    /// errors.
    pub fn call(&mut self, method: &str, parameters: Value) -> Value {
        self.last += 1;
        let number = self.last;
        let call = json!({ "id": number, "method": method, "params": parameters });
        self.send(&call.to_string());
        loop {
            let message: Value = serde_json::from_str(&self.receive()).unwrap();
            if message["id"] == number {
                assert!(message["error"].is_null(), "{method}: {message}");
                return message["result"].clone();
            }
            self.note(&message);
        }
    }

    fn note(&mut self, message: &Value) {
        let parameters = &message["params"];
        let said = match message["method"].as_str() {
            Some("Runtime.exceptionThrown") => parameters["exceptionDetails"].to_string(),
            // Advice about speed is not an error.
            Some("Log.entryAdded") if parameters["entry"]["level"] == "error" => {
                parameters["entry"].to_string()
            }
            Some("Runtime.consoleAPICalled") => parameters["args"].to_string(),
            _ => return,
        };
        self.console.push(said);
    }

    /// The value of a JavaScript expression in the page.
    pub fn value(&mut self, expression: &str) -> Value {
        let parameters = json!({
            "expression": expression, "awaitPromise": true, "returnByValue": true,
        });
        let result = self.call("Runtime.evaluate", parameters);
        assert!(
            result["exceptionDetails"].is_null(),
            "{expression}: {result}"
        );
        result["result"]["value"].clone()
    }

    /// Waits in the page until a JavaScript expression is true.
    pub fn until(&mut self, expression: &str) {
        let wait = format!(
            "new Promise(done => {{ const look = () => ({expression}) ? done(true) : \
             setTimeout(look, 20); look(); }})"
        );
        assert_eq!(self.value(&wait), true);
    }

    /// Clicks the left mouse button.
    pub fn click(&mut self, x: f64, y: f64) {
        for kind in ["mousePressed", "mouseReleased"] {
            let event = json!({ "type": kind, "x": x, "y": y, "button": "left", "clickCount": 1 });
            self.call("Input.dispatchMouseEvent", event);
        }
    }

    /// Drags with the left mouse button.
    pub fn drag(&mut self, from: (f64, f64), to: (f64, f64)) {
        let middle = ((from.0 + to.0) / 2.0, (from.1 + to.1) / 2.0);
        for (kind, (x, y)) in [
            ("mousePressed", from),
            ("mouseMoved", middle),
            ("mouseMoved", to),
            ("mouseReleased", to),
        ] {
            let event = json!({ "type": kind, "x": x, "y": y, "button": "left", "buttons": 1 });
            self.call("Input.dispatchMouseEvent", event);
        }
    }

    /// Turns the mouse wheel down by a number of pixels.
    pub fn wheel(&mut self, (x, y): (f64, f64), down: f64) {
        let event = json!({ "type": "mouseWheel", "x": x, "y": y, "deltaX": 0, "deltaY": down });
        self.call("Input.dispatchMouseEvent", event);
    }

    /// Touches with fingers, moves them, and lifts them.
    pub fn touch(&mut self, from: &[(f64, f64)], to: &[(f64, f64)]) {
        let all = |fingers: &[(f64, f64)]| -> Vec<Value> {
            let numbered = fingers.iter().enumerate();
            let finger = |(id, (x, y)): (usize, &(f64, f64))| json!({ "x": x, "y": y, "id": id });
            numbered.map(finger).collect()
        };
        for (kind, fingers) in [
            ("touchStart", all(from)),
            ("touchMove", all(to)),
            ("touchEnd", Vec::new()),
        ] {
            let event = json!({ "type": kind, "touchPoints": fingers });
            self.call("Input.dispatchTouchEvent", event);
        }
    }

    /// Saves a screenshot as PNG.
    pub fn screenshot(&mut self, path: &Path) {
        let result = self.call("Page.captureScreenshot", json!({ "format": "png" }));
        fs::write(path, from_base64(result["data"].as_str().unwrap())).unwrap();
    }

    fn send(&mut self, text: &str) {
        // A complete text frame, masked by zeros (RFC 6455, section 5.2).
        let mut frame = vec![0x81];
        match text.len() {
            length @ 0..126 => frame.push(0x80 | length as u8),
            length @ 126..65_536 => {
                frame.push(0x80 | 126);
                frame.extend((length as u16).to_be_bytes());
            }
            length => {
                frame.push(0x80 | 127);
                frame.extend((length as u64).to_be_bytes());
            }
        }
        frame.extend([0; 4]);
        frame.extend(text.as_bytes());
        self.socket.get_mut().write_all(&frame).unwrap();
    }

    fn receive(&mut self) -> String {
        let mut text = Vec::new();
        loop {
            let [first, second] = self.bytes::<2>();
            let length = match second & 0x7f {
                126 => u64::from(u16::from_be_bytes(self.bytes())),
                127 => u64::from_be_bytes(self.bytes()),
                length => u64::from(length),
            };
            let mut payload = vec![0; length as usize];
            self.socket.read_exact(&mut payload).unwrap();
            // Text, or a continuation of it. Pings and other frames are ignored.
            if first & 0x0f <= 1 {
                text.extend(payload);
                if first & 0x80 != 0 {
                    return String::from_utf8(text).unwrap();
                }
            }
        }
    }

    fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.socket.read_exact(&mut bytes).unwrap();
        bytes
    }
}

fn get(host: &str, path: &str) -> Vec<u8> {
    let mut stream = TcpStream::connect(host).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
    )
    .unwrap();
    let mut reader = BufReader::new(stream);
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        let lower = line.to_ascii_lowercase();
        if let Some(value) = lower.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        if line.trim().is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    body
}

fn upgrade(host: &str, path: &str) -> TcpStream {
    let mut stream = TcpStream::connect(host).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    .unwrap();
    stream
}

fn from_base64(text: &str) -> Vec<u8> {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digits = text
        .bytes()
        .filter_map(|byte| LETTERS.iter().position(|&it| it == byte));
    let (mut bits, mut held, mut bytes) = (0_usize, 0, Vec::new());
    for digit in digits {
        bits = bits << 6 | digit;
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push((bits >> held) as u8);
            bits &= (1 << held) - 1;
        }
    }
    bytes
}
