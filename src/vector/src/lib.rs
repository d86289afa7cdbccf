//! Passes over bytes with vector instructions, chosen at run time, with the same results on every machine.
//!
//! [`Anchors`] and [`Tokens`] find the few places of a text that are worth a closer look; [`Blocks`] says for every 64 bytes which
//! of them are in some sets, and which eights a filter lets pass. This is the one crate with unsafe code in it: loads from memory into
//! registers, and calls of functions that need instructions which the machine was asked for. Everything else of the vector code is safe,
//! and a portable path gives the same results where there is no such machine.

mod anchors;
#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod blocks;
mod keys;
mod marks;
mod path;
mod portable;
mod tokens;

pub use anchors::{Anchors, GROUPS, LENGTH_MAX, REACH, Window};
pub use blocks::{BATCH, BLOCK, Batch, Blocks, GroupFilter, Reader, Sets, SetsReader};
pub use keys::{KEY, key, keys};
pub use path::Path;
pub use tokens::{TOKEN, Token, Tokens};
