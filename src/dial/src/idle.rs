//! Connections that wait for their next call.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use http::HeaderMap;
use hyper::client::conn::http1;
use parking_lot::Mutex;
use tokio::time::Instant;

use crate::{PoolLimits, RequestBody};

pub(crate) type Sender = http1::SendRequest<RequestBody>;

/// A stack with a bound: the warmest connection is reused, the coldest is let go.
pub(crate) struct Idle {
    limits: PoolLimits,
    entries: Mutex<VecDeque<Entry>>,
}

struct Entry {
    sender: Sender,
    until: Instant,
}

/// No connection is looked after more often than this, whatever the limits say.
const TIMEOUT_MIN: Duration = Duration::from_millis(100);

impl Idle {
    pub(crate) fn new(limits: PoolLimits) -> Self {
        Self { limits, entries: Mutex::new(VecDeque::new()) }
    }

    /// How long a connection may wait.
    pub(crate) fn timeout(&self) -> Duration {
        self.limits.idle_timeout.max(TIMEOUT_MIN)
    }

    /// The connection that was used last, unless its time is over.
    pub(crate) fn take(&self, now: Instant) -> Option<Sender> {
        let mut entries = self.entries.lock();
        while let Some(entry) = entries.pop_back() {
            if entry.until > now && !entry.sender.is_closed() {
                return Some(entry.sender);
            }
        }
        None
    }

    /// Lets go of connections that are closed or whose time is over.
    pub(crate) fn reap(&self, now: Instant) {
        self.entries.lock().retain(|entry| entry.until > now && !entry.sender.is_closed());
    }

    fn put(&self, sender: Sender, until: Instant) {
        if self.limits.idle_count_max == 0 || sender.is_closed() {
            return;
        }
        let mut entries = self.entries.lock();
        let coldest = if entries.len() >= self.limits.idle_count_max { entries.pop_front() } else { None };
        entries.push_back(Entry { sender, until });
        drop(entries);
        drop(coldest);
    }
}

/// A connection that a response still reads from. Dropped, it is closed.
pub(crate) struct Loan {
    sender: Sender,
    idle: Arc<Idle>,
    keep: Duration,
}

impl Loan {
    /// Notes how long the server says that it keeps the connection.
    pub(crate) fn new(sender: Sender, idle: Arc<Idle>, headers: &HeaderMap) -> Self {
        let keep = keep_alive(headers).map_or(idle.timeout(), |server| server.min(idle.timeout()));
        Self { sender, idle, keep }
    }

    /// Puts the connection back: everything that belonged to its last response was read.
    pub(crate) fn give_back(self) {
        self.idle.put(self.sender, Instant::now() + self.keep);
    }
}

/// A second less than `Keep-Alive: timeout=…` promises (RFC 2068, section 19.7.1), so that a request does not cross the server's
/// close on the wire.
fn keep_alive(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers
        .get("keep-alive")?
        .to_str()
        .ok()?
        .split(',')
        .find_map(|part| part.trim().strip_prefix("timeout="))?
        .parse::<u32>()
        .ok()?;
    Some(Duration::from_secs(u64::from(seconds.saturating_sub(1))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_says_when_it_closes_is_believed() {
        let keep = |value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert("keep-alive", value.parse().unwrap());
            keep_alive(&headers)
        };
        assert_eq!(keep("timeout=5, max=100"), Some(Duration::from_secs(4)));
        assert_eq!(keep("max=100, timeout=1"), Some(Duration::ZERO));
        assert_eq!(keep("timeout=never"), None);
        assert_eq!(keep_alive(&HeaderMap::new()), None);
    }
}
