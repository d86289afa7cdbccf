//! A stream of changes: the caller's one subscription, fed by the stream on which the upstream speaks first.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use http::{Response, StatusCode};
use mcp::{Id, Kind, ListKind, Object, Outcome, meta::ClientMeta, outbound, skim};

use super::{
    events::{Events, Heard},
    filter::Filter,
    held::Key,
    line::{Line, finish},
    questions::Asked,
    script::{Stage, scripted},
    session::{UpstreamSession, for_legacy},
};
use crate::{
    Gateway,
    approve::Approved,
    authorize::may_use,
    converse::{AnswerKind, event_stream, kind_of},
    denial::Denial,
    mask::{Clean, Interrupted},
};

/// The caller hears that it is subscribed after this at the latest, even where the upstream is slow to begin its stream.
const ACKNOWLEDGED_WAIT_MAX: Duration = Duration::from_secs(2);
/// How long to wait before an upstream's stream that ended is opened again.
const REOPEN_WAIT_MIN: Duration = Duration::from_secs(1);
/// How often in a row it is opened again without a word on it.
const REOPENINGS_MAX: usize = 5;

/// Answers `subscriptions/listen`.
pub(super) async fn listen(
    gateway: &Arc<Gateway>,
    approved: Approved,
    client: &ClientMeta,
    callers: Id,
    wanted: &Object,
) -> Result<Response<Clean>, Denial> {
    let (key, held) = Box::pin(gateway.conversations.lower.session(gateway, &approved, client)).await?;
    let (upstream, is_own) = if held.take_seat() {
        (held, false)
    } else {
        // A session has one such stream. Who comes second gets a session of its own.
        let own = UpstreamSession::open(gateway, &approved, client, for_legacy(client)).await?;
        (Arc::new(own), true)
    };
    let may_read = |uri: &str| may_use(approved.session(), approved.upstream(), ListKind::Resources, uri);
    let filter = Filter::of(wanted, &upstream, may_read);
    let line = Line { gateway: Arc::clone(gateway), approved: approved.clone(), upstream };
    let subscription = Subscription { line, key, callers, filter, is_own, subscribed: Vec::new() };
    Ok(event_stream(scripted(|stage| subscription.run(stage))))
}

/// A subscription of a caller. However it ends, the upstream is told what is not watched any more.
#[derive(Debug)]
struct Subscription {
    line: Line,
    key: Key,
    callers: Id,
    filter: Filter,
    /// The session at the upstream is nobody else's.
    is_own: bool,
    subscribed: Vec<String>,
}

/// How the upstream's stream was opened.
enum Opened {
    Stream(Box<Events>),
    /// This upstream never speaks first.
    Silent,
    /// The session is over.
    Over,
}

impl Subscription {
    async fn run(mut self, stage: Stage) -> Result<(), Interrupted> {
        let end = self.line.approved.session().end().clone();
        let spoken = tokio::select! {
            biased;
            () = end.cancelled() => Ok(()),
            spoken = self.speak(&stage) => spoken,
        };
        // The end of the session is the usual end of a subscription; the caller hears it as one.
        if let Err(interrupted) = spoken
            && interrupted != Interrupted::SessionEnded
        {
            return Err(interrupted);
        }
        let ended = Outcome::Result(outbound::subscription_ended(&self.callers));
        stage.message(&mcp::Response::new(Some(self.callers.clone()), ended).to_vec());
        Ok(())
    }

    /// Says what changes until the upstream is over.
    async fn speak(&mut self, stage: &Stage) -> Result<(), Interrupted> {
        let acknowledged = outbound::acknowledged(&self.callers, self.filter.to_object()).to_vec();
        let opened = {
            let Self { line, key, filter, subscribed, .. } = &mut *self;
            let mut opening = std::pin::pin!(open(line, key, filter, subscribed));
            // Nothing that changes after the acknowledgment is missed, so it waits a little for the stream.
            let early = tokio::time::timeout(ACKNOWLEDGED_WAIT_MAX, &mut opening).await;
            stage.message(&acknowledged);
            match early {
                Ok(opened) => opened,
                Err(_) => stage.alive(opening).await,
            }
        };
        let mut events = match opened {
            Opened::Stream(events) => events,
            Opened::Silent => return stage.alive(std::future::pending()).await,
            Opened::Over => return Ok(()),
        };
        let mut reopenings = 0;
        loop {
            match self.pass_on(stage, &mut events).await? {
                Ended::AfterWords => reopenings = 0,
                Ended::Silently => reopenings += 1,
            }
            if reopenings >= REOPENINGS_MAX {
                return Ok(());
            }
            let wait = events.resumable().map_or(REOPEN_WAIT_MIN, |(_, wait)| wait.max(REOPEN_WAIT_MIN));
            stage.alive(tokio::time::sleep(wait)).await;
            let last_event_id = events.resumable().map(|(id, _)| id.to_owned());
            events = match stage.alive(stream(&self.line, &self.key, last_event_id.as_deref())).await {
                Opened::Stream(opened) => opened,
                Opened::Silent | Opened::Over => return Ok(()),
            };
        }
    }

