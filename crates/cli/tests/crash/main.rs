//! kill -9 of the real process at random points of everything that writes: nothing lost, doubled or different.
//!
//! Every round works on a data directory of its own and kills several times in it; each start has other
//! threads, batches and segment sizes, small enough that segments roll all the time. What must be there at the
//! end is known to `scene`, which shares no code with the engine, and to a run that nobody disturbed.
//! `UMBRAL_TEST_SEED=N` repeats one seed; `UMBRAL_TEST_QUICK=1` kills less often.

#![allow(clippy::expect_used, reason = "a test that cannot go on says why")]

mod archiving;
mod copying;
mod disturb;
mod making;
mod reading;
mod scene;
mod serving;
mod snapping;
mod starts;
mod walls;
mod worn;
