//! Tariffs over cycles against the naive model of `umbral_tests::tariff_model`, and what must hold under any tariff.

use umbral_tests::tariff_model::{engine_and_model_agree, properties};

#[test]
fn engine_and_model_agree_on_every_life() {
    engine_and_model_agree();
}

#[test]
fn ticks_in_any_batching_give_the_same_events() {
    properties::ticks_in_any_batching_give_the_same_events();
}

#[test]
fn restarts_change_nothing() {
    properties::restarts_change_nothing();
}

#[test]
fn cancelling_every_record_gives_everything_back() {
    properties::cancelling_every_record_gives_everything_back();
}

#[test]
fn cancellations_come_to_the_same_in_any_order() {
    properties::cancellations_come_to_the_same_in_any_order();
}

#[test]
fn independent_corrections_come_to_the_same_in_any_order() {
    properties::independent_corrections_come_to_the_same_in_any_order();
}

#[test]
fn corrections_before_or_after_their_record_come_to_the_same() {
    properties::corrections_before_or_after_their_record_come_to_the_same();
}
