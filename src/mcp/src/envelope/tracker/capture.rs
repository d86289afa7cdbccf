//! What is kept of a response to be read: keys and small values, and objects to which members are added.

use std::{borrow::Cow, str};

use bytes::Bytes;

use crate::{json::unescape, rpc::ID_LENGTH_MAX};

/// Keys and small values. The longest is an id in which each byte is escaped.
const LENGTH_MAX: usize = 6 * ID_LENGTH_MAX + 2;
/// The longest object that members are added to: it is read whole.
const WHOLE_LENGTH_MAX: usize = 64 * 1024;

/// The bytes that are kept.
#[derive(Debug, Default)]
pub(super) struct Capture {
    is_on: bool,
    length_max: usize,
    bytes: Vec<u8>,
}

impl Capture {
    pub(super) fn start(&mut self) {
        self.bytes.clear();
        (self.is_on, self.length_max) = (true, LENGTH_MAX);
    }

    /// Starts to keep an object.
    pub(super) fn start_whole(&mut self) {
        self.bytes.clear();
        (self.is_on, self.length_max) = (true, WHOLE_LENGTH_MAX);
    }

    pub(super) const fn stop(&mut self) {
        self.is_on = false;
    }

    pub(super) const fn is_on(&self) -> bool {
        self.is_on
    }

    /// Keeps the next bytes, and says how many. One byte too many says that something was cut off.
    pub(super) fn take(&mut self, bytes: &[u8]) -> usize {
        let left = self.length_max.saturating_sub(self.bytes.len());
        let taken = bytes.get(..=left).unwrap_or(bytes);
        self.bytes.extend_from_slice(taken);
        taken.len()
    }

    pub(super) fn is_cut_off(&self) -> bool {
        self.bytes.len() > self.length_max
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(super) fn copy(&self) -> Bytes {
        Bytes::copy_from_slice(&self.bytes)
    }

    /// The string, unescaped: an escaped spelling of a key is the same key.
    pub(super) fn text(&self) -> Option<Cow<'_, str>> {
        if self.is_cut_off() {
            return None;
        }
        if memchr::memchr(b'\\', &self.bytes).is_some() {
            return unescape(&self.bytes).map(Cow::Owned);
        }
        let quoted = str::from_utf8(&self.bytes).ok()?;
        quoted.strip_prefix('"')?.strip_suffix('"').map(Cow::Borrowed)
    }
}
