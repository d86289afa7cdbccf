//! Server-sent events, as the HTML standard has them (section 9.2): an incremental decoder and an encoder.
//!
//! Where a browser would guess, the decoder ends the stream: at a line that is not UTF-8 and at an event that is too large.

mod decoder;
mod encoder;

pub use decoder::{Decoder, Event, Item, SseError};
pub use encoder::Encoder;

#[cfg(test)]
mod tests;
