//! What a permit obliges to: an approval, or a stronger record; said by annotations of a rule.

use std::sync::Arc;

/// What must happen before a permitted call goes on. Where several rules permit, the strictest obligation of each kind holds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Obligations {
    /// How durable the record of intent must be: `@durability("power")`. `None` leaves it to the caller's default.
    pub durability: Option<Durability>,
    /// A person must approve, and this is what they are told: `@approval("moves money")`.
    pub approval: Option<Arc<str>>,
}

impl Obligations {
    /// The obligations of both. The first text for the approver stands.
    pub(crate) fn and(&self, other: &Self) -> Self {
        Self {
            durability: self.durability.max(other.durability),
            approval: self.approval.clone().or_else(|| other.approval.clone()),
        }
    }
}

/// What a record must survive before the call goes on, weakest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Durability {
    /// The end of the process.
    Process,
    /// The loss of power.
    Power,
    /// The loss of the machine: a witness has cosigned.
    Witness,
}

impl Durability {
    /// The word, as policies spell it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Process => "process",
            Self::Power => "power",
            Self::Witness => "witness",
        }
    }

    pub(crate) fn from_word(word: &str) -> Option<Self> {
        [Self::Process, Self::Power, Self::Witness].into_iter().find(|one| one.as_str() == word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stricter_obligation_of_each_kind_holds() {
        let none = Obligations::default();
        let power = Obligations { durability: Some(Durability::Power), approval: None };
        let asked = Obligations { durability: Some(Durability::Process), approval: Some("moves money".into()) };
        let both = Obligations { durability: Some(Durability::Power), approval: Some("moves money".into()) };
        assert_eq!(power.and(&asked), both);
        assert_eq!(asked.and(&power), both);
        assert_eq!(none.and(&both), both);
        assert_eq!(none.and(&none), none);
    }
}
