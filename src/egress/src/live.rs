//! The fingerprints of every credential that was opened, so that any of them is found in any answer.

use std::{
    collections::{HashMap, HashSet},
    fmt,
    hash::RandomState,
    sync::Arc,
};

use arc_swap::ArcSwap;
use model::CredentialName;
use parking_lot::{Mutex, RwLock};
use secret::{FingerprintKey, FingerprintSet, Secret};

use crate::{EgressError, inject::generation};

/// How many values are added before older ones are let go. What is looked for lies between this and twice this number; a value
/// that is used again after it was let go is learned again before it leaves.
const GENERATION_COUNT: usize = 8192;

/// A registry that grows with each new value of a credential. Knowing a value costs a hash of it and a look-up; learning one costs
/// a copy of the set, which happens when a credential is opened for the first time, changes, or is minted.
pub struct LiveSecrets {
    current: ArcSwap<FingerprintSet>,
    known: RwLock<HashSet<u64>>,
    hasher: RandomState,
    learning: Mutex<Learning>,
    key: FingerprintKey,
    count_max: usize,
}

/// What only learning needs.
struct Learning {
    /// The values that will be kept when older ones are let go.
    newer: FingerprintSet,
    newer_known: HashSet<u64>,
    /// The tags under which each credential's values are found.
    tags: HashMap<CredentialName, u32>,
    names: Vec<CredentialName>,
}

impl LiveSecrets {
    /// A registry without values; the key is of this process.
    #[must_use]
    pub fn new(key: &FingerprintKey) -> Self {
        Self::with_count_max(key, GENERATION_COUNT)
    }

    fn with_count_max(key: &FingerprintKey, count_max: usize) -> Self {
        let learning = Learning {
            newer: FingerprintSet::new(key),
            newer_known: HashSet::new(),
            tags: HashMap::new(),
            names: Vec::new(),
        };
        Self {
            current: ArcSwap::from_pointee(FingerprintSet::new(key)),
            known: RwLock::default(),
            hasher: RandomState::new(),
            learning: Mutex::new(learning),
            key: key.clone(),
            count_max,
        }
    }

    /// Everything that is looked for now.
    #[must_use]
    pub fn current(&self) -> Arc<FingerprintSet> {
        self.current.load_full()
    }

    /// A set of none.
    pub(crate) fn none(&self) -> FingerprintSet {
        FingerprintSet::new(&self.key)
    }

    /// All of `stored`, which is or was the current set, and of `more`.
    pub(crate) fn with(&self, stored: &Arc<FingerprintSet>, more: &FingerprintSet) -> Arc<FingerprintSet> {
        let joined = FingerprintSet::joined(&self.key, [&**stored, more]);
        joined.map_or_else(|_| Arc::clone(stored), Arc::new)
    }

    /// Which credential a hit's tag stands for.
    #[must_use]
    pub fn name(&self, tag: u32) -> Option<CredentialName> {
        self.learning.lock().names.get(usize::try_from(tag).ok()?).cloned()
    }

    /// Looks for this value from now on. Call it before the value leaves.
    ///
    /// # Errors
    /// The value is too short or too regular to be found.
    pub fn learn(&self, name: &CredentialName, secret: &Secret) -> Result<(), EgressError> {
        let mark = generation(secret, &self.hasher);
        if self.known.read().contains(&mark) {
            return Ok(());
        }
        self.add(name, secret, mark)
    }

    fn add(&self, name: &CredentialName, secret: &Secret, mark: u64) -> Result<(), EgressError> {
        let mut learning = self.learning.lock();
        if self.known.read().contains(&mark) {
            return Ok(());
        }
        let tag = learning.tag(name);
        let mut next = FingerprintSet::clone(&self.current.load());
        next.add(secret, tag).and_then(|()| learning.newer.add(secret, tag)).map_err(|reason| {
            tracing::warn!(credential = %name, %reason, "a credential cannot be masked and is not used");
            EgressError::CredentialUnmaskable
        })?;
        learning.newer_known.insert(mark);
        // The set is in place before its mark, so that whoever sees the mark finds the value in the set.
        self.current.store(Arc::new(next));
        self.known.write().insert(mark);
        if learning.newer.len() >= self.count_max {
            self.let_go_of_older(&mut learning);
        }
        Ok(())
    }

    fn let_go_of_older(&self, learning: &mut Learning) {
        let newer = std::mem::replace(&mut learning.newer, FingerprintSet::new(&self.key));
        *self.known.write() = std::mem::take(&mut learning.newer_known);
        self.current.store(Arc::new(newer));
    }
}

impl Learning {
    fn tag(&mut self, name: &CredentialName) -> u32 {
        if let Some(tag) = self.tags.get(name) {
            return *tag;
        }
        // Names come from the configuration, and there are not four billion of them.
        let tag = u32::try_from(self.names.len()).unwrap_or(u32::MAX);
        self.tags.insert(name.clone(), tag);
        self.names.push(name.clone());
        tag
    }
}

impl fmt::Debug for LiveSecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("LiveSecrets").field(&self.current.load()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{canary, secret};

    fn registry(count_max: usize) -> LiveSecrets {
        LiveSecrets::with_count_max(&FingerprintKey::random().unwrap(), count_max)
    }

    fn tag(live: &LiveSecrets, text: &str) -> Option<u32> {
        let set = live.current();
        set.window_lengths().filter_map(|length| text.as_bytes().get(..length)).find_map(|window| set.confirm(window))
    }

    #[test]
    fn a_value_is_found_once_it_is_learned_and_learned_once() {
        let (live, text) = (registry(8), canary());
        assert_eq!(tag(&live, &text), None);
        live.learn(&"key".parse().unwrap(), &secret(&text)).unwrap();
        let before = live.current();
        live.learn(&"key".parse().unwrap(), &secret(&text)).unwrap();
        assert!(Arc::ptr_eq(&before, &live.current()), "knowing a value does not touch the set");
        assert_eq!(live.name(tag(&live, &text).unwrap()).unwrap().as_str(), "key");
    }

    #[test]
    fn both_values_of_a_rotated_credential_are_found() {
        let (live, old, new) = (registry(8), canary(), canary());
        live.learn(&"key".parse().unwrap(), &secret(&old)).unwrap();
        live.learn(&"key".parse().unwrap(), &secret(&new)).unwrap();
        assert_eq!((tag(&live, &old), tag(&live, &new)), (Some(0), Some(0)));
    }

    #[test]
    fn the_registry_is_bounded_and_the_value_in_use_is_always_in_it() {
        let (live, kept) = (registry(4), canary());
        let first = canary();
        live.learn(&"first".parse().unwrap(), &secret(&first)).unwrap();
        for _ in 0..50 {
            live.learn(&"kept".parse().unwrap(), &secret(&kept)).unwrap();
            assert_eq!(tag(&live, &kept), live.learning.lock().tags.get("kept").copied());
            live.learn(&"minted".parse().unwrap(), &secret(&canary())).unwrap();
            assert!(live.current().len() <= 8);
        }
        assert_eq!(tag(&live, &first), None);
    }

    #[test]
    fn a_value_that_cannot_be_found_is_refused_every_time() {
        let live = registry(8);
        for text in ["short", "aaaaaaaaaaaaaaaa"] {
            for _ in 0..2 {
                let refused = live.learn(&"key".parse().unwrap(), &secret(text));
                assert_eq!(refused, Err(EgressError::CredentialUnmaskable));
            }
        }
    }
}
