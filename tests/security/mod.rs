//! What must never happen.

mod canary;
