//! What a caller asks, read and not yet judged.

use bytes::Bytes;
use http::{HeaderMap, Method};
use hyper::body::Incoming;
use mcp::{Dialect, Notification, Object, Request, Response, meta::ClientMeta};
use model::ToolName;

use crate::read::VerifiedChunks;

/// What a caller asks of an upstream.
#[derive(Debug)]
pub(crate) enum Asked {
    /// A message of the Model Context Protocol, or one of its two requests without a message.
    Mcp(Box<McpAsked>),
    /// A plain HTTP request.
    Http(Box<HttpAsked>),
}

/// What is asked in the Model Context Protocol.
#[derive(Debug)]
pub(crate) struct McpAsked {
    /// How the caller speaks.
    pub(crate) dialect: Dialect,
    /// What a modern caller says of itself; a legacy one said it in its handshake.
    pub(crate) client: Option<ClientMeta>,
    /// The headers, for what only a tool's definition can check.
    pub(crate) headers: HeaderMap,
    /// The message.
    pub(crate) message: McpMessage,
}

/// The message, or what stands for one.
#[derive(Debug)]
pub(crate) enum McpMessage {
    /// Wants an answer.
    Request(Request),
    /// Wants none.
    Notification(Notification),
    /// Answers what a server asked (older era).
    Response(Response),
    /// GET: opens or resumes a stream (older era).
    Stream {
        /// Where to go on.
        last_event_id: Option<String>,
    },
    /// DELETE: ends the MCP session (older era).
    Terminate,
}

/// What is asked in plain HTTP.
#[derive(Debug)]
pub(crate) struct HttpAsked {
    /// The operation that allows the method and path.
    pub(crate) operation: ToolName,
    pub(crate) method: Method,
    pub(crate) path: egress::ForwardPath,
    pub(crate) headers: HeaderMap,
    pub(crate) body: HttpBody,
}

/// The body of a plain HTTP request.
#[derive(Debug)]
pub(crate) enum HttpBody {
    /// It passes through, and nobody judges it.
    Stream(Incoming),
    /// It passes through in chunks, which the caller signed one by one.
    SignedChunks(Box<VerifiedChunks>),
    /// It is all there.
    Whole(Bytes),
    /// It was read into its members, which policy may look at, and is written again from them.
    Members(Object),
}

impl HttpBody {
    /// The bytes, where they are all there and were not read.
    pub(crate) fn whole(&self) -> Option<&[u8]> {
        match self {
            Self::Stream(_) | Self::SignedChunks(_) | Self::Members(_) => None,
            Self::Whole(bytes) => Some(bytes),
        }
    }

    /// What was read of it.
    pub(crate) const fn members(&self) -> Option<&Object> {
        match self {
            Self::Stream(_) | Self::SignedChunks(_) | Self::Whole(_) => None,
            Self::Members(members) => Some(members),
        }
    }
}
