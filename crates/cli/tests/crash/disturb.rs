//! Starting the real process and killing it at moments that a seed chooses.

use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// A small generator of its own, so that a seed names a run.
pub(crate) struct Seeded(u64);

impl Seeded {
    pub(crate) fn new(seed: u64) -> Seeded {
        Seeded(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }

    pub(crate) fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len() as u64) as usize]
    }
}

/// The seed of a test, said first so that a failure names it.
pub(crate) fn seed(usual: u64) -> u64 {
    let asked = std::env::var("UMBRAL_TEST_SEED").ok();
    let seed = asked.and_then(|text| text.parse().ok()).unwrap_or(usual);
    println!("seed {seed}");
    seed
}

/// So many, or a few where the tests are to be quick.
pub(crate) fn wanted(usual: u64) -> u64 {
    match std::env::var_os("UMBRAL_TEST_QUICK") {
        Some(_) => usual.div_ceil(8),
        None => usual,
    }
}

pub(crate) fn text(path: &Path) -> &str {
    path.to_str().expect("a path in UTF-8")
}

pub(crate) fn umbral(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_umbral"));
    command
        .args(arguments)
        .stdin(Stdio::null())
        .env("NO_COLOR", "1")
        .env_remove("UMBRAL_LOG");
    command
}

/// Runs to the end and gives standard output.
pub(crate) fn succeed(arguments: &[&str]) -> String {
    let output = umbral(arguments).output().expect("start umbral");
    assert_done(&output, &format!("umbral {arguments:?}"));
    String::from_utf8(output.stdout).expect("text")
}

pub(crate) fn assert_done(output: &Output, what: &str) {
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{what} failed:\n{errors}");
}

/// Waits without working: nothing ever arrives.
pub(crate) fn rest(time: Duration) {
    std::thread::park_timeout(time);
}

/// A process that does not outlive the test.
pub(crate) struct Victim(Option<Child>);

impl Victim {
    pub(crate) fn start(mut command: Command) -> Victim {
        let child = command
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("start umbral");
        Victim(Some(child))
    }

    fn child(&mut self) -> &mut Child {
        self.0.as_mut().expect("it was not taken")
    }

    pub(crate) fn id(&mut self) -> u32 {
        self.child().id()
    }

    pub(crate) fn has_ended(&mut self) -> bool {
        self.child().try_wait().expect("wait").is_some()
    }

    /// Lets it work for so long, or until it ends.
    pub(crate) fn work_for(&mut self, time: Duration) {
        let deadline = Instant::now() + time;
        while !self.has_ended() {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            rest(left.min(Duration::from_micros(500)));
        }
    }

    /// SIGKILL. Says whether it was still there; one that ended by itself must have ended well.
    pub(crate) fn kill(self, what: &str) -> bool {
        let output = self.kill_or_end();
        // A process that ended between the look and the kill has a code, a killed one has none.
        if output.status.code().is_none() {
            return true;
        }
        assert_done(&output, what);
        false
    }

    /// SIGKILL, if it is still there.
    pub(crate) fn kill_or_end(mut self) -> Output {
        let mut child = self.0.take().expect("it was not taken");
        if child.try_wait().expect("wait").is_none() {
            child.kill().expect("kill");
        }
        child.wait_with_output().expect("wait")
    }

    /// Waits for its own end.
    pub(crate) fn end(mut self) -> Output {
        let child = self.0.take().expect("it was not taken");
        child.wait_with_output().expect("wait")
    }

    /// Waits for its own end, which must be a good one.
    pub(crate) fn finish(self, what: &str) {
        assert_done(&self.end(), what);
    }
}

impl Drop for Victim {
    fn drop(&mut self) {
        if let Some(child) = &mut self.0 {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// A moment within `whole`.
pub(crate) fn moment(random: &mut Seeded, whole: Duration) -> Duration {
    let most = u64::try_from(whole.as_micros()).expect("a short time");
    Duration::from_micros(random.below(most.max(1)))
}

/// What the kills of a test came to.
#[derive(Default, Debug)]
pub(crate) struct Tally {
    pub(crate) kills: u64,
    /// Of these, with a segment begun that the manifest did not name yet, or a file still aside.
    pub(crate) in_a_roll: u64,
    pub(crate) rounds: u64,
}

impl Tally {
    /// Counts a kill and looks at what it left.
    pub(crate) fn count(&mut self, data: &Path) {
        self.kills += 1;
        let log = data.join("log");
        let names: Vec<String> = std::fs::read_dir(&log)
            .map(|entries| {
                let entries = entries.filter_map(Result::ok);
                entries
                    .map(|entry| entry.file_name().to_string_lossy().into_owned())
                    .collect()
            })
            .unwrap_or_default();
        let is_named = |manifest: &str, name: &str| {
            let number = name.trim_end_matches(".segment").trim_start_matches('0');
            manifest.contains(&format!("\"number\": {number},"))
        };
        let manifest = std::fs::read_to_string(log.join("manifest.json")).unwrap_or_default();
        let unnamed = names
            .iter()
            .any(|name| name.ends_with(".segment") && !is_named(&manifest, name));
        if unnamed || names.iter().any(|name| name.ends_with(".tmp")) {
            self.in_a_roll += 1;
        }
    }
}
