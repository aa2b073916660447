//! Time as the engine knows it: the last tick. It moves with the wall clock or with the events' own time,
//! never backward, and only here.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use umbral_model::rejection::{Reason, Rejection};
use umbral_model::time::{NANOS_PER_DAY, NANOS_PER_SECOND, Timestamp};

/// How far an input may be dated after the wall clock: one hour.
pub const FUTURE_TOLERANCE: i64 = 3_600 * NANOS_PER_SECOND;
/// How far one input may move the event clock unless options say otherwise: 35 days.
pub const DEFAULT_MAX_GAP: i64 = 35 * NANOS_PER_DAY;
/// Time between two ticks of the wall clock: one second.
pub const WALL_TICK: i64 = NANOS_PER_SECOND;
/// All partitions are told when the event clock passes such a mark: 15 minutes, on which every local
/// midnight and hour lies.
pub const EVENT_TICK: i64 = 900 * NANOS_PER_SECOND;

/// Where the time of day comes from: the machine, or a simulator.
pub trait TimeSource: Send + Sync {
    /// The time now.
    fn now(&self) -> Timestamp;
}

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemTime;

impl TimeSource for SystemTime {
    fn now(&self) -> Timestamp {
        let since_epoch = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .map_or(0, |duration| duration.as_nanos());
        Timestamp::from_nanos(i64::try_from(since_epoch).unwrap_or(i64::MAX))
    }
}

/// A clock that stands still until it is moved; for tests and simulators.
#[derive(Debug, Default)]
pub struct ManualTime(AtomicI64);

impl ManualTime {
    /// A clock that shows `at`.
    pub fn new(at: Timestamp) -> Self {
        ManualTime(AtomicI64::new(at.nanos()))
    }

    /// Moves the clock.
    pub fn set(&self, at: Timestamp) {
        self.0.store(at.nanos(), Ordering::SeqCst);
    }
}

impl TimeSource for ManualTime {
    fn now(&self) -> Timestamp {
        Timestamp::from_nanos(self.0.load(Ordering::SeqCst))
    }
}

/// What moves the clock.
#[derive(Clone)]
pub enum ClockMode {
    /// The time of day, once a second.
    Wall(Arc<dyn TimeSource>),
    /// The inputs' `occurred_at`, for historical files.
    Event,
}

impl ClockMode {
    /// The machine's clock.
    pub fn wall() -> ClockMode {
        ClockMode::Wall(Arc::new(SystemTime))
    }
}

impl std::fmt::Debug for ClockMode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            ClockMode::Wall(_) => "wall",
            ClockMode::Event => "event",
        })
    }
}

/// The last tick and the rules by which it moves.
#[derive(Debug)]
pub struct Clock {
    mode: ClockMode,
    max_gap: i64,
    last: Timestamp,
}

impl Clock {
    /// A clock whose last tick was `last`; `Timestamp::MIN` when there was none yet.
    pub fn new(mode: ClockMode, max_gap: i64, last: Timestamp) -> Clock {
        Clock {
            mode,
            max_gap,
            last,
        }
    }

    /// The last tick; `Timestamp::MIN` before the first.
    pub fn last(&self) -> Timestamp {
        self.last
    }

    /// Whether events move it.
    pub fn is_event(&self) -> bool {
        matches!(self.mode, ClockMode::Event)
    }

    /// Refuses an input that is dated beyond what the clock permits; a tick or a forced input never is.
    pub fn admit(&self, occurred_at: Timestamp) -> Result<(), Rejection> {
        match &self.mode {
            ClockMode::Wall(_) if occurred_at.since(self.last) > FUTURE_TOLERANCE => {
                Err(Rejection::new(
                    Reason::FromTheFuture,
                    format!(
                        "{occurred_at} is more than an hour after the clock, {}",
                        self.last
                    ),
                ))
            }
            // The first input sets the clock: there is nothing yet to measure a gap from.
            ClockMode::Event
                if self.last != Timestamp::MIN && occurred_at.since(self.last) > self.max_gap =>
            {
                let days = self.max_gap / NANOS_PER_DAY;
                Err(Rejection::new(
                    Reason::ClockGap,
                    format!(
                        "{occurred_at} is more than {days} days after the clock, {}; force it, send \
                         a tick before it, or raise --max-gap",
                        self.last
                    ),
                ))
            }
            _ => Ok(()),
        }
    }

