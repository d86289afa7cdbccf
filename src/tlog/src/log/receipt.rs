//! The evidence that an entry is recorded, and how safely.

/// What an append waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// The write has returned: the entry survives the end of the process, however sudden.
    Process,
    /// The sync has returned too: the entry survives the loss of power.
    Power,
}

/// An entry is recorded; only the log makes one.
#[derive(Debug, PartialEq, Eq)]
pub struct Receipt {
    index: u64,
    durability: Durability,
}

impl Receipt {
    pub(super) const fn new(index: u64, durability: Durability) -> Self {
        Self { index, durability }
    }

    /// The entry's place in the log, counted from 0.
    #[must_use]
    pub const fn index(&self) -> u64 {
        self.index
    }

    /// What was waited for.
    #[must_use]
    pub const fn durability(&self) -> Durability {
        self.durability
    }
}
