//! Gaps and overlaps against a walk over every day of a generation.

#![allow(clippy::unwrap_used)]

mod common;

use common::{Zones, files};
use umbral_catalog::load;
use umbral_catalog::tables::{Band, Catalog, Holidays, Window};
use umbral_model::time::Date;

const HEAD: &str = r#"
name = "T"
currency = "EUR"
time_zone = "UTC"
valid_from = 2026-01-01
[holidays]
h = [2026-01-06, 2026-02-28, 2027-12-25]
[rate.r]
price = "1 per minute"
"#;

/// A small generator, so that every run tries the same catalogs.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }

    fn pick<'p>(&mut self, texts: &[&'p str]) -> &'p str {
        texts[self.roll(texts.len() as u64) as usize]
    }

    fn window(&mut self) -> String {
        let mut parts = vec![
            self.pick(&[
                "weekdays = \"Mon-Fri\"",
                "weekdays = \"Sat-Sun\"",
                "weekdays = \"Sun-Fri\"",
                "",
            ]),
            self.pick(&[
                "months = \"Jan-Jun\"",
                "months = \"Jul-Dec\"",
                "months = \"Dec-Feb\"",
                "",
                "",
                "",
            ]),
            self.pick(&["days = \"1-28\"", "days = \"29-31\"", "", "", "", ""]),
            self.pick(&[
                "years = [2026]",
                "years = \"2027-2028\"",
                "",
                "",
                "",
                "",
                "",
            ]),
            self.pick(&["holidays = \"only\"", "holidays = \"except\"", "", "", ""]),
            self.pick(&[
                "from = \"08:00\", to = \"20:00\"",
                "from = \"20:00\", to = \"08:00\"",
                "to = \"12:00\"",
                "",
                "",
            ]),
        ];
        parts.retain(|part| !part.is_empty());
        format!("{{ {} }}", parts.join(", "))
    }
}

fn holds(window: &Window, date: Date, second: u32) -> bool {
    let (year, month, day) = date.ymd();
    let holiday = match &window.holidays {
        Holidays::Ignored => true,
        Holidays::Only(dates) => dates.contains(&date),
        Holidays::Except(dates) => !dates.contains(&date),
    };
    holiday
        && (window.years.is_empty() || window.years.contains(&year))
        && window.months >> month & 1 == 1
        && window.month_days >> day & 1 == 1
        && window.weekdays >> date.weekday() & 1 == 1
        && (window.from..window.to).contains(&second)
}

/// How many of the first two bands hold, at least and at most, at any time of 28 years and more.
fn walked(catalog: &Catalog) -> (usize, usize) {
    let first = Date::from_ymd(2026, 1, 1).unwrap();
    let holding = |band: &Band, date, second| band.windows.iter().any(|w| holds(w, date, second));
    let (mut least, mut most) = (2, 0);
    for date in (0..366 * 30).map(|days| first.plus_days(days)) {
        for second in [0, 28_800, 43_200, 72_000] {
            let count = catalog
                .bands
                .iter()
                .filter(|band| holding(band, date, second))
                .count();
            (least, most) = (least.min(count), most.max(count));
        }
    }
    (least, most)
}

#[test]
fn random_bands_are_judged_as_a_walk_over_the_days_does() {
    let mut dice = Dice(7);
    let (mut gaps, mut overlaps, mut neither) = (0, 0, 0);
    for _ in 0..300 {
        let mut text = HEAD.to_owned();
        for band in ["a", "b"] {
            let windows: Vec<String> = (0..=dice.roll(3)).map(|_| dice.window()).collect();
            text += &format!("[band.{band}]\nwindows = [ {} ]\n", windows.join(", "));
        }
        // Any rule of its own plan, so that the bands compile whatever they leave open.
        let plans =
            |rules: &str| format!("{text}[plan.p]\nfall_through = true\nrules = [ {rules} ]\n");
        let apart = plans(
            r#"{ service = "voice", band = "a", priority = 1, rate = "r" }, { service = "sms", band = "b", rate = "u" }"#,
        ) + "[rate.u]\nprice = \"1 per event\"\n";
        let Ok(compiled) = load(&files(&[("catalog.toml", &apart)]), &Zones) else {
            continue; // one of the bands never holds
        };
        let (least, most) = walked(&compiled.catalog);
        let together = plans(
            r#"{ service = "voice", band = "a", rate = "r" }, { service = "voice", band = "b", rate = "r" }"#,
        );
        let found = match load(&files(&[("catalog.toml", &together)]), &Zones) {
            Ok(compiled) => compiled.warnings,
            Err(problems) => problems,
        };
        let has = |code: &str| found.iter().any(|problem| problem.code == code);
        assert_eq!(has("C-0108"), least == 0, "{together}\n{found:#?}");
        assert_eq!(has("C-0106"), most == 2, "{together}\n{found:#?}");
        gaps += usize::from(least == 0);
        overlaps += usize::from(most == 2);
        neither += usize::from(least == 1 && most == 1);
    }
    assert!(gaps > 50 && overlaps > 50, "{gaps} {overlaps} {neither}");
}
