//! Codes of problems. Each has a page in `docs/errors/`, built in, that says what it means and what to do.

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $code:literal;)*) => {
        $($(#[$doc])* pub const $name: &str = $code;)*

        /// All codes with their pages, in order.
        pub const PAGES: &[(&str, &str)] = &[
            $(($code, include_str!(concat!("../../../docs/errors/", $code, ".md"))),)*
        ];
    };
}

codes! {
    /// A file that is not TOML.
    SYNTAX = "C-0001";
    /// A CSV row that cannot be read.
    CSV_ROW = "C-0002";
    /// A CSV header without the columns needed.
    CSV_HEADER = "C-0003";
    /// A CSV file in no known place.
    UNKNOWN_FILE = "C-0004";
    /// No `catalog.toml`.
    NO_CATALOG_FILE = "C-0005";
    /// A key that must be there.
    MISSING_KEY = "C-0006";
    /// A key or table that the grammar does not have.
    UNKNOWN_KEY = "C-0007";
    /// A number where a text is needed, and the like.
    WRONG_TYPE = "C-0008";
    /// Two definitions of a name.
    DEFINED_TWICE = "C-0009";
    /// In the grammar, but not taken by this version.
    NOT_YET = "C-0010";
    /// A name that cannot be one.
    BAD_NAME = "C-0011";
    /// More zones, bands or services than can be numbered.
    TOO_MANY = "C-0012";
    /// A file that is not UTF-8.
    NOT_UTF8 = "C-0013";

    /// Not an ISO 4217 code.
    CURRENCY = "C-0020";
    /// Not an IANA time zone.
    TIME_ZONE = "C-0021";
    /// A date or instant that cannot be read, or does not exist.
    BAD_DATE = "C-0022";
    /// A word other than those permitted.
    UNKNOWN_WORD = "C-0023";
    /// A number out of its range.
    OUT_OF_RANGE = "C-0024";

    /// A service that is not defined.
    UNKNOWN_SERVICE = "C-0030";
    /// A zone without prefix and table.
    UNKNOWN_ZONE = "C-0031";
    /// A band that is not defined.
    UNKNOWN_BAND = "C-0032";
    /// A rate that is not defined.
    UNKNOWN_RATE = "C-0033";
    /// A plan that is not defined.
    UNKNOWN_PLAN = "C-0034";
    /// A schedule that is not defined.
    UNKNOWN_SCHEDULE = "C-0035";
    /// A calendar that is not defined.
    UNKNOWN_CALENDAR = "C-0036";
    /// A list of holidays that is not defined.
    UNKNOWN_HOLIDAYS = "C-0037";
    /// A network group that is not defined.
    UNKNOWN_NETWORK = "C-0038";
    /// A profile that is not defined.
    UNKNOWN_PROFILE = "C-0039";
    /// A credit class that is not defined.
    UNKNOWN_CLASS = "C-0040";
    /// An allowance that is not defined.
    UNKNOWN_ALLOWANCE = "C-0041";

    /// A prefix in two zones, or twice in one.
    DUPLICATE_PREFIX = "C-0050";
    /// A prefix that is not digits.
    BAD_PREFIX = "C-0051";
    /// A prefix that is longer than what is read of a number.
    LONG_PREFIX = "C-0052";
    /// A network code that is none.
    BAD_NETWORK = "C-0053";
    /// A network code in two groups.
    DUPLICATE_NETWORK = "C-0054";
    /// A zone that no plan names.
    UNUSED_ZONE = "C-0055";
    /// A short code or emergency number that is not one to eight digits.
    BAD_WHOLE_NUMBER = "C-0056";
    /// A country's calling code that is none.
    BAD_COUNTRY_CODE = "C-0057";
    /// All other networks in two groups.
    REST_TWICE = "C-0058";
    /// A network group without a network.
    EMPTY_NETWORK = "C-0059";

    /// A price that cannot be read.
    BAD_PRICE = "C-0070";
    /// An amount that cannot be read.
    BAD_AMOUNT = "C-0071";
    /// A unit or increment that cannot be read.
    BAD_UNIT = "C-0072";
    /// A unit or increment of 0.
    ZERO_UNIT = "C-0073";
    /// A price or fee below zero.
    NEGATIVE_PRICE = "C-0074";
    /// Price steps that do not ascend from 0.
    STEPS_OUT_OF_ORDER = "C-0075";
    /// Time, octets and events in one rate.
    MIXED_UNITS = "C-0076";
    /// A rounding that cannot be read.
    BAD_ROUNDING = "C-0077";
    /// A minimum charge above the maximum.
    MINIMUM_ABOVE_MAXIMUM = "C-0078";
    /// A rate that no rule names.
    UNUSED_RATE = "C-0079";
    /// More than one of price, steps and tiers, or none.
    PRICE_OR_STEPS = "C-0080";
    /// Tiers that leave usage past the last one unpriced, or end before the last one.
    TIERS_NOT_CLOSED = "C-0081";
    /// Tiers that do not ascend from above 0.
    TIERS_OUT_OF_ORDER = "C-0082";
    /// Settings of tiers in a rate without tiers.
    NO_TIERS = "C-0083";

    /// Days, months or years that cannot be read.
    BAD_DAYS = "C-0090";
    /// A time of day that cannot be read.
    BAD_TIME = "C-0091";
    /// A window that begins when it ends.
    EMPTY_WINDOW = "C-0092";
    /// A band that holds at no time.
    NEVER_HOLDS = "C-0093";
    /// A band that no rule names.
    UNUSED_BAND = "C-0094";
    /// Both windows and conditions of its own, or no window.
    WINDOWS_OR_CONDITIONS = "C-0095";

    /// A plan without rules.
    NO_RULES = "C-0101";
    /// A rate whose unit does not fit the service.
    RATE_DOES_NOT_FIT = "C-0102";
    /// A rule for visited countries without a network group, or with a zone.
    VISITED_RULE = "C-0103";
    /// A rule for visited countries of networks whose country nobody names.
    VISITED_COUNTRY = "C-0104";
    /// A rule that can never match.
    UNREACHABLE_RULE = "C-0105";
    /// Two rules of equal rank that hold at the same time.
    OVERLAP = "C-0106";
    /// Bands that leave a gap.
    GAP = "C-0107";
    /// Bands that leave a gap that a shorter prefix fills.
    GAP_FALLS_THROUGH = "C-0108";

    /// An allowance for what no plan sells.
    ALLOWANCE_NOT_SOLD = "C-0110";
    /// An allowance for services that are counted in different units.
    ALLOWANCE_MIXED = "C-0111";
    /// Units of an allowance that do not fit its services.
    ALLOWANCE_UNITS = "C-0112";
    /// Units abroad above all units, or without a network abroad.
    UNITS_ABROAD = "C-0113";
    /// Two allowances of one name in a plan or product.
    DUPLICATE_ALLOWANCE = "C-0114";
    /// A validity that cannot be read.
    BAD_VALIDITY = "C-0115";

    /// A limit that is negative or not a whole number of minor units.
    BAD_LIMIT = "C-0120";
    /// A percentage that cannot be read or is out of range.
    BAD_PERCENT = "C-0121";
    /// A warning at 0 % or above 100 %, or a fixed amount outside floor and limit.
    WARNING_OUT_OF_RANGE = "C-0122";
    /// Two limits on one measure and scope.
    DUPLICATE_MEASURE = "C-0123";
    /// Two warnings with one id, or the reserved id.
    DUPLICATE_WARNING = "C-0124";
    /// A percentage of no limit.
    PERCENT_OF_NOTHING = "C-0125";
    /// A floor above the limit.
    FLOOR_ABOVE_LIMIT = "C-0126";
    /// A fixed amount that would count for several limits.
    AMBIGUOUS_WARNING = "C-0127";
    /// A bar on something that is no service.
    UNKNOWN_BAR = "C-0128";
    /// A scope on a measure that has none.
    SCOPE_DOES_NOT_FIT = "C-0129";

    /// A discount of nothing, or above the cap.
    DISCOUNT_OVER_CAP = "C-0130";
    /// A cap of nothing, or above 80 %.
    BAD_DISCOUNT_CAP = "C-0131";
    /// A promotion that ends before it begins.
    EMPTY_PROMOTION = "C-0132";
    /// A discount that can never hold.
    DISCOUNT_NEVER = "C-0133";

    /// An exit amount that is not below the entry amount.
    EXIT_NOT_BELOW_ENTRY = "C-0140";
    /// Collection steps that do not ascend.
    COLLECTION_ORDER = "C-0141";
    /// A relapse that starts after the last step.
    RELAPSE_START = "C-0142";
    /// A late fee without an amount, or an amount elsewhere.
    LATE_FEE = "C-0143";
    /// A calendar that permits nothing.
    EMPTY_CALENDAR = "C-0144";
    /// A schedule without steps.
    NO_STEPS = "C-0145";

    /// Two VIP levels of one rank.
    VIP_RANK_TWICE = "C-0146";
    /// A VIP level that gives a class which is replaced itself.
    VIP_CLASS_CHAIN = "C-0147";
    /// A collection step that can never come, or not where it stands.
    UNREACHABLE_STEP = "C-0148";
    /// A case of collections that comes out otherwise.
    COLLECTIONS_CASE_FAILED = "C-0149";

    /// A collection step that is milder than the one before it.
    SEVERITY_FALLS = "C-0152";
    /// A collection schedule that no class has.
    UNUSED_SCHEDULE = "C-0153";

    /// Two activations of a profile at one instant.
    DUPLICATE_ACTIVATION = "C-0150";
    /// Fallbacks that lead in a circle or deeper than three.
    DEEP_FALLBACKS = "C-0151";

    /// A case without exactly one of `charge` and `refused`.
    CASE_EXPECTATION = "C-0160";
    /// Usage that is no quantity of the service.
    BAD_USAGE = "C-0161";
    /// A case without exactly one of `plan` and `profile`.
    CASE_TARIFF = "C-0162";
    /// A code that no refusal has.
    UNKNOWN_REFUSAL = "C-0163";
    /// A case whose charge is another one.
    CASE_FAILED = "C-0164";
    /// Units so far of a rate that counts none.
    CASE_COUNTER = "C-0165";

    /// Two versions from the same instant.
    SAME_VALID_FROM = "C-0170";
    /// Versions in different currencies.
    OTHER_CURRENCY = "C-0171";
    /// Nothing there.
    NO_CATALOG = "C-0172";
    /// A file beside the folders of versions, or in a folder that is none.
    OUTSIDE_VERSIONS = "C-0173";

    /// A table of an imported folder that is missing or empty.
    IMPORT_FILE = "C-0180";
    /// A row of an imported table without the columns that it needs.
    IMPORT_ROW = "C-0181";
    /// A field of an imported table that cannot be read or expressed.
    IMPORT_VALUE = "C-0182";
    /// An id of an imported table that is not defined.
    IMPORT_UNKNOWN = "C-0183";
    /// Rows of an imported table that contradict each other.
    IMPORT_CONFLICT = "C-0184";
    /// An option of the import that no catalog would take.
    IMPORT_OPTION = "C-0185";

    /// A length of time that is not so many days, months or minutes.
    BAD_SPAN = "C-0200";
    /// A programme without rules, or with rules in two places.
    NO_EARNING = "C-0201";
    /// A rule that earns points and nothing, or neither.
    EARN_RULE = "C-0202";
    /// Points that no amount of money bounds.
    POINTS_WITHOUT_BOUND = "C-0203";
    /// A rule that can never match.
    EARN_NEVER = "C-0204";
    /// Usage that earns when it is rated and when its bill is paid.
    SOURCE_OVERLAP = "C-0205";
    /// A promotion that an earlier one always comes before.
    PROMOTION_NEVER = "C-0206";
    /// Versions of rules that do not ascend.
    VERSION_ORDER = "C-0207";
    /// Tiers that do not ascend from 0.
    TIER_LADDER = "C-0208";
    /// A multiplier that cannot be read.
    BAD_MULTIPLIER = "C-0209";
    /// A tier that no programme has.
    UNKNOWN_TIER = "C-0210";
    /// A type of card that no programme has.
    UNKNOWN_CARD = "C-0211";
    /// A card line that no card has.
    UNKNOWN_CARD_LINE = "C-0212";
    /// A setting of a programme that nothing could act on.
    PROGRAMME_SETTING = "C-0213";
    /// A notice as long as the period that it is about.
    NOTICE_TOO_EARLY = "C-0214";
    /// A reward of no points.
    BAD_REWARD = "C-0215";
    /// Points that no reward is to be had for.
    REWARD_OUT_OF_REACH = "C-0216";
    /// A programme that is not defined.
    UNKNOWN_PROGRAMME = "C-0217";
    /// A case of points without exactly one source.
    POINTS_CASE = "C-0218";
    /// A tier that asks for less sales than the one below it.
    RETAIN_FALLS = "C-0219";
    /// Two types of cards whose numbers begin at the same one.
    NUMBERS_TWICE = "C-0220";
}

/// All codes with their pages, in order.
pub fn pages() -> &'static [(&'static str, &'static str)] {
    PAGES
}

/// The page of a code.
pub fn page(code: &str) -> Option<&'static str> {
    PAGES
        .iter()
        .find(|(known, _)| *known == code)
        .map(|(_, page)| *page)
}
