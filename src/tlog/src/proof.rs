//! Proofs as c2sp.org/tlog-proof defines them: a text that shows, offline, that an entry is in a log.

use std::fmt;

use crate::checkpoint::{Checkpoint, CheckpointError, decimal};
use crate::merkle::{ProofError, TreeHash, verify_inclusion};
use crate::note::VerifierKey;

const FIRST_LINE: &str = "c2sp.org/tlog-proof@v1";

/// Hashes of a proof: a tree has fewer than 64 levels.
const HASHES_MAX: usize = 64;

/// An entry's place, the path from there to the root, and the signed root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogProof {
    index: u64,
    path: Vec<TreeHash>,
    checkpoint: String,
}

/// The text is not a proof.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a tlog-proof of version 1")]
pub struct InvalidLogProof;

/// The proof does not show what it should.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LogProofError {
    /// The checkpoint in it cannot be believed.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The entry is not in the tree of that checkpoint.
    #[error(transparent)]
    Inclusion(#[from] ProofError),
}

impl LogProof {
    pub(crate) const fn new(index: u64, path: Vec<TreeHash>, checkpoint: String) -> Self {
        Self { index, path, checkpoint }
    }

    /// Reads the text form; extra data is read over, since nothing vouches for it.
    ///
    /// # Errors
    /// [`InvalidLogProof`].
    pub fn parse(text: &str) -> Result<Self, InvalidLogProof> {
        let (head, checkpoint) = text.split_once("\n\n").ok_or(InvalidLogProof)?;
        let mut lines = head.split('\n').peekable();
        if lines.next() != Some(FIRST_LINE) {
            return Err(InvalidLogProof);
        }
        lines.next_if(|line| line.starts_with("extra "));
        let index = lines.next().and_then(|line| decimal(line.strip_prefix("index ")?)).ok_or(InvalidLogProof)?;
        let path =
            lines.by_ref().take(HASHES_MAX).map(str::parse).collect::<Result<_, _>>().map_err(|_| InvalidLogProof)?;
        if lines.next().is_some() {
            return Err(InvalidLogProof);
        }
        Ok(Self { index, path, checkpoint: checkpoint.to_owned() })
    }

    /// Shows that `entry` is in the log of `key`, and gives the checkpoint under which it is.
    ///
    /// # Errors
    /// [`LogProofError`].
    pub fn verify(&self, entry: &[u8], key: &VerifierKey) -> Result<Checkpoint, LogProofError> {
        let checkpoint = Checkpoint::open(self.checkpoint.as_bytes(), key)?;
        verify_inclusion(&TreeHash::leaf(entry), self.index, checkpoint.size(), &self.path, &checkpoint.root())?;
        Ok(checkpoint)
    }

    /// The entry's place in the log.
    #[must_use]
    pub const fn index(&self) -> u64 {
        self.index
    }

    /// The hashes from the entry's sibling up to the root's child.
    #[must_use]
    pub fn path(&self) -> &[TreeHash] {
        &self.path
    }
}

impl fmt::Display for LogProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{FIRST_LINE}\nindex {}", self.index)?;
        self.path.iter().try_for_each(|hash| writeln!(f, "{hash}"))?;
        write!(f, "\n{}", self.checkpoint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::note::SigningKey;

    fn proof() -> (LogProof, SigningKey) {
        let key = SigningKey::from_seed("example.com/log", &[5; 32]).unwrap();
        let other = TreeHash::leaf(b"other");
        let root = TreeHash::node(&other, &TreeHash::leaf(b"entry"));
        let note = Checkpoint::new(key.verifier(), 2, root).sign(&key).to_string();
        (LogProof::new(1, vec![other], note), key)
    }

    #[test]
    fn a_proof_survives_its_text_form_and_proves_its_entry_only() {
        let (proof, key) = proof();
        let read = LogProof::parse(&proof.to_string()).unwrap();
        assert_eq!(read, proof);
        assert_eq!(read.verify(b"entry", key.verifier()).unwrap().size(), 2);
        assert_eq!(read.verify(b"other", key.verifier()), Err(ProofError::WrongRoot.into()));
        let stranger = SigningKey::from_seed("example.com/log", &[6; 32]).unwrap();
        assert!(matches!(read.verify(b"entry", stranger.verifier()), Err(LogProofError::Checkpoint(_))));
    }

    #[test]
    fn extra_data_is_read_over_and_other_texts_are_refused() {
        let (proof, key) = proof();
        let text = proof.to_string();
        let extra = text.replace("\nindex", "\nextra QUJD\nindex");
        assert!(LogProof::parse(&extra).unwrap().verify(b"entry", key.verifier()).is_ok());
        let hash = format!("{}\n", TreeHash::EMPTY);
        for wrong in [
            String::new(),
            text.replace("@v1", "@v2"),
            text.replace("index 1", "index 01"),
            text.replace("index 1", "index"),
            text.replace("index 1\n", ""),
            text.replace("index 1\n", "index 1\nAAAA\n"),
            text.replace("index 1\n", &format!("index 1\n{}", hash.repeat(HASHES_MAX))),
        ] {
            assert_eq!(LogProof::parse(&wrong), Err(InvalidLogProof), "{wrong:?}");
        }
    }
}
