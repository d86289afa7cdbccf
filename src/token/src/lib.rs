//! Issuers and their keys, token exchange, session tokens, introspection and revocation.
