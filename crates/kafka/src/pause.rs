//! Waiting before brokers are asked again: they tell nobody when they are ready.

use std::time::Duration;

/// Rests so long.
#[allow(
    clippy::disallowed_methods,
    reason = "there is no event to wait for: the other side is another machine"
)]
pub(crate) fn pause(time: Duration) {
    std::thread::sleep(time);
}
