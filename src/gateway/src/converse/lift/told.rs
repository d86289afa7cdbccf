//! An event stream to the caller that is written by one piece of work: the work goes on while the stream is read, and ends with it.

use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use mcp::sse::Encoder;
use tokio::sync::mpsc;

use crate::mask::{Clean, DerivedBody, Interrupted};

/// Events that wait for the caller to read them. The upstream is read no faster than that.
const WAITING_MAX: usize = 4;

type Work = Pin<Box<dyn Future<Output = Result<(), Interrupted>> + Send>>;

/// Writes the events of one stream.
#[derive(Debug)]
pub(super) struct Tell(mpsc::Sender<Bytes>);

impl Tell {
    /// One message.
    pub(super) async fn message(&self, message: &[u8]) -> Result<(), Interrupted> {
        let mut event = Vec::with_capacity(message.len() + 16);
        Encoder::event(None, None, message, &mut event);
        self.send(event).await
    }

    /// A sign of life.
    pub(super) async fn alive(&self) -> Result<(), Interrupted> {
        let mut comment = Vec::with_capacity(3);
        Encoder::keep_alive(&mut comment);
        self.send(comment).await
    }

    async fn send(&self, event: Vec<u8>) -> Result<(), Interrupted> {
        // Without a reader the work itself is gone.
        self.0.send(event.into()).await.map_err(|_| Interrupted::Upstream)
    }
}

/// The stream that `work` writes. Dropping it drops the work, and with it whatever exchange is open.
pub(super) fn told<F>(work: impl FnOnce(Tell) -> F) -> Clean
where
    F: Future<Output = Result<(), Interrupted>> + Send + 'static,
{
    let (tell, events) = mpsc::channel(WAITING_MAX);
    Clean::derived(Told { work: Some(Box::pin(work(Tell(tell)))), events, interrupted: None })
}

struct Told {
    /// `None` once it is done.
    work: Option<Work>,
    events: mpsc::Receiver<Bytes>,
    /// What is reported behind the last event.
    interrupted: Option<Interrupted>,
}

impl DerivedBody for Told {
    fn poll_bytes(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Interrupted>>> {
        let this = &mut *self;
        loop {
            if let Poll::Ready(Some(event)) = this.events.poll_recv(cx) {
                return Poll::Ready(Some(Ok(event)));
            }
            let Some(work) = &mut this.work else { return Poll::Ready(this.interrupted.take().map(Err)) };
            match work.as_mut().poll(cx) {
                Poll::Ready(done) => {
                    this.work = None;
                    this.interrupted = done.err();
                }
                // What the work has just written wakes nobody: it is looked for here.
                Poll::Pending => match this.events.poll_recv(cx) {
                    Poll::Ready(Some(event)) => return Poll::Ready(Some(Ok(event))),
                    Poll::Ready(None) | Poll::Pending => return Poll::Pending,
                },
            }
        }
    }
}

impl fmt::Debug for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Told").field("done", &self.work.is_none()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(flavor = "current_thread")]
    async fn what_was_written_comes_before_the_interruption() {
        let mut body = told(|tell| async move {
            for n in 0..20_u8 {
                tell.message(&[b'0' + n % 10]).await?;
            }
            tell.alive().await?;
            Err(Interrupted::SessionEnded)
        });
        let mut events = 0;
        let end = loop {
            match body.next().await {
                Some(Ok(bytes)) => events += usize::from(bytes.starts_with(b"data: ")),
                end => break end,
            }
        };
        assert_eq!((events, end), (20, Some(Err(Interrupted::SessionEnded))));
        assert_eq!(body.next().await, None);
    }

    #[tokio::test(flavor = "current_thread")]
    async fn the_work_ends_with_the_stream() {
        let (alive, mut gone) = mpsc::channel::<()>(1);
        let mut body = told(|tell| async move {
            let _alive = alive;
            tell.message(b"x").await?;
            std::future::pending().await
        });
        assert_eq!(body.next().await, Some(Ok("data: x\n\n".into())));
        assert!(gone.try_recv().is_err_and(|error| error == mpsc::error::TryRecvError::Empty));
        drop(body);
        assert_eq!(gone.recv().await, None);
    }
}
