//! What an upstream received, kept so that it can be told.

use std::{collections::VecDeque, sync::Arc};

use axum::body::Bytes;
use http::{HeaderMap, HeaderName, Method};
use parking_lot::Mutex;

/// The demonstration looks at the latest only; calls made while it stays up must not grow without end.
const KEPT_MAX: usize = 16;

/// One request as it arrived. It holds a credential, so it cannot be printed as it is.
#[derive(Clone)]
pub(super) struct Received {
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

/// The latest requests of one upstream, and how many there were.
#[derive(Clone, Default)]
pub(super) struct Inbox(Arc<Mutex<(usize, VecDeque<Received>)>>);

impl Inbox {
    pub(super) fn put(&self, received: Received) {
        let mut kept = self.0.lock();
        kept.0 += 1;
        kept.1.push_back(received);
        if kept.1.len() > KEPT_MAX {
            kept.1.pop_front();
        }
    }

    pub(super) fn count(&self) -> usize {
        self.0.lock().0
    }

    pub(super) fn last(&self) -> Option<Received> {
        self.0.lock().1.back().cloned()
    }

    /// Everything that is kept, as bytes to be searched.
    pub(super) fn bytes(&self) -> Vec<u8> {
        let kept = self.0.lock();
        kept.1.iter().flat_map(|received| [received.head().into_bytes(), received.body.to_vec()].concat()).collect()
    }
}

impl Received {
    /// A header as text; empty where it is missing or no text.
    pub(super) fn header(&self, name: &HeaderName) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The headers, a line each. An upstream that gives away what it got says exactly this.
    pub(super) fn lines(&self) -> Vec<String> {
        let line = |(name, value): (&HeaderName, &http::HeaderValue)| {
            format!("{name}: {}", String::from_utf8_lossy(value.as_bytes()))
        };
        self.headers.iter().map(line).collect()
    }

    fn head(&self) -> String {
        format!("{} {}\n{}\n", self.method, self.path, self.lines().join("\n"))
    }
}
