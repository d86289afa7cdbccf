//! The one place that opens outbound sockets: TLS, the resolved-address guard, timeouts.