    /// Refuses a record that is taken up again while it is still dated after the clock, which it does not move.
    pub fn admit_again(&self, occurred_at: Timestamp) -> Result<(), Rejection> {
        if self.last == Timestamp::MIN || occurred_at.since(self.last) <= FUTURE_TOLERANCE {
            return Ok(());
        }
        let last = self.last;
        let detail = format!(
            "{occurred_at} is more than an hour after the clock, {last}; let time pass, or resubmit with --force"
        );
        Err(Rejection::new(Reason::FromTheFuture, detail))
    }

    /// Moves the event clock to an admitted input's time. Says whether all partitions are to be told.
    pub fn follow(&mut self, occurred_at: Timestamp) -> bool {
        if !self.is_event() || occurred_at <= self.last {
            return false;
        }
        let before = self.last.nanos().div_euclid(EVENT_TICK);
        self.last = occurred_at;
        occurred_at.nanos().div_euclid(EVENT_TICK) > before
    }

    /// Moves the clock to a tick of its own. Says whether it moved.
    pub fn tick(&mut self, as_of: Timestamp) -> bool {
        let moved = as_of > self.last;
        self.last = self.last.max(as_of);
        moved
    }

    /// The tick that the wall clock owes, if it owes one.
    pub fn owed(&self) -> Option<Timestamp> {
        let ClockMode::Wall(source) = &self.mode else {
            return None;
        };
        let now = source.now();
        (now.since(self.last) >= WALL_TICK).then_some(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).expect("an instant")
    }

    #[test]
    fn the_event_clock_follows_inputs_and_marks_quarters_of_an_hour() {
        let mut clock = Clock::new(ClockMode::Event, DEFAULT_MAX_GAP, Timestamp::MIN);
        let cases = [
            ("2026-03-01T00:00:00Z", true),
            ("2026-03-01T00:14:59.999Z", false),
            ("2026-03-01T00:15:00Z", true),
            ("2026-02-01T00:00:00Z", false),
            ("2026-03-01T00:29:00Z", false),
            ("2026-03-01T05:00:00Z", true),
        ];
        for (instant, told) in cases {
            assert_eq!(clock.follow(at(instant)), told, "{instant}");
        }
        assert_eq!(clock.last(), at("2026-03-01T05:00:00Z"));
        assert_eq!(clock.owed(), None);
    }

    #[test]
    fn dates_beyond_the_clock_are_refused() {
        let start = at("2026-03-01T00:00:00Z");
        let time = Arc::new(ManualTime::new(start));
        let wall = Clock::new(ClockMode::Wall(time), DEFAULT_MAX_GAP, start);
        let event = Clock::new(ClockMode::Event, DEFAULT_MAX_GAP, start);
        let fresh = Clock::new(ClockMode::Event, DEFAULT_MAX_GAP, Timestamp::MIN);
        let cases = [
            (&wall, "2026-03-01T01:00:00Z", None),
            (&wall, "2026-03-01T01:00:00.1Z", Some(Reason::FromTheFuture)),
            (&event, "2026-04-05T00:00:00Z", None),
            (&event, "2026-04-05T00:00:01Z", Some(Reason::ClockGap)),
            (&event, "1999-01-01T00:00:00Z", None),
            (&fresh, "2099-01-01T00:00:00Z", None),
        ];
        for (clock, instant, expected) in cases {
            let refused = clock
                .admit(at(instant))
                .err()
                .map(|rejection| rejection.reason);
            assert_eq!(refused, expected, "{clock:?} {instant}");
        }
    }

    #[test]
    fn the_wall_clock_owes_a_tick_each_second_and_never_goes_back() {
        let start = at("2026-03-01T00:00:00Z");
        let time = Arc::new(ManualTime::new(start));
        let mut clock = Clock::new(ClockMode::Wall(time.clone()), DEFAULT_MAX_GAP, start);
        assert_eq!(clock.owed(), None);
        time.set(at("2026-03-01T00:00:02Z"));
        assert_eq!(clock.owed(), Some(at("2026-03-01T00:00:02Z")));
        assert!(clock.tick(at("2026-03-01T00:00:02Z")));
        time.set(at("2026-02-28T00:00:00Z"));
        assert_eq!(clock.owed(), None);
        assert!(!clock.tick(at("2026-02-28T00:00:00Z")));
        assert_eq!(clock.last(), at("2026-03-01T00:00:02Z"));
        assert!(
            !clock.follow(at("2026-03-05T00:00:00Z")),
            "events do not move the wall clock"
        );
    }
}
