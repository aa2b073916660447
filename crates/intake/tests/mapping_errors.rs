//! Every problem of a mapping, with its place; several at once.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use umbral_intake::codes;
use umbral_intake::mapping::Mapping;

/// A mapping without problems; the cases below change a line of it.
const GOOD: &str = r#"source = "med"
format = "csv"
event_id = "row"
account = { column = "customer" }
[time]
column = "date"
formats = ["%d/%m/%Y %H:%M"]
zone = "Europe/Madrid"
[[record]]
kind = "usage"
service = "voice"
quantity = { column = "seconds", unit = "s" }
[create_accounts]
class = "standard"
plan = "libre"
time_zone = "Europe/Madrid"
cycle_day = 5
"#;

#[test]
fn the_good_one_is_good() {
    Mapping::parse("m.toml", GOOD).unwrap();
}

#[test]
fn each_problem_names_code_line_and_column() {
    #[rustfmt::skip]
    let cases: &[(&str, &str, &str, usize, usize, &str)] = &[
        // line that is replaced, replacement, code, line, column, part of what is wrong
        ("source = \"med\"", "source = med", codes::NOT_TOML, 1, 10, "string"),
        ("source = \"med\"", "sender = \"med\"", codes::MISSING_KEY, 1, 1, "source is missing"),
        ("source = \"med\"", "source = 7", codes::BAD_VALUE, 1, 10, "the number 7"),
        ("format = \"csv\"", "format = \"xlsx\"", codes::BAD_VALUE, 2, 10, "xlsx"),
        ("format = \"csv\"", "format = \"csv\"\nencoding = \"latin-1\"", codes::BAD_VALUE, 3, 12, "latin-1"),
        ("format = \"csv\"", "format = \"csv\"\ndelimiter = \"::\"", codes::BAD_VALUE, 3, 13, "delimiter"),
        ("format = \"csv\"", "format = \"csv\"\nheader = \"yes\"", codes::BAD_VALUE, 3, 10, "header"),
        ("format = \"csv\"", "format = \"csv\"\nheader = false", codes::UNKNOWN_COLUMN, 5, 22, "no header"),
        ("format = \"csv\"", "format = \"csv\"\ncurrency = \"euro\"", codes::BAD_VALUE, 3, 12, "currency"),
        ("format = \"csv\"", "format = \"csv\"\nsort = \"date\"", codes::BAD_VALUE, 3, 8, "sort"),
        ("format = \"csv\"", "format = \"csv\"\ndecimal = \";\"", codes::BAD_VALUE, 3, 11, "decimal"),
        ("format = \"csv\"", "format = \"csv\"\ntyop = 1", codes::UNKNOWN_KEY, 3, 1, "tyop"),
        ("event_id = \"row\"", "", codes::MISSING_KEY, 1, 1, "event_id"),
        ("event_id = \"row\"", "event_id = \"index\"", codes::BAD_VALUE, 3, 12, "index"),
        ("account = { column = \"customer\" }", "", codes::MISSING_KEY, 1, 1, "whom"),
        ("account = { column = \"customer\" }", "account = { column = \"customer\", colour = 1 }", codes::UNKNOWN_KEY, 4, 34, "account.colour"),
        ("account = { column = \"customer\" }", "account = { prefix = \"A\" }", codes::MISSING_KEY, 4, 11, "account.column"),
        ("account = { column = \"customer\" }", "account = { column = \"customer\", otherwise = \"x\" }", codes::CONTRADICTION, 4, 46, "otherwise"),
        ("account = { column = \"customer\" }", "account = { column = 0 }", codes::BAD_VALUE, 4, 22, "number 0"),
        ("account = { column = \"customer\" }", "identifier = { kind = \"msisdn\", column = \"n\" }", codes::CONTRADICTION, 13, 1, "identifier"),
        ("account = { column = \"customer\" }", "account = \"A1\"\nidentifier = { kind = \"msisdn\", column = \"n\" }", codes::CONTRADICTION, 5, 14, "both"),
        ("zone = \"Europe/Madrid\"", "zone = \"CEST\"", codes::UNKNOWN_ZONE, 8, 8, "CEST"),
        ("formats = [\"%d/%m/%Y %H:%M\"]", "formats = [\"%d/%m %H:%M\"]", codes::BAD_TIME_FORMAT, 7, 12, "%d/%m %H:%M"),
        ("formats = [\"%d/%m/%Y %H:%M\"]", "formats = [\"%d/%m/%Y %H\"]", codes::BAD_TIME_FORMAT, 7, 12, "minute"),
        ("formats = [\"%d/%m/%Y %H:%M\"]", "formats = [\"%Q\"]", codes::BAD_TIME_FORMAT, 7, 12, "specifier"),
        ("formats = [\"%d/%m/%Y %H:%M\"]", "formats = []", codes::BAD_VALUE, 7, 11, "formats"),
        ("kind = \"usage\"", "kind = \"refund\"", codes::BAD_VALUE, 10, 8, "refund"),
        ("kind = \"usage\"", "kind = \"usage\"\nmethod = \"card\"", codes::UNKNOWN_KEY, 11, 1, "record.method"),
        ("kind = \"usage\"", "kind = \"usage\"\ndirection = \"out\"", codes::BAD_VALUE, 11, 13, "out"),
        ("kind = \"usage\"", "kind = \"usage\"\nwhen = { column = \"item\" }", codes::MISSING_KEY, 11, 8, "record.when.is"),
        ("service = \"voice\"", "", codes::MISSING_KEY, 9, 1, "record.service"),
        ("quantity = { column = \"seconds\", unit = \"s\" }", "quantity = { column = \"seconds\", unit = \"MB\" }", codes::WRONG_UNIT, 12, 41, "voice"),
        ("quantity = { column = \"seconds\", unit = \"s\" }", "quantity = { column = \"seconds\", unit = \"seconds\" }", codes::BAD_VALUE, 12, 41, "seconds"),
        ("quantity = { column = \"seconds\", unit = \"s\" }", "quantity = { column = \"seconds\", unit = { data = \"MB\" } }", codes::MISSING_KEY, 12, 41, "voice"),
        ("quantity = { column = \"seconds\", unit = \"s\" }", "quantity = { column = \"seconds\", unit = \"s\" }\n[[record]]\nkind = \"charge_added\"\namount = \"1\"\ncode = \"x\"", codes::CONTRADICTION, 13, 1, "no row comes this far"),
        ("quantity = { column = \"seconds\", unit = \"s\" }", "quantity = { column = \"seconds\", unit = \"s\" }\nduration = { column = \"mb\", unit = \"MB\" }", codes::WRONG_UNIT, 13, 12, "duration"),
        ("class = \"standard\"", "", codes::MISSING_KEY, 13, 1, "create_accounts.class"),
        ("plan = \"libre\"", "plan = \"libre\"\nprofile = \"a/b/c\"", codes::CONTRADICTION, 16, 11, "profile"),
        ("time_zone = \"Europe/Madrid\"", "time_zone = \"Madrid\"", codes::UNKNOWN_ZONE, 16, 13, "Madrid"),
        ("cycle_day = 5", "cycle_day = 32", codes::BAD_VALUE, 17, 13, "32"),
    ];
    let mut failures = Vec::new();
    for (line, replacement, code, at, column, what) in cases {
        let text = replaced(line, replacement);
        let problems = Mapping::parse("m.toml", &text).expect_err(replacement);
        let found = problems.iter().any(|problem| {
            problem.code == *code
                && (problem.line, problem.column) == (*at, *column)
                && problem.what.contains(what)
                && !problem.mend.is_empty()
                && problem.file == "m.toml"
        });
        let shown: Vec<String> = problems.iter().map(ToString::to_string).collect();
        if !found {
            let shown = shown.join("\n");
            failures.push(format!(
                "{replacement}\nwanted {code} at {at}:{column} with {what:?}, got:\n{shown}"
            ));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

fn replaced(line: &str, replacement: &str) -> String {
    let lines = GOOD
        .lines()
        .map(|known| if known == line { replacement } else { known });
    let text: Vec<&str> = lines.collect();
    assert_ne!(text.join("\n") + "\n", GOOD, "no line {line}");
    text.join("\n")
}

#[test]
fn all_problems_come_at_once_in_order() {
    let text = r#"source = 1
format = "fixed"
event_id = "row"
account = { column = "who" }
delimiter = ";"
[columns]
amount = "9-4"
day = "1-8"
[time]
column = "day"
formats = ["%H:%M"]
zone = "Mars/Olympus"
[[record]]
kind = "purchase"
net = { column = "amount" }
"#;
    let problems = Mapping::parse("m.toml", text).unwrap_err();
    let found: Vec<(usize, &str)> = problems
        .iter()
        .map(|problem| (problem.line, problem.code))
        .collect();
    let expected = [
        (1, codes::BAD_VALUE),
        (4, codes::UNKNOWN_COLUMN),
        (5, codes::CONTRADICTION),
        (7, codes::BAD_VALUE),
        (11, codes::BAD_TIME_FORMAT),
        (12, codes::UNKNOWN_ZONE),
        (13, codes::MISSING_KEY),
        (13, codes::MISSING_KEY),
        (15, codes::UNKNOWN_COLUMN),
    ];
    assert_eq!(found, expected);
}

#[test]
fn a_missing_file_is_a_problem() {
    let problems = Mapping::load("no/such/mapping.toml".as_ref()).unwrap_err();
    assert_eq!(problems[0].code, codes::UNREADABLE_FILE);
}

#[test]
fn a_problem_is_shown_like_one_of_a_catalog() {
    let text = replaced("event_id = \"row\"", "event_id = \"index\"");
    let problem = Mapping::parse("m.toml", &text).unwrap_err().remove(0);
    let shown = umbral_catalog::problem::Problem::from(problem.clone());
    assert_eq!(
        (shown.code, shown.file.as_str()),
        (codes::BAD_VALUE, "m.toml")
    );
    assert_eq!(&text[shown.span.clone()], "\"index\"");
    assert_eq!(shown.line_and_column(&text), (problem.line, problem.column));
    assert_eq!(shown.notes, [problem.mend]);
}
