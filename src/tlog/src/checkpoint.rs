//! Checkpoints as c2sp.org/tlog-checkpoint defines them: a signed note that says how large a log is and what its root is.

use std::fmt;

use crate::merkle::TreeHash;
use crate::note::{Note, NoteError, SigningKey, VerifierKey};

/// Bytes of the text that are read: origin, size, root, and a few extension lines.
const TEXT_LENGTH_MAX: usize = 16 * 1024;

/// What a log says about itself at one size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    origin: String,
    size: u64,
    root: TreeHash,
}

/// A checkpoint cannot be believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// The signed note around it fails.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// The text is not origin, size and root.
    #[error("the note is not a checkpoint")]
    Malformed,
    /// It belongs to another log.
    #[error("the checkpoint is of another log")]
    OtherOrigin,
}

impl Checkpoint {
    pub(crate) fn new(key: &VerifierKey, size: u64, root: TreeHash) -> Self {
        Self { origin: key.name().to_owned(), size, root }
    }

    /// Reads a checkpoint that `key` has signed for the log of the same name; other signatures are ignored.
    ///
    /// # Errors
    /// [`CheckpointError`].
    pub fn open(bytes: &[u8], key: &VerifierKey) -> Result<Self, CheckpointError> {
        let note = Note::parse(bytes)?;
        let checkpoint = Self::parse(note.verify(std::slice::from_ref(key))?)?;
        if checkpoint.origin == key.name() { Ok(checkpoint) } else { Err(CheckpointError::OtherOrigin) }
    }

    /// Reads what a checkpoint claims, whoever signed it.
    ///
    /// # Errors
    /// [`CheckpointError::Note`] and [`CheckpointError::Malformed`].
    pub(crate) fn claimed(bytes: &[u8]) -> Result<Self, CheckpointError> {
        Self::parse(Note::parse(bytes)?.unverified_text())
    }

    pub(crate) fn sign(&self, key: &SigningKey) -> Note {
        key.sign(&self.to_string()).expect("invariant: an origin that names a key has no control characters")
    }

    fn parse(text: &str) -> Result<Self, CheckpointError> {
        if text.len() > TEXT_LENGTH_MAX {
            return Err(CheckpointError::Malformed);
        }
        let mut lines = text.strip_suffix('\n').ok_or(CheckpointError::Malformed)?.split('\n');
        let (Some(origin), Some(size), Some(root)) = (lines.next(), lines.next(), lines.next()) else {
            return Err(CheckpointError::Malformed);
        };
        if origin.is_empty() || lines.any(str::is_empty) {
            return Err(CheckpointError::Malformed);
        }
        Ok(Self {
            origin: origin.to_owned(),
            size: decimal(size).ok_or(CheckpointError::Malformed)?,
            root: root.parse().map_err(|_| CheckpointError::Malformed)?,
        })
    }

    /// The name of the log.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// How many entries the log had.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The root over those entries.
    #[must_use]
    pub const fn root(&self) -> TreeHash {
        self.root
    }
}

/// The note text, without extension lines.
impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n{}\n{}\n", self.origin, self.size, self.root)
    }
}

/// An ASCII decimal without sign and without leading zeroes.
pub(crate) fn decimal(text: &str) -> Option<u64> {
    let canonical = text == "0" || !text.starts_with('0');
    (canonical && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signer() -> SigningKey {
        SigningKey::from_seed("example.com/behind-the-sofa", &[1; 32]).unwrap()
    }

    fn opened(text: &str) -> Result<Checkpoint, CheckpointError> {
        Checkpoint::open(signer().sign(text).unwrap().to_string().as_bytes(), signer().verifier())
    }

    const ROOT: &str = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=";

    #[test]
    fn a_checkpoint_survives_signing_and_reading() {
        let checkpoint = Checkpoint::new(signer().verifier(), 20_852_163, ROOT.parse().unwrap());
        assert_eq!(checkpoint.to_string(), format!("example.com/behind-the-sofa\n20852163\n{ROOT}\n"));
        let note = checkpoint.sign(&signer()).to_string();
        assert_eq!(Checkpoint::open(note.as_bytes(), signer().verifier()), Ok(checkpoint));
    }

    #[test]
    fn extension_lines_are_read_over() {
        assert_eq!(opened(&format!("example.com/behind-the-sofa\n0\n{ROOT}\nmore\n")).unwrap().size(), 0);
    }

    #[test]
    fn a_text_that_is_no_checkpoint_is_refused() {
        for text in [
            "example.com/behind-the-sofa\n".to_owned(),
            format!("example.com/behind-the-sofa\n01\n{ROOT}\n"),
            format!("example.com/behind-the-sofa\n+1\n{ROOT}\n"),
            format!("example.com/behind-the-sofa\n18446744073709551616\n{ROOT}\n"),
            format!("example.com/behind-the-sofa\n\n{ROOT}\n"),
            format!("\n1\n{ROOT}\n"),
            "example.com/behind-the-sofa\n1\nAAAA\n".to_owned(),
            format!("example.com/behind-the-sofa\n1\n{ROOT}\n\nmore\n"),
        ] {
            assert_eq!(opened(&text), Err(CheckpointError::Malformed), "{text:?}");
        }
    }

    #[test]
    fn a_checkpoint_of_another_log_is_refused() {
        assert_eq!(opened(&format!("example.com/other\n1\n{ROOT}\n")), Err(CheckpointError::OtherOrigin));
        let stranger = SigningKey::from_seed("example.com/behind-the-sofa", &[2; 32]).unwrap();
        let note = Checkpoint::new(stranger.verifier(), 0, TreeHash::EMPTY).sign(&stranger).to_string();
        assert_eq!(Checkpoint::open(note.as_bytes(), signer().verifier()), Err(NoteError::Unsigned.into()));
    }

    #[test]
    fn the_second_implementation_reads_our_checkpoint() {
        let checkpoint = Checkpoint::new(signer().verifier(), 7, ROOT.parse().unwrap());
        let theirs = tlog_tiles::Checkpoint::from_bytes(checkpoint.to_string().as_bytes()).unwrap();
        assert_eq!((theirs.origin(), theirs.size()), ("example.com/behind-the-sofa", 7));
        assert_eq!(&theirs.hash().0, checkpoint.root().as_bytes());
    }
}
