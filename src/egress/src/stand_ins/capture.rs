//! Where the tokens of one answer go.

use std::{fmt, sync::Arc};

use model::UpstreamName;
use secret::{FingerprintSet, Secret};
use zeroize::Zeroizing;

use super::{
    handle::{Handle, HandleId},
    in_session::{Given, SessionStandIns},
};
use crate::LiveSecrets;

/// How many handles one answer brings: a token endpoint gives three. The rest of a longer list is masked, and the record, which
/// names each, stays short.
const HANDLES_MAX: usize = 16;

/// Keeps the tokens that one answer issues, for the session that it is an answer to and the upstream that it comes from.
pub struct Capture {
    tokens: Arc<SessionStandIns>,
    upstream: UpstreamName,
    live: Arc<LiveSecrets>,
    given: Given,
}

impl Capture {
    pub(super) fn new(tokens: Arc<SessionStandIns>, upstream: UpstreamName, live: Arc<LiveSecrets>) -> Self {
        Self { tokens, upstream, live, given: Given::default() }
    }

    /// Keeps a token until the session ends, and gives what stands for it. `None` where it cannot be kept; then it is to be masked.
    #[must_use]
    pub fn keep(&self, token: &[u8]) -> Option<Handle> {
        let text = Zeroizing::new(str::from_utf8(token).ok()?.to_owned());
        // A handle stands for a token, and not for another handle.
        if Handle::find_in(token).next().is_some() {
            return None;
        }
        let mut given = self.given.lock();
        if given.len() >= HANDLES_MAX {
            return None;
        }
        let handle = self.tokens.keep_token(Secret::new(text), token.len(), &self.upstream)?;
        if !given.contains(&handle.id()) {
            given.push(handle.id());
        }
        Some(handle)
    }

    /// The secrets that have a slot of their own, into which alone they go.
    #[must_use]
    pub fn stored(&self) -> Arc<FingerprintSet> {
        self.live.current()
    }

    /// Everything that is looked for in the session from now on.
    #[must_use]
    pub fn fingerprints(&self) -> Arc<FingerprintSet> {
        self.tokens.fingerprints(&self.live)
    }

    /// The handles that were given out, for the record.
    #[must_use]
    pub fn handles(&self) -> Vec<HandleId> {
        self.given.lock().clone()
    }
}

impl fmt::Debug for Capture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Capture").field("upstream", &self.upstream).field("given", &self.given).finish_non_exhaustive()
    }
}
