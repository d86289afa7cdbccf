//! Waits for a stream to say nothing for a while.

use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use tokio::time::{Instant, Sleep};

/// How long nothing comes before what is kept back goes out: longer than the writes of one answer are apart, and too short for a reader to
/// notice.
const QUIET: Duration = Duration::from_millis(50);

/// Waits for a stream to say nothing for a while.
#[derive(Debug, Default)]
pub(super) struct Quiet {
    /// Kept to be set again.
    timer: Option<Pin<Box<Sleep>>>,
    /// Something came since it was last quiet.
    is_due: bool,
    is_set: bool,
}

impl Quiet {
    /// Something has come.
    pub(super) const fn restart(&mut self) {
        (self.is_due, self.is_set) = (true, false);
    }

    /// Ready once each time that it gets quiet.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if !self.is_due {
            return Poll::Pending;
        }
        let end = Instant::now() + QUIET;
        let timer = self.timer.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(end)));
        if !self.is_set {
            timer.as_mut().reset(end);
            self.is_set = true;
        }
        std::task::ready!(timer.as_mut().poll(cx));
        self.is_due = false;
        Poll::Ready(())
    }
}
