//! The head of a rule, and whether it covers a question: the part of Cedar that is worked out once instead of on every call.

use cedar_policy::{ActionConstraint, EntityTypeName, EntityUid, PrincipalConstraint, ResourceConstraint};

use crate::entity::Placed;

/// What a head says of the principal or of the resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Head {
    /// Nothing.
    Any,
    /// `== uid`.
    Eq(EntityUid),
    /// `in uid`: the entity itself, or one of its parents.
    In(EntityUid),
    /// `is Type`.
    Is(EntityTypeName),
    /// `is Type in uid`.
    IsIn(EntityTypeName, EntityUid),
}

impl Head {
    /// Whether the head covers an entity.
    pub(crate) fn covers(&self, entity: &Placed) -> bool {
        let within = |uid: &EntityUid| entity.uid == *uid || entity.parents.contains(uid);
        match self {
            Self::Any => true,
            Self::Eq(uid) => entity.uid == *uid,
            Self::In(uid) => within(uid),
            Self::Is(of) => entity.uid.type_name() == of,
            Self::IsIn(of, uid) => entity.uid.type_name() == of && within(uid),
        }
    }

    /// The one entity that whatever is covered is, or lies in; `None` where the head names none.
    pub(crate) const fn anchor(&self) -> Option<&EntityUid> {
        match self {
            Self::Any | Self::Is(_) => None,
            Self::Eq(uid) | Self::In(uid) | Self::IsIn(_, uid) => Some(uid),
        }
    }
}

impl From<PrincipalConstraint> for Head {
    fn from(constraint: PrincipalConstraint) -> Self {
        match constraint {
            PrincipalConstraint::Any => Self::Any,
            PrincipalConstraint::Eq(uid) => Self::Eq(uid),
            PrincipalConstraint::In(uid) => Self::In(uid),
            PrincipalConstraint::Is(of) => Self::Is(of),
            PrincipalConstraint::IsIn(of, uid) => Self::IsIn(of, uid),
        }
    }
}

impl From<ResourceConstraint> for Head {
    fn from(constraint: ResourceConstraint) -> Self {
        match constraint {
            ResourceConstraint::Any => Self::Any,
            ResourceConstraint::Eq(uid) => Self::Eq(uid),
            ResourceConstraint::In(uid) => Self::In(uid),
            ResourceConstraint::Is(of) => Self::Is(of),
            ResourceConstraint::IsIn(of, uid) => Self::IsIn(of, uid),
        }
    }
}

/// What a head says of the action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ActionHead {
    /// Nothing.
    Any,
    /// `== uid`.
    Eq(EntityUid),
    /// `in [uid, …]`.
    In(Vec<EntityUid>),
}

impl ActionHead {
    /// Whether the head covers an action.
    pub(crate) fn covers(&self, action: &Placed) -> bool {
        match self {
            Self::Any => true,
            Self::Eq(uid) => action.uid == *uid,
            Self::In(uids) => uids.iter().any(|uid| action.uid == *uid || action.parents.contains(uid)),
        }
    }
}

impl From<ActionConstraint> for ActionHead {
    fn from(constraint: ActionConstraint) -> Self {
        match constraint {
            ActionConstraint::Any => Self::Any,
            ActionConstraint::Eq(uid) => Self::Eq(uid),
            ActionConstraint::In(uids) => Self::In(uids),
        }
    }
}
