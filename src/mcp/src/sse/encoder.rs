//! Events to bytes; data may come in pieces, so that an answer need not be held until it is complete.

/// The encoder of one event's data. Line ends in the data start a new `data:` line, however the pieces are cut.
#[derive(Debug, Default)]
pub struct Encoder {
    after_return: bool,
}

impl Encoder {
    /// Begins an event. Line ends in `kind` and `id` would end the field, so the field is left out.
    #[must_use]
    pub fn begin(kind: Option<&str>, id: Option<&str>, out: &mut Vec<u8>) -> Self {
        for (name, value) in [("event: ", kind), ("id: ", id)] {
            let Some(value) = value.filter(|value| !value.contains(['\r', '\n', '\0'])) else { continue };
            out.extend_from_slice(name.as_bytes());
            out.extend_from_slice(value.as_bytes());
            out.push(b'\n');
        }
        out.extend_from_slice(b"data: ");
        Self::default()
    }

    /// Adds a piece of the data.
    pub fn data(&mut self, piece: &[u8], out: &mut Vec<u8>) {
        let mut rest = piece;
        while let Some((&first, tail)) = rest.split_first() {
            if self.after_return && first == b'\n' {
                rest = tail;
            }
            self.after_return = false;
            let Some(end) = memchr::memchr2(b'\r', b'\n', rest) else { return out.extend_from_slice(rest) };
            let (line, tail) = rest.split_at(end);
            out.extend_from_slice(line);
            out.extend_from_slice(b"\ndata: ");
            self.after_return = tail.first() == Some(&b'\r');
            rest = tail.get(1..).unwrap_or_default();
        }
    }

    /// Ends the event.
    pub fn end(self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"\n\n");
    }

    /// A whole event.
    pub fn event(kind: Option<&str>, id: Option<&str>, data: &[u8], out: &mut Vec<u8>) {
        let mut encoder = Self::begin(kind, id, out);
        encoder.data(data, out);
        encoder.end(out);
    }

    /// A comment that keeps the connection alive.
    pub fn keep_alive(out: &mut Vec<u8>) {
        out.extend_from_slice(b":\n\n");
    }

    /// How long the client waits before it connects again, in milliseconds.
    pub fn retry(milliseconds: u64, out: &mut Vec<u8>) {
        out.extend_from_slice(format!("retry: {milliseconds}\n\n").as_bytes());
    }
}
