//! Exposure, cycle measures, thresholds, bills and payments against the naive model of
//! `umbral_tests::credit_model`.

use proptest::prelude::*;
use umbral_tests::credit_model::{Happening, What, live};

/// Any amount in cents, or one of a coarse grid on which thresholds and their margins lie.
fn amount(from: i64, to: i64) -> impl Strategy<Value = i64> {
    prop_oneof![
        from..to,
        (from / 700..to / 700).prop_map(|sevens| sevens * 700)
    ]
    .prop_filter("no amount is nothing", |cents| *cents != 0)
}

fn what() -> impl Strategy<Value = What> {
    prop_oneof![
        6 => (1u64..900).prop_map(What::Voice),
        3 => (1u64..9).prop_map(|hundreds| What::Voice(hundreds * 100)),
        5 => (1u64..20_000, any::<bool>()).prop_map(|(octets, abroad)| What::Data(octets, abroad)),
        3 => (1u64..200).prop_map(What::Sms),
        6 => amount(-9_000, 12_000).prop_map(What::Charge),
        4 => (amount(-2_000, 20_000), 0u8..3, 0i64..30)
            .prop_map(|(cents, months_back, due)| What::Bill { cents, months_back, due }),
        1 => (0usize..8).prop_map(What::Void),
        6 => (amount(1, 25_000), prop::option::of(0usize..8))
            .prop_map(|(cents, instructed)| What::Pay { cents, instructed }),
        2 => (0usize..8).prop_map(What::Reverse),
        2 => (0usize..8, amount(1, 9_000)).prop_map(|(bill, cents)| What::CreditNote(bill, cents)),
        1 => (0usize..8, amount(1, 9_000)).prop_map(|(bill, cents)| What::WriteOff(bill, cents)),
        3 => (0usize..8, amount(1, 15_000)).prop_map(|(bill, cents)| What::Dispute(bill, cents)),
        3 => (0usize..8, 0i64..15_000).prop_map(|(dispute, cents)| What::Resolve(dispute, cents)),
        1 => prop::option::of(0i64..60_000).prop_map(What::OwnLimit),
        1 => amount(1, 10_000).prop_map(What::Deposit),
        1 => Just(What::Tick),
    ]
}

fn happenings() -> impl Strategy<Value = Vec<Happening>> {
    let after = prop_oneof![1i64..4_000, (1i64..60).prop_map(|hours| hours * 60)];
    let late = prop_oneof![2 => Just(0i64), 1 => 0..8_000i64];
    let one = (after, late, what()).prop_map(|(after, late, what)| Happening { after, late, what });
    prop::collection::vec(one, 1..120)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn engine_and_model_agree(happenings in happenings()) {
        let lived = live(&happenings);
        prop_assert!(lived.is_ok(), "{}", lived.unwrap_err());
    }
}