    /// Passes on what one connection brings.
    async fn pass_on(&self, stage: &Stage, events: &mut Events) -> Result<Ended, Interrupted> {
        let mut ended = Ended::Silently;
        loop {
            match events.at_hand()? {
                Some(Heard::Alive) => stage.keep_alive(),
                Some(Heard::Message(data)) => {
                    ended = Ended::AfterWords;
                    self.message(stage, &data).await?;
                }
                None => {
                    stage.taken().await;
                    match stage.alive(events.more()).await {
                        Ok(true) => {}
                        // A connection that was silent for long is closed by whoever likes to.
                        Ok(false) | Err(Interrupted::Upstream) => return Ok(ended),
                        Err(interrupted) => return Err(interrupted),
                    }
                }
            }
        }
    }

    async fn message(&self, stage: &Stage, data: &Bytes) -> Result<(), Interrupted> {
        match skim(data).map_err(|_| Interrupted::Protocol)? {
            Kind::Notification { method } => {
                if let Some(change) = self.filter.change(&method, data, &self.callers) {
                    stage.message(&change);
                }
            }
            // Here is no call that could come back with an answer.
            Kind::Request { .. } => {
                if let Asked::Ours { serving, id, outcome } = Asked::of(data, &ClientMeta::default(), false)? {
                    self.line.answer_ourselves(serving, id, outcome).await;
                }
            }
            Kind::Response { .. } => {}
        }
        Ok(())
    }
}

/// How a connection of the upstream's stream ended.
enum Ended {
    AfterWords,
    Silently,
}

impl Drop for Subscription {
    fn drop(&mut self) {
        let (is_own, uris) = (self.is_own, std::mem::take(&mut self.subscribed));
        if !is_own && uris.is_empty() {
            return self.line.upstream.leave_seat();
        }
        self.line.clone().afterwards(async move |line: Line| {
            if is_own {
                return line.end().await;
            }
            // Whoever sits down next finds nothing of this subscription.
            let seat = Seat(Arc::clone(&line.upstream));
            for uri in uris {
                line.ask(mcp::Method::ResourcesUnsubscribe, Object::new().with("uri", uri)).await?;
            }
            drop(seat);
            Ok(())
        });
    }
}

/// The seat at the stream of a session; it is left when this goes away.
struct Seat(Arc<UpstreamSession>);

impl Drop for Seat {
    fn drop(&mut self) {
        self.0.leave_seat();
    }
}

/// Opens the upstream's stream, and subscribes to what the filter names.
async fn open(line: &Line, key: &Key, filter: &Filter, subscribed: &mut Vec<String>) -> Opened {
    let opened = stream(line, key, None).await;
    if matches!(opened, Opened::Stream(_)) {
        for uri in &filter.uris {
            match line.ask(mcp::Method::ResourcesSubscribe, Object::new().with("uri", uri.as_str())).await {
                Ok(Outcome::Result(_)) => subscribed.push(uri.clone()),
                Ok(Outcome::Error(_)) => tracing::info!("an upstream did not let a caller watch a resource"),
                Err(denial) => tracing::info!(reason = denial.reason(), "a resource could not be subscribed to"),
            }
        }
    }
    opened
}

async fn stream(line: &Line, key: &Key, last_event_id: Option<&str>) -> Opened {
    let response = match line.stream(&line.approved, last_event_id).await {
        Ok(response) => response,
        Err(denial) => {
            tracing::info!(reason = denial.reason(), "an upstream's own stream could not be opened");
            return Opened::Over;
        }
    };
    // Older kits say 400 where they do not know a session.
    if matches!(response.status(), StatusCode::NOT_FOUND | StatusCode::BAD_REQUEST) {
        line.gateway.conversations.lower.forget(key, &line.upstream);
        finish(response).await;
        return Opened::Over;
    }
    if let Ok(AnswerKind::Events) = kind_of(&response) {
        return Opened::Stream(Box::new(Events::new(response.into_body())));
    }
    finish(response).await;
    Opened::Silent
}
