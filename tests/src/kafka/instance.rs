//! Instances as processes of the command, which can be killed, paused and started again.

use std::fs::File;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// An instance of the service, running or not.
pub struct Instance {
    /// Its name.
    pub name: String,
    command: PathBuf,
    folder: PathBuf,
    port: u16,
    child: Option<Child>,
}

impl Instance {
    /// An instance that is not started yet; its configuration is written to `folder`. `more` is the rest of it.
    pub fn new(command: &Path, folder: &Path, name: &str, kafka: &str, more: &str) -> Instance {
        let folder = folder.join(name);
        std::fs::create_dir_all(&folder).expect("a folder");
        let port = free_port();
        let config = format!(
            "listen = \"127.0.0.1:{port}\"\n{more}\n[kafka]\ninstance = \"{name}\"\n{kafka}\n"
        );
        std::fs::write(folder.join("umbral.toml"), config).expect("a configuration");
        Instance {
            name: name.to_owned(),
            command: command.to_owned(),
            folder,
            port,
            child: None,
        }
    }

    /// Starts it, if it does not run.
    pub fn start(&mut self) {
        if self.child.is_some() {
            return;
        }
        let log = File::options()
            .create(true)
            .append(true)
            .open(self.folder.join("log"))
            .expect("a log");
        let child = Command::new(&self.command)
            .args(["run", "--config"])
            .arg(self.folder.join("umbral.toml"))
            .env("UMBRAL_LOG", "info")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn();
        self.child = Some(child.expect("the command starts"));
    }

    /// Ends it as a crash does.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: &str) {
        if let Some(child) = &self.child {
            let pid = child.id().to_string();
            let sent = Command::new("kill").args([signal, &pid]).status();
            assert!(
                sent.is_ok_and(|status| status.success()),
                "kill {signal} {pid}"
            );
        }
    }

    /// Stops it in order, and says whether it ended well.
    pub fn stop(&mut self) -> bool {
        self.signal("-TERM");
        let Some(mut child) = self.child.take() else {
            return false;
        };
        let started = Instant::now();
        while started.elapsed() < Duration::from_secs(60) {
            if let Ok(Some(status)) = child.try_wait() {
                return status.success();
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let _ = child.kill();
        let _ = child.wait();
        false
    }

    /// Whether it ended by itself.
    pub fn has_ended(&mut self) -> bool {
        let ended = self.child.as_mut().map(|child| child.try_wait());
        matches!(ended, Some(Ok(Some(_))))
    }

    /// Whether all its partitions are caught up.
    pub fn is_ready(&self) -> bool {
        self.readiness()
            .is_some_and(|answer| answer.starts_with("HTTP/1.1 200"))
    }

    /// What it says of being ready, with status and headers; nothing while it does not run.
    pub fn readiness(&self) -> Option<String> {
        self.get("/health/readyz")
    }

    /// The value of a metric without labels.
    pub fn metric(&self, name: &str) -> Option<f64> {
        let answer = self.get("/metrics")?;
        let line = answer
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line?.trim().parse().ok()
    }

    fn get(&self, path: &str) -> Option<String> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(2))).ok()?;
        write!(stream, "GET {path} HTTP/1.1\r\nhost: x\r\n\r\n").ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        Some(answer)
    }

    /// The end of what it logged.
    pub fn log(&self) -> String {
        let text = std::fs::read_to_string(self.folder.join("log")).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        let from = lines.len().saturating_sub(25);
        lines[from..].join("\n")
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        self.kill();
    }
}

pub(super) fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").port()
}
