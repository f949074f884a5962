//! A small WebDriver client: enough to open a page in a real browser, act on it and ask what became of it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

/// A browser with one window. It ends when this is dropped.
pub struct Browser {
    driver: Child,
    port: u16,
    session: String,
    /// Kept open: the driver ends when nobody reads what it says.
    _said: BufReader<ChildStdout>,
    _profile: tempfile::TempDir,
}

impl Browser {
    /// Starts a browser; none where none is installed, with a line that says so.
    pub fn start() -> Option<Browser> {
        let started = Command::new("chromedriver")
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn();
        let Ok(mut driver) = started else {
            println!("skipped: chromedriver is not installed (Debian: chromium-driver)");
            return None;
        };
        let mut said = BufReader::new(driver.stdout.take().unwrap());
        let port = std::iter::from_fn(|| {
            let mut line = String::new();
            said.read_line(&mut line).ok().filter(|read| *read > 0).map(|_| line)
        })
        // The first line says that it begins with port 0, a later one which port it found.
        .find_map(|line| line.trim().strip_suffix('.')?.rsplit_once("successfully on port ")?.1.parse().ok());
        let profile = tempfile::tempdir().unwrap();
        let mut browser =
            Browser { driver, port: port.expect("a port"), session: String::new(), _said: said, _profile: profile };
        let arguments = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--no-first-run",
            "--window-size=1280,900",
            &format!("--user-data-dir={}", browser._profile.path().display()),
        ];
        let session = browser.call(
            "POST",
            "/session",
            &json!({"capabilities": {"alwaysMatch": {
                "browserName": "chrome",
                "unhandledPromptBehavior": "ignore",
                "goog:chromeOptions": {"args": arguments},
                "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"},
            }}}),
        );
        session["sessionId"]
            .as_str()
            .unwrap_or_else(|| panic!("no browser session: {session}"))
            .clone_into(&mut browser.session);
        Some(browser)
    }

    /// One request and the value of its answer.
    fn call(&self, method: &str, path: &str, body: &Value) -> Value {
        let path = if self.session.is_empty() { path.to_owned() } else { format!("/session/{}{path}", self.session) };
        let body = if method == "GET" { String::new() } else { body.to_string() };
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(120))).unwrap();
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            self.port,
            body.len()
        )
        .unwrap();
        let mut reader = BufReader::new(stream);
        let mut length = 0;
        let mut line = String::new();
        while reader.read_line(&mut line).unwrap() > 2 {
            if let Some((name, value)) = line.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = value.trim().parse().unwrap();
            }
            line.clear();
        }
        let mut answer = vec![0; length];
        reader.read_exact(&mut answer).unwrap();
        serde_json::from_slice::<Value>(&answer).unwrap()["value"].take()
    }

    /// Opens a file of this machine.
    pub fn open(&self, file: &Path) {
        self.call("POST", "/url", &json!({"url": format!("file://{}", file.display())}));
    }

    /// Runs a script in the page, and gives what it returns.
    pub fn run(&self, script: &str) -> Value {
        let value = self.call("POST", "/execute/sync", &json!({"script": script, "args": []}));
        assert!(value.get("error").is_none(), "{script}: {value}");
        value
    }

    /// The same, as text.
    pub fn text(&self, script: &str) -> String {
        self.run(script).as_str().unwrap_or_default().to_owned()
    }

    /// Waits until a script returns true.
    pub fn wait(&self, script: &str) {
        let begin = Instant::now();
        while self.run(script) != json!(true) {
            assert!(begin.elapsed() < Duration::from_secs(20), "in vain: {script}");
            std::thread::sleep(Duration::from_millis(40));
        }
    }

    /// Presses, drags and releases the pointer, in pixels of the window.
    pub fn drag(&self, from: (i64, i64), to: (i64, i64)) {
        let step = |x, y, duration| json!({"type": "pointerMove", "x": x, "y": y, "duration": duration});
        self.call(
            "POST",
            "/actions",
            &json!({"actions": [{"type": "pointer", "id": "mouse", "actions": [
                step(from.0, from.1, 0), {"type": "pointerDown", "button": 0},
                step(i64::midpoint(from.0, to.0), to.1, 50), step(to.0, to.1, 50), {"type": "pointerUp", "button": 0},
            ]}]}),
        );
    }

    /// Presses a key; special keys have code points of their own.
    pub fn key(&self, key: char) {
        let key = key.to_string();
        self.call(
            "POST",
            "/actions",
            &json!({"actions": [{"type": "key", "id": "keys", "actions": [
                {"type": "keyDown", "value": key}, {"type": "keyUp", "value": key},
            ]}]}),
        );
    }

    /// Whether a dialog stands before the page.
    pub fn alerts(&self) -> bool {
        self.call("GET", "/alert/text", &Value::Null).get("error").is_none()
    }

    /// What the page said on the console since the last call.
    pub fn console(&self) -> Vec<String> {
        let log = self.call("POST", "/se/log", &json!({"type": "browser"}));
        log.as_array()
            .into_iter()
            .flatten()
            .map(|entry| entry["message"].as_str().unwrap_or_default().to_owned())
            .collect()
    }

    /// Addresses that the page asked for since the last call.
    pub fn requests(&self) -> Vec<String> {
        let log = self.call("POST", "/se/log", &json!({"type": "performance"}));
        let messages = log.as_array().into_iter().flatten().filter_map(|entry| {
            let message: Value = serde_json::from_str(entry["message"].as_str()?).ok()?;
            let message = &message["message"];
            // What the browser's own first page asks for is none of ours.
            let ours = message["params"]["documentURL"].as_str().is_some_and(|url| url.starts_with("file:"));
            (ours && message["method"] == "Network.requestWillBeSent")
                .then(|| message["params"]["request"]["url"].as_str().unwrap_or_default().to_owned())
        });
        messages.collect()
    }

    /// A command of the browser's own protocol, and its answer.
    pub fn cdp(&self, command: &str, parameters: Value) -> Value {
        self.call("POST", "/goog/cdp/execute", &json!({"cmd": command, "params": parameters}))
    }

    /// A picture of the window as PNG.
    pub fn screenshot(&self) -> Vec<u8> {
        STANDARD.decode(self.call("GET", "/screenshot", &Value::Null).as_str().unwrap()).unwrap()
    }

    /// The page as PDF.
    pub fn pdf(&self) -> Vec<u8> {
        let answer = self.cdp("Page.printToPDF", json!({"printBackground": true, "preferCSSPageSize": true}));
        STANDARD.decode(answer["data"].as_str().unwrap_or_else(|| panic!("not printed: {answer}"))).unwrap()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        if !self.session.is_empty() {
            self.call("DELETE", "", &Value::Null);
        }
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}
