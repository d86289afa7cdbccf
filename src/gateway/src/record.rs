//! The record of a call: intent before the credential leaves, outcome before the answer is whole, and every refusal.

mod entry;
mod outcome;

use std::sync::Arc;

use egress::{ForwardTicket, TicketParts};
use model::{Clock, CredentialName, SessionId, Timestamp};
use tlog::Log;

pub use self::entry::ConnectionEntry;
pub(crate) use self::{
    entry::{Ending, ExchangeEntry},
    outcome::PendingOutcome,
};
use crate::{approve::Approved, denial::Denial, facts::Facts, handles::WithStandIns, metrics::Metrics};

/// Evidence that the intent of one exchange stands in the record. It is the only way to a ticket.
#[derive(Debug)]
pub struct Recorded {
    ticket: ForwardTicket,
    outcome: PendingOutcome,
}

impl Recorded {
    /// The ticket, once, and the outcome that must follow.
    pub(crate) fn into_parts(self) -> (ForwardTicket, PendingOutcome) {
        (self.ticket, self.outcome)
    }
}

/// Writes the record.
#[derive(Debug, Clone)]
pub struct Recorder {
    log: Arc<Log>,
    /// How durable an intent is where no policy says otherwise.
    durability: tlog::Durability,
    clock: Arc<dyn Clock>,
    tasks: tokio_util::task::TaskTracker,
    metrics: Arc<Metrics>,
}

impl Recorder {
    /// A recorder that appends to `log`; what it must still write when a call is dropped runs in `tasks`.
    #[must_use]
    pub fn new(
        log: Arc<Log>,
        durability: tlog::Durability,
        clock: Arc<dyn Clock>,
        tasks: tokio_util::task::TaskTracker,
        metrics: Arc<Metrics>,
    ) -> Self {
        Self { log, durability, clock, tasks, metrics }
    }

    /// Where what outlives a call runs, so that the program waits for it when it stops.
    pub(crate) const fn tasks(&self) -> &tokio_util::task::TaskTracker {
        &self.tasks
    }

    /// Records what is meant, and gives the ticket for exactly that.
    ///
    /// # Errors
    /// [`Denial::RecordUnavailable`]; then nothing may be sent.
    pub async fn intent(&self, approved: &Approved, exchange: WithStandIns) -> Result<Recorded, Denial> {
        let WithStandIns { leg, stand_ins } = exchange;
        let facts = approved.facts();
        let upstream = approved.upstream();
        let at = self.clock.now();
        let credential: Option<&CredentialName> = upstream.credential();
        let entry = entry::intent(facts, approved.rule(), credential, &stand_ins, at);
        let durability = stricter(approved.durability(), self.durability);
        let receipt = self.log.append(&entry, durability).await.map_err(unavailable)?;
        facts.note_intent();
        self.metrics.found("call", upstream, &facts.found);
        let ticket = ForwardTicket::new(TicketParts {
            record: receipt.index(),
            recorded_at: at,
            caller: Arc::clone(approved.session().caller()),
            trace: facts.trace,
            upstream: Arc::clone(upstream.target()),
            method: leg.method,
            path: leg.path,
            headers: leg.headers,
            body: leg.body,
            stand_ins,
        });
        Ok(Recorded { ticket, outcome: PendingOutcome::new(self.clone(), upstream, receipt.index()) })
    }

    /// Records a refusal. Where that fails too the caller is refused all the same.
    pub(crate) async fn denied(&self, facts: &Facts, denial: &Denial) {
        let upstream = facts.upstream.as_ref().map(|upstream| upstream.name().as_str());
        self.metrics.call(upstream, denial.told().error);
        let entry = entry::denial(facts, denial.told().error, denial.rule(), self.clock.now());
        if let Err(error) = self.log.append(&entry, tlog::Durability::Process).await {
            tracing::error!(%error, denial = denial.told().error, "a denial could not be recorded");
        }
    }

    /// Records a token exchange.
    ///
    /// # Errors
    /// [`Denial::RecordUnavailable`]; then no token may be given out.
    pub(crate) async fn exchanged(&self, entry: &ExchangeEntry<'_>) -> Result<(), Denial> {
        self.metrics.exchange(if entry.error.is_none() { "granted" } else { "refused" });
        self.log.append(&entry::exchange(entry), self.durability).await.map(drop).map_err(unavailable)
    }

    /// Records that a person connected an account, or why not.
    ///
    /// # Errors
    /// [`Denial::RecordUnavailable`]; then nothing may be stored.
    pub async fn connection(&self, entry: &ConnectionEntry<'_>) -> Result<(), Denial> {
        let entry = entry::connection(entry, self.clock.now());
        self.log.append(&entry, self.durability).await.map(drop).map_err(unavailable)
    }

    /// Records that a session was ended. The end holds whether or not it can be recorded.
    pub(crate) async fn revoked(&self, session: &SessionId, cause: &'static str) {
        let entry = entry::revocation(session, cause, self.clock.now());
        if let Err(error) = self.log.append(&entry, self.durability).await {
            tracing::error!(%error, %session, "a revocation could not be recorded");
        }
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

/// The stricter of what a policy wants and what the configuration says.
fn stricter(wanted: Option<tlog::Durability>, usual: tlog::Durability) -> tlog::Durability {
    match (wanted, usual) {
        (Some(tlog::Durability::Power), _) | (_, tlog::Durability::Power) => tlog::Durability::Power,
        (Some(tlog::Durability::Process) | None, tlog::Durability::Process) => tlog::Durability::Process,
    }
}

fn unavailable(error: tlog::AppendError) -> Denial {
    Denial::RecordUnavailable { reason: error.to_string() }
}
