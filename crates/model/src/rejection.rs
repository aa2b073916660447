//! Why an input could not be taken. Every variant has a stable code, in order of precedence; each code has
//! a page (`docs/errors/`), shown by `umbral explain CODE`.

macro_rules! rejections {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $reason:literal;)*) => {
        /// Why an input is quarantined, in order of precedence.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub enum Reason { $($(#[$doc])* $name,)* }

        impl Reason {
            /// All reasons, in order of precedence.
            pub const ALL: &'static [Reason] = &[$(Reason::$name,)*];

            /// The stable code, `U-dddd`.
            pub const fn code(self) -> &'static str {
                match self { $(Reason::$name => $code,)* }
            }

            /// One sentence that says what is wrong.
            pub const fn sentence(self) -> &'static str {
                match self { $(Reason::$name => $reason,)* }
            }

            /// The reason with this code.
            pub fn from_code(code: &str) -> Option<Reason> {
                match code { $($code => Some(Reason::$name),)* _ => None }
            }
        }
    };
}

rejections! {
    /// Bytes that are no message at all.
    Unreadable = "U-0001", "the record cannot be read";
    /// A field that the kind of message does not have.
    UnknownField = "U-0002", "the record has a field or kind that is not known";
    /// A field that the kind of message needs.
    MissingField = "U-0003", "a field that is needed is missing";
    /// A field whose text does not have its form.
    MalformedField = "U-0004", "a field does not have the form it must have";
    /// Larger than a message may be.
    TooLarge = "U-0005", "the record is larger than a record may be";

    /// Dated more than an hour after the wall clock.
    FromTheFuture = "U-0010", "the record is dated after the clock";
    /// Would move the event clock by more than the permitted gap.
    ClockGap = "U-0011", "the record would move the event clock too far";
    /// Older than its deduplication window.
    OutsideWindow = "U-0012", "the record is older than the window in which repeats are recognised";
    /// Same key, other body.
    KeyReused = "U-0013", "another record with the same source and event id was taken already";
    /// Of an account of another partition of a log that has one writer for each.
    WrongPartition = "U-0014", "the record came in another partition than that of its account";

    /// No account of this id.
    UnknownAccount = "U-0020", "the account is not known";
    /// No holder of this number at that time.
    UnknownIdentifier = "U-0021", "nobody held the identifier at that time";
    /// The identifier belongs to somebody else in that interval.
    IdentifierTaken = "U-0022", "the identifier belongs to another member at that time";
    /// The account exists already.
    AccountExists = "U-0023", "the account exists already";
    /// No member of this id in the account.
    UnknownMember = "U-0024", "the account has no such member";
    /// The member exists already.
    MemberExists = "U-0025", "the account has this member already";
    /// Input in a currency other than the account's.
    OtherCurrency = "U-0026", "the input is in another currency than the account";
    /// No class of this name in force.
    UnknownClass = "U-0027", "the catalog has no such credit class";
    /// No plan of this name in force.
    UnknownPlan = "U-0028", "the catalog has no such plan";
    /// No zone of this name.
    UnknownTimeZone = "U-0029", "the time zone is not known";

    /// No catalog version in force at that time.
    NoVersion = "U-0030", "no catalog version was in force at that time";
    /// The plan prices no such service.
    NoServiceRule = "U-0031", "the plan has no rule for the service";
    /// The plan prices no such destination.
    NoDestinationRule = "U-0032", "the plan has no rule for the destination";
    /// No rule of the destination holds at that time.
    NoRuleAtThatTime = "U-0033", "no rule of the destination holds at that time";
    /// The profile is not in the catalog, or not active yet.
    UnknownProfile = "U-0034", "no rating profile is active for the subject";
    /// The service is not in the catalog.
    UnknownService = "U-0035", "the catalog has no such service";
    /// Beyond what can be computed exactly.
    PriceOutOfRange = "U-0036", "the price cannot be computed exactly: too large, or price units that do not combine";
    /// Usage of a cycle older than the two before the current one.
    CycleTooOld = "U-0037", "the usage belongs to a cycle that is no longer kept";
    /// Usage before the account began.
    BeforeAccount = "U-0038", "the usage is older than the account";
    /// The zone named by the record is not in the catalog.
    UnknownZone = "U-0039", "the catalog has no such destination zone";

    /// An amount that is not a whole number of minor units, or negative where it may not be.
    BadAmount = "U-0040", "the amount is not allowed here";
    /// The bill is not open on the account.
    UnknownBill = "U-0041", "the account has no such bill";
    /// The bill exists already.
    BillExists = "U-0042", "the account has this bill already";
    /// The payment is not on the account.
    UnknownPayment = "U-0043", "the account has no such payment";
    /// The payment id came before, from this or another source.
    PaymentExists = "U-0044", "a payment with this id was taken already";
    /// The dispute is not open.
    UnknownDispute = "U-0045", "the account has no such open dispute";
    /// The dispute exists already.
    DisputeExists = "U-0046", "the account has this dispute already";
    /// Allocations that do not add up to the payment or name other bills.
    BadAllocation = "U-0047", "the allocations do not fit the payment";
    /// The case is not open.
    UnknownCase = "U-0048", "the account has no such open case";
    /// No limit of this measure to override.
    UnknownMeasure = "U-0049", "the class has no such measure";
    /// The promise is not open.
    UnknownPromise = "U-0050", "the account has no such open promise";
    /// The promise exists already.
    PromiseExists = "U-0051", "the account has this promise already";
    /// A date or instant that makes no sense here.
    BadDate = "U-0052", "the date is not allowed here";
    /// The purchase was taken already.
    PurchaseExists = "U-0053", "a purchase with this id was taken already";
    /// A purchase line without a price whose item is no product.
    UnknownProduct = "U-0054", "the catalog has no such product";
    /// A correction of a record that never came.
    UnknownRecord = "U-0055", "the account has no such usage record";
    /// A card that is not on the account, or is there already.
    BadCard = "U-0056", "the account cannot have this card, or has it already";
    /// A purchase of nobody known, in a deployment with a loyalty programme.
    UnidentifiedPurchase = "U-0057", "nobody known made the purchase";
    /// A purchase that the account does not know.
    UnknownPurchase = "U-0058", "the account knows no such purchase";
    /// A refund that does not fit its purchase, or came before.
    BadRefund = "U-0059", "the refund does not fit its purchase, or was taken already";
    /// A redemption that is not open, or exists already.
    BadRedemption = "U-0061", "no such redemption is open, or there is one of that id already";
    /// A ledger, tier or lot that the account does not have, or several where one must be named.
    UnknownLedger = "U-0062", "the account has no such ledger of points";
    /// A catalog that has problems, or comes into force before the last tick without the word `retroactive`.
    BadCatalog = "U-0060", "the catalog cannot be activated";
    /// A kind that this version of the engine does not take.
    NotSupported = "U-0090", "this kind of input is not taken by this version";
}

/// A refused input: the reason and the particulars of this case.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{}: {}", reason.code(), detail)]
pub struct Rejection {
    /// Which rule refused it.
    pub reason: Reason,
    /// One line that names the value and the mend.
    pub detail: String,
}

impl Rejection {
    /// A rejection with its particulars; an empty detail stands for the reason's own sentence.
    pub fn new(reason: Reason, detail: impl Into<String>) -> Self {
        let detail: String = detail.into();
        let detail = if detail.is_empty() {
            reason.sentence().to_owned()
        } else {
            detail
        };
        Rejection { reason, detail }
    }
}

impl From<Reason> for Rejection {
    fn from(reason: Reason) -> Self {
        Rejection::new(reason, "")
    }
}
