//! An object: members in their order, no key twice.

use std::fmt;

use super::{Json, canonical, write};

/// Members in the order in which they came. No two have the same key.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Object {
    members: Vec<(String, Json)>,
}

impl Object {
    /// No members.
    #[must_use]
    pub const fn new() -> Self {
        Self { members: Vec::new() }
    }

    /// The object with `key` set to `value`.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<Json>) -> Self {
        self.set(key, value);
        self
    }

    /// The object with `key` set, where there is a value.
    #[must_use]
    pub fn with_some(self, key: &str, value: Option<impl Into<Json>>) -> Self {
        match value {
            Some(value) => self.with(key, value),
            None => self,
        }
    }

    /// The value of `key`.
    #[must_use]
    pub fn member(&self, key: &str) -> Option<&Json> {
        self.members.iter().find(|(name, _)| name == key).map(|(_, value)| value)
    }

    /// The value of `key`, to change it.
    pub fn member_mut(&mut self, key: &str) -> Option<&mut Json> {
        self.members.iter_mut().find(|(name, _)| name == key).map(|(_, value)| value)
    }

    /// Sets `key`: in its place where it exists, at the end where it does not.
    pub fn set(&mut self, key: &str, value: impl Into<Json>) {
        match self.member_mut(key) {
            Some(place) => *place = value.into(),
            None => self.members.push((key.to_owned(), value.into())),
        }
    }

    /// Takes `key` out.
    pub fn remove(&mut self, key: &str) -> Option<Json> {
        let place = self.members.iter().position(|(name, _)| name == key)?;
        Some(self.members.remove(place).1)
    }

    /// The members in their order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &Json)> {
        self.members.iter().map(|(key, value)| (key.as_str(), value))
    }

    /// The members in their order, each owned.
    pub fn into_members(self) -> impl ExactSizeIterator<Item = (String, Json)> {
        self.members.into_iter()
    }

    /// Appends the object in compact form.
    pub fn write_to(&self, out: &mut Vec<u8>) {
        write::write_object(self, out);
    }

    /// The object in compact form.
    #[must_use]
    pub fn to_vec(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.write_to(&mut out);
        out
    }

    /// SHA-256 of the canonical form; see [`Json::canonical`].
    #[must_use]
    pub fn canonical_sha256(&self) -> [u8; 32] {
        canonical::sha256(&canonical::object(self))
    }

    /// How many members there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.members.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// From members whose keys differ; `None` where two are the same. Sorting keeps a hostile object from costing the square
    /// of its keys.
    pub(super) fn from_members(members: Vec<(String, Json)>) -> Option<Self> {
        const COMPARED_PAIRWISE_MAX: usize = 12; // below this, comparing is faster than sorting
        let unique = if members.len() <= COMPARED_PAIRWISE_MAX {
            members.iter().enumerate().all(|(n, (key, _))| members.iter().take(n).all(|(earlier, _)| earlier != key))
        } else {
            let mut keys: Vec<&str> = members.iter().map(|(key, _)| key.as_str()).collect();
            keys.sort_unstable();
            keys.array_windows().all(|[one, other]| one != other)
        };
        unique.then_some(Self { members })
    }
}

impl fmt::Debug for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "object of {}", self.members.len())
    }
}
