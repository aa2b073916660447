//! Bad fees, allowances, tiers, products, discounts, networks and numbers: code and content, with the caret's
//! place between « and ».

/// In a file beside the base.
pub(crate) const ROWS: &[(&str, &str)] = &[
    // Names.
    (
        "C-0030",
        "[discount.a]\npercent = \"10%\"\nservice = «\"vioce\"»\n",
    ),
    (
        "C-0030",
        "[product.a]\nprice = \"5\"\nallowances = [ { name = \"a\", service = «\"vioce\"», units = \"1h\", valid = \"24h\" } ]\n",
    ),
    (
        "C-0031",
        "[product.a]\nprice = \"5\"\nallowances = [ { name = \"a\", service = \"voice\", units = \"1h\", valid = \"24h\", zone = [\"national\", «\"specail\"»] } ]\n",
    ),
    (
        "C-0031",
        "[discount.a]\npercent = \"10%\"\nzone = «\"specail\"»\n",
    ),
    (
        "C-0032",
        "[product.a]\nprice = \"5\"\nallowances = [ { name = \"a\", service = \"voice\", units = \"1h\", valid = \"24h\", band = «\"peek\"» } ]\n",
    ),
    (
        "C-0033",
        "[[case]]\nplan = \"base\"\nrecord = { service = \"sms\", start = \"2026-03-02\", usage = \"1\" }\nso_far = { «mesage» = \"95\" }\ncharge = \"0\"\n",
    ),
    ("C-0034", "[product.a]\nprice = \"5\"\nplan = «\"bas\"»\n"),
    (
        "C-0034",
        "[discount.a]\npercent = \"10%\"\nplan = [\"base\", «\"bas\"»]\n",
    ),
    (
        "C-0038",
        "[discount.a]\npercent = \"10%\"\nroaming = [\"home\", «\"ue\"»]\n",
    ),
    (
        "C-0038",
        "[product.a]\nprice = \"5\"\nallowances = [ { name = \"a\", service = \"voice\", units = \"1h\", valid = \"24h\", roaming = «\"ue\"» } ]\n",
    ),
    (
        "C-0040",
        "[class.vip]\n[discount.a]\npercent = \"10%\"\nclass = «\"vpi\"»\n",
    ),
    (
        "C-0040",
        "[class.vip]\n[[case]]\nplan = \"base\"\nrecord = { service = \"sms\", start = \"2026-03-02\", usage = \"1\" }\nclass = «\"vpi\"»\ncharge = \"0\"\n",
    ),
    (
        "C-0041",
        "[[case]]\nplan = \"base\"\nrecord = { service = \"sms\", start = \"2026-03-02\", usage = \"1\" }\nleft = { «\"10 GB\"» = \"500MB\" }\ncharge = \"0\"\n",
    ),
    (
        "C-0041",
        "[product.a]\nprice = \"5\"\nallowances = [ { name = \"b\", service = \"voice\", units = \"1h\", valid = \"24h\" } ]\n[[case]]\nplan = \"base\"\nrecord = { service = \"sms\", start = \"2026-03-02\", usage = \"1\" }\nleft = { «\"a/c\"» = \"1m\" }\ncharge = \"0\"\n",
    ),
    // Keys of the wrong place.
    (
        "C-0007",
        "[plan.a]\nrules = [ { service = \"voice\", rate = \"call\" } ]\nallowances = [ { name = \"a\", service = \"voice\", units = \"1h\", «valid» = \"24h\" } ]\n",
    ),
    (
        "C-0007",
        "[product.a]\nprice = \"5\"\nallowances = [ { name = \"a\", service = \"voice\", units = \"1h\", valid = \"24h\", «roll_over» = \"1 cycle\" } ]\n",
    ),
    (
        "C-0006",
        "[product.a]\nprice = \"5\"\nallowances = [ «{ name = \"a\", service = \"voice\", units = \"1h\" }» ]\n",
    ),
    ("C-0006", "«[product.a]»\ncategory = \"bundle\"\n"),
    ("C-0006", "«[discount.a]»\nclass = \"*\"\n"),
    (
        "C-0006",
        "«[rate.a]»\ntiers = [ { up_to = \"1h\", price = \"1 per minute\" }, { price = \"free\" } ]\n",
    ),
    (
        "C-0023",
        "[rate.a]\ntiers = [ { price = \"1 per minute\" } ]\ntier_kind = «\"gradual\"»\n",
    ),
    (
        "C-0023",
        "[plan.a]\nproration = «\"by_day\"»\nrules = [ { service = \"voice\", rate = \"call\" } ]\n",
    ),
    (
        "C-0023",
        "[plan.a]\nrules = [ { service = \"voice\", rate = \"call\" } ]\nallowances = [ { name = \"a\", service = \"voice\", units = \"1h\", roll_over = «\"2 cycles\"» } ]\n",
    ),
    // Amounts, dates and ranges.
    (
        "C-0120",
        "[plan.a]\nmonthly_fee = «\"9.905\"»\nrules = [ { service = \"voice\", rate = \"call\" } ]\n",
    ),
    (
        "C-0120",
        "[plan.a]\nmonthly_fee = «\"-9.90\"»\nrules = [ { service = \"voice\", rate = \"call\" } ]\n",
    ),
    ("C-0120", "[product.a]\nprice = «\"-5\"»\n"),
    ("C-0024", "[product.a]\nprice = \"5\"\ninstalments = «1»\n"),
    (
        "C-0024",
        "[product.a]\nprice = \"5\"\ninstalments = «121»\n",
    ),
    (
        "C-0024",
        "[discount.a]\npercent = \"10%\"\nvip_rank = «-1»\n",
    ),
    (
        "C-0022",
        "[discount.a]\npercent = \"10%\"\nfrom = «\"June\"»\n",
    ),
    (
        "C-0022",
        "[discount.a]\npercent = \"10%\"\nuntil = «2026-06-01T12:00:00»\n",
    ),
    // Tiers.
    (
        "C-0081",
        "[rate.a]\ntiers = [ { up_to = \"1h\", price = \"1 per minute\" }, { «up_to = \"2h\"», price = \"free\" } ]\ntier_kind = \"volume\"\n",
    ),
    (
        "C-0081",
        "[rate.a]\ntiers = [ «{ price = \"1 per minute\" }», { price = \"free\" } ]\ntier_kind = \"volume\"\n",
    ),
    ("C-0081", "[rate.a]\n«tiers = []»\ntier_kind = \"volume\"\n"),
    (
        "C-0082",
        "[rate.a]\ntiers = [ { up_to = \"2h\", price = \"1 per minute\" }, { «up_to = \"2h\"», price = \"1 per minute\" }, { price = \"free\" } ]\ntier_kind = \"graduated\"\n",
    ),
    (
        "C-0082",
        "[rate.a]\ntiers = [ { «up_to = \"0s\"», price = \"1 per minute\" }, { price = \"free\" } ]\ntier_kind = \"graduated\"\n",
    ),
    (
        "C-0080",
        "[rate.a]\n«price = \"1 per minute\"»\ntiers = [ { price = \"1 per minute\" } ]\ntier_kind = \"volume\"\n",
    ),
    (
        "C-0080",
        "[rate.a]\n«steps = [ { price = \"1 per minute\" } ]»\ntiers = [ { price = \"1 per minute\" } ]\ntier_kind = \"volume\"\n",
    ),
    (
        "C-0080",
        "[rate.a]\n«increments = \"30s\"»\ntiers = [ { price = \"1 per minute\" } ]\ntier_kind = \"volume\"\n",
    ),
    (
        "C-0083",
        "[rate.a]\nprice = \"1 per minute\"\n«increment = \"30s\"»\n",
    ),
    (
        "C-0083",
        "[rate.a]\nprice = \"1 per minute\"\n«per = \"member\"»\n",
    ),
    (
        "C-0074",
        "[rate.a]\ntiers = [ { up_to = \"1h\", price = «\"-1 per minute\"» }, { price = \"free\" } ]\ntier_kind = \"volume\"\n",
    ),
    (
        "C-0076",
        "[rate.a]\ntiers = [ { up_to = «\"10kB\"», price = \"1 per minute\" }, { price = \"free\" } ]\ntier_kind = \"volume\"\n",
    ),
    (
        "C-0072",
        "[rate.a]\ntiers = [ { up_to = «\"many\"», price = \"1 per minute\" }, { price = \"free\" } ]\ntier_kind = \"volume\"\n",
    ),
    (
        "C-0102",
        "[rate.a]\ntiers = [ { price = \"1 per unit\" } ]\ntier_kind = \"volume\"\n[plan.a]\nrules = [ { service = \"sms\", rate = \"a\" }, { service = [\"mms\", \"voice\"], rate = «\"a\"» } ]\n",
    ),
    // Allowances.
    (
        "C-0110",
        "[plan.a]\nrules = [ { service = \"sms\", rate = \"message\" } ]\nallowances = [ { name = \"a\", service = [\"sms\", «\"mms\"»], units = \"10\" } ]\n[plan.b]\nrules = [ { service = \"mms\", rate = \"message\" } ]\n",
    ),
    (
        "C-0110",
        "[product.a]\nprice = \"5\"\nallowances = [ { name = \"a\", service = «\"data\"», units = \"1GB\", valid = \"24h\" } ]\n",
    ),
    // Texts are sold in Europe only.
    (
        "C-0110",
        "[product.a]\nprice = \"5\"\nallowances = [ { name = \"a\", service = «\"sms\"», units = \"10\", valid = \"24h\" } ]\n",
    ),
    (
        "C-0110",
        "[plan.a]\nrules = [ { service = \"voice\", direction = \"originating\", rate = \"call\" } ]\nallowances = [ { name = \"a\", service = «\"voice\"», direction = \"terminating\", units = \"1h\" } ]\n",
    ),
    (
        "C-0111",
        "[plan.a]\nrules = [ { service = [\"voice\", \"sms\"], rate = \"any\" } ]\nallowances = [ { name = \"a\", service = [\"voice\", «\"sms\"»], units = \"10\" } ]\n[rate.any]\nprice = \"free\"\n",
    ),
    (
        "C-0111",
        "[product.a]\nprice = \"5\"\nallowances = [ { name = \"a\", service = «\"*\"», units = \"10\", valid = \"24h\" } ]\n",
    ),
    (
        "C-0112",
        "[product.a]\nprice = \"5\"\nallowances = [ { name = \"a\", service = \"voice\", units = «\"10GB\"», valid = \"24h\" } ]\n",
    ),
    (
        "C-0112",
        "[product.a]\nprice = \"5\"\nallowances = [ { name = \"a\", service = \"voice\", units = «\"300\"», valid = \"24h\" } ]\n",
    ),
    (
        "C-0072",
        "[product.a]\nprice = \"5\"\nallowances = [ { name = \"a\", service = \"voice\", units = «\"plenty\"», valid = \"24h\" } ]\n",
    ),
    (
        "C-0073",
        "[product.a]\nprice = \"5\"\nallowances = [ { name = \"a\", service = \"voice\", units = «\"0 minutes\"», valid = \"24h\" } ]\n",
    ),
    (
        "C-0113",
        "[product.a]\nprice = \"5\"\nallowances = [ { name = \"a\", service = \"sms\", units = \"10\", units_abroad = «\"11\"», roaming = [\"home\", \"eu\"], valid = \"24h\" } ]\n",
    ),
    (
        "C-0113",
        "[product.a]\nprice = \"5\"\nallowances = [ { name = \"a\", service = \"voice\", units = \"10h\", units_abroad = «\"1h\"», valid = \"24h\" } ]\n",
    ),
    (
        "C-0114",
        "[product.a]\nprice = \"5\"\nallowances = [ { name = \"a\", service = \"voice\", units = \"1h\", valid = \"24h\" }, { name = «\"a\"», service = \"voice\", units = \"2h\", valid = \"24h\" } ]\n",
    ),
    (
        "C-0115",
        "[product.a]\nprice = \"5\"\nallowances = [ { name = \"b\", service = \"voice\", units = \"1h\", valid = «\"0 days\"» } ]\n",
    ),
    (
        "C-0115",
        "[product.a]\nprice = \"5\"\nallowances = [ { name = \"a\", service = \"voice\", units = \"1h\", valid = «\"a month\"» } ]\n",
    ),
    (
        "C-0115",
        "[product.a]\nprice = \"5\"\nallowances = [ { name = \"a\", service = \"voice\", units = \"1h\", valid = «\"0 cycles\"» } ]\n",
    ),
    (
        "C-0115",
        "[product.a]\nprice = \"5\"\nallowances = [ { name = \"a\", service = \"voice\", units = \"1h\", valid = «\"30\"» } ]\n",
    ),
    (
        "C-0122",
        "[product.a]\nprice = \"5\"\nallowances = [ { name = \"a\", service = \"voice\", units = \"1h\", valid = \"24h\", warn_at = [\"80%\", «\"101%\"»] } ]\n",
    ),
    (
        "C-0122",
        "[product.a]\nprice = \"5\"\nallowances = [ { name = \"a\", service = \"voice\", units = \"1h\", valid = \"24h\", warn_at = [{ id = \"a\", at = «\"0%\"» }] } ]\n",
    ),
    (
        "C-0124",
        "[product.a]\nprice = \"5\"\nallowances = [ { name = \"a\", service = \"voice\", units = \"1h\", valid = \"24h\", warn_at = [\"80%\", «\"80%\"»] } ]\n",
    ),
    (
        "C-0121",
        "[product.a]\nprice = \"5\"\nallowances = [ { name = \"a\", service = \"voice\", units = \"1h\", valid = \"24h\", warn_at = [«\"50 MB\"»] } ]\n",
    ),
    (
        "C-0011",
        "[product.a]\nprice = \"5\"\nallowances = [ { name = «\"\"», service = \"voice\", units = \"1h\", valid = \"24h\" } ]\n",
    ),
    (
        "C-0011",
        "[network.home]\nnetworks = [\"262\"]\n[discount.a]\npercent = \"10%\"\nroaming = «\"home\"»\n",
    ),
    // Discounts.
    ("C-0130", "[discount.a]\npercent = «\"80.01%\"»\n"),
    ("C-0130", "[discount.a]\npercent = «\"0%\"»\n"),
    ("C-0121", "[discount.a]\npercent = «\"ten\"»\n"),
    (
        "C-0132",
        "[discount.a]\npercent = \"10%\"\nfrom = 2026-06-02\n«until = 2026-06-01»\n",
    ),
    (
        "C-0133",
        "[discount.a]\npercent = \"10%\"\n«until = 2025-12-31»\n",
    ),
    (
        "C-0133",
        "[discount.«a»]\npercent = \"10%\"\nservice = \"data\"\n",
    ),
    (
        "C-0133",
        "[discount.«a»]\npercent = \"10%\"\nservice = \"voice\"\nroaming = \"eu\"\n",
    ),
    // Visited countries and networks.
    (
        "C-0103",
        "[plan.a]\nrules = [ { service = \"sms\", «visited = true», rate = \"message\" } ]\n",
    ),
    (
        "C-0103",
        "[network.fr]\nnetworks = [\"209\"]\ncountry_code = \"33\"\n[plan.a]\nrules = [ { service = \"sms\", roaming = \"fr\", zone = \"national\", «visited = true», rate = \"message\" } ]\n",
    ),
    (
        "C-0104",
        "[plan.a]\nrules = [ { service = \"sms\", roaming = \"eu\", «visited = true», rate = \"message\" } ]\n",
    ),
    (
        "C-0104",
        "[network.world]\nnetworks = [\"*\"]\ncountry_code = \"1\"\n[plan.a]\nrules = [ { service = \"sms\", roaming = \"world\", «visited = true», rate = \"message\" } ]\n",
    ),
    (
        "C-0105",
        "[network.fr]\nnetworks = [\"209\"]\ncountry_code = \"33\"\n[plan.a]\nrules = [ { service = \"voice\", roaming = \"fr\", visited = true, priority = 1, rate = \"call\" }, «{ service = \"voice\", roaming = \"fr\", visited = true, band = \"peak\", rate = \"call\" }», { service = \"voice\", roaming = \"fr\", rate = \"call\" } ]\n",
    ),
    (
        "C-0106",
        "[network.fr]\nnetworks = [\"209\"]\ncountry_code = \"33\"\n[plan.a]\nrules = [ { service = \"voice\", roaming = \"fr\", visited = true, rate = \"call\" }, «{ service = \"voice\", roaming = \"fr\", visited = true, rate = \"call\" }» ]\n",
    ),
    (
        "C-0107",
        "[network.fr]\nnetworks = [\"209\"]\ncountry_code = \"33\"\n[plan.a]\nrules = [ { service = \"voice\", roaming = \"fr\", visited = true, «band = \"peak\"», rate = \"call\" }, { service = \"voice\", roaming = \"fr\", rate = \"call\" } ]\n",
    ),
    (
        "C-0057",
        "[network.fr]\nnetworks = [\"209\"]\ncountry_code = «\"+33\"»\n",
    ),
    (
        "C-0057",
        "[network.fr]\nnetworks = [\"209\"]\ncountry_code = «\"033\"»\n",
    ),
    (
        "C-0058",
        "[network.world]\nnetworks = [\"*\"]\n[network.rest]\nnetworks = [«\"*\"»]\n",
    ),
    ("C-0059", "[network.«fr»]\ndescription = \"France\"\n"),
    // Numbers.
    ("C-0056", "[zone.a]\nnumbers = [\"1004\", «\"10-04\"»]\n"),
    ("C-0056", "[zone.a]\nnumbers = [«\"123456789\"»]\n"),
    ("C-0056", "[zone.a]\nnumbers = [«\"\"»]\n"),
    ("C-0050", "[zone.a]\nnumbers = [\"1004\", «\"1004\"»]\n"),
    (
        "C-0050",
        "[zone.a]\nnumbers = [\"1004\"]\n[zone.b]\nnumbers = [«\"1004\"»]\n",
    ),
    // Bars.
    (
        "C-0128",
        "[class.a]\nlimit.exposure = \"150\"\non_breach = [«\"bar emergency\"»]\n",
    ),
    (
        "C-0128",
        "[collections.a]\nentry_amount = \"20\"\nexit_amount = \"5\"\nentry_days = 3\nsteps = [ { action = «\"bar\"», offset = 5 } ]\n",
    ),
    // Cases.
    (
        "C-0161",
        "[product.a]\nprice = \"5\"\nallowances = [ { name = \"b\", service = \"voice\", units = \"1h\", valid = \"24h\" } ]\n[[case]]\nplan = \"base\"\nrecord = { service = \"sms\", start = \"2026-03-02\", usage = \"1\" }\nleft = { \"a/b\" = «\"1MB\"» }\ncharge = \"0\"\n",
    ),
    (
        "C-0008",
        "[[case]]\nplan = \"base\"\nrecord = { service = \"sms\", start = \"2026-03-02\", usage = \"1\" }\nleft = «\"1MB\"»\ncharge = \"0\"\n",
    ),
    (
        "C-0165",
        "[[case]]\nplan = \"base\"\nrecord = { service = \"sms\", start = \"2026-03-02\", usage = \"1\" }\nso_far = { «message» = \"95\" }\ncharge = \"0\"\n",
    ),
];

