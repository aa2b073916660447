//! One bad catalog for each code: the code, the file, and what the caret covers.

#![allow(clippy::unwrap_used)]

mod common;
#[path = "problems/loyalty.rs"]
mod loyalty;
#[path = "problems/tariff.rs"]
mod tariff;

use common::{Zones, files};
use smol_str::SmolStr;
use umbral_catalog::problem::{Problem, Severity};
use umbral_catalog::{codes, load, load_series};

const HEAD: &str = r#"
name = "Test"
currency = "EUR"
time_zone = "Europe/Madrid"
valid_from = 2026-01-01
"#;
const VERBATIM: &str = r#"
name = "Test"
currency = "EUR"
time_zone = "UTC"
valid_from = 2026-01-01
numbers = "verbatim"
"#;
const BASE: &str = r#"
[holidays]
national = [2026-01-06, 2026-12-25]

[band.peak]
weekdays = "Mon-Fri"
from = "08:00"
to = "20:00"

[band.weekend]
weekdays = "Sat-Sun"

[rate.call]
price = "0.10 per minute"

[rate.message]
price = "0.10 per event"

[network.eu]
networks = ["208"]

[plan.base]
rules = [
  { service = "voice", rate = "call" },
  { service = "voice", zone = "national", band = "peak", priority = 1, rate = "call" },
  { service = "voice", zone = "national", rate = "call" },
  { service = "voice", zone = "special", band = "weekend", rate = "call" },
  { service = "voice", zone = "special", rate = "call" },
  { service = "sms", roaming = "eu", rate = "message" },
]

[calendar.office]
weekdays = "Mon-Fri"

[collections.standard]
entry_amount = "20.00"
exit_amount = "5.00"
entry_days = 3
steps = [ { action = "reminder", offset = 5 } ]
"#;
const ZONES: &str = "prefix,zone\n34,national\n35,special\n";
const PROFILES: &str = "profile,from,plan,fallbacks\na/call/1,2026-01-01T00:00:00Z,base,\n";

/// Splits `«marked»` text into the text and the span that is marked.
fn marked(text: &str) -> (String, core::ops::Range<usize>) {
    let start = text.find('«').unwrap_or(0);
    let plain = text.replacen('«', "", 1);
    let end = plain.find('»').unwrap_or(0);
    (plain.replacen('»', "", 1), start..end)
}

/// The problems of the base with one file added, or replaced.
fn problems_with(head: &str, path: &str, text: &str) -> Vec<Problem> {
    let mut all = files(&[
        ("catalog.toml", head),
        ("base.toml", BASE),
        ("zones/base.csv", ZONES),
        ("profiles.csv", PROFILES),
    ]);
    all.retain(|(known, _)| known != path);
    all.push((SmolStr::new(path), SmolStr::new(text)));
    match load(&all, &Zones) {
        Ok(compiled) => compiled.warnings,
        Err(problems) => problems,
    }
}

/// What is not as the row says; nothing where all is.
fn check(head: &str, code: &str, path: &str, text: &str) -> Option<String> {
    let (text, span) = marked(text);
    let found = problems_with(head, path, &text);
    let unused = ["C-0055", "C-0079", "C-0094", "C-0153"];
    let relevant: Vec<&Problem> = found
        .iter()
        .filter(|problem| problem.code == code || !unused.contains(&problem.code))
        .collect();
    let places: Vec<_> = relevant.iter().map(|p| (p.code, p.file.as_str())).collect();
    if places != [(code, path)] {
        return Some(format!("{code} in {path}:\n{text}\n{found:#?}"));
    }
    if relevant[0].span != span {
        let covered = text.get(relevant[0].span.clone());
        return Some(format!("{code} covers {covered:?} in\n{text}"));
    }
    if relevant[0].notes.is_empty() {
        return Some(format!("{code} does not say what to do in\n{text}"));
    }
    (codes::page(code).is_none()).then(|| format!("{code} has no page"))
}

