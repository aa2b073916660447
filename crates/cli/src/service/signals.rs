//! Being told to stop: once is a request, twice is an order.

use std::io;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

/// Exit code of a process that was interrupted twice.
const INTERRUPTED: i32 = 130;

/// Set when the process is told to stop.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stop(Arc<Asked>);

#[derive(Debug, Default)]
struct Asked {
    asked: Mutex<bool>,
    changed: Condvar,
}

impl Stop {
    /// Whether the process is told to stop.
    pub(crate) fn is_asked(&self) -> bool {
        *self.0.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks to stop.
    pub(crate) fn ask(&self) {
        *self.0.asked.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.0.changed.notify_all();
    }

    /// Rests for a while; says whether the process is told to stop, which ends the rest.
    pub(crate) fn rest(&self, pause: Duration) -> bool {
        let asked = self.0.asked.lock().unwrap_or_else(PoisonError::into_inner);
        let rested = self
            .0
            .changed
            .wait_timeout_while(asked, pause, |asked| !*asked);
        *rested.unwrap_or_else(PoisonError::into_inner).0
    }

    /// Asks to stop on the first signal and ends the process on the second; call within a runtime.
    pub(crate) async fn listen(self) {
        wait_for_signal().await;
        tracing::info!("stopping: what was taken is made durable; once more ends at once");
        self.ask();
        wait_for_signal().await;
        std::process::exit(INTERRUPTED);
    }
}

impl Stop {
    /// Listens on a thread of its own, for commands without a runtime.
    pub(crate) fn listening() -> io::Result<Stop> {
        let stop = Stop::default();
        let listener = stop.clone();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        std::thread::spawn(move || runtime.block_on(listener.listen()));
        Ok(stop)
    }
}

/// Returns on SIGINT or SIGTERM.
#[cfg(unix)]
async fn wait_for_signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let (interrupt, terminate) = (
        signal(SignalKind::interrupt()),
        signal(SignalKind::terminate()),
    );
    match (interrupt, terminate) {
        (Ok(mut interrupt), Ok(mut terminate)) => {
            tokio::select! { _ = interrupt.recv() => (), _ = terminate.recv() => () }
        }
        // Without handlers the system's default holds: the process ends, and the journal is whole.
        _ => std::future::pending().await,
    }
}

/// Returns on Ctrl-C.
#[cfg(not(unix))]
async fn wait_for_signal() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}
