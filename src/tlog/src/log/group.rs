//! The group that is just filling: the frames of callers who will share one write, and the choice of the one who leads.
//!
//! At most one caller leads at a time. Whoever stops leading, having written or having been dropped, hands over to a member that still
//! waits; if none does, the next caller leads and takes along what was left.

use tokio::sync::oneshot;

use super::segment::encode_frame;
use super::{AppendError, Core, Durability};
use crate::merkle::TreeHash;

/// Frames that may wait for the write before theirs to return; a disk that is further behind has failed.
const GROUP_BYTES_MAX: usize = 32 << 20;

/// Buffers that have grown beyond this are not kept.
const SPARE_BYTES_MAX: usize = 1 << 20;

/// What a waiting member is told.
#[derive(Debug)]
pub(super) enum Turn {
    /// Its entry is recorded at this index, or refused.
    Settled(Result<u64, AppendError>),
    /// It leads now.
    Lead,
}

/// Frames and members of one write.
#[derive(Debug, Default)]
pub(super) struct Batch {
    pub(super) frames: Vec<u8>,
    pub(super) members: Vec<Member>,
}

/// One caller's part of a batch.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) leaf: TreeHash,
    pub(super) durability: Durability,
    /// Where the caller waits; `None` for the leader, and when it has gone.
    pub(super) turn: Option<oneshot::Sender<Turn>>,
}

/// The filling batch, the emptied one that will follow it, and whether anyone leads.
#[derive(Debug, Default)]
pub(super) struct Group {
    filling: Batch,
    spare: Batch,
    led: bool,
}

/// How a caller takes part.
pub(super) enum Part<'a> {
    Leader(Leadership<'a>),
    Member(Waiting<'a>),
}

/// The duty to write the filling batch; dropping it hands over.
pub(super) struct Leadership<'a> {
    core: &'a Core,
}

/// A member's wait; dropping it passes on a leadership that has just been given to it.
pub(super) struct Waiting<'a> {
    core: &'a Core,
    pub(super) receiver: oneshot::Receiver<Turn>,
}

impl Core {
    /// Puts an entry into the filling batch; gives its position there.
    pub(super) fn join(&self, entry: &[u8], durability: Durability) -> Result<(usize, Part<'_>), AppendError> {
        let leaf = TreeHash::leaf(entry);
        let mut group = self.group.lock();
        if group.filling.frames.len() > GROUP_BYTES_MAX {
            return Err(AppendError::Overloaded);
        }
        encode_frame(&mut group.filling.frames, entry, &leaf);
        let position = group.filling.members.len();
        let (turn, part) = if group.led {
            let (sender, receiver) = oneshot::channel();
            (Some(sender), Part::Member(Waiting { core: self, receiver }))
        } else {
            group.led = true;
            (None, Part::Leader(Leadership { core: self }))
        };
        group.filling.members.push(Member { leaf, durability, turn });
        Ok((position, part))
    }

    /// Leads if nobody does and there is something to write.
    pub(super) fn lead_leftovers(&self) -> Option<Leadership<'_>> {
        let mut group = self.group.lock();
        let left = !group.led && !group.filling.members.is_empty();
        group.led |= left;
        left.then(|| Leadership { core: self })
    }
}

impl<'a> Leadership<'a> {
    pub(super) const fn core(&self) -> &'a Core {
        self.core
    }

    /// Takes the batch, so that the next one fills.
    pub(super) fn take_batch(&self) -> Batch {
        let mut group = self.core.group.lock();
        let next = std::mem::take(&mut group.spare);
        std::mem::replace(&mut group.filling, next)
    }

    /// Gives the buffers of a written batch back.
    pub(super) fn give_back(&self, mut batch: Batch) {
        batch.members.clear();
        batch.frames.clear();
        batch.frames.shrink_to(SPARE_BYTES_MAX);
        batch.members.shrink_to(SPARE_BYTES_MAX / size_of::<Member>());
        self.core.group.lock().spare = batch;
    }
}

impl Drop for Leadership<'_> {
    fn drop(&mut self) {
        let mut group = self.core.group.lock();
        group.led = group.filling.members.iter_mut().any(|member| {
            // Sending fails when the member has gone; a member that goes later passes the leadership on itself.
            member.turn.take().is_some_and(|turn| turn.send(Turn::Lead).is_ok())
        });
    }
}

impl<'a> Waiting<'a> {
    /// The leadership that this member was told to take.
    pub(super) const fn leadership(&self) -> Leadership<'a> {
        Leadership { core: self.core }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.receiver.close();
        if let Ok(Turn::Lead) = self.receiver.try_recv() {
            drop(self.leadership());
        }
    }
}
