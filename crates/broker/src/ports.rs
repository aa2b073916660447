//! Ports that are free: below those that systems give to outgoing connections, so that a broker that comes back
//! finds its own free again.

use crate::BrokerError;
use std::net::TcpListener;
use std::sync::atomic::{AtomicU32, Ordering};

const FIRST: u32 = 20_000;
const COUNT: u32 = 12_000;

/// So that processes that ask at the same time are unlikely to get the same.
static NEXT: AtomicU32 = AtomicU32::new(0);

/// So many different ports on which nobody listens.
pub(crate) fn free(count: usize) -> Result<Vec<u16>, BrokerError> {
    let start = std::process::id().wrapping_mul(7919);
    let mut held = Vec::with_capacity(count);
    for _ in 0..COUNT {
        if held.len() == count {
            break;
        }
        let step = NEXT.fetch_add(1, Ordering::Relaxed);
        let port = FIRST + start.wrapping_add(step) % COUNT;
        if let Ok(port) = u16::try_from(port)
            && let Ok(listener) = TcpListener::bind(("127.0.0.1", port))
        {
            held.push((port, listener));
        }
    }
    if held.len() < count {
        return Err(BrokerError::NoPort);
    }
    Ok(held.into_iter().map(|(port, _)| port).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_differ_and_are_free() {
        let ports = free(9).expect("nine ports");
        let listeners: Vec<_> = ports
            .iter()
            .map(|port| TcpListener::bind(("127.0.0.1", *port)).expect("a free port"))
            .collect();
        let more = free(9).expect("nine more");
        assert!(more.iter().all(|port| !ports.contains(port)));
        assert_eq!(listeners.len(), 9);
    }
}