/// In other files.
pub(crate) const OTHERS: &[(&str, &str, &str)] = &[
    (
        "C-0057",
        "networks.csv",
        "network,group,country_code\n262,de,«0049»\n",
    ),
    (
        "C-0058",
        "networks.csv",
        "network,group\n*,abroad\n«*»,world\n",
    ),
    ("C-0053", "networks.csv", "network,group\n«20»,world\n"),
];

/// Further keys of `catalog.toml`.
pub(crate) const HEADS: &[(&str, &str)] = &[
    ("C-0056", "emergency = [\"112\", «\"+112\"»]\n"),
    ("C-0056", "emergency = [«\"900100200\"»]\n"),
    ("C-0050", "emergency = [\"112\", «\"112\"»]\n"),
    ("C-0053", "home_networks = [«\"21\"»]\n"),
    ("C-0054", "home_networks = [\"21407\", «\"21407\"»]\n"),
    ("C-0131", "discount_cap = «\"80.01%\"»\n"),
    ("C-0131", "discount_cap = «\"0%\"»\n"),
    ("C-0121", "discount_cap = «\"half\"»\n"),
    ("C-0008", "emergency = [«112»]\n"),
];

/// A bit of everything, to be cut off anywhere.
pub(crate) const SAMPLE: &str = r#"
[zone.é]
numbers = ["1004"]
[network.fr]
networks = ["209", "*"]
country_code = "33"
[rate.t]
tiers = [ { up_to = "1h", price = "1 per minute" }, { price = "free" } ]
tier_kind = "volume"
per = "member"
increment = "1s"
[plan.x]
monthly_fee = "9.90"
proration = "daily"
rules = [ { service = "voice", roaming = "fr", visited = true, rate = "t" } ]
allowances = [ { name = "a", service = "voice", units = "1h", units_abroad = "30m", roaming = ["home", "fr"], roll_over = "1 cycle", warn_at = [{ id = "é", at = "80%" }], margin = "5%", cooldown = "1h" } ]
[product.p]
price = "5.00"
instalments = 2
plan = "x"
card = "é"
allowances = [ { name = "a", service = "voice", units = "1h", valid = "30 days" } ]
[discount.d]
percent = "12.5%"
tier = ["é"]
from = 2026-06-01
until = 2026-06-30
[[case]]
plan = "x"
left = { "a" = "1m", "p/a" = "1h" }
so_far = { t = "1m" }
record = { service = "voice", start = "2026-03-02", usage = "1m" }
charge = "0"
"#;

