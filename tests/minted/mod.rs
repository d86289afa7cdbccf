//! Credentials that real sources mint for one session, and their end.

mod outages;
mod vault;
