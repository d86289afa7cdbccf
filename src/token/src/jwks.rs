//! The cache of one issuer's keys: fetched by one flight at a time, seldom, and kept no longer than a hard limit.

use std::{collections::HashMap, sync::Arc, time::Duration};

use arc_swap::ArcSwapOption;
use model::{Clock, Timestamp};
use parking_lot::Mutex;
use tokio::sync::watch;
use url::Url;

use crate::{
    discovery::{self, DiscoveryRefused},
    fetch::{Fetch, FetchError, Fetched},
    jose::SignatureAlgorithm,
    jwk::{Key, KeySet, KeySetRefused, NoKey},
    refused::TokenRefused,
};

/// Keys are not fetched more often than this for their age, whatever the issuer's headers say.
const CACHE_FLOOR: Duration = Duration::from_secs(5 * 60);
/// Keys that are older than this are never used, whatever the issuer's headers say and however long it is down.
const AGE_LIMIT: Duration = Duration::from_secs(24 * 60 * 60);
/// An unknown `kid` causes at most one fetch in this time, so that a flood of them cannot be turned against the issuer.
const REFETCH_WINDOW: Duration = Duration::from_secs(30);
/// Where no keys are held at all there is nothing to serve meanwhile, so a failed fetch is repeated sooner.
const FIRST_FETCH_WINDOW: Duration = Duration::from_secs(5);
/// How long a `kid` that a fetch did not find asks for no further fetch.
const KEY_ID_UNKNOWN_LIFE: Duration = Duration::from_secs(60);
/// The most unknown `kid`s that are remembered. Beyond it the window alone limits fetches, so nothing is lost but a little work.
const KEY_IDS_UNKNOWN_MAX: usize = 256;
/// How long discovery and key set together may take. A caller waits no longer for an issuer.
const FETCH_TIMEOUT: Duration = Duration::from_secs(5);

