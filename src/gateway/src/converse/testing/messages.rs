//! An answer, read message by message: one JSON message, or events.

use http::Response;
use mcp::sse::{Decoder, Item};
use serde_json::Value;

use crate::mask::{Clean, Interrupted};

const EVENT_BYTES_MAX: usize = 1 << 20;

pub(crate) struct Messages {
    body: Clean,
    decoder: Option<Decoder>,
}

impl Messages {
    pub(crate) fn of(response: Response<Clean>) -> Self {
        let is_stream = response.headers().get("content-type").is_some_and(|value| value == "text/event-stream");
        Self { body: response.into_body(), decoder: is_stream.then(|| Decoder::new(EVENT_BYTES_MAX)) }
    }

    pub(crate) const fn is_stream(&self) -> bool {
        self.decoder.is_some()
    }

    /// The next message; `None` at the end.
    pub(crate) async fn next(&mut self) -> Option<Value> {
        let Some(decoder) = &mut self.decoder else {
            let mut whole = Vec::new();
            while let Some(bytes) = self.body.next().await {
                whole.extend_from_slice(&bytes.unwrap());
            }
            return (!whole.is_empty()).then(|| serde_json::from_slice(&whole).unwrap());
        };
        loop {
            while let Some(item) = decoder.next_item().unwrap() {
                if let Item::Event(event) = item {
                    return Some(serde_json::from_slice(&event.data).unwrap());
                }
            }
            decoder.feed(self.body.next().await?.unwrap());
        }
    }

    /// How the body ends, whatever else it says.
    pub(crate) async fn end(mut self) -> Result<(), Interrupted> {
        while let Some(bytes) = self.body.next().await {
            bytes?;
        }
        Ok(())
    }
}
