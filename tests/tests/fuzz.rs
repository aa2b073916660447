//! The bounded run of every fuzz target: made inputs from one seed, the same every time. `UMBRAL_TEST_SEED=N` takes
//! another seed, `UMBRAL_TEST_QUICK=1` fewer inputs; libFuzzer and `cargo xtask soak --fuzz` go on for longer.

use umbral_tests::fuzz::{Target, find, run};

fn bounded(name: &str) {
    let Some(target): Option<&Target> = find(name) else {
        panic!("there is no target {name}");
    };
    let asked = std::env::var("UMBRAL_TEST_SEED").ok();
    let seed = asked
        .and_then(|text| text.parse().ok())
        .unwrap_or(20_260_302);
    println!("seed {seed}");
    let share = match std::env::var_os("UMBRAL_TEST_QUICK") {
        Some(_) => 8,
        None => 1,
    };
    let bytes = target.bounded_kilobytes * 1_000 / share;
    let report = run(target, seed, bytes, &mut |_, _| {});
    println!("{name}: {report:?}");
}

macro_rules! targets {
    ($($name:ident)*) => {
        $(
            #[test]
            fn $name() {
                bounded(stringify!($name));
            }
        )*

        #[test]
        fn every_target_has_its_test() {
            let names: Vec<&str> = umbral_tests::fuzz::TARGETS.iter().map(|target| target.name).collect();
            assert_eq!(names, [$(stringify!($name)),*]);
        }
    };
}

targets! {
    protobuf delimited json message frame commit segment manifest snapshot rows directory restore csv fixed packed
    mapping catalog cgrates rate_line words decide model credit
}
