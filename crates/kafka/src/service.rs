//! An instance: its workers, from start to stop.

use crate::deployment::Deployment;
use crate::error::{Error, Result};
use crate::pause::pause;
use crate::pulse;
use crate::router::Router;
use crate::snapshots::{SnapshotSettings, Snapshots};
use crate::standby::Standby;
use crate::status::{Standing, Status};
use crate::worker::Worker;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use umbral_runtime::lane::LaneOptions;

/// A running instance.
pub struct Service {
    status: Arc<Status>,
    workers: Vec<JoinHandle<()>>,
}

impl Service {
    /// Starts so many workers; each joins the group by itself.
    ///
    /// # Errors
    /// No thread could be started. Everything else ends the instance later, see [`Service::stop`].
    pub fn start(
        deployment: Deployment,
        options: &LaneOptions,
        snapshots: &SnapshotSettings,
        workers: usize,
    ) -> Result<Service> {
        let deployment = Arc::new(deployment);
        let status = Arc::new(Status::default());
        let standby = Standby::new(deployment.settings().standby.into());
        let mut service = Service {
            status,
            workers: Vec::new(),
        };
        for number in 0..workers.max(1) {
            service.status.begins(number);
            let (deployment, options) = (Arc::clone(&deployment), options.clone());
            let (snapshots, standby) = (snapshots.clone(), standby.clone());
            let status = Arc::clone(&service.status);
            let body = move || {
                let ran = catch_unwind(AssertUnwindSafe(|| {
                    work(
                        number,
                        &deployment,
                        &options,
                        (&snapshots, &standby),
                        &status,
                    )
                }));
                match ran {
                    Ok(Ok(())) => {}
                    Ok(Err(error)) => status.fail(error),
                    Err(_) => status.fail(Error::Defect),
                }
            };
            service.run(&format!("lanes-{number}"), body)?;
        }
        let of_pulse = (Arc::clone(&deployment), Arc::clone(&service.status));
        service.run("pulse", move || feel(&of_pulse.0, &of_pulse.1))?;
        if deployment.settings().standby > 0 {
            let (deployment, snapshots) = (Arc::clone(&deployment), snapshots.clone());
            let status = Arc::clone(&service.status);
            service.run("standby", move || {
                stand_by(&standby, &deployment, &snapshots, &status, workers.max(1))
            })?;
        }
        if deployment.settings().router {
            let status = Arc::clone(&service.status);
            service.run("router", move || route(&deployment, &status))?;
        }
        Ok(service)
    }

    /// Runs a thread until the instance stops.
    fn run(&mut self, name: &str, body: impl FnOnce() + Send + 'static) -> Result<()> {
        let thread = std::thread::Builder::new().name(name.to_owned());
        self.workers
            .push(thread.spawn(body).map_err(Error::Thread)?);
        Ok(())
    }

    /// How it stands.
    pub fn standing(&self) -> Standing {
        self.status.standing()
    }

    /// Whether it goes on; not any more after a failure.
    pub fn is_running(&self) -> bool {
        !self.status.is_stopping()
    }

    /// Stops after everything that was read is committed, and gives what this instance did.
    ///
    /// # Errors
    /// Why it had stopped by itself.
    pub fn stop(mut self) -> Result<Standing> {
        self.end();
        match self.status.take_failure() {
            Some(error) => Err(error),
            None => Ok(self.status.standing()),
        }
    }

    fn end(&mut self) {
        self.status.stop();
        for worker in self.workers.drain(..) {
            let _ = worker.join();
        }
    }
}

/// How often in a row a worker may find that another one has its name. Once or twice happens to a worker by itself: when
/// the network was cut, the coordinator may take its second request to join for another process.
const FENCED_AT_MOST: u32 = 5;
/// After so long a worker was not fenced in a row.
const IN_A_ROW: Duration = Duration::from_secs(60);

/// Runs a worker, which joins again when it was fenced.
fn work(
    number: usize,
    deployment: &Arc<Deployment>,
    options: &LaneOptions,
    (snapshots, standby): (&SnapshotSettings, &Standby),
    status: &Arc<Status>,
) -> Result<()> {
    let mut fenced = 0;
    loop {
        status.begins(number);
        let began = Instant::now();
        let taking = Snapshots::new(deployment, snapshots);
        let ran = Worker::join(number, deployment, options, taking, standby, status)
            .and_then(Worker::run);
        let Err(Error::SameName { .. }) = ran else {
            return ran;
        };
        fenced = match began.elapsed() < IN_A_ROW {
            true => fenced + 1,
            false => 1,
        };
        if fenced >= FENCED_AT_MOST {
            return ran;
        }
        if status.is_stopping() {
            // What it had not committed is nobody's: it is read again.
            return Ok(());
        }
        tracing::warn!(
            worker = number,
            fenced,
            "Somebody joined under this worker's name, and it joins again. If that goes on, two processes have the same \
             `instance` in [kafka]: end one of them."
        );
        pause(Duration::from_millis(500) * fenced);
    }
}

/// Follows partitions of others; it saves time only, so what goes wrong with it is tried again.
fn stand_by(
    standby: &Standby,
    deployment: &Arc<Deployment>,
    snapshots: &SnapshotSettings,
    status: &Arc<Status>,
    workers: usize,
) {
    while !status.is_stopping() {
        let ran = catch_unwind(AssertUnwindSafe(|| {
            standby.follow(deployment, snapshots, status, workers)
        }));
        if let Err(error) = ran.unwrap_or(Err(Error::Defect)) {
            tracing::warn!(%error, "following partitions of others begins again");
            pause(Duration::from_secs(1));
        }
    }
}

/// Asks whether brokers are there; a failure to ask is no reason to stop.
fn feel(deployment: &Deployment, status: &Status) {
    while !status.is_stopping() {
        let ran = catch_unwind(AssertUnwindSafe(|| pulse::follow(deployment, status)));
        if let Err(error) = ran.unwrap_or(Err(Error::Defect)) {
            tracing::warn!(%error, "asking whether brokers are there begins again");
            pause(Duration::from_secs(1));
        }
    }
}

/// How long a router may fail without having worked before the instance gives up.
const ROUTER_GIVES_UP: Duration = Duration::from_secs(120);

/// Runs a router; one that failed begins again where its last transaction ended.
fn route(deployment: &Arc<Deployment>, status: &Arc<Status>) {
    let mut worked = Instant::now();
    while !status.is_stopping() {
        let began = Instant::now();
        let ran = catch_unwind(AssertUnwindSafe(|| {
            Router::join(deployment, status).and_then(Router::run)
        }));
        let Err(error) = ran.unwrap_or(Err(Error::Defect)) else {
            return;
        };
        if began.elapsed() > IN_A_ROW {
            worked = Instant::now();
        }
        if matches!(error, Error::Defect) || worked.elapsed() > ROUTER_GIVES_UP {
            return status.fail(error);
        }
        tracing::info!(%error, "the router begins again");
        pause(Duration::from_millis(500));
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.end();
    }
}
