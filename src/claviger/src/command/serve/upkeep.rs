//! What a running broker does again and again, whether or not anyone calls: checkpoints, the end of sessions, signing keys.

use std::{sync::Arc, time::Duration};

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::task::TaskTracker;

use crate::{broker::Broker, listener::Stop};

/// How often checkpoints are signed.
const PUBLISH_INTERVAL: Duration = Duration::from_secs(1);
/// How often it is looked whether a new signing key is due.
const ROTATE_INTERVAL: Duration = Duration::from_secs(60);

/// Starts it, each part by itself: a slow disk that holds a checkpoint up must not keep a session alive.
pub(super) fn start(broker: &Arc<Broker>, stop: &Stop, tasks: &TaskTracker) {
    tasks.spawn(publish(Arc::clone(broker), stop.clone()));
    tasks.spawn(sweep(Arc::clone(broker), stop.clone()));
    tasks.spawn(rotate(Arc::clone(broker), stop.clone()));
    tasks.spawn(reload(Arc::clone(broker), stop.clone()));
}

/// Waits for the next turn; `false` when there is none.
async fn turn(interval: &mut tokio::time::Interval, stop: &Stop) -> bool {
    tokio::select! {
        () = stop.soft.cancelled() => false,
        _ = interval.tick() => true,
    }
}

async fn publish(broker: Arc<Broker>, stop: Stop) {
    let mut interval = tokio::time::interval(PUBLISH_INTERVAL);
    while turn(&mut interval, &stop).await {
        if let Err(error) = broker.log.publish().await {
            tracing::error!(%error, "no checkpoint could be signed");
        }
    }
}

async fn sweep(broker: Arc<Broker>, stop: Stop) {
    let mut interval = tokio::time::interval(gateway::SWEEP_INTERVAL);
    while turn(&mut interval, &stop).await {
        if let Err(error) = broker.sessions.sweep(broker.clock.now()).await {
            tracing::warn!(%error, "expired sessions could not be removed from the store");
        }
    }
}

async fn rotate(broker: Arc<Broker>, stop: Stop) {
    let mut interval = tokio::time::interval(ROTATE_INTERVAL);
    while turn(&mut interval, &stop).await {
        let ring = Arc::clone(&broker.ring);
        if let Ok(Err(error)) = tokio::task::spawn_blocking(move || ring.rotate()).await {
            tracing::error!(%error, "the signing keys could not be rotated; the present one goes on signing");
        }
    }
}

/// Takes up what `claviger secret` changed, when the process is told to (SIGHUP).
async fn reload(broker: Arc<Broker>, stop: Stop) {
    let Ok(mut told) = signal(SignalKind::hangup()) else {
        return tracing::warn!("SIGHUP cannot be listened for; stored credentials are read at the next start only");
    };
    loop {
        tokio::select! {
            () = stop.soft.cancelled() => return,
            _ = told.recv() => {}
        }
        let broker = Arc::clone(&broker);
        match tokio::task::spawn_blocking(move || broker.reload_vault()).await {
            Ok(Ok(())) => tracing::info!("the stored credentials were read again"),
            Ok(Err(error)) => {
                tracing::error!(%error, "the stored credentials could not be read again; the old ones are used");
            }
            Err(error) => tracing::error!(%error, "reading the stored credentials again was interrupted"),
        }
    }
}
