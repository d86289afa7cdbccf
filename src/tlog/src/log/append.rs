//! Appending: join the group, and lead it or wait.

use std::sync::atomic::Ordering;

use tokio::sync::oneshot;
use tokio::time::timeout;

use super::group::{Leadership, Part, Turn};
use super::others::let_others_run;
use super::{AppendError, Core, Durability, Log, Receipt};
use crate::tile::ENTRY_LENGTH_MAX;

/// What the leader learns about its own entry.
enum Own {
    Settled(Result<u64, AppendError>),
    Syncing(oneshot::Receiver<Turn>),
}

impl Log {
    /// Records an entry and returns when it is as durable as asked.
    ///
    /// Dropping the future does not take the entry back: it may or may not be recorded, and no other caller is affected. Needs a tokio
    /// runtime with time; the write itself runs on the thread of the caller that leads the group, syncs run on blocking threads.
    ///
    /// # Errors
    /// [`AppendError`]. After [`AppendError::TimedOut`] and [`AppendError::SyncFailed`] the entry may be recorded nevertheless.
    pub async fn append(&self, entry: &[u8], durability: Durability) -> Result<Receipt, AppendError> {
        if entry.len() > ENTRY_LENGTH_MAX {
            return Err(AppendError::TooLong);
        }
        if self.core.unpublished_bytes.load(Ordering::Relaxed) >= self.core.unpublished_bytes_max {
            return Err(AppendError::Unpublished);
        }
        let (position, part) = self.core.join(entry, durability)?;
        let turn = match part {
            Part::Leader(leadership) => self.lead(leadership, position).await,
            Part::Member(mut waiting) => match self.core.bounded(&mut waiting.receiver).await {
                Turn::Settled(settled) => settled,
                Turn::Lead => self.lead(waiting.leadership(), position).await,
            },
        };
        turn.map(|index| Receipt::new(index, durability))
    }

    async fn lead(&self, leadership: Leadership<'_>, position: usize) -> Result<u64, AppendError> {
        // Whoever is ready to append now gets into the same write.
        let_others_run().await;
        match self.write_batch(leadership, Some(position)) {
            Own::Settled(settled) => settled,
            Own::Syncing(mut receiver) => match self.core.bounded(&mut receiver).await {
                Turn::Settled(settled) => settled,
                Turn::Lead => unreachable!("invariant: the batch is written, nobody is left to lead it"),
            },
        }
    }

    /// Writes what no caller is left to write.
    pub(super) fn write_leftovers(&self) {
        if let Some(leadership) = self.core.lead_leftovers() {
            self.write_batch(leadership, None);
        }
    }

    /// One write for the whole batch; tells every member, and hands over when it returns.
    fn write_batch(&self, leadership: Leadership<'_>, own: Option<usize>) -> Own {
        let core = leadership.core();
        let mut writer = core.writer.lock();
        let mut batch = leadership.take_batch();
        let written = writer.write(&batch.frames, batch.members.iter().map(|member| member.leaf));
        let mut own_turn = Own::Settled(written);
        let mut start_sync = false;
        if let Ok(first) = written {
            core.unpublished_bytes.store(writer.pending_bytes(), Ordering::Relaxed);
            for (position, member) in batch.members.iter_mut().enumerate() {
                let index = first + position as u64;
                let is_own = own == Some(position);
                if is_own {
                    own_turn = Own::Settled(Ok(index));
                }
                if member.durability == Durability::Power {
                    if is_own {
                        let (sender, receiver) = oneshot::channel();
                        member.turn = Some(sender);
                        own_turn = Own::Syncing(receiver);
                    }
                    if let Some(turn) = member.turn.take() {
                        start_sync |= writer.await_sync(turn, index);
                    }
                }
            }
        }
        drop(writer);
        if start_sync {
            self.start_sync();
        }
        for (position, member) in batch.members.iter_mut().enumerate() {
            if let Some(turn) = member.turn.take() {
                // A caller that has gone does not want to know.
                drop(turn.send(Turn::Settled(written.map(|first| first + position as u64))));
            }
        }
        leadership.give_back(batch);
        own_turn
    }
}

impl Core {
    /// Waits for one's turn, but not forever.
    async fn bounded(&self, receiver: &mut oneshot::Receiver<Turn>) -> Turn {
        match timeout(self.wait_max, receiver).await {
            Ok(Ok(turn)) => turn,
            // A sender is dropped unused only when the leader panics: then nothing is known of the entry.
            Ok(Err(_)) | Err(_) => Turn::Settled(Err(AppendError::TimedOut)),
        }
    }
}
