//! The scanner: masks live secrets and named secret fields in a stream of bytes.
