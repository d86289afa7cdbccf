//! The life of leases against a source that does what a test says, on a clock that runs as fast as there is nothing to do.

mod crashes;
mod ending;
mod minting;
mod outages;
mod renewing;
mod source;

use std::{sync::Arc, time::Duration};

use model::{Binding, Caller, Clock, Timestamp};

use self::source::{FakeSource, RuntimeClock};
use super::{Held, LeaseCounts, Leases};
use crate::{
    CredentialSource, EgressError, Keeping, ProviderHandle,
    testing::{MemoryLedger, NOW, Steps, bearer, caller},
};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
/// How long the sessions of these tests are.
const SESSION: Duration = Duration::from_secs(900);

/// The leases of one process, its source and its ledger.
struct Rig {
    leases: Leases,
    source: Arc<FakeSource>,
    ledger: Arc<MemoryLedger>,
    clock: Arc<RuntimeClock>,
    begin: Timestamp,
}

impl Rig {
    fn new(source: FakeSource) -> Self {
        let steps = Steps::all();
        Self::with(Arc::new(source), MemoryLedger::new(&steps), RuntimeClock::starting_at(NOW))
    }

    fn with(source: Arc<FakeSource>, ledger: Arc<MemoryLedger>, clock: Arc<RuntimeClock>) -> Self {
        source.begin(&ledger.steps, &clock);
        let name = "source".parse().unwrap();
        let listed = CredentialSource { name, provider: Arc::clone(&source) as _, keeping: Keeping::UntilExpiry };
        let leases = Leases::new(&[listed], Arc::clone(&clock) as _, Arc::clone(&ledger) as _);
        let begin = clock.now();
        Self { leases, source, ledger, clock, begin }
    }

    /// The lease of a session that began with the rig.
    async fn lease(&self, session: &str) -> Result<String, EgressError> {
        self.held(session, &binding("https://api.example")).await.map(|held| held.lease.id.to_string())
    }

    async fn held(&self, session: &str, binding: &Binding) -> Result<Arc<Held>, EgressError> {
        let caller = self.caller(session);
        self.leases.lease(ProviderHandle(0), binding, &caller, model::TraceContext::new([7; 16], [7; 8], 0)).await
    }

    fn caller(&self, session: &str) -> Arc<Caller> {
        Arc::new(caller(session.parse().unwrap(), self.begin.plus(SESSION)))
    }

    /// How long after the beginning it is.
    fn elapsed(&self) -> Duration {
        self.clock.now().since(self.begin)
    }

    fn counts(&self) -> (usize, usize, usize) {
        let LeaseCounts { live, revoking, irrevocable } = self.leases.counts();
        (live, revoking, irrevocable)
    }
}

fn binding(destination: &str) -> Binding {
    Binding {
        credential: "key".parse().unwrap(),
        upstream: "api".parse().unwrap(),
        destination: destination.parse().unwrap(),
        injection: bearer(),
    }
}

/// Lets time pass; whoever has something to do meanwhile does it in its time.
async fn pass(time: Duration) {
    tokio::time::sleep(time).await;
}
