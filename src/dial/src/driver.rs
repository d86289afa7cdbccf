//! The task that moves a connection's bytes; one for each connection, and it ends with it.

use std::{
    future::{Future as _, poll_fn},
    pin::Pin,
    sync::Weak,
    task::Poll,
    time::Duration,
};

use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::time::Instant;

use crate::{RequestBody, idle::Idle, stream::Stream};

/// Drives `connection` until it closes. While it waits it looks after the pool's idle connections, so that they are closed in a
/// pool that nobody uses any more.
pub(crate) fn drive(
    mut connection: http1::Connection<TokioIo<Stream>, RequestBody>,
    idle: Weak<Idle>,
    every: Duration,
) {
    let task = async move {
        let mut tick = Box::pin(tokio::time::sleep(every));
        let outcome = poll_fn(|cx| {
            if let Poll::Ready(outcome) = Pin::new(&mut connection).poll(cx) {
                return Poll::Ready(outcome);
            }
            while tick.as_mut().poll(cx).is_ready() {
                let now = Instant::now();
                if let Some(idle) = idle.upgrade() {
                    idle.reap(now);
                }
                tick.as_mut().reset(now + every);
            }
            Poll::Pending
        })
        .await;
        // The other half learns that the connection is closed when this half is dropped.
        drop(connection);
        if let Err(error) = outcome {
            tracing::debug!(%error, "a connection to an upstream ended");
        }
        if let Some(idle) = idle.upgrade() {
            idle.reap(Instant::now());
        }
    };
    #[expect(
        clippy::disallowed_methods,
        reason = "ends when the pool and the responses that use the connection are dropped"
    )]
    tokio::spawn(task);
}
