//! What must never happen.

mod canary;
mod trailers;
