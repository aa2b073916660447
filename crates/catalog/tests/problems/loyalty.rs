//! Bad loyalty programmes: code and content, with the caret's place between « and ».

/// In a file beside the base.
pub(crate) const ROWS: &[(&str, &str)] = &[
    // Keys, words and names.
    ("C-0007", "[«tier».gold]\nfrom = 0\n"),
    (
        "C-0007",
        "[programme.a]\n«expire» = \"12 months\"\nearn = [ { points = 1, per = \"10\" } ]\n",
    ),
    (
        "C-0007",
        "[programme.a]\nearn = [ { points = 1, per = \"10\", «categry» = \"food\" } ]\n",
    ),
    (
        "C-0006",
        "[programme.a]\nearn = [ { points = 1, per = \"10\" } ]\n«[programme.a.card.club]»\nconfirm = true\n",
    ),
    ("C-0008", "[programme.a]\nearn = «\"10.00\"»\n"),
    (
        "C-0009",
        "[programme.a]\nearn = [ { points = 1, per = \"10\" } ]\n[[programme.a.promotion]]\nname = \"june\"\ncategory = \"food\"\nbonus = \"50%\"\n«[[programme.a.promotion]]»\nname = \"june\"\nbonus = \"50%\"\n",
    ),
    (
        "C-0011",
        "[programme.a]\nearn = [ { points = 1, per = \"10\" } ]\n[programme.a.tier.«\" gold\"»]\nfrom = 0\n",
    ),
    (
        "C-0023",
        "[programme.a]\nearn = [ { on = «\"purchases\"», points = 1, per = \"10\" } ]\n",
    ),
    (
        "C-0023",
        "[programme.a]\nearn = [ { on = \"usage\", category = «\"vioce\"», points = 1, per = \"10\" } ]\n",
    ),
    (
        "C-0023",
        "[programme.a]\nearn = [ { points = 1, per = \"10\" } ]\nrefunds = «\"never\"»\n",
    ),
    (
        "C-0024",
        "[programme.a]\nearn = [ { points = «0», per = \"10\" } ]\n",
    ),
    (
        "C-0024",
        "[programme.a]\nearn = [ { points = 1, per = \"10\" } ]\n[programme.a.card.club]\nline = \"-\"\nnumbers_from = «1001»\n",
    ),
    (
        "C-0213",
        "[programme.a]\nearn = [ { points = 1, per = \"10\" } ]\n[programme.a.card.club]\nline = \"-\"\nstock = true\n«numbers_from = 10001»\n",
    ),
    (
        "C-0132",
        "[programme.a]\nearn = [ { points = 1, per = \"10\" } ]\n[[programme.a.promotion]]\nname = \"june\"\nfrom = 2026-06-30\n«until = 2026-06-01»\nbonus = \"50%\"\n",
    ),
    // Lengths of time.
    (
        "C-0200",
        "[programme.a]\nexpiry = «\"one year\"»\nearn = [ { points = 1, per = \"10\" } ]\n",
    ),
    (
        "C-0200",
        "[programme.a]\nclaim_window = «\"30\"»\nearn = [ { points = 1, per = \"10\" } ]\n",
    ),
    (
        "C-0200",
        "[programme.a]\nexpiry = \"1 year\"\nexpiry_notices = [\"30 days\", «\"1 month\"»]\nearn = [ { points = 1, per = \"10\" } ]\n",
    ),
    (
        "C-0214",
        "[programme.a]\nexpiry = \"30 days\"\nexpiry_notices = [«\"30 days\"», \"7 days\"]\nearn = [ { points = 1, per = \"10\" } ]\n",
    ),
    (
        "C-0214",
        "[programme.a]\ninactive_after = \"1 month\"\ninactive_notices = [«\"4 weeks\"»]\nearn = [ { points = 1, per = \"10\" } ]\n",
    ),
    // What earns.
    ("C-0201", "«[programme.a]»\nexpiry = \"12 months\"\n"),
    ("C-0201", "[programme.a]\n«earn = []»\n"),
    (
        "C-0201",
        "[programme.a]\n«earn = [ { points = 1, per = \"10\" } ]»\n[[programme.a.version]]\nname = \"1\"\nfrom = 2026-01-01\nearn = [ { points = 1, per = \"10\" } ]\n",
    ),
    (
        "C-0202",
        "[programme.a]\nearn = [ { category = \"tobacco\", earns = \"nothing\", «points = 1» }, { points = 1, per = \"10\" } ]\n",
    ),
    ("C-0202", "[programme.a]\nearn = [ «{ per = \"10\" }» ]\n"),
    (
        "C-0202",
        "[programme.a]\nearn = [ { on = \"visit\", points = 1, «per = \"10\"» } ]\n",
    ),
    ("C-0203", "[programme.a]\nearn = [ «{ points = 1 }» ]\n"),
    (
        "C-0203",
        "[programme.a]\nearn = [ { points = 1, per = «\"0\"» } ]\n",
    ),
    (
        "C-0203",
        "[programme.a]\nearn = [ «{ points = 10, per = \"0.000009\" }» ]\n",
    ),
    (
        "C-0203",
        "[programme.a]\nearn = [ «{ points = 10000, per = \"0.10\" }» ]\n[programme.a.tier.one]\nfrom = 0\n[programme.a.tier.two]\nfrom = 10\nmultiplier = \"10.001x\"\n",
    ),
    (
        "C-0203",
        "[programme.a]\nearn = [ «{ on = \"visit\", points = 1000000 }» ]\n[[programme.a.promotion]]\nname = \"june\"\nbonus = \"0.01%\"\n",
    ),
    (
        "C-0204",
        "[programme.a]\nearn = [ { points = 1, per = \"10\" }, «{ category = \"tobacco\", earns = \"nothing\" }» ]\n",
    ),
    (
        "C-0204",
        "[programme.a]\nearn = [ { category = \"food\", points = 1, per = \"10\" }, { category = [\"wine\", \"beer\"], points = 1, per = \"10\" }, «{ category = [\"food\", \"wine\"], partner = \"p\", points = 2, per = \"10\" }» ]\n",
    ),
    (
        "C-0205",
        "[programme.a]\nearn = [ { on = \"usage\", category = \"voice\", points = 1, per = \"10\" }, «{ on = \"invoice\", points = 1, per = \"10\" }» ]\n",
    ),
    (
        "C-0205",
        "[programme.a]\nearn = [ { on = \"usage\", points = 1, per = \"10\" }, «{ on = \"invoice\", category = [\"fee\", \"data\"], points = 1, per = \"10\" }» ]\n",
    ),
    (
        "C-0206",
        "[programme.a]\nearn = [ { points = 1, per = \"10\" } ]\n[[programme.a.promotion]]\nname = \"june\"\nfrom = 2026-06-01\nuntil = 2026-06-30\nbonus = \"50%\"\n«[[programme.a.promotion]]»\nname = \"books\"\ncategory = \"books\"\nfrom = 2026-06-10\nuntil = 2026-06-30\nbonus = \"100%\"\n",
    ),
    (
        "C-0207",
        "[[programme.a.version]]\nname = \"1\"\nfrom = 2026-06-01\nearn = [ { points = 1, per = \"10\" } ]\n[[programme.a.version]]\nname = \"2\"\n«from = 2026-06-01»\nearn = [ { points = 1, per = \"5\" } ]\n",
    ),
    // Tiers.
    (
        "C-0208",
        "[programme.a]\nearn = [ { points = 1, per = \"10\" } ]\n[programme.a.tier.one]\n«from = 5»\n",
    ),
    (
        "C-0208",
        "[programme.a]\nearn = [ { points = 1, per = \"10\" } ]\n[programme.a.tier.one]\nfrom = 0\n[programme.a.tier.two]\nfrom = 10\n[programme.a.tier.three]\n«from = 10»\n",
    ),
    (
        "C-0209",
        "[programme.a]\nearn = [ { points = 1, per = \"10\" } ]\n[programme.a.tier.one]\nfrom = 0\nmultiplier = «\"150%\"»\n",
    ),
    (
        "C-0210",
        "[programme.a]\nearn = [ { points = 1, per = \"10\" } ]\nvip_floor = { 2 = «\"tow\"» }\n[programme.a.tier.one]\nfrom = 0\n[programme.a.tier.two]\nfrom = 10\n",
    ),
    (
        "C-0024",
        "[programme.a]\nearn = [ { points = 1, per = \"10\" } ]\nvip_floor = { «high» = \"one\" }\ntier_validity = \"1 year\"\n[programme.a.tier.one]\nfrom = 0\n",
    ),
    (
        "C-0210",
        "[programme.a]\nearn = [ { points = 1, per = \"10\" } ]\n[programme.a.tier.gold]\nfrom = 0\n[discount.a]\npercent = \"10%\"\ntier = [\"gold\", «\"silver\"»]\n",
    ),
    (
        "C-0213",
        "[programme.a]\nearn = [ { points = 1, per = \"10\" } ]\n«tier_validity = \"1 year\"»\n",
    ),
    (
        "C-0213",
        "[programme.a]\nearn = [ { points = 1, per = \"10\" } ]\n«demotion = \"recompute\"»\n[programme.a.tier.one]\nfrom = 0\n",
    ),
    (
        "C-0213",
        "[programme.a]\nearn = [ { points = 1, per = \"10\" } ]\n«tier_notices = \"30 days\"»\n[programme.a.tier.one]\nfrom = 0\n",
    ),
    (
        "C-0213",
        "[programme.a]\nearn = [ { points = 1, per = \"10\" } ]\n[programme.a.tier.one]\nfrom = 0\n[programme.a.tier.two]\nfrom = 10\n«retain = \"100\"»\n",
    ),
    (
        "C-0213",
        "[programme.a]\nearn = [ { points = 1, per = \"10\" } ]\n«expiry_notices = \"30 days\"»\n",
    ),
    // Cards.
    (
        "C-0213",
        "[programme.a]\nearn = [ { points = 1, per = \"10\" } ]\n[programme.a.card.club]\nline = \"-\"\n«freeze_lots = true»\n",
    ),
    (
        "C-0211",
        "[programme.a]\nearn = [ { points = 1, per = \"10\" } ]\nauto_issue = «\"clubb\"»\n[programme.a.card.club]\nline = \"-\"\n",
    ),
    (
        "C-0211",
        "[programme.a]\nearn = [ { points = 1, per = \"10\" } ]\n[product.a]\nprice = \"5\"\ncard = «\"club\"»\n",
    ),
    (
        "C-0211",
        "[programme.a]\nearn = [ { points = 1, per = \"10\" } ]\n[programme.a.card.club]\nline = \"-\"\n[discount.a]\npercent = \"10%\"\ncard = «\"gym\"»\n",
    ),
    (
        "C-0212",
        "[programme.a]\nearn = [ { card_line = [\"-\", «\"store\"»], points = 1, per = \"10\" } ]\n",
    ),
    (
        "C-0210",
        "[programme.a]\nearn = [ { points = 1, per = \"10\" } ]\n[programme.a.tier.gold]\nfrom = 0\n[vip.a]\nrank = 1\ntier_floor = «\"golden\"»\n",
    ),
    (
        "C-0219",
        "[programme.a]\ntier_validity = \"1 year\"\nearn = [ { points = 1, per = \"10\" } ]\n[programme.a.tier.one]\nfrom = 0\n[programme.a.tier.two]\nfrom = 10\nretain = \"100\"\n[programme.a.tier.three]\nfrom = 20\n«retain = \"50\"»\n",
    ),
    (
        "C-0219",
        "[programme.a]\ntier_validity = \"1 year\"\nearn = [ { points = 1, per = \"10\" } ]\n[programme.a.tier.one]\nfrom = 0\n[programme.a.tier.two]\nfrom = 10\nretain = \"100\"\n[programme.a.tier.«three»]\nfrom = 20\n",
    ),
    (
        "C-0220",
        "[programme.a]\nearn = [ { points = 1, per = \"10\" } ]\n[programme.a.card.club]\nline = \"-\"\nnumbers_from = 10001\n[programme.a.card.gym]\nline = \"gym\"\n«numbers_from = 10001»\n",
    ),
    (
        "C-0206",
        "[programme.a]\nearn = [ { category = [\"wine\", \"tobacco\"], earns = \"nothing\" }, { category = [\"tobacco\", \"food\"], points = 1, per = \"10\" } ]\n«[[programme.a.promotion]]»\nname = \"june\"\ncategory = [\"tobacco\", \"toys\"]\nbonus = \"50%\"\n",
    ),
    // Rewards.
    (
        "C-0215",
        "[programme.a]\nearn = [ { points = 1, per = \"10\" } ]\nredeem = { rewards = { «\"car wash\" = 0» } }\n",
    ),
    (
        "C-0215",
        "[programme.a]\nearn = [ { points = 1, per = \"10\" } ]\nreward_levels = [«\"500\"»]\n",
    ),
    (
        "C-0216",
        "[programme.a]\nearn = [ { points = 1, per = \"10\" } ]\nredeem = { «min_points = 500», rewards = { \"car wash\" = 400 } }\n",
    ),
    (
        "C-0216",
        "[programme.a]\nearn = [ { points = 1, per = \"10\" } ]\nreward_levels = [«399», 400]\nredeem = { rewards = { \"car wash\" = 400 } }\n",
    ),
    // Cases.
    (
        "C-0217",
        "[[case]]\nprogramme = «\"clob\"»\npurchase = \"21.90\"\npoints = 2\n",
    ),
    (
        "C-0210",
        "[programme.a]\nearn = [ { points = 1, per = \"10\" } ]\n[[case]]\nprogramme = \"a\"\ntier = «\"gold\"»\npurchase = \"21.90\"\npoints = 2\n",
    ),
    (
        "C-0212",
        "[programme.a]\nearn = [ { points = 1, per = \"10\" } ]\n[[case]]\nprogramme = \"a\"\ncard_line = «\"store\"»\npurchase = \"21.90\"\npoints = 2\n",
    ),
    (
        "C-0218",
        "[programme.a]\nearn = [ { points = 1, per = \"10\" } ]\n«[[case]]»\nprogramme = \"a\"\npoints = 2\n",
    ),
    (
        "C-0071",
        "[programme.a]\nearn = [ { points = 1, per = \"10\" } ]\n[[case]]\nprogramme = \"a\"\npurchase = [ { net = «\"21,90\"» } ]\npoints = 2\n",
    ),
];
