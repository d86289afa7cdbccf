//! The Model Context Protocol as a format: strict JSON, JSON-RPC, both eras, SSE, tool definitions; no I/O.
