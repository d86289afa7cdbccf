//! The stream on which the caller hears of changes: `subscriptions/listen` at the upstream, opened again when what is watched changes.

use std::sync::Arc;

use http::Response;
use mcp::{Kind, Method, Mirrors, NoticeKind, Object, Rejected, Request, skim};
use tokio::sync::watch;

use super::{
    super::{AnswerKind, event_stream, kind_of, modern, sessions::LegacySession},
    KEEP_ALIVE,
    lifted::{Stream, Subscribed},
    offers::Offers,
    reading::{Heard, Reading},
    said,
    told::{Tell, told},
};
use crate::{
    Gateway,
    approve::Approved,
    denial::Denial,
    mask::{Clean, Interrupted},
};

/// One open stream.
struct Listening {
    gateway: Arc<Gateway>,
    approved: Approved,
    session: Arc<LegacySession>,
    offers: Offers,
    stream: Stream,
    subscriptions: watch::Receiver<Subscribed>,
}

/// Opens the stream, in place of one that is open already. An upstream that never says anything has none.
pub(super) async fn open(
    gateway: &Arc<Gateway>,
    approved: Approved,
    session: Arc<LegacySession>,
) -> Result<Response<Clean>, Denial> {
    let offers = session.lifted.offers();
    if !offers.can_change() {
        return Err(NO_STREAM);
    }
    let stream = Stream::begin(&session);
    let mut subscriptions = session.lifted.subscriptions();
    let subscribed = subscriptions.borrow_and_update().clone();
    let approved = approved.serving(Method::Listen.as_str());
    let listening = Listening { gateway: Arc::clone(gateway), approved, session, offers, stream, subscriptions };
    let first = listening.listen(&subscribed).await?;
    Ok(event_stream(told(move |tell| listening.run(first, subscribed.generation, tell))))
}

const NO_STREAM: Denial = Denial::MethodNotAllowed { allow: "POST, DELETE" };

impl Listening {
    /// Passes on what changes, until the caller, the session or the upstream ends it. A client opens a stream that ended anew.
    async fn run(mut self, first: Option<Reading>, generation: u64, tell: Tell) -> Result<(), Interrupted> {
        let (end, replaced) = (self.session.end.clone(), self.stream.replaced.clone());
        tokio::select! {
            biased;
            () = replaced.cancelled() => Ok(()),
            // A caller that ends its MCP session knows that it did; the end of the session behind it is cut.
            () = end.cancelled() => {
                if self.approved.session().end().is_cancelled() { Err(Interrupted::SessionEnded) } else { Ok(()) }
            }
            ended = self.changes(first, generation, &tell) => match ended {
                Err(Interrupted::Upstream) => Ok(()),
                other => other,
            },
        }
    }

    async fn changes(&mut self, first: Option<Reading>, generation: u64, tell: &Tell) -> Result<(), Interrupted> {
        let (mut reading, mut generation) = (first, generation);
        if reading.is_none() {
            self.session.lifted.cover(generation);
        }
        loop {
            tokio::select! {
                // Its sender stands in the session, which this holds.
                _ = self.subscriptions.changed() => {
                    let subscribed = self.subscriptions.borrow_and_update().clone();
                    generation = subscribed.generation;
                    let before = reading.take();
                    reading = match self.listen(&subscribed).await {
                        Ok(reading) => reading,
                        Err(denial) => {
                            tracing::warn!(reason = denial.reason(), "a changed subscription was not taken up");
                            return Ok(());
                        }
                    };
                    // The one before ends when the next has begun.
                    if let Some(before) = before {
                        before.conclude().await?;
                    }
                    if reading.is_none() {
                        self.session.lifted.cover(generation);
                    }
                }
                heard = next(&mut reading) => match heard? {
                    Some(Heard::Alive) => tell.alive().await?,
                    Some(Heard::Message(data)) => match skim(&data).map_err(|_| Interrupted::Protocol)? {
                        Kind::Notification { method } => {
                            if method == NoticeKind::SubscriptionsAcknowledged.as_str() {
                                self.session.lifted.cover(generation);
                            } else if let Some(told) = said::notification(&method, &data).map_err(|_| Interrupted::Protocol)? {
                                tell.message(&told).await?;
                            }
                        }
                        // The upstream ends the subscription.
                        Kind::Response { .. } => {
                            if let Some(reading) = reading.take() {
                                reading.conclude().await?;
                            }
                            return Ok(());
                        }
                        Kind::Request { .. } => {}
                    },
                    None => return Ok(()),
                },
                () = tokio::time::sleep(KEEP_ALIVE) => tell.alive().await?,
            }
        }
    }

    /// Listens for what is watched; `None` while that is nothing.
    async fn listen(&self, subscribed: &Subscribed) -> Result<Option<Reading>, Denial> {
        let Some(filter) = self.offers.filter(&subscribed.uris) else { return Ok(None) };
        let params = Object::new().with("notifications", filter);
        let request = Request::new(self.gateway.new_request_id(), Method::Listen.as_str(), Some(params));
        let client = self.session.client.lock().clone();
        let leg = modern::leg(&self.gateway, &self.approved, request, &client, &Mirrors::default());
        let leg = leg.map_err(|fault| Denial::Malformed(Rejected::new(fault, None)))?;
        let response = self.gateway.forward(&self.approved, leg).await?;
        match kind_of(&response)? {
            AnswerKind::Events => Ok(Some(Reading::events(response.into_body()))),
            // An upstream that does not know the method says so in JSON.
            AnswerKind::Json => Err(NO_STREAM),
            AnswerKind::Accepted => Err(Denial::UpstreamProtocol { reason: "the answer is not an event stream" }),
        }
    }
}

/// What comes next; nothing ever does while nothing is open.
async fn next(reading: &mut Option<Reading>) -> Result<Option<Heard>, Interrupted> {
    match reading {
        Some(reading) => reading.next().await,
        None => std::future::pending().await,
    }
}
