//! `claviger serve`: runs the broker until it is told to stop, then drains.

use std::{path::Path, sync::Arc, time::Duration};

use config::Config;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::task::TaskTracker;

use crate::{
    broker::Broker,
    listener::{Admin, Agents, Listener, Stop},
    logging,
    output::Failure,
    unlock,
};

/// How often checkpoints are signed.
const PUBLISH_INTERVAL: Duration = Duration::from_secs(1);
/// How often it is looked whether a new signing key is due.
const ROTATE_INTERVAL: Duration = Duration::from_secs(60);
/// What is left to write after the last call: records of calls that were cut.
const SETTLE_WAIT_MAX: Duration = Duration::from_secs(5);

/// Runs the broker of a configuration file.
pub(crate) fn run(path: &Path) -> Result<(), Failure> {
    logging::start();
    let config = super::load(path)?;
    let key = unlock::key(&config.vault.key)?;
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    if config.server.limits.workers > 0 {
        builder.worker_threads(config.server.limits.workers);
    }
    let runtime = builder.enable_all().build();
    let runtime = runtime.map_err(|error| Failure::new(format!("no threads can be started: {error}")))?;
    runtime.block_on(async {
        let signals = async {
            let mut terminate = signal(SignalKind::terminate()).ok();
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                Some(()) = async { terminate.as_mut()?.recv().await } => {}
            }
        };
        let running = Running::start(&config, &key).await?;
        running.until(signals).await
    })
}

/// A broker that listens.
pub(crate) struct Running {
    pub(crate) broker: Arc<Broker>,
    admin: Arc<Admin>,
    stop: Stop,
    connections: TaskTracker,
    drain_wait_max: Duration,
}

impl Running {
    /// Builds the broker, binds its listeners and starts to serve.
    pub(crate) async fn start(config: &Config, key: &vault::KeySource) -> Result<Self, Failure> {
        let limits = config.server.limits;
        let header_wait_max = Duration::from_secs(u64::from(limits.request_header_seconds_max));
        let agents_listener = Listener::bind(&config.server.listener, limits.connections_max, header_wait_max).await?;
        let admin_listener = Listener::bind(&config.admin.listener, limits.connections_max, header_wait_max).await?;
        let broker = Arc::new(Broker::build(config, key).await?);
        let (stop, connections) = (Stop::default(), TaskTracker::new());
        let agents = Arc::new(Agents::new(Arc::clone(&broker), config));
        let admin = Arc::new(Admin::new(Arc::clone(&broker)));
        let (agents_address, admin_address) = (agents_listener.address().ok(), admin_listener.address().ok());
        connections.spawn(agents_listener.serve(agents, stop.clone(), connections.clone()));
        connections.spawn(admin_listener.serve(Arc::clone(&admin), stop.clone(), connections.clone()));
        connections.spawn(keep(Arc::clone(&broker), stop.clone()));
        admin.set_ready(true);
        let public_url = config.server.public_url.to_string();
        tracing::info!(?agents_address, ?admin_address, public_url, "ready");
        let drain_wait_max = Duration::from_secs(u64::from(limits.drain_seconds_max));
        Ok(Self { broker, admin, stop, connections, drain_wait_max })
    }

    /// Serves until `told`, then drains: no new connections, calls may end, then they are cut and recorded.
    pub(crate) async fn until(self, told: impl Future<Output = ()>) -> Result<(), Failure> {
        told.await;
        tracing::info!("stopping; calls may end");
        self.admin.set_ready(false);
        self.stop.soft.cancel();
        self.connections.close();
        if tokio::time::timeout(self.drain_wait_max, self.connections.wait()).await.is_err() {
            tracing::warn!("calls are cut");
            self.stop.hard.cancel();
            let _cut_or_not = tokio::time::timeout(SETTLE_WAIT_MAX, self.connections.wait()).await;
        }
        self.broker.tasks.close();
        let _written_or_not = tokio::time::timeout(SETTLE_WAIT_MAX, self.broker.tasks.wait()).await;
        let published = self.broker.log.publish().await;
        published.map_err(|error| Failure::new(format!("the last checkpoint could not be signed: {error}")))?;
        let closed = self.broker.store.close().await;
        closed.map_err(|error| Failure::new(format!("the sessions could not be closed: {error}")))?;
        tracing::info!("stopped");
        Ok(())
    }
}

/// What must be done again and again: checkpoints, the end of sessions, signing keys, secrets that were stored meanwhile.
async fn keep(broker: Arc<Broker>, stop: Stop) {
    let mut publish = tokio::time::interval(PUBLISH_INTERVAL);
    let mut sweep = tokio::time::interval(gateway::SWEEP_INTERVAL);
    let mut rotate = tokio::time::interval(ROTATE_INTERVAL);
    let mut reload = signal(SignalKind::hangup()).ok();
    loop {
        tokio::select! {
            () = stop.soft.cancelled() => return,
            _ = publish.tick() => {
                if let Err(error) = broker.log.publish().await {
                    tracing::error!(%error, "no checkpoint could be signed");
                }
            }
            _ = sweep.tick() => {
                if let Err(error) = broker.sessions.sweep(broker.clock.now()).await {
                    tracing::warn!(%error, "expired sessions could not be removed from the store");
                }
            }
            _ = rotate.tick() => {
                let ring = Arc::clone(&broker.ring);
                if let Ok(Err(error)) = tokio::task::spawn_blocking(move || ring.rotate()).await {
                    tracing::error!(%error, "the signing keys could not be rotated; the present one goes on signing");
                }
            }
            Some(()) = async { reload.as_mut()?.recv().await } => reload_vault(&broker).await,
        }
    }
}

/// Takes up what `claviger secret` changed.
async fn reload_vault(broker: &Arc<Broker>) {
    let broker = Arc::clone(broker);
    match tokio::task::spawn_blocking(move || broker.reload_vault()).await {
        Ok(Ok(())) => tracing::info!("the stored credentials were read again"),
        Ok(Err(error)) => {
            tracing::error!(%error, "the stored credentials could not be read again; the old ones are used")
        }
        Err(error) => tracing::error!(%error, "reading the stored credentials again was interrupted"),
    }
}

impl std::fmt::Debug for Running {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Running").field("broker", &self.broker).finish_non_exhaustive()
    }
}
