//! What is kept for one session: the tokens that were issued to it, and the personal values that it was told by pseudonyms.

use std::{collections::HashMap, hash::RandomState, sync::Arc};

use model::{Timestamp, UpstreamName};
use parking_lot::Mutex;
use ring::rand::SystemRandom;
use secret::{FingerprintSet, Secret};

use super::{
    handle::{Handle, HandleId},
    pseudonym::Pseudonym,
    values::Values,
};
use crate::{LiveSecrets, inject::generation};

/// How many tokens a session keeps; an agent that needs more asks for a session of its own for each job.
const TOKENS_MAX: usize = 64;
/// How long they are together. The fingerprints of a text take about a hundred times its length.
const BYTES_MAX: usize = 64 * 1024;
/// What hits of issued tokens are tagged with: they are of no configured credential.
const TAG: u32 = u32::MAX;

/// A token, and who issued it. It is used for nobody else.
struct IssuedToken {
    secret: Arc<Secret>,
    upstream: UpstreamName,
}

/// What one session keeps.
pub(super) struct SessionStandIns {
    session_end: Timestamp,
    held: Mutex<Held>,
    values: Mutex<Values>,
    hasher: RandomState,
    random: SystemRandom,
}

struct Held {
    tokens: HashMap<Handle, IssuedToken>,
    /// The handle of each value, by its digest under a key of this session.
    by_value: HashMap<(u64, UpstreamName), Handle>,
    bytes: usize,
    prints: FingerprintSet,
    joined: Option<Joined>,
    is_over: bool,
}

/// What is looked for in answers: all of `stored`, and the tokens.
struct Joined {
    stored: Arc<FingerprintSet>,
    all: Arc<FingerprintSet>,
}

impl SessionStandIns {
    pub(super) fn new(session_end: Timestamp, live: &LiveSecrets) -> Self {
        let held = Held {
            tokens: HashMap::new(),
            by_value: HashMap::new(),
            bytes: 0,
            prints: live.none(),
            joined: None,
            is_over: false,
        };
        let random = SystemRandom::new();
        let values = Mutex::new(Values::new(&random));
        Self { session_end, held: Mutex::new(held), values, hasher: RandomState::new(), random }
    }

    pub(super) const fn session_end(&self) -> Timestamp {
        self.session_end
    }

    /// Keeps a token and gives its handle, which is the same for the same token. `None` where it cannot be kept: it is too short or
    /// regular to be found in answers, there are too many, or the session is over.
    pub(super) fn keep_token(&self, secret: Secret, length: usize, upstream: &UpstreamName) -> Option<Handle> {
        let place = (generation(&secret, &self.hasher), upstream.clone());
        let mut held = self.held.lock();
        if let Some(handle) = held.by_value.get(&place) {
            return Some(handle.clone());
        }
        if held.is_over || held.tokens.len() >= TOKENS_MAX || held.bytes + length > BYTES_MAX {
            return None;
        }
        held.prints.add(&secret, TAG).ok()?;
        let handle = Handle::random(&self.random).ok()?;
        held.bytes += length;
        held.joined = None;
        held.by_value.insert(place, handle.clone());
        held.tokens.insert(handle.clone(), IssuedToken { secret: Arc::new(secret), upstream: upstream.clone() });
        Some(handle)
    }

    /// The token of a handle, where `upstream` issued it.
    pub(super) fn find_token(&self, handle: &Handle, upstream: &UpstreamName) -> Option<Arc<Secret>> {
        let held = self.held.lock();
        let token = held.tokens.get(handle).filter(|token| token.upstream == *upstream)?;
        Some(Arc::clone(&token.secret))
    }

    /// Keeps a personal value that `upstream` sent, and gives its pseudonym.
    pub(super) fn keep_value(&self, kind: &str, value: &[u8], upstream: &UpstreamName) -> Option<Pseudonym> {
        self.values.lock().keep(kind, value, upstream)
    }

    /// The value of a pseudonym, where `upstream` sent it.
    pub(super) fn find_value(&self, pseudonym: &Pseudonym, upstream: &UpstreamName) -> Option<Arc<Secret>> {
        self.values.lock().find(pseudonym, upstream)
    }

    /// All that is live in this session. Joining is done anew only where one of the two has grown.
    pub(super) fn fingerprints(&self, live: &LiveSecrets) -> Arc<FingerprintSet> {
        let stored = live.current();
        let mut held = self.held.lock();
        if let Some(joined) = held.joined.as_ref().filter(|joined| Arc::ptr_eq(&joined.stored, &stored)) {
            return Arc::clone(&joined.all);
        }
        let all = if held.prints.is_empty() { Arc::clone(&stored) } else { live.with(&stored, &held.prints) };
        held.joined = Some(Joined { stored, all: Arc::clone(&all) });
        all
    }

    /// Forgets everything, and keeps nothing more.
    pub(super) fn end(&self) {
        let mut held = self.held.lock();
        held.is_over = true;
        held.tokens.clear();
        held.by_value.clear();
        self.values.lock().end();
    }
}

/// The names of handles, in the order in which they were given out.
pub(super) type Given = Mutex<Vec<HandleId>>;
