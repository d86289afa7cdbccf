//! The transparency log: signed note, checkpoint, tiles, proofs and the file store.
//!
//! In scope: a log of opaque entries in one folder, written by one process, judged by anyone with the public key. Out of scope: what
//! an entry means, serving the files over HTTP, witnesses.

mod checkpoint;
mod files;
mod folder;
mod log;
mod merkle;
mod note;
mod proof;
mod reader;
mod tile;
mod verify;

pub use checkpoint::{Checkpoint, CheckpointError};
pub use folder::TileTrouble;
pub use log::{AppendError, Durability, Log, LogOptions, OpenError, PublishError, Receipt, Recovery};
pub use merkle::{
    Frontier, InvalidTreeHash, Nodes, ProofError, TreeHash, consistency_proof, inclusion_proof, verify_consistency,
    verify_inclusion,
};
pub use note::{
    InvalidKeyName, InvalidVerifierKey, KeyId, NOTE_LENGTH_MAX, Note, NoteError, NoteSignature, SIGNATURES_MAX,
    SigningKey, VerifierKey,
};
pub use proof::{InvalidLogProof, LogProof, LogProofError};
pub use reader::{Entries, Entry, ReadError, Reader};
pub use tile::{
    BundleEntries, ENTRY_LENGTH_MAX, InvalidTilePath, MalformedBundle, TILE_WIDTH, TileKind, TilePath, encode_entry,
};
pub use verify::{Finding, OpenTail, Outcome, Report, verify};
