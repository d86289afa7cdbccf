//! What kinds of text are recognized.

use crate::entity::Entity;

/// Why a text was recognized. In the order of precedence: where two overlap, the first decides what is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// A secret that Claviger holds came back.
    LiveSecret,
    /// The value of a field whose name says that it is secret.
    NamedField,
    /// A token that the answer of an upstream issued, which something else stands for now.
    IssuedToken,
    /// A text of the shape that some vendor gives its credentials.
    Credential,
    /// A text that tells something of a person.
    Personal(Entity),
}

impl Class {
    /// The name used in the configuration, records, metrics and logs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::LiveSecret => "live_secret",
            Self::NamedField => "named_field",
            Self::IssuedToken => "issued_token",
            Self::Credential => "credential",
            Self::Personal(entity) => entity.as_str(),
        }
    }
}
