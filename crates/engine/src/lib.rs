//! The deterministic core: what an input does to an account.
//!
//! `Partition` owns accounts and drives them. `decide` answers an input with events or one rejection and
//! changes nothing; `apply` takes an event into a row and cannot fail; timers are due instants inside rows
//! and fire on ticks. Each room (`credit`, `billing`, `collections`, `loyalty`) holds both sides of its own events.
//!
//! Pure: no I/O, clock, randomness, float or environment; the same inputs give the same events and the same
//! state hash on any machine. Time comes in as the `clock` of a call, catalogs and zones in `World`.

mod account;
mod apply;
mod billing;
mod collections;
mod credit;
mod customer;
mod dates;
mod decide;
mod dedup;
mod draft;
mod hash;
mod index;
mod loyalty;
mod partition;
mod queue;
mod rare;
mod stored;
mod tariff;
mod timers;
mod trial;
mod usage;
mod view;
mod vip;
mod world;

pub use account::Row;
pub use dedup::Windows;
pub use loyalty::view::{CardView, EarningView, LedgerView, LotView, RedemptionView};
pub use partition::{Decision, Partition};
pub use stored::{BadRows, Portion, STATE_LAYOUT};
pub use trial::run_collections_cases;
pub use view::{
    AccountView, BillView, CaseView, CycleView, FeeView, GrantView, InstalmentView, LatchView,
    MeasureView, MemberView, RestrictionView, Standing, StepView, TierView,
};
pub use world::{World, Zones};
