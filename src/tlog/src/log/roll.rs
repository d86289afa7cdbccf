//! The change to a new segment of the journal, and the removal of segments that the tiles have made superfluous.

use std::fs::{self, File};
use std::io::{self, Write as _};

use super::Core;
use super::segment::{FOLDER, HEADER, SegmentPath, Segments};
use crate::files;

impl Core {
    /// Starts a new segment when the active one is large or sealed, and removes those that end before `published`.
    ///
    /// A sealed segment is left only when everything in it is published, so that nothing depends on it any more.
    pub(super) fn roll_segment(&self, published: u64) {
        let due = {
            let writer = self.writer.lock();
            writer.is_sealed() || writer.length() >= self.segment_bytes_max
        };
        if !due {
            return;
        }
        if let Err(error) = self.start_segment(published).and_then(|()| self.remove_segments(published)) {
            tracing::error!(%error, "the journal's segment cannot be changed; it is tried again at the next checkpoint");
        }
    }

    fn start_segment(&self, published: u64) -> io::Result<()> {
        let temporary = files::temporary(&self.root, "segment");
        let mut file = File::options().create(true).truncate(true).write(true).open(&temporary)?;
        file.write_all(HEADER)?;
        file.sync_all()?;
        let file = (self.files)(File::options().append(true).open(&temporary)?);
        let folder = (self.files)(File::open(self.root.join(FOLDER))?);
        {
            let mut writer = self.writer.lock();
            if writer.is_sealed() && writer.next_index() != published {
                return Ok(());
            }
            if !writer.is_sealed() {
                writer.mend()?;
            }
            fs::rename(&temporary, SegmentPath::new(&self.root, writer.next_index()).path)?;
            writer.roll(file, folder, HEADER.len() as u64);
        }
        files::sync_folder(&self.root.join(FOLDER))
    }

    fn remove_segments(&self, published: u64) -> io::Result<()> {
        let segments = Segments::list(&self.root)?.segments;
        let ends = segments.iter().skip(1).map(|next| next.first);
        let mut covered = segments.iter().zip(ends).filter(|(_, end)| *end <= published);
        covered.try_for_each(|(segment, _)| fs::remove_file(&segment.path))
    }
}