/// Code, file, content with the caret's place between « and ».
const TOML: &[(&str, &str)] = &[
    ("C-0001", "[rate.a]\nprice = «0.09 per minute»\n"),
    (
        "C-0006",
        "[plan.a]\nrules = [ «{ service = \"voice\" }» ]\n",
    ),
    (
        "C-0007",
        "[rate.a]\nprice = \"free\"\n«roundin» = \"up to 2\"\n",
    ),
    ("C-0007", "[«rates».a]\nprice = \"free\"\n"),
    (
        "C-0008",
        "[rate.a]\nprice = \"1 per minute\"\nsetup = «0.15»\n",
    ),
    ("C-0009", "[rate.«call»]\nprice = \"free\"\n"),
    ("C-0009", "[service.«voice»]\nmeasured_in = \"time\"\n"),
    ("C-0010", "[«fee».a]\nprice = \"5.00\"\n"),
    ("C-0011", "[rate.«\"*\"»]\nprice = \"free\"\n"),
    ("C-0022", "[holidays]\nextra = [«\"25.12.2026\"»]\n"),
    ("C-0023", "[service.a]\nmeasured_in = «\"bytes\"»\n"),
    (
        "C-0030",
        "[plan.a]\nrules = [ { service = «\"vioce\"», rate = \"call\" } ]\n",
    ),
    (
        "C-0031",
        "[plan.a]\nrules = [ { service = \"voice\", zone = [\"national\", «\"specail\"»], rate = \"call\" } ]\n",
    ),
    (
        "C-0032",
        "[plan.a]\nrules = [ { service = \"voice\", «band = \"peek\"», rate = \"call\" } ]\n",
    ),
    (
        "C-0033",
        "[plan.a]\nrules = [ { service = \"voice\", rate = «\"cal\"» } ]\n",
    ),
    (
        "C-0034",
        "[[case]]\nplan = «\"bas\"»\nrecord = { service = \"sms\", start = \"2026-03-02\", usage = \"1\" }\ncharge = \"0\"\n",
    ),
    ("C-0035", "[class.a]\ncollections = «\"standart\"»\n"),
    (
        "C-0036",
        "[collections.a]\nentry_amount = \"20\"\nexit_amount = \"5\"\nentry_days = 3\ncalendar = «\"ofice\"»\nsteps = [ { action = \"letter\", offset = 5 } ]\n",
    ),
    ("C-0037", "[band.a]\nholidays = «\"only natoinal\"»\n"),
    (
        "C-0038",
        "[plan.a]\nrules = [ { service = \"sms\", roaming = «\"world\"», rate = \"message\" } ]\n",
    ),
    (
        "C-0039",
        "[[case]]\nprofile = «\"a/call/2\"»\nrecord = { service = \"sms\", start = \"2026-03-02\", usage = \"1\" }\ncharge = \"0\"\n",
    ),
    ("C-0051", "[zone.a]\nprefixes = [«\"+34\"»]\n"),
    ("C-0053", "[network.a]\nnetworks = [«\"Orange\"»]\n"),
    (
        "C-0053",
        "[[case]]\nplan = \"base\"\nrecord = { service = \"sms\", start = \"2026-03-02\", usage = \"1\", network = «\"214-07\"» }\nrefused = \"U-0032\"\n",
    ),
    ("C-0054", "[network.home]\nnetworks = [«\"208\"»]\n"),
    ("C-0070", "[rate.a]\nprice = «\"0.09\"»\n"),
    ("C-0070", "[rate.a]\nprice = «\"0.09 per pound\"»\n"),
    ("C-0071", "[rate.a]\nprice = «\"0,09 per minute\"»\n"),
    (
        "C-0072",
        "[rate.a]\nprice = \"1 per minute\"\nincrements = «\"30 sec\"»\n",
    ),
    ("C-0073", "[rate.a]\nprice = «\"1 per 0s\"»\n"),
    (
        "C-0073",
        "[rate.a]\nprice = \"1 per minute\"\nincrements = «\"60s, then 0s\"»\n",
    ),
    ("C-0074", "[rate.a]\nprice = «\"-1 per minute\"»\n"),
    (
        "C-0075",
        "[rate.a]\nsteps = [ { price = \"1 per minute\" }, { from = \"5m\", price = \"1 per minute\" }, { «from = \"2m\"», price = \"1 per minute\" } ]\n",
    ),
    (
        "C-0075",
        "[rate.a]\nsteps = [ { «from = \"5m\"», price = \"1 per minute\" } ]\n",
    ),
    (
        "C-0076",
        "[rate.a]\nprice = \"1 per minute\"\nincrements = «\"10kB\"»\n",
    ),
    (
        "C-0077",
        "[rate.a]\nprice = \"free\"\nrounding = «\"2 decimals\"»\n",
    ),
    (
        "C-0078",
        "[rate.a]\nprice = \"free\"\n«minimum = \"2\"»\nmaximum = \"1\"\n",
    ),
    ("C-0079", "[rate.«idle»]\nprice = \"free\"\n"),
    (
        "C-0080",
        "[rate.a]\n«price = \"free\"»\nsteps = [ { price = \"free\" } ]\n",
    ),
    ("C-0080", "«[rate.a]»\nsetup = \"1\"\n"),
    ("C-0090", "[band.a]\nweekdays = «\"Monday to Friday\"»\n"),
    ("C-0090", "[band.a]\ndays = «[30, 32]»\n"),
    ("C-0091", "[band.a]\nfrom = «\"8 am\"»\n"),
    ("C-0092", "[band.a]\nfrom = \"08:00\"\n«to = \"08:00\"»\n"),
    ("C-0093", "[band.«a»]\nmonths = \"Feb\"\ndays = \"30\"\n"),
    ("C-0093", "[band.«a»]\nyears = [2025]\n"),
    ("C-0094", "[band.«idle»]\nmonths = \"Feb\"\n"),
    (
        "C-0095",
        "[band.a]\n«weekdays = \"Sat\"»\nwindows = [ { from = \"20:00\" } ]\n",
    ),
    ("C-0101", "[plan.a]\n«rules = []»\n"),
    (
        "C-0102",
        "[plan.a]\nrules = [ { service = \"data\", rate = «\"call\"» } ]\n",
    ),
    (
        "C-0105",
        "[plan.a]\nrules = [ { service = \"voice\", priority = 1, rate = \"call\" }, «{ service = \"voice\", band = \"peak\", rate = \"call\" }» ]\n",
    ),
    (
        "C-0106",
        "[plan.a]\nrules = [ { service = \"voice\", rate = \"call\" }, «{ service = [\"sms\", \"voice\"], rate = \"any\" }» ]\n[rate.any]\nprice = \"1 per unit\"\n",
    ),
    (
        "C-0107",
        "[plan.a]\nrules = [ { service = \"voice\", zone = \"national\", «band = \"peak\"», rate = \"call\" } ]\n",
    ),
    (
        "C-0108",
        "[plan.a]\nfall_through = true\nrules = [ { service = \"voice\", zone = \"national\", «band = \"peak\"», rate = \"call\" } ]\n",
    ),
    (
        "C-0128",
        "[class.a]\nlimit.exposure = \"150\"\non_breach = [«\"bar\"»]\n",
    ),
    ("C-0120", "[class.a]\nlimit.exposure = «\"150.005\"»\n"),
    ("C-0120", "[class.a]\nlimit.exposure = «\"-1\"»\n"),
    (
        "C-0121",
        "[class.a]\nlimit.exposure = \"150\"\nmargin = «\"101%\"»\n",
    ),
    (
        "C-0122",
        "[class.a]\nlimit.exposure = \"150\"\nwarn_at = [\"80%\", «\"120%\"»]\n",
    ),
    (
        "C-0122",
        "[class.a]\nlimit.exposure = { amount = \"150\", warn_at = [«\"151\"»] }\n",
    ),
    (
        "C-0123",
        "[class.a]\nlimit.exposure = \"150\"\n«[[class.a.measure]]»\nmeasure = \"exposure\"\nlimit = \"10\"\n",
    ),
    (
        "C-0124",
        "[class.a]\nlimit.exposure = \"150\"\nwarn_at = [\"80%\", «{ id = \"80\", at = \"70%\" }»]\n",
    ),
    (
        "C-0125",
        "[class.a]\nlimit.«exposure = \"none\"»\nwarn_at = [\"80%\"]\n",
    ),
    ("C-0125", "[class.a]\n«warn_at = [\"80%\"]»\n"),
    (
        "C-0126",
        "[class.a]\nlimit.exposure = \"50\"\nfloor = «\"100\"»\n",
    ),
    (
        "C-0127",
        "[class.a]\nlimit.exposure = \"150\"\nlimit.data = \"60\"\nwarn_at = [«\"50\"»]\n",
    ),
    (
        "C-0128",
        "[class.a]\nlimit.exposure = \"150\"\non_breach = [«\"bar outgiong\"»]\n",
    ),
    (
        "C-0129",
        "[class.a]\n[[class.a.measure]]\nmeasure = \"exposure\"\n«scope = \"data\"»\nlimit = \"10\"\n",
    ),
    (
        "C-0140",
        "[collections.a]\nentry_amount = \"20\"\n«exit_amount = \"20\"»\nentry_days = 3\nsteps = [ { action = \"letter\", offset = 5 } ]\n",
    ),
    (
        "C-0024",
        "[collections.a]\nentry_amount = \"20\"\nexit_amount = \"5\"\nentry_days = «-3»\nsteps = [ { action = \"letter\", offset = 5 } ]\n",
    ),
    (
        "C-0141",
        "[collections.a]\nentry_amount = \"20\"\nexit_amount = \"5\"\nentry_days = 3\nsteps = [ { action = \"letter\", offset = 5 }, { action = \"call\", «offset = 4» } ]\n",
    ),
    (
        "C-0142",
        "[collections.a]\nentry_amount = \"20\"\nexit_amount = \"5\"\nentry_days = 3\n«relapse_start = 2»\nsteps = [ { action = \"letter\", offset = 5 } ]\n",
    ),
    (
        "C-0143",
        "[collections.a]\nentry_amount = \"20\"\nexit_amount = \"5\"\nentry_days = 3\nsteps = [ «{ action = \"late_fee\", offset = 5 }» ]\n",
    ),
    ("C-0144", "[calendar.a]\nhours = «\"20:00-09:00\"»\n"),
    (
        "C-0145",
        "[collections.a]\nentry_amount = \"20\"\nexit_amount = \"5\"\nentry_days = 3\n«steps = []»\n",
    ),
    ("C-0146", "[vip.a]\nrank = 3\n[vip.b]\n«rank = 3»\n"),
    (
        "C-0147",
        "[class.a]\n[class.b]\n[class.c]\n[vip.a]\nrank = 1\nclass.«a = \"b\"»\n[vip.b]\nrank = 2\nclass.b = \"c\"\n",
    ),
    (
        "C-0040",
        "[class.mine]\n[vip.a]\nrank = 1\nclass.mine = «\"mime\"»\n",
    ),
    ("C-0024", "[vip.a]\nrank = «0»\n"),
    (
        "C-0148",
        "[collections.a]\nentry_amount = \"20\"\nexit_amount = \"5\"\nentry_days = 3\nsteps = [ { action = \"letter\", offset = 5 }, «{ action = \"call\", offset = 7, min_gap = 3 }» ]\n",
    ),
    (
        "C-0148",
        "[collections.a]\nentry_amount = \"20\"\nexit_amount = \"5\"\nentry_days = 3\nsteps = [ { action = \"terminate\", offset = 5 }, «{ action = \"call\", offset = 9 }» ]\n",
    ),
    (
        "C-0143",
        "[collections.a]\nentry_amount = \"20\"\nexit_amount = \"5\"\nentry_days = 3\nsteps = [ { action = \"late_fee\", offset = 5, «fee = \"0\"» } ]\n",
    ),
    (
        "C-0148",
        "[collections.a]\nentry_amount = \"20\"\nexit_amount = \"5\"\nentry_days = 3\nsteps = [ «{ action = \"letter\", offset = 2 }» ]\n",
    ),
    (
        "C-0152",
        "[collections.a]\nentry_amount = \"20\"\nexit_amount = \"5\"\nentry_days = 3\nsteps = [ { action = \"bar all\", offset = 5, severity = 50 }, «{ action = \"letter\", offset = 9, severity = 20 }» ]\n",
    ),
    (
        "C-0153",
        "[class.a]\ncollections = \"standard\"\n[collections.«a»]\nentry_amount = \"20\"\nexit_amount = \"5\"\nentry_days = 3\nsteps = [ { action = \"letter\", offset = 5 } ]\n",
    ),
    (
        "C-0040",
        "[[collections_case]]\nclass = «\"nobody\"»\nbills = [ { due_on = 2026-04-15, amount = \"35.20\" } ]\nsteps = []\n",
    ),
    (
        "C-0160",
        "«[[case]]»\nplan = \"base\"\nrecord = { service = \"sms\", start = \"2026-03-02\", usage = \"1\" }\n",
    ),
    (
        "C-0161",
        "[[case]]\nplan = \"base\"\nrecord = { service = \"sms\", start = \"2026-03-02\", usage = «\"10s\"» }\ncharge = \"0\"\n",
    ),
    (
        "C-0162",
        "«[[case]]»\nrecord = { service = \"sms\", start = \"2026-03-02\", usage = \"1\" }\ncharge = \"0\"\n",
    ),
    (
        "C-0163",
        "[[case]]\nplan = \"base\"\nrecord = { service = \"sms\", start = \"2026-03-02\", usage = \"1\" }\nrefused = «\"U-9999\"»\n",
    ),
    (
        "C-0022",
        "[[case]]\nplan = \"base\"\nrecord = { service = \"sms\", start = «\"2026-03-29 02:30\"», usage = \"1\" }\ncharge = \"0\"\n",
    ),
];

