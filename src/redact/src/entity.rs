//! The kinds of personal data, by the names that users of Presidio know.

/// A kind of personal data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Entity {
    /// A number of a payment card.
    CreditCard,
    /// An address of a mailbox.
    EmailAddress,
    /// An International Bank Account Number (ISO 13616).
    IbanCode,
    /// An address of the Internet Protocol, version 4 or 6.
    IpAddress,
    /// A telephone number.
    PhoneNumber,
    /// A Social Security number of the United States.
    UsSsn,
    /// What the operator's own pattern describes, by its place among them.
    Own(u16),
}

impl Entity {
    /// The name used in the configuration, records, metrics and logs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CreditCard => "CREDIT_CARD",
            Self::EmailAddress => "EMAIL_ADDRESS",
            Self::IbanCode => "IBAN_CODE",
            Self::IpAddress => "IP_ADDRESS",
            Self::PhoneNumber => "PHONE_NUMBER",
            Self::UsSsn => "US_SSN",
            Self::Own(_) => "OWN",
        }
    }
}