/// Why fetching an issuer's keys failed; for the log and for `check`.
#[derive(Debug, Clone, Copy, thiserror::Error, PartialEq, Eq)]
pub enum KeysUnavailable {
    /// A document could not be fetched.
    #[error("the issuer {0}")]
    Fetch(#[from] FetchError),
    /// The discovery document is not used.
    #[error(transparent)]
    Discovery(#[from] DiscoveryRefused),
    /// The key set is not used.
    #[error(transparent)]
    KeySet(#[from] KeySetRefused),
}

/// Where an issuer's keys are published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum KeyLocation {
    /// The `jwks_uri` of the discovery document at this address.
    Discovery(Url),
    /// At this address, from configuration.
    Fixed(Url),
}

/// The keys of one issuer.
pub(crate) struct Keys {
    issuer: String,
    location: KeyLocation,
    algorithms: Vec<SignatureAlgorithm>,
    fetch: Arc<dyn Fetch>,
    clock: Arc<dyn Clock>,
    held: ArcSwapOption<Held>,
    /// `jwks_uri` as discovery gave it, and when; forgotten when it fails, so that the next flight discovers again.
    discovered: Mutex<Option<(Url, Timestamp)>>,
    flight: Mutex<Flight>,
    unknown: Mutex<HashMap<String, Timestamp>>,
}

struct Held {
    set: KeySet,
    fetched: Timestamp,
    life: Duration,
}

#[derive(Default)]
struct Flight {
    started: Option<Timestamp>,
    /// Closed when the flight has landed.
    landed: Option<watch::Receiver<()>>,
}

impl Keys {
    pub(crate) fn new(
        issuer: String,
        location: KeyLocation,
        algorithms: Vec<SignatureAlgorithm>,
        fetch: Arc<dyn Fetch>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            issuer,
            location,
            algorithms,
            fetch,
            clock,
            held: ArcSwapOption::empty(),
            discovered: Mutex::new(None),
            flight: Mutex::new(Flight::default()),
            unknown: Mutex::new(HashMap::new()),
        }
    }

    /// The key that a token names. Waits for a fetch only where no usable key is held, and then at most [`FETCH_TIMEOUT`].
    pub(crate) async fn find(
        self: &Arc<Self>,
        id: Option<&str>,
        algorithm: SignatureAlgorithm,
    ) -> Result<Arc<Key>, TokenRefused> {
        let now = self.clock.now();
        let held = self.usable(now);
        if let Some(held) = &held {
            match held.set.find(id, algorithm) {
                Ok(key) => {
                    if held.is_due(now) {
                        // Whoever asks first after the set is due starts the flight; nobody waits for it.
                        drop(self.join_flight(now));
                    }
                    return Ok(key);
                }
                Err(NoKey::WrongAlgorithm) => return Err(TokenRefused::KeyMismatch),
                Err(NoKey::Ambiguous) => return Err(TokenRefused::KeyAmbiguous),
                Err(NoKey::Unknown) if self.is_known_unknown(id, now) => return Err(TokenRefused::KeyUnknown),
                Err(NoKey::Unknown) => {}
            }
        }
        let Some(mut landed) = self.join_flight(now) else {
            return Err(if held.is_some() { TokenRefused::KeyUnknown } else { TokenRefused::IssuerUnavailable });
        };
        // The sender never sends: an error here means that the flight has landed. The flight itself is bounded in time.
        while landed.changed().await.is_ok() {}
        let now = self.clock.now();
        let held = self.usable(now).ok_or(TokenRefused::IssuerUnavailable)?;
        held.set.find(id, algorithm).map_err(|none| match none {
            NoKey::WrongAlgorithm => TokenRefused::KeyMismatch,
            NoKey::Ambiguous => TokenRefused::KeyAmbiguous,
            NoKey::Unknown => {
                self.remember_unknown(id, now);
                TokenRefused::KeyUnknown
            }
        })
    }

    /// Fetches now, for a check that a person asked for.
    pub(crate) async fn check(&self) -> Result<(), KeysUnavailable> {
        self.refresh().await
    }

    fn usable(&self, now: Timestamp) -> Option<Arc<Held>> {
        self.held.load_full().filter(|held| now.since(held.fetched) <= AGE_LIMIT)
    }

    /// The flight under way, or a new one where the window allows it; `None` where it does not.
    fn join_flight(self: &Arc<Self>, now: Timestamp) -> Option<watch::Receiver<()>> {
        let mut flight = self.flight.lock();
        if let Some(landed) = flight.landed.as_ref().filter(|landed| landed.has_changed().is_ok()) {
            return Some(landed.clone());
        }
        let window = if self.held.load().is_some() { REFETCH_WINDOW } else { FIRST_FETCH_WINDOW };
        // A start that lies ahead was written before the clock was set back; it holds nobody up.
        if flight.started.is_some_and(|started| started <= now && now.since(started) < window) {
            return None;
        }
        flight.started = Some(now);
        let (flying, landed) = watch::channel(());
        flight.landed = Some(landed.clone());
        drop(flight);
        let keys = Arc::clone(self);
        let flight = async move {
            let outcome = keys.refresh().await;
            if let Err(reason) = outcome {
                let is_served = keys.usable(keys.clock.now()).is_some();
                tracing::warn!(issuer = keys.issuer, %reason, is_served, "issuer keys not refreshed");
            }
            drop(flying);
        };
        #[expect(
            clippy::disallowed_methods,
            reason = "a fetch that ends with its caller's connection would let callers hold rotation up; it is bounded in time"
        )]
        tokio::spawn(flight);
        Some(landed)
    }

    /// One fetch, bounded in time. The held keys change only when a whole valid set has arrived.
    async fn refresh(&self) -> Result<(), KeysUnavailable> {
        let fetched = tokio::time::timeout(FETCH_TIMEOUT, self.fetch_set()).await;
        let (set, age_max) = fetched.unwrap_or(Err(KeysUnavailable::Fetch(FetchError::TooSlow)))?;
        let life = age_max.unwrap_or(CACHE_FLOOR).clamp(CACHE_FLOOR, AGE_LIMIT);
        self.held.store(Some(Arc::new(Held { set, fetched: self.clock.now(), life })));
        Ok(())
    }

    async fn fetch_set(&self) -> Result<(KeySet, Option<Duration>), KeysUnavailable> {
        let url = match &self.location {
            KeyLocation::Fixed(url) => url.clone(),
            KeyLocation::Discovery(document) => self.discover(document).await?,
        };
        let outcome = match self.fetch.fetch(&url).await {
            Ok(Fetched { body, age_max }) => {
                KeySet::parse(&body, &self.algorithms).map(|set| (set, age_max)).map_err(KeysUnavailable::from)
            }
            Err(error) => Err(error.into()),
        };
        if outcome.is_err() {
            *self.discovered.lock() = None;
        }
        outcome
    }

    async fn discover(&self, document: &Url) -> Result<Url, KeysUnavailable> {
        let now = self.clock.now();
        let known = self.discovered.lock().clone();
        if let Some((url, _)) = known.filter(|(_, found)| now.since(*found) < AGE_LIMIT) {
            return Ok(url);
        }
        let body = self.fetch.fetch(document).await?.body;
        let url = discovery::jwks_uri(&body, &self.issuer)?;
        *self.discovered.lock() = Some((url.clone(), now));
        Ok(url)
    }

    fn is_known_unknown(&self, id: Option<&str>, now: Timestamp) -> bool {
        let unknown = self.unknown.lock();
        id.and_then(|id| unknown.get(id)).is_some_and(|since| *since <= now && now.since(*since) < KEY_ID_UNKNOWN_LIFE)
    }

    fn remember_unknown(&self, id: Option<&str>, now: Timestamp) {
        let Some(id) = id else { return };
        let mut unknown = self.unknown.lock();
        unknown.retain(|_, since| *since <= now && now.since(*since) < KEY_ID_UNKNOWN_LIFE);
        if unknown.len() < KEY_IDS_UNKNOWN_MAX {
            unknown.insert(id.to_owned(), now);
        }
    }
}

impl Held {
    /// Whether it is time to fetch again: after four fifths of the life, so that the new set is there before the old one's end,
    /// or when the clock has been set back behind the last fetch.
    fn is_due(&self, now: Timestamp) -> bool {
        now < self.fetched || now.since(self.fetched) > self.life.mul_f64(0.8)
    }
}