const OTHERS: &[(&str, &str, &str)] = &[
    (
        "C-0002",
        "zones/new.csv",
        "prefix,zone\n«36,national,more»\n",
    ),
    ("C-0002", "zones/new.csv", "prefix,zone\n«\"36,national»\n"),
    (
        "C-0003",
        "zones/new.csv",
        "«prefix,description»\n36,national\n",
    ),
    ("C-0004", "decks/a.csv", "«»prefix,zone\n"),
    ("C-0011", "zones/new.csv", "prefix,zone\n«36,»\n"),
    ("C-0050", "zones/new.csv", "prefix,zone\n«34»,special\n"),
    (
        "C-0051",
        "zones/new.csv",
        "# from the supplier\nprefix,zone\n«+36»,national\n",
    ),
    (
        "C-0052",
        "zones/new.csv",
        "zone,prefix\nnational,«346001112223»\n",
    ),
    ("C-0055", "zones/new.csv", "prefix,zone\n36,«idle»\n"),
    (
        "C-0150",
        "profiles.csv",
        "profile,from,plan,fallbacks\na/call/1,2026-01-01,base,\n«a/call/1»,2026-01-01,base,\n",
    ),
    (
        "C-0034",
        "profiles.csv",
        "profile,from,plan,fallbacks\na/call/1,2026-01-01,«bas»,\n",
    ),
    (
        "C-0039",
        "profiles.csv",
        "profile,from,plan,fallbacks\na/call/1,2026-01-01,base,«a/call/2»\n",
    ),
    (
        "C-0020",
        "catalog.toml",
        "name = \"Test\"\ncurrency = «\"Euro\"»\ntime_zone = \"UTC\"\nvalid_from = 2026-01-01\n",
    ),
    (
        "C-0021",
        "catalog.toml",
        "name = \"Test\"\ncurrency = \"EUR\"\ntime_zone = «\"CET+1\"»\nvalid_from = 2026-01-01\n",
    ),
    (
        "C-0020",
        "catalog.toml",
        "name = \"Test\"\ncurrency = «\"EUX\"»\ntime_zone = \"UTC\"\nvalid_from = 2026-01-01\n",
    ),
    (
        "C-0011",
        "catalog.toml",
        "name = «\" \"»\ncurrency = \"EUR\"\ntime_zone = \"UTC\"\nvalid_from = 2026-01-01\n",
    ),
    ("C-0011", "zones/new.csv", "prefix,zone\n«36,\" far\"»\n"),
    ("C-0011", "zones/new.csv", "prefix,zone\n«36,fa\u{7}r»\n"),
    ("C-0011", "networks.csv", "network,group\n«262,d\u{1b}e»\n"),
    (
        "C-0022",
        "catalog.toml",
        "name = \"Test\"\ncurrency = \"EUR\"\ntime_zone = \"UTC\"\nvalid_from = «\"soon\"»\n",
    ),
    (
        "C-0022",
        "catalog.toml",
        "name = \"Test\"\ncurrency = \"EUR\"\ntime_zone = \"UTC\"\nvalid_from = «9999-12-31»\n",
    ),
    (
        "C-0022",
        "catalog.toml",
        "name = \"Test\"\ncurrency = \"EUR\"\ntime_zone = \"UTC\"\nvalid_from = «0001-01-01»\n",
    ),
    (
        "C-0022",
        "catalog.toml",
        "name = \"Test\"\ncurrency = \"EUR\"\ntime_zone = \"UTC\"\nvalid_from = «2262-01-01T00:00:00Z»\n",
    ),
    (
        "C-0006",
        "catalog.toml",
        "«»name = \"Test\"\ncurrency = \"EUR\"\nvalid_from = 2026-01-01\n",
    ),
];

