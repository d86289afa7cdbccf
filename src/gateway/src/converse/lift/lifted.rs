//! What a session of the older era holds for its caller in front of an upstream that keeps no session.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
    time::Duration,
};

use mcp::{Fault, Id, Outcome, meta::ClientMeta};
use parking_lot::Mutex;
use tokio::sync::{oneshot, watch};
use tokio_util::sync::CancellationToken;

use super::offers::Offers;
use crate::{converse::sessions::LegacySession, denial::Denial};

/// Requests in flight in one session, and questions to its caller; a client has a handful.
const IN_FLIGHT_MAX: usize = 1024;
/// Resources that one session watches: all of them are named in each `subscriptions/listen`.
const SUBSCRIBED_MAX: usize = 256;
/// A URI that is longer is a document. With the number of them it bounds what a session holds.
const URI_LENGTH_MAX: usize = 8 * 1024;
/// How long `resources/subscribe` waits until the open stream covers what it subscribed.
const LISTENED_WAIT_MAX: Duration = Duration::from_secs(5);
/// The levels of RFC 5424, section 6.2.1.
const LEVELS: [&str; 8] = ["debug", "info", "notice", "warning", "error", "critical", "alert", "emergency"];

/// The state of one session.
#[derive(Debug, Default)]
pub(crate) struct Lifted {
    state: Mutex<State>,
    subscribed: watch::Sender<Subscribed>,
    /// The generation of [`Subscribed`] that the open stream covers.
    covered: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct State {
    offers: Offers,
    /// Ids of entries of ours: a caller's request id may come twice.
    next_key: u64,
    running: HashMap<u64, (Id, CancellationToken)>,
    /// What the caller was asked and has not answered.
    asked: HashMap<Id, oneshot::Sender<Outcome>>,
    /// Ends the stream that is open, by its key.
    stream: Option<(u64, CancellationToken)>,
}

/// The resources that are watched. Each change has a number.
#[derive(Debug, Clone, Default)]
pub(super) struct Subscribed {
    pub(super) generation: u64,
    pub(super) uris: BTreeSet<String>,
}

impl Lifted {
    pub(super) fn begin(&self, offers: Offers) {
        self.state.lock().offers = offers;
    }

    pub(super) fn offers(&self) -> Offers {
        self.state.lock().offers
    }

    /// Cancels what runs under the caller's id. What is answered already needs none.
    pub(super) fn cancel(&self, callers: &Id) {
        let state = self.state.lock();
        state.running.values().filter(|(id, _)| id == callers).for_each(|(_, cancelled)| cancelled.cancel());
    }

    /// Takes the caller's answer to something that it was asked. Whether it was.
    pub(super) fn answer(&self, id: &Id, outcome: Outcome) -> bool {
        let asked = self.state.lock().asked.remove(id);
        asked.is_some_and(|asked| asked.send(outcome).is_ok())
    }

    /// Watches a resource; gives the number of the change that covers it.
    pub(super) fn subscribe(&self, uri: &str) -> Result<u64, Fault> {
        self.must_offer_subscriptions()?;
        if uri.len() > URI_LENGTH_MAX {
            return Err(Fault::Param { name: "uri", expected: "a URI of at most 8192 bytes" });
        }
        let mut is_full = false;
        self.subscribed.send_if_modified(|subscribed| {
            is_full = subscribed.uris.len() >= SUBSCRIBED_MAX && !subscribed.uris.contains(uri);
            let is_new = !is_full && subscribed.uris.insert(uri.to_owned());
            subscribed.generation += u64::from(is_new);
            is_new
        });
        if is_full {
            return Err(Fault::Param { name: "uri", expected: "one of at most 256 subscriptions of a session" });
        }
        Ok(self.subscribed.borrow().generation)
    }

    pub(super) fn unsubscribe(&self, uri: &str) -> Result<(), Fault> {
        self.must_offer_subscriptions()?;
        self.subscribed.send_if_modified(|subscribed| {
            let is_gone = subscribed.uris.remove(uri);
            subscribed.generation += u64::from(is_gone);
            is_gone
        });
        Ok(())
    }

    /// What is watched, now and after each change.
    pub(super) fn subscriptions(&self) -> watch::Receiver<Subscribed> {
        self.subscribed.subscribe()
    }

    /// Waits until the open stream, if there is one, covers a change: a caller expects no gap behind the answer.
    pub(super) async fn listened(&self, generation: u64) {
        if self.state.lock().stream.is_none() {
            return;
        }
        let mut covered = self.covered.subscribe();
        let covers = covered.wait_for(|covered| *covered >= generation);
        if tokio::time::timeout(LISTENED_WAIT_MAX, covers).await.is_err() {
            tracing::info!("an upstream has not acknowledged a changed subscription in time");
        }
    }

    /// The open stream covers what is watched up to this change.
    pub(super) fn cover(&self, generation: u64) {
        self.covered.send_replace(generation);
    }

