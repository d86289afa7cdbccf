//! Asks an analyzer service with a language model, such as Presidio's, for the names and places in texts.
//!
//! In scope: the HTTP interface of Presidio's analyzer (`POST /analyze`), asked in batches within a deadline, and what is done when it
//! does not answer. Out of scope: what has a form, such as numbers and addresses, which `redact` finds by itself; and which texts are
//! asked about, which is the caller's to say: they leave this process, for that service alone.

mod analyzer;
mod answer;
mod batch;
mod breaker;
mod settings;

pub use analyzer::{Analysis, Analyzer, Unavailable};
pub use answer::Finding;
pub use settings::{AnalyzerSettings, InvalidAnalyzerSettings, WhenDown};
