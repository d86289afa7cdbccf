//! A body that an async function says, piece by piece. It runs when the body is read and goes away with it: no task, no queue.

use std::{
    fmt,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use mcp::sse::Encoder;
use parking_lot::Mutex;

use crate::mask::{Clean, DerivedBody, Interrupted};

/// Proxies close what is silent for a minute.
const KEEP_ALIVE_INTERVAL: Duration = Duration::from_secs(15);

/// Where a script speaks.
#[derive(Debug, Clone, Default)]
pub(super) struct Stage(Arc<Mutex<Vec<u8>>>);

impl Stage {
    /// Says one message, as an event.
    pub(super) fn message(&self, message: &[u8]) {
        Encoder::event(None, None, message, &mut self.0.lock());
    }

    /// Gives a sign of life. One is enough until somebody takes it.
    pub(super) fn keep_alive(&self) {
        let said = &mut *self.0.lock();
        if said.is_empty() {
            Encoder::keep_alive(said);
        }
    }

    /// Says bytes as they are.
    pub(super) fn bytes(&self, bytes: &[u8]) {
        self.0.lock().extend_from_slice(bytes);
    }

    /// Waits for something, and gives signs of life meanwhile.
    pub(super) async fn alive<T>(&self, awaited: impl Future<Output = T>) -> T {
        let mut awaited = std::pin::pin!(awaited);
        loop {
            match tokio::time::timeout(KEEP_ALIVE_INTERVAL, &mut awaited).await {
                Ok(done) => return done,
                Err(_) => self.keep_alive(),
            }
        }
    }

    /// Waits until what was said is on its way. A script that reads on without this would say more than anybody takes.
    pub(super) async fn taken(&self) {
        // Whoever takes what was said polls the script again, so nobody needs to be woken.
        std::future::poll_fn(|_| if self.0.lock().is_empty() { Poll::Ready(()) } else { Poll::Pending }).await;
    }
}

type Script = Pin<Box<dyn Future<Output = Result<(), Interrupted>> + Send>>;

/// A body that says what `script` says. Dropping it drops the script where it stands.
pub(super) fn scripted<F>(script: impl FnOnce(Stage) -> F) -> Clean
where
    F: Future<Output = Result<(), Interrupted>> + Send + 'static,
{
    let stage = Stage::default();
    let script: Script = Box::pin(script(stage.clone()));
    Clean::derived(Scripted { script: Some(script), stage, interrupted: None })
}

struct Scripted {
    /// `None` once it has ended.
    script: Option<Script>,
    stage: Stage,
    interrupted: Option<Interrupted>,
}

impl DerivedBody for Scripted {
    fn poll_bytes(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Interrupted>>> {
        loop {
            let said = std::mem::take(&mut *self.stage.0.lock());
            if !said.is_empty() {
                return Poll::Ready(Some(Ok(said.into())));
            }
            let Some(script) = &mut self.script else { return Poll::Ready(self.interrupted.take().map(Err)) };
            match script.as_mut().poll(cx) {
                Poll::Pending if self.stage.0.lock().is_empty() => return Poll::Pending,
                Poll::Pending => {}
                Poll::Ready(ended) => {
                    self.script = None;
                    self.interrupted = ended.err();
                }
            }
        }
    }
}

impl fmt::Debug for Scripted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scripted").field("ended", &self.script.is_none()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_script_goes_on_when_what_it_said_was_taken() {
        let mut body = scripted(async |stage: Stage| {
            for word in ["a", "b"] {
                stage.bytes(word.as_bytes());
                stage.taken().await;
            }
            stage.bytes(b"c");
            stage.bytes(b"d");
            Err(Interrupted::Upstream)
        });
        assert_eq!(body.next().await.unwrap().unwrap(), "a");
        assert_eq!(body.next().await.unwrap().unwrap(), "b");
        assert_eq!(body.next().await.unwrap().unwrap(), "cd");
        assert_eq!(body.next().await.unwrap(), Err(Interrupted::Upstream));
        assert!(body.next().await.is_none());
    }

    #[tokio::test]
    async fn signs_of_life_do_not_pile_up() {
        let mut body = scripted(async |stage: Stage| {
            stage.keep_alive();
            stage.keep_alive();
            stage.message(b"{}");
            stage.keep_alive();
            Ok(())
        });
        assert_eq!(body.next().await.unwrap().unwrap(), ":\n\ndata: {}\n\n");
        assert!(body.next().await.is_none());
    }
}
