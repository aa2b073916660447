//! Lives of loyalty accounts against the naive model of `umbral_tests::loyalty_model`, and what must hold in any life.

use umbral_tests::loyalty_model::{engine_and_model_agree, properties};

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
fn refunds_and_payments_come_to_the_same_in_any_order() {
    properties::refunds_and_payments_come_to_the_same_in_any_order();
}
