//! Stored upstream secrets: sealed at rest, bound to their destination, opened by nobody else.
