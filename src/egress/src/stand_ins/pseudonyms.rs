//! Where the personal values of one answer go.

use std::{fmt, sync::Arc};

use model::UpstreamName;

use super::{in_session::SessionStandIns, pseudonym::Pseudonym};

/// Keeps personal values of one answer, for the session that it is an answer to and the upstream that it comes from.
pub struct Pseudonyms {
    session: Arc<SessionStandIns>,
    upstream: UpstreamName,
}

impl Pseudonyms {
    pub(super) const fn new(session: Arc<SessionStandIns>, upstream: UpstreamName) -> Self {
        Self { session, upstream }
    }

    /// Keeps a value of this kind until the session ends, and gives what stands for it: the same for the same value. `None` where it
    /// cannot be kept; then it is to be masked.
    #[must_use]
    pub fn keep(&self, kind: &str, value: &[u8]) -> Option<Pseudonym> {
        self.session.keep_value(kind, value, &self.upstream)
    }
}

impl fmt::Debug for Pseudonyms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pseudonyms").field("upstream", &self.upstream).finish_non_exhaustive()
    }
}
