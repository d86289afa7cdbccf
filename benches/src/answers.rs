//! The call that is measured, and the answers to it.

use bytes::Bytes;

/// The arguments of a small search, as an agent sends them.
const CALL: &str = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"search","arguments":{"query":"open invoices of the third quarter","limit":20,"include_closed":false},"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientInfo":{"name":"bench","version":"1"},"io.modelcontextprotocol/clientCapabilities":{}}}}"#;

/// Bytes of a small answer, which is what most tools give.
const SMALL_BYTES: usize = 2 * 1024;
/// Bytes of a large one.
const LARGE_BYTES: usize = 64 * 1024;

/// The request of one call, head and body.
pub(crate) fn request(host: &str, path: &str, token: &str) -> Vec<u8> {
    format!(
        "POST {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\nUser-Agent: bench/1\r\n\
         Content-Type: application/json\r\nAccept: application/json, text/event-stream\r\n\
         MCP-Protocol-Version: 2026-07-28\r\nMcp-Method: tools/call\r\nMcp-Name: search\r\nContent-Length: {}\r\n\r\n{CALL}",
        CALL.len()
    )
    .into_bytes()
}

/// A path, by its last segment: `small`, `large`, or `events` for a small answer as an event stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    Small,
    Large,
    Events,
}

impl Answer {
    pub(crate) fn of_path(path: &str) -> Option<Self> {
        match path.rsplit('/').next()? {
            "small" | "small-minted" => Some(Self::Small),
            "large" => Some(Self::Large),
            "events" => Some(Self::Events),
            _ => None,
        }
    }

    /// The least that a body of this answer holds.
    pub(crate) const fn bytes_min(self) -> usize {
        match self {
            Self::Small | Self::Events => SMALL_BYTES,
            Self::Large => LARGE_BYTES,
        }
    }

    /// What follows the id in the answer: it is the same for every call.
    pub(crate) fn tail(self) -> Bytes {
        let mut text = String::new();
        let mut row = 0_u32;
        // Prose, numbers and quoted JSON, as a tool's answer has them.
        while text.len() < self.bytes_min() {
            let line = format!(
                r#"{{\"id\":{row},\"customer\":\"Customer {row} of the northern region\",\"due\":\"2026-09-{:02}\",\"amount\":{}.5,\"open\":true}},\n"#,
                row % 28 + 1,
                row * 37 + 11
            );
            text.push_str(&line);
            row += 1;
        }
        let end = if self == Self::Events { "\n\n" } else { "" };
        Bytes::from(format!(
            r#","result":{{"resultType":"complete","content":[{{"type":"text","text":"{text}"}}],"isError":false}}}}{end}"#
        ))
    }

    /// What comes before the id.
    pub(crate) const fn head(self) -> &'static [u8] {
        match self {
            Self::Small | Self::Large => b"{\"jsonrpc\":\"2.0\",\"id\":",
            Self::Events => b"event: message\ndata: {\"jsonrpc\":\"2.0\",\"id\":",
        }
    }
}
