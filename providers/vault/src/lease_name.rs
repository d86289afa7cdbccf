//! What the id of a lease says: which of Vault's things it is, and under which name Vault ends it.

use model::LeaseId;

/// One of Vault's things, by the names that it gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LeaseName<'a> {
    /// A session's token: `token/ACCESSOR`. With it ends every lease that it holds.
    Token { accessor: &'a str },
    /// A lease, and the session's token that holds it: `lease/ACCESSOR/LEASE`.
    Lease { accessor: &'a str, lease_id: &'a str },
    /// A stored value that was read under a session's token: `value/ACCESSOR`.
    Value { accessor: &'a str },
    /// A certificate without a lease: `certificate/SERIAL`.
    Certificate { serial: &'a str },
}

impl<'a> LeaseName<'a> {
    /// `None` where Vault's names are too long, or hold what stands in no id.
    pub(crate) fn to_id(self) -> Option<LeaseId> {
        let id = match self {
            Self::Token { accessor } => format!("token/{accessor}"),
            Self::Lease { accessor, lease_id } => format!("lease/{accessor}/{lease_id}"),
            Self::Value { accessor } => format!("value/{accessor}"),
            Self::Certificate { serial } => format!("certificate/{serial}"),
        };
        id.parse().ok().filter(|id| LeaseName::of(id) == Some(self))
    }

    /// `None` where it is no id of ours.
    pub(crate) fn of(id: &'a LeaseId) -> Option<Self> {
        let (kind, name) = id.as_str().split_once('/')?;
        let name_of_one = Some(name).filter(|name| !name.is_empty() && !name.contains('/'));
        match kind {
            "token" => Some(Self::Token { accessor: name_of_one? }),
            "value" => Some(Self::Value { accessor: name_of_one? }),
            "certificate" => Some(Self::Certificate { serial: name_of_one? }),
            "lease" => {
                let (accessor, lease_id) = name.split_once('/')?;
                let is_whole = !accessor.is_empty() && !lease_id.is_empty();
                is_whole.then_some(Self::Lease { accessor, lease_id })
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_says_what_it_was_made_of() {
        for name in [
            LeaseName::Token { accessor: "a.ns" },
            LeaseName::Lease { accessor: "a", lease_id: "database/creds/ro/x.ns" },
            LeaseName::Value { accessor: "a" },
            LeaseName::Certificate { serial: "43:70:a9" },
        ] {
            let id = name.to_id().unwrap();
            assert_eq!(LeaseName::of(&id), Some(name), "{id}");
        }
    }

    #[test]
    fn what_is_no_name_is_none() {
        let long = "x".repeat(300);
        for accessor in ["", "a/b", "a b", &long] {
            assert_eq!(LeaseName::Token { accessor }.to_id(), None, "{accessor:?}");
        }
        for id in ["token", "token/", "token/a/b", "lease/a", "lease//b", "lease/a/", "no/such/lease"] {
            assert_eq!(LeaseName::of(&id.parse().unwrap()), None, "{id}");
        }
    }
}
