//! Real clients through the broker to real servers.
