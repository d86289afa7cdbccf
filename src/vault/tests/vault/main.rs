//! The vault on a real disk: its life, what a thief or a bad disk can do to its file, and a writer that is killed.

#![expect(clippy::unwrap_used, reason = "what a test arranges may fail it")]

mod damage;
mod kill;
mod life;
mod support;
