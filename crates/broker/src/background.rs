//! Brokers that stay when the process that started them ends, until they are told to end.

use crate::cluster::Files;
use crate::library::library;
use crate::settings::Settings;
use crate::{BrokerError, home, wait};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// Brokers that run in the background.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Background {
    /// The addresses that clients begin with.
    pub bootstrap: String,
    /// Their processes.
    pub pids: Vec<u32>,
    /// Their data and their logs.
    pub folder: PathBuf,
}

/// How long a killed process may take to be gone.
const BOUND: Duration = Duration::from_secs(10);

/// Starts brokers in the background, or finds those that run there already.
pub fn up(settings: &Settings) -> Result<Background, BrokerError> {
    if let Some(found) = running() {
        return Ok(found);
    }
    down()?;
    let library = library()?;
    let folder = home().join("up");
    let mut files = Files::create(settings, &library, folder.clone())?;
    for node in &mut files.nodes {
        node.start_alone(&library, settings.heap_megabytes)?;
    }
    for node in &mut files.nodes {
        node.ready()?;
    }
    let bootstrap = files.bootstrap();
    let background = Background {
        bootstrap,
        pids: files.leave(),
        folder,
    };
    write(&background)?;
    Ok(background)
}

/// Ends the brokers in the background and removes their data. Whether there were any.
pub fn down() -> Result<bool, BrokerError> {
    let found = running();
    for pid in found.iter().flat_map(|found| &found.pids) {
        let kill = Command::new("sh")
            .args(["-c", "kill -9 \"$1\"", "kill"])
            .arg(pid.to_string())
            .status();
        kill.map_err(BrokerError::io("run", Path::new("sh")))?;
        wait::until(BOUND, || {
            (!is_alive(*pid, &home().join("up"))).then_some(())
        });
    }
    let folder = home().join("up");
    if folder.exists() {
        fs::remove_dir_all(&folder).map_err(BrokerError::io("remove", &folder))?;
    }
    fs::remove_file(pid_file()).ok();
    Ok(found.is_some())
}

fn pid_file() -> PathBuf {
    home().join("up.pid")
}

/// The address in the first line, a process in each of the others.
fn write(background: &Background) -> Result<(), BrokerError> {
    let mut lines = vec![background.bootstrap.clone()];
    lines.extend(background.pids.iter().map(u32::to_string));
    let path = pid_file();
    fs::write(&path, lines.join("\n") + "\n").map_err(BrokerError::io("write", &path))
}

/// What the pid file names, as far as it still runs.
fn running() -> Option<Background> {
    let text = fs::read_to_string(pid_file()).ok()?;
    let mut lines = text.lines();
    let bootstrap = lines.next()?.to_owned();
    let folder = home().join("up");
    let pids: Vec<u32> = lines
        .filter_map(|line| line.parse().ok())
        .filter(|pid| is_alive(*pid, &folder))
        .collect();
    (!pids.is_empty()).then_some(Background {
        bootstrap,
        pids,
        folder,
    })
}

/// Whether this process is a broker with its files there: the number alone may be another's by now.
fn is_alive(pid: u32, folder: &Path) -> bool {
    let command = match fs::read(format!("/proc/{pid}/cmdline")) {
        Ok(command) => command,
        Err(_) if Path::new("/proc/self").exists() => return false,
        Err(_) => {
            let mut ps = Command::new("ps");
            ps.args(["-o", "command=", "-p"]).arg(pid.to_string());
            ps.output().map(|output| output.stdout).unwrap_or_default()
        }
    };
    String::from_utf8_lossy(&command).contains(&*folder.to_string_lossy())
}
