//! `/metrics` and `/health`: a small answerer of GET requests, enough for probes and scrapers.

use crate::failure::{Failure, plain};
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

/// Longest request head, in bytes.
const MAX_HEAD_BYTES: usize = 8 << 10;
/// How long a client may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// Clients answered at the same time.
const MAX_CLIENTS: usize = 64;

/// What the endpoint tells.
#[derive(Clone)]
pub(crate) struct Facts {
    /// Renders the metrics.
    pub(crate) metrics: metrics_exporter_prometheus::PrometheusHandle,
    /// Whether records are taken.
    pub(crate) ready: Readiness,
}

/// Whether records are taken; why not, while they are not.
#[derive(Clone, Default)]
pub(crate) struct Readiness(Arc<Mutex<Option<String>>>);

impl Readiness {
    /// It is so for this reason; without one, records are taken.
    pub(crate) fn set(&self, why_not: Option<String>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = why_not;
    }

    fn why_not(&self) -> Option<String> {
        let why_not = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        why_not.clone()
    }
}

/// Answers until the runtime ends.
pub(crate) async fn serve(listener: std::net::TcpListener, facts: Facts) {
    let listener = match TcpListener::from_std(listener) {
        Ok(listener) => listener,
        Err(error) => return tracing::error!(%error, "cannot answer probes and scrapers"),
    };
    let clients = Arc::new(Semaphore::new(MAX_CLIENTS));
    loop {
        let Ok(permit) = Arc::clone(&clients).acquire_owned().await else {
            return;
        };
        match listener.accept().await {
            Ok((stream, _)) => {
                let facts = facts.clone();
                tokio::spawn(async move {
                    let answered = tokio::time::timeout(PATIENCE, answer(stream, &facts)).await;
                    if let Ok(Err(error)) = answered {
                        tracing::debug!(%error, "client went away");
                    }
                    drop(permit);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

/// Binds the address, before anything is created or opened; port 0 takes a free one.
pub(crate) fn bind(address: SocketAddr) -> Result<std::net::TcpListener, Failure> {
    let bound = std::net::TcpListener::bind(address).and_then(|listener| {
        listener.set_nonblocking(true)?;
        Ok(listener)
    });
    bound.map_err(|error| {
        Failure::usage(format!("cannot listen on {address}: {}", plain(&error)))
            .note("if another process has the port, choose another one with listen")
    })
}

async fn answer(mut stream: TcpStream, facts: &Facts) -> io::Result<()> {
    let mut head = Vec::with_capacity(1024);
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        if head.len() >= MAX_HEAD_BYTES || stream.read_buf(&mut head).await? == 0 {
            return Ok(());
        }
    }
    let first = head.split(|byte| *byte == b'\r').next().unwrap_or_default();
    let response = respond(&String::from_utf8_lossy(first), facts);
    stream.write_all(response.as_bytes()).await?;
    stream.shutdown().await
}

/// The answer to a request line.
fn respond(request: &str, facts: &Facts) -> String {
    let mut words = request.split(' ');
    let (method, target) = (
        words.next().unwrap_or_default(),
        words.next().unwrap_or_default(),
    );
    let path = target.split('?').next().unwrap_or_default();
    let (status, body) = match (method, path) {
        ("GET" | "HEAD", "/metrics") => ("200 OK", facts.metrics.render()),
        ("GET" | "HEAD", "/health/livez") => ("200 OK", "alive\n".to_owned()),
        ("GET" | "HEAD", "/health/readyz") => match facts.ready.why_not() {
            None => ("200 OK", "ready\n".to_owned()),
            Some(why) => ("503 Service Unavailable", format!("not ready: {why}\n")),
        },
        ("GET" | "HEAD", _) => (
            "404 Not Found",
            "nothing here; there are /metrics, /health/livez and /health/readyz\n".to_owned(),
        ),
        _ => (
            "405 Method Not Allowed",
            "only GET is answered\n".to_owned(),
        ),
    };
    let shown = if method == "HEAD" { "" } else { body.as_str() };
    format!(
        "HTTP/1.1 {status}\r\ncontent-type: text/plain; version=0.0.4; charset=utf-8\r\n\
         content-length: {}\r\nconnection: close\r\n\r\n{shown}",
        body.len()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probes_and_scrapers_get_their_answers() {
        let recorder = metrics_exporter_prometheus::PrometheusBuilder::new().build_recorder();
        let facts = Facts {
            metrics: recorder.handle(),
            ready: Readiness::default(),
        };
        facts.ready.set(Some("it begins".to_owned()));
        for (request, status) in [
            ("GET /metrics HTTP/1.1", "200"),
            ("GET /health/livez HTTP/1.1", "200"),
            ("GET /health/readyz HTTP/1.1", "503"),
            ("GET /health/readyz?verbose HTTP/1.1", "503"),
            ("GET / HTTP/1.1", "404"),
            ("POST /metrics HTTP/1.1", "405"),
            ("", "405"),
        ] {
            let start = format!("HTTP/1.1 {status} ");
            assert!(respond(request, &facts).starts_with(&start), "{request}");
        }
        let answer = respond("GET /health/readyz HTTP/1.1", &facts);
        assert!(
            answer.ends_with("\r\n\r\nnot ready: it begins\n"),
            "{answer}"
        );
        facts.ready.set(None);
        assert!(respond("GET /health/readyz HTTP/1.1", &facts).starts_with("HTTP/1.1 200 "));
    }
}
