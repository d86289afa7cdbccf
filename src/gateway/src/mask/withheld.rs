//! Why the rest of an answer is not passed on.

use redact::{Class, Unscannable};

use super::Interrupted;
use crate::{analysis::Unanalyzed, denial::Denial};

/// Why the rest of an answer is not passed on.
#[derive(Debug, Clone, Copy, thiserror::Error)]
pub(super) enum Withheld {
    /// Its coding cannot be undone.
    #[error(transparent)]
    Unscannable(#[from] Unscannable),
    /// It holds what the operator says to refuse.
    #[error("the answer holds what the operator refuses")]
    Blocked(Class),
    /// Nobody looked for names and places in it.
    #[error(transparent)]
    Unanalyzed(#[from] Unanalyzed),
}

impl From<Withheld> for Denial {
    fn from(withheld: Withheld) -> Self {
        match withheld {
            Withheld::Unscannable(unscannable) => Self::Unscannable(unscannable),
            Withheld::Blocked(class) => Self::Blocked { class },
            Withheld::Unanalyzed(unanalyzed) => Self::Unanalyzed(unanalyzed),
        }
    }
}

impl From<Withheld> for Interrupted {
    fn from(withheld: Withheld) -> Self {
        match withheld {
            Withheld::Unscannable(_) => Self::Unscannable,
            Withheld::Blocked(class) => Self::Blocked(class),
            Withheld::Unanalyzed(unanalyzed) => Self::Unanalyzed(unanalyzed),
        }
    }
}
