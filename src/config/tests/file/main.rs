//! What loading a file says: the whole text of each kind of error, and what the quickstart comes to.

mod keys;
mod masking;
mod providers;
mod quickstart;
mod references;
mod server;
mod support;
mod upstreams;
