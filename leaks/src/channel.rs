//! The channels by which a secret may come back: every part of an answer over HTTP, and every field of one in MCP.

mod http;
mod mcp;
mod reply;

use std::ops::Range;

pub use reply::Reply;

/// Stands before the secret, in the clear: where it arrives, the channel was passed on.
pub const BEFORE: &str = "look-here ";
/// Stands behind it.
pub const AFTER: &str = " look-there";

/// What a caller must ask for to be answered in a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Call {
    /// A page of a plain HTTP upstream.
    Page,
    /// `tools/call`
    Tool,
    /// `tools/list`
    Tools,
    /// `prompts/get`
    Prompt,
    /// `resources/read`
    Resource,
}

/// What is planted: an encoded secret and the words around it.
#[derive(Debug, Clone)]
pub struct Planted {
    /// The encoded secret.
    pub encoded: Vec<u8>,
}

impl Planted {
    /// With the words around it.
    fn text(&self) -> Vec<u8> {
        [BEFORE.as_bytes(), &self.encoded, AFTER.as_bytes()].concat()
    }

    /// The same, where only text may stand.
    fn characters(&self) -> Option<String> {
        String::from_utf8(self.text()).ok()
    }

    /// Pieces of so many characters.
    fn pieces(&self, length: usize) -> Option<Vec<String>> {
        let characters = str::from_utf8(&self.encoded).ok()?.chars().collect::<Vec<_>>();
        Some(characters.chunks(length).map(|piece| piece.iter().collect()).collect())
    }
}

/// One channel.
#[derive(Debug, Clone, Copy)]
pub struct Channel {
    /// Its name in reports and in the paths of requests.
    pub name: &'static str,
    /// What is asked for.
    pub call: Call,
    write: Write,
}

#[derive(Debug, Clone, Copy)]
enum Write {
    Http(fn(&Planted) -> Option<Reply>),
    Mcp(fn(&Planted, &serde_json::Value) -> Option<Reply>),
}

impl Channel {
    /// The one of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::all().find(|channel| channel.name == name)
    }

    /// All of them.
    pub fn all() -> impl Iterator<Item = Self> {
        let http = http::CHANNELS.iter();
        let http = http.map(|&(name, write)| Self { name, call: Call::Page, write: Write::Http(write) });
        let mcp = mcp::CHANNELS.iter();
        http.chain(mcp.map(|&(name, call, write)| Self { name, call, write: Write::Mcp(write) }))
    }

    /// The answer to a request with this id, or `None` where the encoded secret cannot stand there.
    #[must_use]
    pub fn reply(&self, planted: &Planted, id: &serde_json::Value) -> Option<Reply> {
        match self.write {
            Write::Http(write) => write(planted),
            Write::Mcp(write) => write(planted, id),
        }
    }
}

/// Where the planted text stands in a body; all of it where that cannot be told.
fn place(body: &[u8]) -> Range<usize> {
    let find = |needle: &str| body.windows(needle.len()).position(|window| window == needle.as_bytes());
    let (before, after) = (BEFORE.trim(), AFTER.trim());
    let start = find(before).map_or(0, |at| at + before.len());
    let end = find(after).filter(|end| *end > start).unwrap_or(body.len());
    start..end
}
