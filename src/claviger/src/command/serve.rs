//! `claviger serve`: runs the broker until it is told to stop, then drains.

mod upkeep;

use std::{path::Path, sync::Arc, time::Duration};

use config::Config;
use tokio::{
    runtime::Builder,
    signal::unix::{SignalKind, signal},
};
use tokio_util::task::TaskTracker;

use crate::{
    broker::Broker,
    listener::{Admin, Agents, Listener, Stop},
    logging,
    output::Failure,
    unlock,
};

/// How long leases are revoked before the process ends; what is left, the next one revokes.
const REVOKE_WAIT_MAX: Duration = Duration::from_secs(10);
/// What is left to write after the last call: records of calls that were cut.
const SETTLE_WAIT_MAX: Duration = Duration::from_secs(5);

/// Runs the broker of a configuration file.
pub(crate) fn run(path: &Path) -> Result<(), Failure> {
    logging::start();
    let config = super::load(path)?;
    let key = unlock::key(&config.vault.key)?;
    let mut builder = match config.server.limits.workers {
        0 => Builder::new_multi_thread(),
        // A single worker hands nothing over to others, so it does without the machinery for that.
        1 => Builder::new_current_thread(),
        workers => {
            let mut builder = Builder::new_multi_thread();
            builder.worker_threads(workers);
            builder
        }
    };
    let runtime = builder.enable_all().build();
    let runtime = runtime.map_err(|error| Failure::new(format!("no threads can be started: {error}")))?;
    runtime.block_on(async {
        // From before it says that it is ready, so that a signal never finds the process without an ear for it.
        let told = told_to_stop();
        let running = Running::start(&config, &key).await?;
        running.until(told, async { told_to_stop().await }).await
    })
}

/// Waits until the process is told to stop, from the keyboard or by whoever supervises it. It listens from the call on, not only
/// once it is awaited.
pub(crate) fn told_to_stop() -> impl Future<Output = ()> {
    let mut interrupt = signal(SignalKind::interrupt()).ok();
    let mut terminate = signal(SignalKind::terminate()).ok();
    async move {
        tokio::select! {
            Some(()) = async { interrupt.as_mut()?.recv().await } => {}
            Some(()) = async { terminate.as_mut()?.recv().await } => {}
            else => std::future::pending().await,
        }
    }
}

/// A broker that listens.
pub(crate) struct Running {
    pub(crate) broker: Arc<Broker>,
    admin: Arc<Admin>,
    /// For agents: told first.
    agents_stop: Stop,
    /// For operators and upkeep: told when the last call has ended.
    last_stop: Stop,
    connections: TaskTracker,
    last: TaskTracker,
    drain_wait_max: Duration,
}

impl Running {
    /// Binds the listeners, builds the broker and starts to serve: whatever is wrong is said before the first request.
    pub(crate) async fn start(config: &Config, key: &vault::KeySource) -> Result<Self, Failure> {
        let limits = config.server.limits;
        let header_wait_max = Duration::from_secs(u64::from(limits.request_header_seconds_max));
        let agents_listener = Listener::bind(&config.server.listener, limits.connections_max, header_wait_max).await?;
        let admin_listener = Listener::bind(&config.admin.listener, limits.connections_max, header_wait_max).await?;
        let broker = Arc::new(Broker::build(config, key).await?);
        let (agents_stop, last_stop) = (Stop::default(), Stop::default());
        let (connections, last) = (TaskTracker::new(), TaskTracker::new());
        let agents = Arc::new(Agents::new(Arc::clone(&broker), config));
        let admin = Arc::new(Admin::new(Arc::clone(&broker)));
        let address = |listener: &Listener| listener.address().ok().map(tracing::field::display);
        let (agents_address, admin_address) = (address(&agents_listener), address(&admin_listener));
        connections.spawn(agents_listener.serve(agents, agents_stop.clone(), connections.clone()));
        last.spawn(admin_listener.serve(Arc::clone(&admin), last_stop.clone(), last.clone()));
        upkeep::start(&broker, &last_stop, &last);
        admin.set_ready(true);
        let public_url = config.server.public_url.to_string();
        tracing::info!(agents_address, admin_address, public_url, "ready");
        let drain_wait_max = Duration::from_secs(u64::from(limits.drain_seconds_max));
        Ok(Self { broker, admin, agents_stop, last_stop, connections, last, drain_wait_max })
    }

    /// Serves until `told`, then drains: no new connections, calls may end; after a while, or when told again, they are cut. All
    /// of it is recorded before this returns.
    pub(crate) async fn until(
        self,
        told: impl Future<Output = ()>,
        again: impl Future<Output = ()>,
    ) -> Result<(), Failure> {
        told.await;
        tracing::info!("stopping; calls may end");
        self.admin.set_ready(false);
        self.agents_stop.soft.cancel();
        self.connections.close();
        let drained = tokio::select! {
            drained = tokio::time::timeout(self.drain_wait_max, self.connections.wait()) => drained.is_ok(),
            () = again => false,
        };
        if !drained {
            tracing::warn!("calls are cut");
            self.agents_stop.hard.cancel();
            let _cut_or_not = tokio::time::timeout(SETTLE_WAIT_MAX, self.connections.wait()).await;
        }
        self.broker.tasks.close();
        let _written_or_not = tokio::time::timeout(SETTLE_WAIT_MAX, self.broker.tasks.wait()).await;
        self.broker.egress.close(REVOKE_WAIT_MAX).await;
        self.last_stop.soft.cancel();
        self.last_stop.hard.cancel();
        self.last.close();
        let _stopped_or_not = tokio::time::timeout(SETTLE_WAIT_MAX, self.last.wait()).await;
        let published = self.broker.log.publish().await;
        published.map_err(|error| Failure::new(format!("the last checkpoint could not be signed: {error}")))?;
        let closed = self.broker.store.close().await;
        closed.map_err(|error| Failure::new(format!("the sessions could not be closed: {error}")))?;
        tracing::info!("stopped");
        Ok(())
    }
}

impl std::fmt::Debug for Running {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Running").field("broker", &self.broker).finish_non_exhaustive()
    }
}