mod tests {
    use crate::{HEAD, problems_with};
    use umbral_catalog::problem::Severity;

    const FRANCE: &str = "[network.fr]\nnetworks = [\"209\"]\ncountry_code = \"33\"\n";

    fn codes(rules: &str) -> Vec<&'static str> {
        let text = format!("{FRANCE}[plan.x]\nrules = [ {rules} ]\n");
        let found = problems_with(HEAD, "new.toml", &text);
        found.iter().map(|problem| problem.code).collect()
    }

    #[test]
    fn visited_rules_meet_only_each_other_and_their_own_group() {
        let plain = r#"{ service = "voice", roaming = "fr", rate = "call" }"#;
        let zoned = r#"{ service = "voice", roaming = "fr", zone = "national", rate = "call" }"#;
        let visited = r#"{ service = "voice", roaming = "fr", visited = true, rate = "call" }"#;
        let of_sms = r#"{ service = "sms", roaming = "fr", visited = true, rate = "message" }"#;
        let made = r#"{ service = "voice", roaming = "fr", visited = true, direction = "originating", rate = "call" }"#;
        let none: [&str; 0] = [];
        assert_eq!(codes(&[plain, zoned, visited, of_sms].join(",")), none);
        assert_eq!(codes(&[made, visited].join(",")), none);
        assert_eq!(codes(&[visited, visited].join(",")), ["C-0106"]);
        let received = made.replace("originating", "terminating");
        assert_eq!(codes(&[visited, made, &received].join(",")), ["C-0105"]);
    }

    #[test]
    fn a_gap_of_visited_rules_is_told_as_people_see_it() {
        let rule = r#"{ service = "voice", roaming = "fr", visited = true, band = "peak", rate = "call" }"#;
        let text = format!("{FRANCE}[plan.x]\nrules = [ {rule} ]\n");
        let found = problems_with(HEAD, "new.toml", &text);
        let [gap] = found.as_slice() else {
            panic!("{found:#?}")
        };
        assert_eq!(
            gap.notes[0],
            "no rule for voice to numbers of the visited country when roaming in fr on Mon-Fri 20:00-08:00 and on Sat-Sun"
        );
    }

    #[test]
    fn a_network_at_home_is_in_no_group() {
        for (home, wanted) in [("208", 1), ("20801", 0), ("262", 0)] {
            let head = format!("{HEAD}home_networks = [\"{home}\"]\n");
            let found = problems_with(&head, "new.toml", "");
            let places: Vec<_> = found.iter().map(|p| (p.code, p.file.as_str())).collect();
            assert_eq!(places, vec![("C-0054", "base.toml"); wanted], "{home}");
        }
    }

    #[test]
    fn a_short_number_that_is_an_emergency_number_is_a_warning() {
        let head = format!("{HEAD}emergency = [\"112\"]\n");
        let text = "[zone.national]\nnumbers = [\"112\", \"1004\"]\n";
        let found = problems_with(&head, "new.toml", text);
        let [problem] = found.as_slice() else {
            panic!("{found:#?}")
        };
        assert_eq!(
            (problem.code, problem.severity),
            ("C-0050", Severity::Warning)
        );
        assert_eq!(text.get(problem.span.clone()), Some("\"112\""));
    }

    fn codes_and_places(head: &str, text: &str) -> Vec<(&'static str, Severity, String)> {
        let found = problems_with(head, "new.toml", text);
        let told = found.iter().map(|problem| {
            let place = text.get(problem.span.clone()).unwrap_or_default();
            (problem.code, problem.severity, place.to_owned())
        });
        told.collect()
    }

    #[test]
    fn an_emergency_number_that_stands_as_a_prefix_is_a_warning() {
        let head = format!("{HEAD}emergency = [\"112\"]\n");
        let text = "[zone.national]\nprefixes = [\"112\", \"1123\"]\n";
        let warning = ("C-0050", Severity::Warning, "\"112\"".to_owned());
        assert_eq!(codes_and_places(&head, text), [warning]);
    }

    #[test]
    fn allowances_and_discounts_that_are_of_no_use() {
        // Data is sold to one zone only, messages for nothing; a shorter prefix stands in for a longer one.
        let text = r#"
[zone.sold]
prefixes = ["36"]
[zone.within]
prefixes = ["361"]
[zone.unsold]
prefixes = ["37"]
[rate.octets]
price = "1 per GB"
[rate.gratis]
price = "free"
[service.chat]
measured_in = "events"
[plan.x]
rules = [
  { service = "data", zone = "sold", rate = "octets" },
  { service = "chat", rate = "gratis" },
]
allowances = [
  { name = "a", service = "data", units = "1GB", zone = ["sold", "within", "unsold"] },
  { name = "b", service = "chat", units = "10 events" },
]
[discount.a]
percent = "10%"
service = "data"
plan = "x"
zone = "within"
[discount.b]
percent = "10%"
service = "data"
plan = "x"
zone = "unsold"
"#;
        let told = |code, severity, place: &str| (code, severity, place.to_owned());
        assert_eq!(
            codes_and_places(HEAD, text),
            [
                told("C-0110", Severity::Warning, "\"unsold\""),
                told("C-0110", Severity::Warning, "\"b\""),
                told("C-0133", Severity::Error, "b"),
            ]
        );
    }

    #[test]
    fn mistakes_of_a_case_do_not_hide_each_other() {
        let text = r#"
[[case]]
plan = "bse"
class = "vpi"
left = { "10 GB" = "1GB" }
so_far = { mesage = "95" }
record = { service = "sms", zone = "nowhere", start = "never", usage = "1" }
charge = "much"
"#;
        let found = codes_and_places(HEAD, text);
        let mut codes: Vec<_> = found.iter().map(|(code, ..)| *code).collect();
        codes.sort_unstable();
        assert_eq!(
            codes,
            [
                "C-0022", "C-0031", "C-0033", "C-0034", "C-0040", "C-0041", "C-0071"
            ],
            "{found:?}"
        );
        let rows = "profile,from,plan\nacme/call,soon,bse\n";
        let found = problems_with(HEAD, "profiles/new.csv", rows);
        let mut codes: Vec<_> = found.iter().map(|problem| problem.code).collect();
        codes.sort_unstable();
        assert_eq!(codes, ["C-0011", "C-0022", "C-0034"]);
    }

    #[test]
    fn what_only_allowances_and_discounts_name_is_used() {
        let text = r#"
[band.noon]
from = "12:00"
to = "13:00"
[zone.bonus]
prefixes = ["36"]
[zone.cheap]
prefixes = ["37"]
[product.a]
price = "5"
allowances = [ { name = "a", service = "voice", units = "1h", valid = "24h", band = "noon", zone = "bonus" } ]
[discount.a]
percent = "10%"
zone = "cheap"
"#;
        assert_eq!(problems_with(HEAD, "new.toml", text), []);
        let idle = text.replace("band = \"noon\", zone = \"bonus\"", "shared = true");
        let found = problems_with(HEAD, "new.toml", &idle);
        let found: Vec<_> = found.iter().map(|problem| problem.code).collect();
        assert_eq!(found, ["C-0094", "C-0055"]);
    }

    #[test]
    fn one_mistake_is_not_told_again_by_what_depends_on_it() {
        // The rule that would sell data cannot be read, so that its allowance and discount are not blamed.
        let text = r#"
[plan.x]
rules = [ { service = "dta", rate = "call" } ]
allowances = [ { name = "a", service = "data", units = "1GB" } ]
[discount.a]
percent = "10%"
service = "data"
plan = "x"
"#;
        let found = problems_with(HEAD, "new.toml", text);
        let found: Vec<_> = found.iter().map(|problem| problem.code).collect();
        assert_eq!(found, ["C-0030"]);
    }
}
