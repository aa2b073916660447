//! One broker: its files, and its process.

use crate::BrokerError;
use crate::library::{Library, tail};
use crate::wait;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// The shell that holds a broker, and ends it when nobody holds the shell's standard input any more.
const KEEPER: &str = include_str!("keeper.sh");

/// What the log says when a broker takes requests.
const READY: &str = "Kafka Server started";

/// A start takes 2 to 4 seconds, on a machine that has much else to do several times that.
const BOUND: Duration = Duration::from_secs(90);

/// One broker: its files, and its process while it runs.
pub(crate) struct Node {
    /// From 1.
    number: usize,
    properties: PathBuf,
    log: PathBuf,
    /// How long the log was when it was started last.
    log_start: u64,
    running: Option<Running>,
}

/// A broker that runs.
struct Running {
    /// The shell that holds it, or the broker itself.
    child: Child,
    pid: u32,
}

impl Node {
    /// Writes its files below this folder, and formats its storage.
    pub(crate) fn create(
        number: usize,
        folder: &Path,
        properties: &str,
        format: &mut Command,
    ) -> Result<Node, BrokerError> {
        let path = folder.join(format!("node-{number}.properties"));
        fs::write(&path, properties).map_err(BrokerError::io("write", &path))?;
        let output = format.arg("-c").arg(&path).stdin(Stdio::null()).output();
        let output = output.map_err(BrokerError::io("run", Path::new("java")))?;
        if !output.status.success() {
            let text = [output.stdout, output.stderr].concat();
            return Err(BrokerError::Failed {
                what: "formatting the storage of a broker",
                output: tail(&String::from_utf8_lossy(&text)),
            });
        }
        Ok(Node {
            number,
            properties: path,
            log: folder.join(format!("node-{number}.log")),
            log_start: 0,
            running: None,
        })
    }

    /// Its process, if it runs.
    pub(crate) fn pid(&self) -> Option<u32> {
        self.running.as_ref().map(|running| running.pid)
    }

    /// Starts it, held by this process; ready is another question.
    pub(crate) fn start(&mut self, library: &Library, heap: u32) -> Result<(), BrokerError> {
        self.mark_log();
        let mut command = Command::new("sh");
        command.args(["-c", KEEPER, "keeper"]).arg(&self.log);
        command
            .args(library.java(heap))
            .arg("kafka.Kafka")
            .arg(&self.properties);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut child = command
            .spawn()
            .map_err(BrokerError::io("run", Path::new("sh")))?;
        let mut line = String::new();
        if let Some(stdout) = child.stdout.take() {
            let read = BufReader::new(stdout).read_line(&mut line);
            read.map_err(BrokerError::io("read from", Path::new("sh")))?;
        }
        let pid = line.trim().parse().unwrap_or_default();
        self.running = Some(Running { child, pid });
        Ok(())
    }

    /// Starts it on its own: it stays when this process ends.
    pub(crate) fn start_alone(&mut self, library: &Library, heap: u32) -> Result<(), BrokerError> {
        use std::os::unix::process::CommandExt;
        self.mark_log();
        let log = File::options().create(true).append(true).open(&self.log);
        let log = log.map_err(BrokerError::io("open", &self.log))?;
        let errors = log
            .try_clone()
            .map_err(BrokerError::io("open", &self.log))?;
        let java = library.java(heap);
        let mut command = Command::new(&java[0]);
        command
            .args(&java[1..])
            .arg("kafka.Kafka")
            .arg(&self.properties);
        command
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(errors)
            .process_group(0);
        let child = command.spawn();
        let child = child.map_err(BrokerError::io("run", Path::new("java")))?;
        let pid = child.id();
        self.running = Some(Running { child, pid });
        Ok(())
    }

    /// Leaves it running, on its own.
    pub(crate) fn leave(&mut self) -> Option<u32> {
        self.running.take().map(|running| running.pid)
    }

    fn mark_log(&mut self) {
        self.log_start = fs::metadata(&self.log).map_or(0, |metadata| metadata.len());
    }

    /// Waits until it takes requests.
    pub(crate) fn ready(&mut self) -> Result<(), BrokerError> {
        let running = &mut self.running;
        let (log, start) = (&self.log, self.log_start);
        let mut has_ended = || {
            let child = running.as_mut().map(|running| running.child.try_wait());
            matches!(child, Some(Ok(Some(_)) | Err(_)))
        };
        let answer = wait::until(BOUND, || {
            // Asked first: what it wrote before its end is in the log then.
            let ended = has_ended();
            if written(log, start).contains(READY) {
                return Some(true);
            }
            ended.then_some(false)
        });
        let how = match answer {
            Some(true) => return Ok(()),
            Some(false) => "ended at its start".to_owned(),
            None => format!("was not ready within {} seconds", BOUND.as_secs()),
        };
        Err(BrokerError::NotReady {
            node: self.number,
            how,
            log: self.log.clone(),
            tail: tail(&written(&self.log, self.log_start)),
        })
    }

    /// Lets it end by itself, for so long as that takes within bounds.
    pub(crate) fn stop(&mut self) -> Result<(), BrokerError> {
        if let Some(running) = &mut self.running {
            let mut kill = Command::new("sh");
            kill.args(["-c", "kill \"$1\"", "kill"])
                .arg(running.pid.to_string());
            kill.status()
                .map_err(BrokerError::io("run", Path::new("sh")))?;
            let child = &mut running.child;
            wait::until(BOUND, || child.try_wait().ok().flatten());
        }
        self.kill();
        Ok(())
    }

    /// Ends it at once, as a power cut would.
    pub(crate) fn kill(&mut self) {
        if let Some(mut running) = self.running.take() {
            match running.child.stdin.take() {
                Some(held) => drop(held),
                None => drop(running.child.kill()),
            }
            running.child.wait().ok();
        }
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.kill();
    }
}

/// What a log says from there on.
fn written(log: &Path, start: u64) -> String {
    let mut bytes = Vec::new();
    let read = File::open(log).and_then(|mut file| {
        file.seek(SeekFrom::Start(start))?;
        file.read_to_end(&mut bytes)
    });
    read.map_or_else(
        |_| String::new(),
        |_| String::from_utf8_lossy(&bytes).into_owned(),
    )
}
