//! Sessions behind traits, and the embedded SQLite that keeps them.