#[test]
fn each_mistake_has_its_code_place_and_page() {
    let tables = TOML.iter().chain(tariff::ROWS).chain(loyalty::ROWS);
    let tables = tables.map(|(code, text)| check(HEAD, code, "new.toml", text));
    let others = OTHERS.iter().chain(tariff::OTHERS);
    let others = others.map(|(code, path, text)| check(HEAD, code, path, text));
    let heads = tariff::HEADS.iter();
    let heads =
        heads.map(|(code, text)| check(HEAD, code, "catalog.toml", &format!("{HEAD}{text}")));
    let wrong: Vec<String> = tables.chain(others).chain(heads).flatten().collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn every_code_is_met_by_a_test() {
    let elsewhere = [
        "C-0005", "C-0012", "C-0013", "C-0149", "C-0151", "C-0164", "C-0170", "C-0171", "C-0172",
        "C-0173",
    ];
    // Those of the importer have a table of their own.
    let own = codes::pages()
        .iter()
        .filter(|(code, _)| !code.starts_with("C-018"));
    for (code, page) in own {
        let tabled = TOML.iter().any(|(known, _)| known == code)
            || OTHERS.iter().any(|(known, ..)| known == code)
            || tariff::ROWS.iter().any(|(known, _)| known == code)
            || loyalty::ROWS.iter().any(|(known, _)| known == code)
            || tariff::HEADS.iter().any(|(known, _)| known == code)
            || elsewhere.contains(code);
        assert!(tabled, "{code}");
        assert!(
            page.starts_with(&format!("# {code}: ")) && page.contains("**Mend:**"),
            "{code}"
        );
    }
}

#[test]
fn a_gap_is_told_as_people_see_it() {
    let rule = r#"{ service = "voice", zone = "national", band = "peak", rate = "call" }"#;
    let found = problems_with(
        HEAD,
        "new.toml",
        &format!("[plan.libre]\nrules = [ {rule} ]\n"),
    );
    let [gap] = found.as_slice() else {
        panic!("{found:#?}")
    };
    assert_eq!(gap.title, "the bands of plan libre leave a gap");
    assert_eq!(gap.label, "covers Mon-Fri 08:00-20:00");
    assert_eq!(
        gap.notes[0],
        "no rule for national voice on Mon-Fri 20:00-08:00 and on Sat-Sun"
    );
    assert_eq!(gap.severity, Severity::Error);
}

#[test]
fn a_band_that_never_holds_covers_nothing() {
    let text = "[band.a]\nmonths = \"Feb\"\ndays = \"30\"\n[plan.x]\nrules = [ { service = \"voice\", band = \"a\", rate = \"call\" } ]\n";
    let found = problems_with(HEAD, "new.toml", text);
    let gap = found.iter().find(|problem| problem.code == "C-0107");
    assert_eq!(gap.unwrap().label, "holds at no time");
}

#[test]
fn gaps_and_overlaps_are_decided_exactly() {
    // Bands, rules' bands, and the note about the gap or overlap; none for neither.
    let cases: &[(&str, &[&str], &[&str])] = &[
        (
            "[band.a]\nfrom = \"20:00\"\nto = \"08:00\"\n[band.b]\nfrom = \"08:00\"\nto = \"20:00\"\n",
            &["a", "b"],
            &[],
        ),
        (
            "[band.a]\nfrom = \"20:00\"\nto = \"08:00\"\n[band.b]\nfrom = \"08:00\"\nto = \"19:59:59\"\n",
            &["a", "b"],
            &["no rule for voice every day 19:59:59-20:00"],
        ),
        (
            "[band.a]\nholidays = \"only\"\n[band.b]\nholidays = \"except\"\n",
            &["a", "b"],
            &[],
        ),
        (
            "[band.a]\nholidays = \"except\"\n[band.b]\nmonths = \"Dec\"\ndays = \"25\"\n",
            &["a", "b"],
            &[
                "rules 1 and 2 both hold on 25 Dec, in all years but 2026",
                "no rule for voice on 2026-01-06",
            ],
        ),
        (
            "[band.a]\nholidays = \"except\"\n",
            &["a"],
            &["no rule for voice on 2026-01-06 and on 2026-12-25"],
        ),
        (
            "[band.a]\nmonths = \"Jan-Nov\"\n[band.b]\nmonths = \"Dec\"\ndays = \"1-30\"\n",
            &["a", "b"],
            &["no rule for voice on 31 Dec"],
        ),
        (
            "[band.a]\nyears = [2026]\n",
            &["a"],
            &["no rule for voice at all times, in all years but 2026"],
        ),
        (
            "[band.a]\nmonths = \"Feb\"\ndays = \"29\"\n[band.b]\nmonths = \"Mar-Jan\"\n[band.c]\nmonths = \"Feb\"\ndays = \"1-28\"\n",
            &["a", "b", "c"],
            &[],
        ),
        (
            "[band.a]\nweekdays = \"Mon\"\ndays = \"13\"\n[band.b]\nweekdays = \"Tue-Sun\"\n[band.c]\nweekdays = \"Mon\"\ndays = \"1-12\"\n[band.d]\nweekdays = \"Mon\"\ndays = \"14-31\"\n",
            &["a", "b", "c", "d"],
            &[],
        ),
        (
            "[band.a]\nmonths = \"Jul\"\nweekdays = \"Fri\"\nfrom = \"15:00\"\n[band.b]\nmonths = \"Aug-Jun\"\n[band.c]\nweekdays = \"Sat-Thu\"\nmonths = \"Jul\"\n",
            &["a", "b", "c"],
            &["no rule for voice in Jul on Fri 00:00-15:00"],
        ),
    ];
    for (bands, rules, wanted) in cases {
        let rules: Vec<String> = rules
            .iter()
            .map(|band| format!("{{ service = \"voice\", band = \"{band}\", rate = \"call\" }}"))
            .collect();
        let text = format!("{bands}[plan.x]\nrules = [ {} ]\n", rules.join(", "));
        let found = problems_with(HEAD, "new.toml", &text);
        let notes: Vec<&str> = found
            .iter()
            .map(|problem| problem.notes[0].as_str())
            .collect();
        assert_eq!(notes, *wanted, "{text}");
    }
}

#[test]
fn rules_are_met_by_direction_and_network_apart() {
    let with = |rules: &str| {
        let text = format!("[plan.x]\nrules = [ {rules} ]\n");
        let found = problems_with(HEAD, "new.toml", &text);
        found.iter().map(|problem| problem.code).collect::<Vec<_>>()
    };
    let made = r#"{ service = "voice", direction = "originating", rate = "call" }"#;
    let received = r#"{ service = "voice", direction = "terminating", rate = "call" }"#;
    let both = r#"{ service = "voice", rate = "call" }"#;
    let abroad = r#"{ service = "voice", roaming = "eu", rate = "call" }"#;
    let peak_abroad = r#"{ service = "voice", roaming = "eu", band = "peak", rate = "call" }"#;
    assert_eq!(with(&[made, received].join(",")), [] as [&str; 0]);
    assert_eq!(with(&[made, abroad, received].join(",")), [] as [&str; 0]);
    assert_eq!(with(&[both, peak_abroad].join(",")), ["C-0107"]);
    assert_eq!(with(&[abroad, peak_abroad].join(",")), [] as [&str; 0]);
    assert_eq!(with(&[abroad, abroad].join(",")), ["C-0106"]);
    assert_eq!(with(&[both, made, received].join(",")), ["C-0105"]);
}

#[test]
fn verbatim_catalogs_may_repeat_and_overlap() {
    let zones = "prefix,zone\n34,national\n34,special\n+44,national\n,special\n";
    let twice = |zones: &str| {
        let found = problems_with(VERBATIM, "zones/base.csv", zones);
        found
            .iter()
            .filter(|problem| problem.code == "C-0050")
            .count()
    };
    assert_eq!(twice(zones), 0);
    assert_eq!(twice(&format!("{zones}34,special\n")), 1);
    let rules = r#"[plan.x]
rules = [ { service = "*", rate = "call" }, { service = "data", rate = "message" } ]"#;
    let found = problems_with(VERBATIM, "new.toml", rules);
    let codes: Vec<_> = found
        .iter()
        .filter(|problem| problem.file == "new.toml")
        .map(|problem| (problem.code, problem.severity))
        .collect();
    assert_eq!(codes, [("C-0106", Severity::Warning)]);
}

#[test]
fn names_that_were_nearly_right() {
    let found = problems_with(HEAD, "new.toml", "[rate.a]\npirce = \"free\"\n");
    let labels: Vec<&str> = found.iter().map(|problem| problem.label.as_str()).collect();
    assert!(labels.contains(&"did you mean price?"), "{found:#?}");
}

#[test]
fn forty_mistakes_show_forty() {
    let mut text = String::new();
    for number in 0..20 {
        text += &format!("[rate.r{number}]\nprice = \"0.1{number}\"\nrounding = \"round\"\n");
    }
    let found = problems_with(HEAD, "new.toml", &text);
    let errors = found
        .iter()
        .filter(|problem| problem.severity == Severity::Error);
    assert_eq!(errors.count(), 40);
}

/// Forty mistakes of all kinds, one a line or table, with the codes in order.
const FORTY: &[(&str, &str)] = &[
    (
        "C-0030",
        "[plan.p1]\nrules = [ { service = \"vioce\", rate = \"call\" } ]",
    ),
    (
        "C-0031",
        "[plan.p2]\nrules = [ { service = \"voice\", zone = \"moon\", rate = \"call\" } ]",
    ),
    (
        "C-0032",
        "[plan.p3]\nrules = [ { service = \"voice\", band = \"noon\", rate = \"call\" } ]",
    ),
    (
        "C-0033",
        "[plan.p4]\nrules = [ { service = \"voice\", rate = \"gold\" } ]",
    ),
    (
        "C-0038",
        "[plan.p5]\nrules = [ { service = \"voice\", roaming = \"mars\", rate = \"call\" } ]",
    ),
    ("C-0101", "[plan.p6]\nrules = []"),
    (
        "C-0102",
        "[plan.p7]\nrules = [ { service = \"data\", rate = \"call\" } ]",
    ),
    (
        "C-0103",
        "[plan.p8]\nrules = [ { service = \"voice\", visited = true, rate = \"call\" } ]",
    ),
    (
        "C-0104",
        "[plan.p9]\nrules = [ { service = \"voice\", roaming = \"eu\", visited = true, rate = \"call\" } ]",
    ),
    (
        "C-0107",
        "[plan.p10]\nrules = [ { service = \"voice\", band = \"peak\", rate = \"call\" } ]",
    ),
    (
        "C-0120",
        "[plan.p11]\nmonthly_fee = \"9.999\"\nrules = [ { service = \"voice\", rate = \"call\" } ]",
    ),
    (
        "C-0023",
        "[plan.p12]\nproration = \"yes\"\nrules = [ { service = \"voice\", rate = \"call\" } ]",
    ),
    (
        "C-0110",
        "[plan.p13]\nallowances = [ { name = \"a\", service = \"data\", units = \"1GB\" } ]\nrules = [ { service = \"voice\", rate = \"call\" } ]",
    ),
    (
        "C-0112",
        "[plan.p14]\nallowances = [ { name = \"a\", service = \"voice\", units = \"1GB\" } ]\nrules = [ { service = \"voice\", rate = \"call\" } ]",
    ),
    ("C-0070", "[rate.r1]\nprice = \"0.10\""),
    ("C-0071", "[rate.r2]\nprice = \"0,10 per minute\""),
    (
        "C-0072",
        "[rate.r3]\nprice = \"1 per minute\"\nincrements = \"1 moment\"",
    ),
    ("C-0073", "[rate.r4]\nprice = \"1 per 0s\""),
    ("C-0074", "[rate.r5]\nprice = \"-1 per minute\""),
    (
        "C-0075",
        "[rate.r6]\nsteps = [ { from = \"1m\", price = \"1 per minute\" } ]",
    ),
    (
        "C-0076",
        "[rate.r7]\nprice = \"1 per minute\"\nincrements = \"1kB\"",
    ),
    (
        "C-0077",
        "[rate.r8]\nprice = \"free\"\nrounding = \"nearest\"",
    ),
    (
        "C-0078",
        "[rate.r9]\nprice = \"free\"\nminimum = \"2\"\nmaximum = \"1\"",
    ),
    ("C-0080", "[rate.r10]\nsetup = \"1\""),
    (
        "C-0081",
        "[rate.r11]\ntiers = [ { up_to = \"1h\", price = \"1 per minute\" } ]\ntier_kind = \"volume\"",
    ),
    (
        "C-0082",
        "[rate.r12]\ntiers = [ { up_to = \"0s\", price = \"1 per minute\" }, { price = \"free\" } ]\ntier_kind = \"volume\"",
    ),
    (
        "C-0083",
        "[rate.r13]\nprice = \"free\"\ntier_kind = \"volume\"",
    ),
    ("C-0024", "[product.q1]\nprice = \"5\"\ninstalments = 1"),
    ("C-0034", "[product.q2]\nprice = \"5\"\nplan = \"none\""),
    (
        "C-0115",
        "[product.q3]\nprice = \"5\"\nallowances = [ { name = \"a\", service = \"voice\", units = \"1h\", valid = \"long\" } ]",
    ),
    ("C-0130", "[discount.d1]\npercent = \"90%\""),
    (
        "C-0132",
        "[discount.d2]\npercent = \"9%\"\nfrom = 2026-06-01\nuntil = 2026-05-01",
    ),
    (
        "C-0040",
        "[discount.d3]\npercent = \"9%\"\nclass = \"gold\"",
    ),
    (
        "C-0058",
        "[network.n1]\nnetworks = [\"*\"]\n[network.n2]\nnetworks = [\"*\"]",
    ),
    (
        "C-0057",
        "[network.n3]\nnetworks = [\"262\"]\ncountry_code = \"Germany\"",
    ),
    ("C-0056", "[zone.national]\nnumbers = [\"1 0 0 4\"]"),
    ("C-0092", "[band.b1]\nfrom = \"08:00\"\nto = \"08:00\""),
    (
        "C-0128",
        "[class.c1]\nlimit.exposure = \"150\"\non_breach = [\"bar\"]",
    ),
    (
        "C-0122",
        "[class.c2]\nlimit.exposure = \"150\"\nwarn_at = [\"180%\"]",
    ),
    ("C-0035", "[class.c3]\ncollections = \"hard\""),
];

#[test]
fn forty_different_mistakes_show_forty() {
    let lines: Vec<&str> = FORTY.iter().map(|(_, text)| *text).collect();
    let text = lines.join("\n");
    let found = problems_with(HEAD, "new.toml", &text);
    let errors: Vec<&Problem> = found
        .iter()
        .filter(|problem| problem.severity == Severity::Error)
        .collect();
    let codes: Vec<&str> = errors.iter().map(|problem| problem.code).collect();
    let wanted: Vec<&str> = FORTY.iter().map(|(code, _)| *code).collect();
    assert_eq!(codes, wanted, "{errors:#?}");
    assert_eq!(codes.len(), 40);
    let mut line_of_table = 1;
    for (problem, (_, table)) in errors.iter().zip(FORTY) {
        let (line, _) = problem.line_and_column(&text);
        let lines = line_of_table..line_of_table + table.lines().count();
        assert!(lines.contains(&line), "{problem:#?} is not in\n{table}");
        assert_eq!(problem.file, "new.toml");
        assert!(!problem.span.is_empty(), "{problem:#?} covers nothing");
        assert!(!problem.title.is_empty(), "{problem:#?}");
        let says = !problem.notes.is_empty() || !problem.label.is_empty();
        assert!(says, "{problem:#?} does not say what to do");
        line_of_table = lines.end;
    }
}

#[test]
fn fallbacks_in_a_circle() {
    let profiles = "profile,from,plan,fallbacks\na/call/1,2026-01-01,base,a/call/2\n«a/call/2»,2026-01-01,base,a/call/1\n".replace(['«', '»'], "");
    let found = problems_with(HEAD, "profiles.csv", &profiles);
    let codes: Vec<_> = found.iter().map(|problem| problem.code).collect();
    assert_eq!(codes, ["C-0151", "C-0151"]);
}

#[test]
fn folders_of_versions() {
    let version = |from: &str, currency: &str| {
        format!(
            "name = \"T\"\ncurrency = \"{currency}\"\ntime_zone = \"UTC\"\nvalid_from = {from}\n"
        )
    };
    let (january, july) = (version("2026-01-01", "EUR"), version("2026-07-01", "EUR"));
    let with = |second: &str| {
        load_series(
            &files(&[("b/catalog.toml", &january), ("a/catalog.toml", second)]),
            &Zones,
        )
    };
    let froms: Vec<String> = with(&july)
        .unwrap()
        .iter()
        .map(|compiled| compiled.catalog.valid_from.to_string())
        .collect();
    assert_eq!(froms, ["2026-01-01T00:00:00Z", "2026-07-01T00:00:00Z"]);
    let code = |second: &str| with(second).unwrap_err()[0].code;
    assert_eq!(code(&january), "C-0170");
    assert_eq!(code(&version("2026-07-01", "USD")), "C-0171");
    let nothing = load_series(&files(&[("a/rates.toml", "")]), &Zones).unwrap_err();
    assert_eq!(nothing[0].code, "C-0172");
    let headless = load(&files(&[("rates.toml", "")]), &Zones).unwrap_err();
    assert_eq!(headless[0].code, "C-0005");
}

#[test]
fn files_in_no_version_are_refused() {
    let version =
        "name = \"T\"\ncurrency = \"EUR\"\ntime_zone = \"UTC\"\nvalid_from = 2026-01-01\n";
    for (path, file, title, mend) in [
        (
            "b/catlog.toml",
            "b/catlog.toml",
            "the folder b/ has no catalog.toml",
            "rename b/catlog.toml to b/catalog.toml",
        ),
        (
            "b/Catalog.toml",
            "b/Catalog.toml",
            "the folder b/ has no catalog.toml",
            "rename b/Catalog.toml to b/catalog.toml",
        ),
        (
            "b/zones/a.csv",
            "b/zones/a.csv",
            "the folder b/ has no catalog.toml",
            "add a catalog.toml",
        ),
        (
            "stray.toml",
            "stray.toml",
            "stray.toml belongs to no version",
            "move it",
        ),
        (
            "zones.csv",
            "zones.csv",
            "zones.csv belongs to no version",
            "move it",
        ),
    ] {
        let all = files(&[("a/catalog.toml", version), (path, "")]);
        let found = load_series(&all, &Zones).unwrap_err();
        let [problem] = found.as_slice() else {
            panic!("{path}: {found:#?}")
        };
        assert_eq!(
            (problem.code, problem.file.as_str(), problem.title.as_str()),
            ("C-0173", file, title)
        );
        assert!(problem.notes[0].starts_with(mend), "{:?}", problem.notes);
    }
    let others = files(&[("a/catalog.toml", version), ("b/notes.md", "")]);
    assert!(load_series(&others, &Zones).is_ok());
}

#[test]
fn a_file_that_cannot_be_parsed_has_no_consequences() {
    for (path, text) in [
        ("catalog.toml", "name = \"T\"\nname = \"U\"\n"),
        ("catalog.toml", "[plan.a\n"),
        ("catalog.toml", "valid_from = 2026-02-30\n"),
        // Its bands, rates, plan, calendar and network are named elsewhere.
        ("base.toml", "[rate.call\n"),
    ] {
        let found = problems_with(HEAD, path, text);
        let found: Vec<_> = found.iter().map(|p| (p.code, p.file.as_str())).collect();
        assert_eq!(found, [("C-0001", path)], "{text}");
    }
    let found = problems_with(HEAD, "zones/base.csv", "prefix;zone\n34;national\n");
    assert!(found.iter().all(|p| p.code == "C-0003"), "{found:#?}");
    assert!(!found.is_empty());
}

#[test]
fn no_bytes_make_it_panic() {
    let samples = [
        BASE,
        ZONES,
        tariff::SAMPLE,
        "home_networks = [\"214\"]\nemergency = [\"112\"]\ndiscount_cap = \"50%\"\n",
        "network,group,country_code\n209,eu,33\n*,eu,\n",
        "[band.a]\nfrom = \"é\"\n",
        "[plan.é]\nrules = 3\n",
        "\u{feff}prefix,zone\n",
    ];
    for sample in samples {
        for end in (0..=sample.len()).filter(|end| sample.is_char_boundary(*end)) {
            for path in [
                "new.toml",
                "zones/new.csv",
                "networks.csv",
                "profiles.csv",
                "catalog.toml",
            ] {
                problems_with(HEAD, path, &sample[..end]);
            }
        }
    }
}

#[test]
fn a_key_below_a_value_that_is_none_is_a_problem_like_others() {
    // The parser used to stop the process at such texts.
    for text in [
        "[rate.\"\"\"a\"\n[rate.\"\"\"a\"\nprice = \"1 per minute\"\n",
        "a = \"\"\"\"\"\"\"\"0.15\"\na.b = 1\n[a.c]\n",
        "[ra\"\"\"\"0.15\"\nprice = \"\n[ra\"\"\"\"0.15\"\n",
    ] {
        let files = [("catalog.toml".into(), text.into())];
        let problems = umbral_catalog::load(&files, &common::Zones).err();
        assert!(problems.is_some_and(|found| !found.is_empty()), "{text}");
    }
}
