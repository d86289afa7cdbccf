//! The crate against upstreams on loopback, one file for each promise.

mod answers;
mod aws;
mod certificates;
mod confinement;
mod faults;
mod injection;
mod issued;
mod leases;
mod pseudonyms;
mod redirects;
mod tickets;
