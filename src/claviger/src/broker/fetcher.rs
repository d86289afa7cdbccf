//! Fetches documents of issuers through the one dialer, to the addresses that each issuer's configuration allows.

use std::{collections::HashMap, sync::Arc, time::Duration};

use async_trait::async_trait;
use dial::{Dialer, FetchError as Dialed, FetchLimits, SendError, TrustAnchors};
use http::{HeaderMap, StatusCode, header};
use model::AddressClass;
use token::{BODY_LENGTH_MAX, Fetch, FetchError, Fetched};
use url::{Origin, Url};

/// The longest that a document may take; an exchange waits for it.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Which addresses an origin may have, and who vouches for it.
#[derive(Debug, Clone)]
pub(super) struct Reach {
    pub(super) class: AddressClass,
    pub(super) anchors: Option<TrustAnchors>,
}

/// Fetches for the issuers of a configuration.
#[derive(Debug)]
pub(super) struct Fetcher {
    dialer: Dialer,
    reaches: HashMap<Origin, Reach>,
}

impl Fetcher {
    pub(super) fn shared(dialer: Dialer, reaches: HashMap<Origin, Reach>) -> Arc<dyn Fetch> {
        Arc::new(Self { dialer, reaches })
    }
}

#[async_trait]
impl Fetch for Fetcher {
    async fn fetch(&self, url: &Url) -> Result<Fetched, FetchError> {
        let limits = FetchLimits { body_length_max: BODY_LENGTH_MAX, timeout: TIMEOUT };
        // A key set on a host that no issuer is configured at must be on the public internet.
        let reach = self.reaches.get(&url.origin());
        let class = reach.map_or(AddressClass::Public, |reach| reach.class);
        let fetched = match reach.and_then(|reach| reach.anchors.clone()) {
            Some(anchors) => self.dialer.fetch_trusting(url, limits, class, anchors).await,
            None => self.dialer.fetch(url, limits, class).await,
        };
        let fetched = fetched.map_err(|error| refused(&error))?;
        if fetched.status != StatusCode::OK {
            return Err(FetchError::Status(fetched.status.as_u16()));
        }
        Ok(Fetched { body: fetched.body, age_max: age_max(&fetched.headers) })
    }
}

fn refused(error: &Dialed) -> FetchError {
    tracing::debug!(%error, "a document of an issuer could not be fetched");
    match error {
        Dialed::UrlRefused => FetchError::AddressRefused,
        Dialed::Send(SendError::Dial(dial::DialError::AddressRefused)) => FetchError::AddressRefused,
        Dialed::TooLong { .. } => FetchError::TooLong,
        Dialed::Timeout | Dialed::Send(SendError::HeadTimeout) => FetchError::TooSlow,
        Dialed::Send(_) | Dialed::Body(_) => FetchError::Unreachable,
    }
}

/// `max-age` of `Cache-Control` (RFC 9111, section 5.2.2.1).
fn age_max(headers: &HeaderMap) -> Option<Duration> {
    let values = headers.get_all(header::CACHE_CONTROL).iter().filter_map(|value| value.to_str().ok());
    let mut directives = values.flat_map(|value| value.split(',')).map(str::trim);
    directives.find_map(|directive| directive.strip_prefix("max-age=")?.parse().ok()).map(Duration::from_secs)
}
