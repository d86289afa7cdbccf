//! The transparency log: signed note, checkpoint, tiles, proofs and the file store.