    fn must_offer_subscriptions(&self) -> Result<(), Fault> {
        if self.offers().subscriptions { Ok(()) } else { Err(Fault::UnknownMethod) }
    }
}

/// Sets the least severe level of the log messages that the caller gets.
pub(super) fn set_level(session: &LegacySession, level: &str) -> Result<(), Fault> {
    if !session.lifted.offers().logging {
        return Err(Fault::UnknownMethod);
    }
    if !LEVELS.contains(&level) {
        return Err(Fault::Param { name: "level", expected: "a level of RFC 5424" });
    }
    let mut client = session.client.lock();
    let (capabilities, info) = (client.capabilities().clone(), client.info().cloned());
    *client = ClientMeta::new(capabilities, info, Some(level.to_owned()));
    Ok(())
}

/// A request that runs. It is forgotten when this is dropped.
#[derive(Debug)]
pub(super) struct Running {
    session: Arc<LegacySession>,
    key: u64,
    /// The caller does not want the answer any more.
    pub(super) cancelled: CancellationToken,
}

impl Running {
    pub(super) fn begin(session: &Arc<LegacySession>, callers: &Id) -> Result<Self, Denial> {
        let cancelled = CancellationToken::new();
        let mut state = session.lifted.state.lock();
        if state.running.len() >= IN_FLIGHT_MAX {
            return Err(Denial::Overloaded);
        }
        let key = state.new_key();
        state.running.insert(key, (callers.clone(), cancelled.clone()));
        drop(state);
        Ok(Self { session: Arc::clone(session), key, cancelled })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.session.lifted.state.lock().running.remove(&self.key);
    }
}

/// A question to the caller that is open. It is taken back when this is dropped.
#[derive(Debug)]
pub(super) struct Asking {
    session: Arc<LegacySession>,
    pub(super) id: Id,
    /// What the caller says.
    pub(super) outcome: oneshot::Receiver<Outcome>,
}

impl Asking {
    /// `None` where too many are open.
    pub(super) fn begin(session: &Arc<LegacySession>, id: Id) -> Option<Self> {
        let (asked, outcome) = oneshot::channel();
        let mut state = session.lifted.state.lock();
        if state.asked.len() >= IN_FLIGHT_MAX {
            return None;
        }
        state.asked.insert(id.clone(), asked);
        drop(state);
        Some(Self { session: Arc::clone(session), id, outcome })
    }
}

impl Drop for Asking {
    fn drop(&mut self) {
        self.session.lifted.state.lock().asked.remove(&self.id);
    }
}

/// The stream on which the session hears of changes. There is one: a client that connects again has lost the one before, and
/// nobody else can tell.
#[derive(Debug)]
pub(super) struct Stream {
    session: Arc<LegacySession>,
    key: u64,
    /// Another one was opened.
    pub(super) replaced: CancellationToken,
}

impl Stream {
    pub(super) fn begin(session: &Arc<LegacySession>) -> Self {
        let replaced = CancellationToken::new();
        let mut state = session.lifted.state.lock();
        let key = state.new_key();
        let before = state.stream.replace((key, replaced.clone()));
        drop(state);
        if let Some((_, before)) = before {
            before.cancel();
        }
        Self { session: Arc::clone(session), key, replaced }
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        let mut state = self.session.lifted.state.lock();
        if state.stream.as_ref().is_some_and(|(key, _)| *key == self.key) {
            state.stream = None;
        }
    }
}

impl State {
    const fn new_key(&mut self) -> u64 {
        self.next_key += 1;
        self.next_key
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subscriptions_are_counted_and_bounded() {
        let lifted = Lifted::default();
        assert_eq!(lifted.subscribe("a://1"), Err(Fault::UnknownMethod));
        let resources = mcp::Object::new().with("resources", mcp::Object::new().with("subscribe", true));
        lifted.begin(Offers::of(&resources));
        assert_eq!((lifted.subscribe("a://1"), lifted.subscribe("a://1")), (Ok(1), Ok(1)));
        lifted.unsubscribe("a://1").unwrap();
        lifted.unsubscribe("a://1").unwrap();
        assert_eq!(lifted.subscriptions().borrow().generation, 2);
        for n in 0..SUBSCRIBED_MAX {
            lifted.subscribe(&format!("a://{n}")).unwrap();
        }
        assert!(matches!(lifted.subscribe("one too many"), Err(Fault::Param { name: "uri", .. })));
        assert!(lifted.subscribe("a://7").is_ok());
        assert!(matches!(lifted.subscribe(&"x".repeat(URI_LENGTH_MAX + 1)), Err(Fault::Param { name: "uri", .. })));
        assert_eq!(lifted.subscriptions().borrow().uris.len(), SUBSCRIBED_MAX);
    }

    #[test]
    fn an_answer_to_nothing_is_not_taken() {
        assert!(!Lifted::default().answer(&7.into(), Outcome::Result(mcp::Object::new())));
    }
}
