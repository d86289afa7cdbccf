//! The body of a response: it gives its connection back when it ends well, and takes it down when it does not.

use std::{
    fmt,
    future::Future as _,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::time::{Instant, Sleep};

use crate::{BodyError, idle::Loan};

/// A body that is being read is looked at when its alarm goes off, give or take what a busy machine needs. One that is looked at
/// later had no reader, such as an answer that waits for its caller.
const LOOKED_LATE_MAX: Duration = Duration::from_secs(2);

/// What the destination sends after the head.
///
/// Dropping it before its end closes the connection, because what is left on it belongs to nobody else.
pub struct ResponseBody {
    incoming: Incoming,
    loan: Option<Loan>,
    idle: Duration,
    /// Set when the body first has to be waited for: a small answer that is there already costs no timer.
    alarm: Option<Pin<Box<Sleep>>>,
    last: Option<Instant>,
}

impl ResponseBody {
    pub(crate) fn new(incoming: Incoming, loan: Loan, idle: Duration) -> Self {
        let mut body = Self { incoming, loan: Some(loan), idle, alarm: None, last: None };
        body.settle();
        body
    }

    /// Gives the connection back once the last byte of the response was read from it.
    fn settle(&mut self) {
        if self.incoming.is_end_stream() {
            self.finish();
        }
    }

    fn finish(&mut self) {
        self.alarm = None;
        if let Some(loan) = self.loan.take() {
            loan.give_back();
        }
    }

    /// Drops the connection: what is on it cannot be trusted to be ours.
    fn abandon(&mut self) {
        self.alarm = None;
        self.loan = None;
    }

    fn is_overdue(&mut self, cx: &mut Context<'_>) -> bool {
        let idle = self.idle;
        let alarm = self.alarm.get_or_insert_with(|| Box::pin(tokio::time::sleep(idle)));
        while alarm.as_mut().poll(cx).is_ready() {
            // Something came since the alarm was set: wait for what is left from then on.
            let now = Instant::now();
            let since = self.last.take().map(|last| last + idle);
            // Where nobody looked when the time was up, the wait begins anew: it is the upstream that must not stall.
            let unwatched = (now > alarm.deadline() + LOOKED_LATE_MAX).then(|| now + idle);
            let due = since.max(unwatched).filter(|due| *due > now);
            let Some(due) = due else { return true };
            alarm.as_mut().reset(due);
        }
        false
    }
}

impl fmt::Debug for ResponseBody {
    /// Shows nothing of what came.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ResponseBody(…)")
    }
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = &mut *self;
        match Pin::new(&mut this.incoming).poll_frame(cx) {
            Poll::Ready(Some(Ok(frame))) => {
                if this.alarm.is_some() {
                    this.last = Some(Instant::now());
                }
                this.settle();
                Poll::Ready(Some(Ok(frame)))
            }
            Poll::Ready(Some(Err(error))) => {
                this.abandon();
                Poll::Ready(Some(Err(BodyError::Cut(error))))
            }
            Poll::Ready(None) => {
                this.finish();
                Poll::Ready(None)
            }
            Poll::Pending if this.is_overdue(cx) => {
                this.abandon();
                Poll::Ready(Some(Err(BodyError::IdleTimeout)))
            }
            Poll::Pending => Poll::Pending,
        }
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.size_hint()
    }
}
