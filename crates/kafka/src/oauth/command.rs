//! What a command prints.

use crate::pause::pause;
use crate::secret::Secret;
use std::io::{self, Read};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// How long a command may take: whoever wants a token does nothing else meanwhile.
const BOUND: Duration = Duration::from_secs(10);
/// Time between two looks at whether it has ended.
const LOOK: Duration = Duration::from_millis(5);
/// No token is longer.
const MOST: u64 = 1 << 20;

/// What a program with its arguments prints; why not otherwise, to be said after its name. Of what it wrote nothing is
/// in there: that may be a secret.
pub(super) fn output(command: &[String]) -> Result<Secret, String> {
    let mut program = Command::new(command.first().map_or("", String::as_str));
    program.args(command.iter().skip(1));
    program.stdin(Stdio::null()).stderr(Stdio::null());
    let spawned = program.stdout(Stdio::piped()).spawn();
    let mut child = spawned.map_err(|error| format!("cannot be started: {error}"))?;
    let printed = printed(&mut child);
    let ended = end(&mut child);
    let status = ended.map_err(|error| format!("cannot be waited for: {error}"))?;
    match status {
        None => Err(format!("did not end within {} s", BOUND.as_secs())),
        Some(status) if !status.success() => Err(format!("failed ({status})")),
        // Something that it left running may hold its output open.
        Some(_) => match printed.recv_timeout(BOUND) {
            Ok(Ok(text)) => Ok(Secret::new(text)),
            _ => Err("printed something that cannot be read".to_owned()),
        },
    }
}

/// What it prints, read while it runs.
fn printed(child: &mut Child) -> mpsc::Receiver<io::Result<String>> {
    let (line, printed) = mpsc::channel();
    if let Some(stdout) = child.stdout.take() {
        std::thread::spawn(move || {
            let mut text = String::new();
            let read = stdout.take(MOST).read_to_string(&mut text);
            let _ = line.send(read.map(|_| text));
        });
    }
    printed
}

/// Waits for its end; ends it when that takes too long.
fn end(child: &mut Child) -> io::Result<Option<std::process::ExitStatus>> {
    let began = Instant::now();
    while began.elapsed() < BOUND {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        pause(LOOK);
    }
    child.kill()?;
    child.wait()?;
    Ok(None)
}
