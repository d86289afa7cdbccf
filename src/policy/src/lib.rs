//! Cedar behind an AuthZEN-shaped question and answer; pure and synchronous.
