//! Waiting with a bound.

use std::time::{Duration, Instant};

const BETWEEN: Duration = Duration::from_millis(20);

/// Asks until there is an answer or the time is over.
pub(crate) fn until<T>(bound: Duration, mut ask: impl FnMut() -> Option<T>) -> Option<T> {
    let end = Instant::now() + bound;
    loop {
        let answer = ask();
        if answer.is_some() || Instant::now() >= end {
            return answer;
        }
        std::thread::park_timeout(BETWEEN);
    }
}
