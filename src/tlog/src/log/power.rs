//! Syncs for those who asked to survive a loss of power: one at a time on a blocking thread, each for everybody who waits.

use std::io;
use std::sync::Arc;

use tokio::sync::oneshot;

use super::group::Turn;
use super::{AppendError, Core, Log};

/// The one run of syncs; whatever happens to it, nobody is left waiting.
struct SyncRun {
    core: Arc<Core>,
    finished: bool,
}

impl Log {
    /// Starts the run that the writer has asked for.
    pub(super) fn start_sync(&self) {
        let run = SyncRun { core: Arc::clone(&self.core), finished: false };
        // Nobody has to wait for the run itself: it ends when nobody waits for a sync.
        drop(tokio::task::spawn_blocking(move || run.until_nobody_waits()));
    }
}

impl Core {
    /// Ends the use of the active segment and refuses everybody who waits for its sync.
    pub(super) fn give_up_segment(&self, error: &io::Error) {
        tracing::error!(%error, "the journal cannot be synced: appends are refused until the next checkpoint");
        let waiting = self.writer.lock().seal();
        settle(waiting, |_| Err(AppendError::SyncFailed));
    }
}

impl SyncRun {
    fn until_nobody_waits(mut self) {
        loop {
            let Some(work) = self.core.writer.lock().next_sync() else {
                self.finished = true;
                return;
            };
            match work.files.iter().try_for_each(|file| file.sync()) {
                Ok(()) => {
                    self.core.writer.lock().note_synced(&work.files);
                    settle(work.waiting, Ok);
                }
                Err(error) => {
                    self.core.give_up_segment(&error);
                    settle(work.waiting, |_| Err(AppendError::SyncFailed));
                }
            }
        }
    }
}

impl Drop for SyncRun {
    fn drop(&mut self) {
        if !self.finished {
            // The runtime dropped the run before it began, or a sync panicked.
            let waiting = self.core.writer.lock().abandon_sync();
            settle(waiting, |_| Err(AppendError::SyncFailed));
        }
    }
}

fn settle(waiting: Vec<(oneshot::Sender<Turn>, u64)>, outcome: impl Fn(u64) -> Result<u64, AppendError>) {
    for (turn, index) in waiting {
        // A caller that has gone does not want to know.
        drop(turn.send(Turn::Settled(outcome(index))));
    }
}
