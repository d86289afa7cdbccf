//! What becomes of one member of `result`.

use bytes::Bytes;

use crate::json::{Json, Limits, Object, write_string};

#[derive(Debug)]
pub(super) struct Edit {
    pub(super) key: &'static str,
    /// `"key":value`.
    pub(super) member: Bytes,
    /// The value in it.
    pub(super) value: Bytes,
    /// What is added, for a merge.
    members: Object,
    pub(super) change: Change,
    pub(super) seen: bool,
}

/// What becomes of a member of `result`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Change {
    /// It says this.
    Set,
    /// It says this where the upstream does not say anything.
    Default,
    /// It does not pass.
    Drop,
    /// It says this besides what the upstream says.
    Merge,
}

impl Edit {
    pub(super) fn new(key: &'static str, value: &Json, change: Change) -> Self {
        let mut member = Vec::new();
        write_string(key, &mut member);
        member.push(b':');
        let start = member.len();
        value.write_to(&mut member);
        let member = Bytes::from(member);
        let members = value.as_object().filter(|_| change == Change::Merge).cloned().unwrap_or_default();
        Self { key, value: member.slice(start..), member, members, change, seen: false }
    }

    /// The object that was read, with what is added to it. Where it is none that can be read, it stays as it is.
    pub(super) fn added_to(&self, read: &Bytes) -> Bytes {
        let Ok(Json::Object(mut object)) = Json::parse(read, &Limits::LIST) else { return read.clone() };
        self.members.iter().for_each(|(key, value)| object.set(key, value.clone()));
        object.to_vec().into()
    }
}
