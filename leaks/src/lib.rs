//! The leak corpus: credentials in many encodings, channels and splits, and a judge that reads them out of what arrives.
//!
//! In scope: what a hostile upstream answers, as bytes on a wire; what can be read out of an answer; the same corpus over the
//! scanner alone; what must hold of any bytes. Out of scope: the running gateway, which the product's tests put between the two.

pub mod benign;
pub mod bomb;
pub mod channel;
pub mod corpus;
pub mod encoding;
pub mod guesser;
pub mod in_process;
pub mod judge;
pub mod property;
pub mod random;
pub mod shape;
pub mod split;
pub mod tally;
pub mod whisper;
