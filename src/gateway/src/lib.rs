//! The path of a call: one file a stage, and carry, which calls them in order.
