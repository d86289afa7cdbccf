//! Publishing: tiles first, then the checkpoint that covers them.

use std::fs;
use std::io;

use super::segment::framed_entries;
use super::{Core, Log, PublishError};
use crate::checkpoint::Checkpoint;
use crate::files;
use crate::tile::{RightEdge, TileFile};

/// The file of the signed checkpoint, in the log's folder.
pub(crate) const CHECKPOINT: &str = "checkpoint";

/// The tree as far as it has been taken from the journal, and the last checkpoint.
#[derive(Debug)]
pub(super) struct Publisher {
    edge: RightEdge,
    /// Full tiles that are not yet known to be on the disk.
    finished: Vec<TileFile>,
    published: Checkpoint,
    /// The checkpoint as it lies in the folder.
    note: Vec<u8>,
}

impl Publisher {
    pub(super) const fn new(edge: RightEdge, published: Checkpoint, note: Vec<u8>) -> Self {
        Self { edge, finished: Vec::new(), published, note }
    }

    pub(super) const fn published(&self) -> &Checkpoint {
        &self.published
    }
}

impl Log {
    /// Publishes everything appended so far on a blocking thread; see [`Log::publish_blocking`].
    ///
    /// # Errors
    /// [`PublishError`].
    pub async fn publish(&self) -> Result<Checkpoint, PublishError> {
        let log = self.clone();
        let published = tokio::task::spawn_blocking(move || log.publish_blocking()).await;
        published.unwrap_or(Err(PublishError::Interrupted))
    }

    /// Writes the tiles of everything appended so far, then the signed checkpoint, then removes what is no longer needed.
    ///
    /// To be called about every second, after many entries, and at the end. It is also what ends the refusals after a failed sync.
    ///
    /// # Errors
    /// [`PublishError`]; the next call tries again with the same entries and later ones.
    pub fn publish_blocking(&self) -> Result<Checkpoint, PublishError> {
        let mut publisher = self.core.publisher.lock();
        self.write_leftovers();
        if publisher.edge.size() == publisher.published.size() {
            self.core.take_entries(&mut publisher);
        }
        if publisher.edge.size() > publisher.published.size() {
            self.core.sync_journal();
            self.core.write_tiles(&publisher)?;
            self.core.sign(&mut publisher)?;
            self.core.remove_partials(&mut publisher);
        }
        self.core.roll_segment(publisher.published.size());
        Ok(publisher.published.clone())
    }
}

impl Core {
    /// Signs the first checkpoint of a log without entries.
    pub(super) fn sign_empty(
        root: &std::path::Path,
        key: &crate::note::SigningKey,
    ) -> io::Result<(Checkpoint, Vec<u8>)> {
        let checkpoint = Checkpoint::new(key.verifier(), 0, RightEdge::default().root());
        let note = checkpoint.sign(key).to_string().into_bytes();
        files::put(root, [(CHECKPOINT.to_owned(), &note[..])])?;
        Ok((checkpoint, note))
    }

    /// Moves what the writer has into the tree. The hashes are those made when the entries came in, not ones of what the disk says now.
    fn take_entries(&self, publisher: &mut Publisher) {
        let pending = {
            let mut writer = self.writer.lock();
            self.unpublished_bytes.store(0, std::sync::atomic::Ordering::Relaxed);
            writer.take_pending()
        };
        for (entry, leaf) in framed_entries(&pending.frames).zip(&pending.leaves) {
            publisher.edge.push(entry, *leaf, &mut publisher.finished);
        }
        self.writer.lock().give_back(pending);
    }

    /// Makes the journal durable up to what will be signed, so that after a loss of power it never ends before the checkpoint.
    fn sync_journal(&self) {
        let files = self.writer.lock().files_to_sync();
        match files.iter().try_for_each(|file| file.sync()) {
            Ok(()) => self.writer.lock().note_synced(&files),
            Err(error) => self.give_up_segment(&error),
        }
    }

    fn write_tiles(&self, publisher: &Publisher) -> io::Result<()> {
        let partials = publisher.edge.partials();
        let tiles = publisher.finished.iter().chain(&partials);
        files::put(&self.root, tiles.map(|tile| (tile.path.to_string(), &tile.bytes[..])))
    }

    /// Signs the present size. It follows from the last one: entries are only ever added to the edge that was checked at opening.
    fn sign(&self, publisher: &mut Publisher) -> Result<(), PublishError> {
        if files::read_if_there(&self.root.join(CHECKPOINT))?.as_ref() != Some(&publisher.note) {
            return Err(PublishError::CheckpointChanged);
        }
        let checkpoint = Checkpoint::new(self.key.verifier(), publisher.edge.size(), publisher.edge.root());
        let note = checkpoint.sign(&self.key).to_string().into_bytes();
        files::put(&self.root, [(CHECKPOINT.to_owned(), &note[..])])?;
        publisher.published = checkpoint;
        publisher.note = note;
        Ok(())
    }

    /// Removes the partial tiles that a full one now stands for.
    fn remove_partials(&self, publisher: &mut Publisher) {
        for tile in publisher.finished.drain(..) {
            match fs::remove_dir_all(self.root.join(tile.path.partials_folder())) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    tracing::warn!(%error, tile = %tile.path, "partial tiles cannot be removed; they do no harm");
                }
                _ => (),
            }
        }
    }
}
